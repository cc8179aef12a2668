"""What docs/operations.md says of Weaviate, done with a real server."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bot.conversation import Principal
from bot.errors import StoreKeyError, StoreUnavailableError
from knowledge.stores.base import SearchRequest
from knowledge.stores.shelf import IndexShelf, IndexSpec
from tests.contracts.vector_store import DIMENSIONS, chunks, key
from tests.platforms.weaviate_server import WeaviateProcess, running

pytestmark = pytest.mark.weaviate

TEXT = (Path(__file__).parents[2] / "docs/operations.md").read_text("utf-8")
ROLES = [json.loads(block) for block in re.findall(r"```json\n(.*?)```", TEXT, re.DOTALL)]
SPEC = IndexSpec("stand-in", DIMENSIONS, 1)


def shelf_of(node: WeaviateProcess, key: str, collection: str = "Wellspoken") -> IndexShelf:
    """The indexes on a node as the owner of a key has them."""
    from knowledge.stores.weaviate import WeaviateServer
    from knowledge.stores.weaviate_shelf import WeaviateShelf

    return WeaviateShelf(WeaviateServer(node.url, node.grpc_url, key), collection)


@pytest.fixture
def guarded(weaviate_binary: Path) -> Iterator[WeaviateProcess]:
    """A node with three users, and the document's roles given to two of them."""
    settings = dict(re.findall(r"^(AUTH\w+)=(\S+)$", TEXT, re.MULTILINE))
    assert settings["AUTHENTICATION_APIKEY_USERS"] == "operator,wellspoken,reader"
    with running(weaviate_binary, **settings) as node:
        node.key = "KEY1"
        for role, user in zip(ROLES, ("wellspoken", "reader"), strict=True):
            node.ask("POST", "authz/roles", role)
            node.ask("POST", f"authz/users/{user}/assign", {"roles": [role["name"]]})
        yield node


async def test_roles_allow_what_the_document_says(guarded: WeaviateProcess) -> None:
    """The bot's key reads and writes its own collections alone, the reader's key searches."""
    guarded.ask("POST", "schema", {"class": "Foreign"})
    bot, reader = shelf_of(guarded, "KEY2"), shelf_of(guarded, "KEY3")
    foreign = shelf_of(guarded, "KEY2", "Foreign")
    try:
        for _ in range(2):  # the second is built beside the first, as a reindex does
            made = await bot.create(SPEC)
            store = bot.store(made)
            await store.open()
            await store.put(key("lamp"), chunks("lamp", "A lamp."))
            await bot.switch(made.name)
        old, live = await bot.records()
        await bot.drop(old.name)
        store = reader.store(live)
        await store.open()
        found = await store.search(SearchRequest("lamp", Principal()))
        assert [p.chunk.document for p in found.passages] == ["lamp"]
        with pytest.raises(StoreUnavailableError, match=r"permission|refuses the key"):
            await store.remove([key("lamp")])
        with pytest.raises(StoreKeyError):
            await reader.create(SPEC)
        with pytest.raises(StoreKeyError):
            await foreign.create(SPEC)
    finally:
        for shelf in (bot, reader, foreign):
            await shelf.close()


def until_done(node: WeaviateProcess, path: str) -> dict[str, Any]:
    """What became of a backup or of bringing it back."""
    for _ in range(300):
        answer: dict[str, Any] = node.ask("GET", path)
        if answer["status"] in {"SUCCESS", "FAILED"}:
            return answer
        time.sleep(0.1)
    raise TimeoutError(path)


async def test_backup_comes_back_into_an_empty_server(
    weaviate_binary: Path, tmp_path: Path
) -> None:
    """Documents and which index is live are as they were."""
    steps = re.findall(r"/v1/(backups/\S+)", TEXT)
    assert len(steps) == 4
    settings = {"ENABLE_MODULES": "backup-filesystem", "BACKUP_FILESYSTEM_PATH": str(tmp_path)}
    with running(weaviate_binary, **settings) as node:
        shelf = shelf_of(node, node.key)
        made = await shelf.create(SPEC)
        await shelf.store(made).put(key("lamp"), chunks("lamp", "A lamp."))
        await shelf.switch(made.name)
        await shelf.close()
        node.ask("POST", steps[0], {"id": "2026-11-22"})
        assert until_done(node, steps[1])["status"] == "SUCCESS"
    with running(weaviate_binary, **settings) as node:
        node.ask("POST", steps[2], {})
        assert until_done(node, steps[3])["status"] == "SUCCESS"
        shelf = shelf_of(node, node.key)
        assert await shelf.live() == made.name
        assert set(await shelf.store(made).outlines()) == {key("lamp")}
        await shelf.close()
