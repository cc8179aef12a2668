"""A model server on loopback, and models that talk to it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack
from typing import Any

import pytest

from bot.llm.openai import OpenAIChatModel
from bot.llm.openai_embedder import OpenAIEmbedder
from tests.platforms.openai_server import OpenAIServer

KEY = "sk-live-4f1d77aa90"
ANSWER = "Two days [1]. Größe 42 🙂 passt."


@pytest.fixture
def server() -> Iterator[OpenAIServer]:
    """A server that answers ``ANSWER``."""
    with OpenAIServer() as server:
        server.behaviour.answer = ANSWER
        yield server


@pytest.fixture
async def chat(server: OpenAIServer) -> AsyncIterator[Callable[..., OpenAIChatModel]]:
    """Makes chat models at the server, with short limits."""
    async with AsyncExitStack() as stack:

        def make(model: str = "stand-in", **options: Any) -> OpenAIChatModel:
            usual = {
                "first_token_s": 5.0,
                "answer_s": 10.0,
                "pause_s": 0.01,
                "base_url": server.url,
            }
            made = OpenAIChatModel(model, api_key=KEY, **(usual | options))
            stack.push_async_callback(made.aclose)
            return made

        yield make


@pytest.fixture
async def embedder(server: OpenAIServer) -> AsyncIterator[OpenAIEmbedder]:
    """An embedder at the server."""
    made = OpenAIEmbedder("stand-in", server.url, KEY, seconds=5.0, pause_s=0.01)
    yield made
    await made.aclose()
