"""The shelf of files keeps the contract of a shelf, and its own promises."""

from __future__ import annotations

import asyncio
import json
import os
import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

from bot.errors import StoreBrokenError, StoreNewerError, StoreRemovedError
from knowledge.stores import schema
from knowledge.stores.embedded import EmbeddedStore
from knowledge.stores.files import EmbeddedShelf
from knowledge.stores.shelf import IndexSpec
from tests.contracts.index_shelf import (
    OTHER,
    SPEC,
    IndexShelfContract,
    MakeShelf,
    first,
    states,
)
from tests.contracts.vector_store import embed, found, key, put, search


@pytest.fixture
def make_shelf(tmp_path: Path) -> Iterator[MakeShelf]:
    """Shelves in one folder that is not there yet."""

    async def make() -> EmbeddedShelf:
        return EmbeddedShelf(tmp_path / "home")

    yield make
    names = {path.name for path in (tmp_path / "home").glob(".*")}
    assert names == set(), "drafts are removed"


class TestEmbeddedShelf(IndexShelfContract):
    """Files in a folder."""


def files(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


async def old_home(folder: Path, model: str = "model one") -> None:
    """A data folder as it was before there were several indexes."""
    store = EmbeddedStore(folder / "knowledge.db", model, SPEC.dimensions)
    await store.open()
    await put(store, "a", "green lamp")
    await embed(store)
    await store.close()


async def test_a_home_from_before_opens_as_it_is(tmp_path: Path) -> None:
    """The one file that there was is the live index, for the model and chunking of its time."""
    await old_home(tmp_path)
    shelf = EmbeddedShelf(tmp_path)
    assert await shelf.live() == "knowledge.db"
    [record] = await shelf.records()
    assert (record.spec, record.state) == (SPEC, "live")
    assert files(tmp_path) == {"knowledge.db"}
    store = shelf.store(record)
    await store.open()
    assert found(await search(store, "lamp")) == ["a"]
    await store.close()
    two = await shelf.create(OTHER)
    await shelf.switch(two.name)
    assert await states(shelf) == {"knowledge.db": "previous", "knowledge-2.db": "live"}


async def test_the_first_index_is_live_once_it_is_there(tmp_path: Path) -> None:
    """Its file appears whole, under the name that it always had, without a pointer."""
    shelf = EmbeddedShelf(tmp_path / "deep" / "home")
    assert (await shelf.create(SPEC)).state == "live"
    assert await shelf.live() == "knowledge.db"
    assert files(tmp_path / "deep" / "home") == {"knowledge.db"}


async def test_who_comes_second_gets_the_first_index(tmp_path: Path) -> None:
    """Two that both saw no index never put one aside that the other may have written to."""
    one, two = EmbeddedShelf(tmp_path), EmbeddedShelf(tmp_path)
    assert await one.live() is None
    assert await two.live() is None
    made = await one.create(SPEC)
    assert (await two.create(OTHER)).name == made.name
    assert await one.live() == await two.live() == made.name


def test_processes_that_begin_at_once_share_one_index(tmp_path: Path) -> None:
    """Whatever the timing, there is one file and it is live."""
    at_once = Barrier(4)

    def begin(_: int) -> str:
        async def go() -> str:
            shelf = EmbeddedShelf(tmp_path)
            await shelf.live()
            at_once.wait()
            return (await shelf.create(SPEC)).name

        return asyncio.run(go())

    with ThreadPoolExecutor(4) as threads:
        for _ in range(5):
            assert set(threads.map(begin, range(4))) == {"knowledge.db"}
            (tmp_path / "knowledge.db").unlink()


async def test_a_removed_live_index_is_none(tmp_path: Path) -> None:
    """The folder begins anew; an older index with outdated rights does not step in, and names are
    not used again."""
    shelf = EmbeddedShelf(tmp_path)
    await first(shelf)
    await shelf.switch((await shelf.create(SPEC)).name)
    (tmp_path / "knowledge-2.db").unlink()
    assert await shelf.live() is None
    assert (await first(shelf)).name == "knowledge-3.db"
    assert (await first(EmbeddedShelf(tmp_path))).name == "knowledge-3.db"


async def test_a_store_of_a_dropped_index_says_so(tmp_path: Path) -> None:
    """Neither one that is open nor one that is about to be makes an empty file in its place."""
    shelf = EmbeddedShelf(tmp_path)
    await first(shelf)
    record = await shelf.create(SPEC)
    held, late = shelf.store(record), shelf.store(record)
    await held.open()
    await put(held, "a", "lamp")
    assert found(await search(held, "lamp")) == ["a"]
    await shelf.drop(record.name)
    with pytest.raises(StoreRemovedError):
        await search(held, "lamp")
    with pytest.raises(StoreRemovedError):
        await held.remove([key("a")])
    with pytest.raises(StoreRemovedError):
        await late.open()
    await held.close()
    assert files(tmp_path) == {"knowledge.db", "knowledge.live"}


async def test_a_leftover_journal_meets_no_new_file(tmp_path: Path) -> None:
    """A file is never made beside a journal of its name, which would be read into it."""
    (tmp_path / "knowledge.db-wal").write_bytes(b"left behind")
    (tmp_path / "knowledge-7.db-wal").write_bytes(b"left behind")
    shelf = EmbeddedShelf(tmp_path)
    assert (await first(shelf)).name == "knowledge-8.db"
    assert await EmbeddedShelf(tmp_path).live() == "knowledge-8.db"


@pytest.mark.parametrize(
    "content", ["", "{}", "no json", '{"live": "../x.db", "previous": null, "made": 1}']
)
async def test_a_broken_pointer_gets_one_sentence(tmp_path: Path, content: str) -> None:
    """Nothing is guessed where it cannot be told which index is live."""
    shelf = EmbeddedShelf(tmp_path)
    await first(shelf)
    (tmp_path / "knowledge.live").write_text(content)
    with pytest.raises(StoreBrokenError, match=r"knowledge\.live cannot be read"):
        await shelf.live()


async def test_a_live_file_that_is_none_of_ours_is_named(tmp_path: Path) -> None:
    """Damaged, foreign and newer files stay as they are; beside a good live one they are passed
    over."""
    shelf = EmbeddedShelf(tmp_path)
    path = tmp_path / "knowledge.db"
    path.write_bytes(b"no database at all, " * 400)
    with pytest.raises(StoreBrokenError, match=r"knowledge\.db cannot be read"):
        await shelf.records()
    path.unlink()
    with sqlite3.connect(path) as file:
        file.execute("CREATE TABLE theirs (x)")
    file.close()
    with pytest.raises(StoreBrokenError, match="another program"):
        await shelf.records()
    await shelf.switch((await shelf.create(SPEC)).name)
    assert await states(shelf) == {"knowledge-2.db": "live"}
    with sqlite3.connect(tmp_path / "knowledge-2.db") as file:
        file.execute(f"PRAGMA user_version = {schema.VERSION + 1}")
    file.close()
    with pytest.raises(StoreNewerError):
        await shelf.records()


async def test_an_empty_file_is_an_index_for_anything(tmp_path: Path) -> None:
    """A file that a killed process left without tables names no model."""
    (tmp_path / "knowledge.db").touch()
    [record] = await EmbeddedShelf(tmp_path).records()
    assert (record.spec, record.state) == (IndexSpec("", 0, 1), "live")


async def test_the_pointer_is_replaced_whole(tmp_path: Path) -> None:
    """Who has it open reads the one or the other, never half of one."""
    shelf = EmbeddedShelf(tmp_path)
    one = await first(shelf)
    two = await shelf.create(OTHER)
    await shelf.switch(two.name)
    held = os.open(tmp_path / "knowledge.live", os.O_RDONLY)
    await shelf.switch(one.name)
    assert json.loads(os.read(held, 1000)) == {"live": two.name, "previous": one.name, "made": 2}
    os.close(held)
