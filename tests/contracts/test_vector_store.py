"""The embedded store keeps the contract of a knowledge store, and its own promises."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from itertools import count
from pathlib import Path

import numpy as np
import pytest

from bot.errors import (
    DiskFullError,
    StoreBrokenError,
    StoreMismatchError,
    StoreNewerError,
    StoreRemovedError,
    StoreUnavailableError,
)
from knowledge.stores import schema
from knowledge.stores.embedded import EmbeddedStore
from tests.contracts.vector_store import (
    DIMENSIONS,
    MakeStore,
    VectorStoreContract,
    chunks,
    embed,
    found,
    key,
    put,
    search,
    vector,
)


def store_at(path: Path, model: str = "test-model") -> EmbeddedStore:
    return EmbeddedStore(path, model, DIMENSIONS)


@pytest.fixture
async def make_store(tmp_path: Path) -> AsyncIterator[MakeStore]:
    """Empty stores, each in a file of its own."""
    numbers = count()
    opened: list[EmbeddedStore] = []

    async def make() -> EmbeddedStore:
        store = store_at(tmp_path / f"{next(numbers)}" / "knowledge.db")
        await store.open()
        opened.append(store)
        return store

    yield make
    for store in opened:
        await store.close()


class TestEmbeddedStore(VectorStoreContract):
    """One SQLite file, searched in memory."""


async def test_everything_is_there_after_opening_again(tmp_path: Path) -> None:
    """Documents, rights and vectors outlive the process; a second search is the first."""
    first = store_at(tmp_path / "k.db")
    await first.open()
    await put(first, "a", "green lamp", "red lamp")
    await put(first, "b", "secret lamp", groups=["staff"])
    await embed(first)
    await first.remove([key("gone")])
    before = await search(first, "lamp", near="\nred lamp")
    await first.close()
    second = store_at(tmp_path / "k.db")
    await second.open()
    assert await search(second, "lamp", near="\nred lamp") == before
    await second.close()


async def test_an_open_store_sees_what_another_one_commits(tmp_path: Path) -> None:
    """Text, rights, vectors and removals of another writer hold for the very next search."""
    one, two = store_at(tmp_path / "k.db"), store_at(tmp_path / "k.db")
    await one.open()
    await two.open()
    assert found(await search(two, "lamp")) == []
    await put(one, "a", "green lamp")
    assert found(await search(two, "lamp")) == ["a"]
    await embed(one)
    assert (await search(two, "lamp", near="\ngreen lamp")).passages[0].cosine is not None
    await one.set_groups(key("a"), frozenset({"staff"}))
    assert found(await search(two, "lamp")) == []
    await two.set_groups(key("a"), frozenset())
    assert found(await search(one, "lamp")) == ["a"]
    await one.remove([key("a")])
    assert found(await search(two, "lamp")) == []
    await one.close()
    await two.close()


async def test_a_process_far_behind_reads_everything_anew(tmp_path: Path) -> None:
    """When the change log was pruned past its place, an open store still shows the truth."""
    one, two = store_at(tmp_path / "k.db"), store_at(tmp_path / "k.db")
    await one.open()
    await two.open()
    await put(one, "a", "green lamp")
    await put(one, "b", "red lamp")
    assert sorted(found(await search(two, "lamp"))) == ["a", "b"]
    await one.remove([key("a")])
    await put(one, "c", "blue lamp")
    with sqlite3.connect(tmp_path / "k.db") as file:
        file.execute("DELETE FROM change WHERE seq < (SELECT max(seq) FROM change)")
    file.close()
    assert sorted(found(await search(two, "lamp"))) == ["b", "c"]
    await one.close()
    await two.close()


async def test_scores_are_those_of_a_fresh_index(tmp_path: Path) -> None:
    """After many changes the words weigh as if everything had just been read in."""
    changed, fresh = store_at(tmp_path / "a.db"), store_at(tmp_path / "b.db")
    await changed.open()
    await fresh.open()
    for round_ in range(6):
        for n in range(12):
            await put(changed, f"d{n}", f"lamp {'bulb ' * (n + round_)} round {round_} of {n}")
            await search(changed, "lamp bulb round")
    await changed.remove([key("d3"), key("d4")])
    for n in range(12):
        if n not in {3, 4}:
            await put(fresh, f"d{n}", f"lamp {'bulb ' * (n + 5)} round 5 of {n}")
    one = await search(changed, "which bulb has round 5", k=20)
    other = await search(fresh, "which bulb has round 5", k=20)
    assert {p.chunk.document: p.lexical for p in one.passages} == pytest.approx(
        {p.chunk.document: p.lexical for p in other.passages}, rel=1e-5
    )
    await changed.close()
    await fresh.close()


async def test_other_rules_for_words_index_anew(tmp_path: Path) -> None:
    """A store whose term records were made by an older program is made anew when it is opened, and
    processes that have it open follow; vectors stay."""
    one, two = store_at(tmp_path / "k.db"), store_at(tmp_path / "k.db")
    await one.open()
    await put(one, "a", "green lamp", "red lamp")
    await embed(one)
    before = await search(one, "green lamp", near="\nred lamp")
    file = sqlite3.connect(tmp_path / "k.db")
    file.executescript("UPDATE meta SET value = '0' WHERE key = 'analysis'; DELETE FROM record")
    file.close()
    await two.open()
    assert await search(two, "green lamp", near="\nred lamp") == before
    await one.set_groups(key("a"), frozenset({"staff"}))
    assert found(await search(one, "lamp")) == []
    assert len((await search(one, "lamp", "staff")).passages) == 2
    await one.close()
    await two.close()


async def test_vectors_of_another_model_are_refused(tmp_path: Path) -> None:
    """A store with one model's vectors is not searched with another's, and says so."""
    first = store_at(tmp_path / "k.db", "one")
    await first.open()
    await put(first, "a", "green lamp")
    await first.close()
    second = store_at(tmp_path / "k.db", "two")
    await second.open()
    await embed(second)
    await second.close()
    with pytest.raises(StoreMismatchError, match=r"two \(8 dimensions\), but one"):
        await store_at(tmp_path / "k.db", "one").open()


async def test_vectors_of_another_length_are_refused(make_store: MakeStore) -> None:
    """A vector that does not fit the store is the caller's mistake and stores nothing."""
    store = await make_store()
    await put(store, "a", "green lamp")
    [waiting] = await store.waiting(1)
    with pytest.raises(ValueError, match="8 dimensions"):
        await store.set_vectors([waiting.id], np.ones((1, 5), np.float32))
    assert len(await store.waiting(1)) == 1


@pytest.mark.parametrize(
    "content", [b"no database at all, " * 400, b"SQLite format 3\x00" + b"x" * 9000]
)
async def test_a_file_that_is_no_store_gets_one_sentence(tmp_path: Path, content: bytes) -> None:
    """A foreign or damaged file is left as it is and named."""
    path = tmp_path / "k.db"
    path.write_bytes(content)
    with pytest.raises(StoreBrokenError, match=r"k\.db cannot be read"):
        await store_at(path).open()
    assert path.read_bytes() == content


async def test_a_database_of_another_program_is_left_alone(tmp_path: Path) -> None:
    """Our tables are not put into somebody else's file."""
    file = sqlite3.connect(tmp_path / "k.db")
    file.execute("CREATE TABLE theirs (x)")
    file.close()
    with pytest.raises(StoreBrokenError, match="another program"):
        await store_at(tmp_path / "k.db").open()


async def test_a_newer_file_is_left_alone(tmp_path: Path) -> None:
    """A file that a newer program made is not touched by this one."""
    store = store_at(tmp_path / "k.db")
    await store.open()
    await store.close()
    file = sqlite3.connect(tmp_path / "k.db")
    file.execute(f"PRAGMA user_version = {schema.VERSION + 1}")
    file.close()
    with pytest.raises(StoreNewerError, match="newer than this program"):
        await store_at(tmp_path / "k.db").open()


def emptied(folder: Path) -> int:
    """Remove the files of a folder; how many there were."""
    files = list(folder.iterdir())
    for file in files:
        file.unlink()
    return len(files)


async def test_a_removed_file_gets_one_sentence(tmp_path: Path) -> None:
    """An open store whose file is gone neither answers from memory nor makes an empty file."""
    path = tmp_path / "k.db"
    store = store_at(path)
    await store.open()
    await put(store, "a", "lamp one")
    assert found(await search(store, "lamp")) == ["a"]
    emptied(tmp_path)
    for _ in range(2):
        with pytest.raises(StoreRemovedError, match="ingest"):
            await search(store, "lamp")
        with pytest.raises(StoreRemovedError):
            await put(store, "b", "lamp two")
    assert emptied(tmp_path) == 0
    await store.close()


async def test_another_file_in_its_place_is_taken_up(tmp_path: Path) -> None:
    """A store that another process made anew, or put back from a copy, is searched and written as
    it is, with its own rights and words."""
    path = tmp_path / "k.db"
    store = store_at(path)
    await store.open()
    await put(store, "a", "an old lamp", "its cord")
    assert found(await search(store, "lamp")) == ["a"]
    emptied(tmp_path)
    other = store_at(path)
    await other.open()
    await put(other, "b", "a cord", groups=["staff"])
    await put(other, "c", "a shade, a new lamp")
    await other.close()
    assert found(await search(store, "lamp")) == ["c"]
    assert found(await search(store, "cord")) == []
    await put(store, "d", "the lamp of another cord")
    assert sorted(found(await search(store, "lamp"))) == ["c", "d"]
    assert found(await search(store, "cord")) == ["d"]
    await store.close()


async def test_a_folder_that_cannot_be_made_gets_one_sentence(tmp_path: Path) -> None:
    """A path through a file is no place for a store."""
    (tmp_path / "file").write_text("x")
    with pytest.raises(StoreUnavailableError):
        await store_at(tmp_path / "file" / "k.db").open()


async def test_a_full_disk_gets_one_sentence_and_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the file cannot grow, the put fails whole and everything before is still there."""
    small = store_at(tmp_path / "k.db")
    await small.open()
    await put(small, "a", "green lamp")
    await small.close()
    connect = schema.connect

    def limited(path: Path, *, readonly: bool = False) -> sqlite3.Connection:
        connection = connect(path, readonly=readonly)
        connection.execute("PRAGMA max_page_count = 30")
        return connection

    monkeypatch.setattr(schema, "connect", limited)
    full = store_at(tmp_path / "k.db")
    await full.open()
    with pytest.raises(DiskFullError, match="free some space"):
        await full.put(key("b"), chunks("b", *[f"lamp {n} " + "words " * 500 for n in range(200)]))
    assert found(await search(full, "lamp")) == ["a"]
    await full.set_groups(key("a"), frozenset({"staff"}))
    assert found(await search(full, "lamp")) == []
    await full.close()


async def test_vectors_may_come_in_any_float(make_store: MakeStore) -> None:
    """Vectors are kept as float32, whatever they are handed in as."""
    store = await make_store()
    await put(store, "a", "green lamp")
    [waiting] = await store.waiting(1)
    await store.set_vectors([waiting.id], vector(waiting.text)[None].astype(np.float64))
    result = await search(store, "zzz", near=waiting.text)
    assert result.passages[0].cosine == pytest.approx(1, abs=1e-5)
