"""Adapters at the model server: loaded once, unloaded once, and refusals in one sentence."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import web

from bot.errors import ReleaseError
from persona.tuning.deploying import Deployer

ADAPTER = Path("/adapters/one")


@asynccontextmanager
async def server(status: int, body: str, kind: str = "application/json") -> AsyncIterator[str]:
    """A model server that answers every request the same; its address."""

    async def answer(request: web.Request) -> web.Response:
        assert request.headers["authorization"] == "Bearer secret"
        return web.Response(status=status, text=body, content_type=kind)

    application = web.Application()
    application.router.add_post("/v1/{what}", answer)
    runner = web.AppRunner(application)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, "Success: LoRA adapter 'one' added successfully."),
        (400, '{"error": {"message": "The lora adapter \'one\' has already been loaded."}}'),
    ],
)
async def test_loaded_is_loaded(status: int, body: str) -> None:
    """Now, or before; the address is taken with and without /v1."""
    async with server(status, body) as url:
        for address in (url, f"{url}/v1/"):
            await Deployer(address, "secret").load("one", ADAPTER)


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, "Success: LoRA adapter 'one' removed successfully."),
        (404, '{"error": {"message": "The lora adapter \'one\' cannot be found."}}'),
        (404, '{"detail": "Not Found"}'),
    ],
)
async def test_unloaded_is_unloaded(status: int, body: str) -> None:
    """Now, or never there."""
    async with server(status, body) as url:
        await Deployer(url, "secret").unload("one")


async def test_a_server_that_loads_nothing_is_told_with_what_to_do() -> None:
    """vLLM without its setting answers 404, and so do other servers."""
    async with server(404, '{"detail": "Not Found"}') as url:
        with pytest.raises(ReleaseError, match="VLLM_ALLOW_RUNTIME_LORA_UPDATING"):
            await Deployer(url, "secret").load("one", ADAPTER)


async def test_a_refusal_is_told_in_the_servers_words() -> None:
    """A folder that it does not see, without the key."""
    said = '{"error": {"message": "Loading lora one failed: No adapter found for /adapters/one"}}'
    async with server(404, said) as url:
        with pytest.raises(ReleaseError, match="No adapter found for /adapters/one") as refused:
            await Deployer(url, "secret").load("one", ADAPTER)
    assert "secret" not in str(refused.value)


async def test_a_server_that_is_not_there_is_told() -> None:
    """One sentence."""
    with pytest.raises(ReleaseError, match="cannot be reached"):
        await Deployer("http://127.0.0.1:9", None).load("one", ADAPTER)
