"""Several processes at one embedded store: kills, readers and writers side by side."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from bot.conversation import Principal
from bot.evidence import Chunk
from knowledge.stores.base import DocumentKey, SearchRequest
from knowledge.stores.embedded import EmbeddedStore

DIMENSIONS = 8

# A process that keeps replacing documents: revision n of a document has n % 3 + 1 chunks that all
# name it, so that a torn document would show. It prints a line whenever a commit is done.
WRITER = """
import asyncio, sys
from pathlib import Path
import numpy as np
from tests.integration.test_store_processes import DIMENSIONS, document
from knowledge.stores.embedded import EmbeddedStore

async def main(path, prefix, rounds):
    store = EmbeddedStore(Path(path), "test", DIMENSIONS)
    await store.open()
    for n in range(int(rounds)):
        await store.put_many([document(f"{prefix}{d}", n) for d in range(4)])
        waiting = await store.waiting(100)
        vectors = np.eye(DIMENSIONS, dtype=np.float32)[np.arange(len(waiting)) % DIMENSIONS]
        await store.set_vectors([w.id for w in waiting], vectors)
        if n % 5 == 4:
            await store.remove([document(f"{prefix}3", n)[0]])
        print(n, flush=True)
    await store.close()

asyncio.run(main(*sys.argv[1:]))
"""


def document(name: str, revision: int) -> tuple[DocumentKey, list[Chunk]]:
    count = revision % 3 + 1
    text = "lamp {} revision {} part {} of {}"
    made = [
        Chunk(
            id=f"{name}#{i}",
            document=name,
            source="docs",
            revision=str(revision),
            ordinal=i,
            title=name,
            headings=(),
            text=text.format(name, revision, i, count),
            start=0,
            end=1,
            uri=name,
        )
        for i in range(count)
    ]
    return DocumentKey("docs", name), made


def writer(path: Path, prefix: str, rounds: int) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, str(path), prefix, str(rounds)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    )


async def opened(path: Path) -> EmbeddedStore:
    store = EmbeddedStore(path, "test", DIMENSIONS)
    await store.open()
    return store


async def whole(store: EmbeddedStore) -> int:
    """Check that every document found is one whole revision; how many passages there are."""
    result = await store.search(
        SearchRequest("lamp", Principal(), np.eye(DIMENSIONS, dtype=np.float32)[0], k=200)
    )
    parts: dict[str, list[Chunk]] = {}
    for passage in result.passages:
        parts.setdefault(passage.chunk.document, []).append(passage.chunk)
    for found in parts.values():
        assert len({c.revision for c in found}) == 1
        assert len(found) == int(found[0].revision) % 3 + 1
    return len(result.passages)


def consistent(path: Path) -> None:
    """Check the file itself: no orphans, everything that is found has its term record."""
    file = sqlite3.connect(path)
    assert file.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    for sql in (
        "SELECT count(*) FROM chunk WHERE document NOT IN (SELECT id FROM document)",
        "SELECT count(*) FROM document WHERE id NOT IN (SELECT document FROM chunk)",
        "SELECT count(*) FROM chunk WHERE id NOT IN (SELECT chunk FROM record)",
        "SELECT count(*) FROM record WHERE chunk NOT IN (SELECT id FROM chunk)",
        "SELECT count(*) FROM vector WHERE chunk NOT IN (SELECT id FROM chunk)",
        "SELECT count(*) FROM waiting WHERE chunk NOT IN (SELECT id FROM chunk)",
        "SELECT count(*) FROM waiting JOIN vector USING (chunk)",
        "SELECT count(*) FROM chunk WHERE id NOT IN"
        " (SELECT chunk FROM waiting UNION SELECT chunk FROM vector)",
    ):
        assert file.execute(sql).fetchone() == (0,), sql
    file.close()


async def test_a_killed_writer_leaves_whole_documents(tmp_path: Path) -> None:
    """After kill -9 at any point the store opens, is consistent, and takes the next writer."""
    path, chance = tmp_path / "k.db", random.Random(3)
    for _ in range(4):
        process = writer(path, "d", 100_000)
        assert process.stdout is not None
        process.stdout.readline()
        await asyncio.sleep(chance.random() * 0.3)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        process.stdout.close()
        consistent(path)
        store = await opened(path)
        assert await whole(store) > 0
        await store.close()


async def test_a_reader_beside_a_writer_sees_whole_documents(tmp_path: Path) -> None:
    """While another process writes, every search sees each document in one revision, and new ones
    as soon as they are committed."""
    path = tmp_path / "k.db"
    process = writer(path, "d", 60)
    assert process.stdout is not None
    process.stdout.readline()
    store, searches, revisions = await opened(path), 0, set()
    while process.poll() is None:
        await whole(store)
        found = await store.search(SearchRequest("d0 revision", Principal(), k=1))
        revisions.add(found.passages[0].chunk.revision)
        searches += 1
    process.stdout.close()
    assert process.returncode == 0
    assert searches > 3
    assert len(revisions) > 3
    last = await store.search(SearchRequest("d0 revision", Principal(), k=1))
    assert last.passages[0].chunk.revision == "59"
    await store.close()


async def test_two_writers_take_turns(tmp_path: Path) -> None:
    """Two processes that write at once both finish, and nothing of either is lost."""
    path = tmp_path / "k.db"
    one, two = writer(path, "a", 25), writer(path, "b", 25)
    for process in (one, two):
        output, _ = process.communicate(timeout=60)
        assert process.returncode == 0
        assert output.split()[-1] == "24"
    consistent(path)
    store = await opened(path)
    names = {k.document for k in await store.documents()}
    assert names == {f"{p}{d}" for p in "ab" for d in range(3)}
    stats = await store.stats()
    assert stats.chunks == await whole(store)
    await store.close()


async def test_rights_changed_by_another_process_hold_at_once(tmp_path: Path) -> None:
    """What one process closes, the next search of another does not show."""
    path = tmp_path / "k.db"
    store = await opened(path)
    key, made = document("d", 0)
    await store.put(key, made)
    request = SearchRequest("lamp", Principal())
    assert (await store.search(request)).passages
    script = (
        "import asyncio, sys; from pathlib import Path\n"
        "from knowledge.stores.embedded import EmbeddedStore\n"
        "from knowledge.stores.base import DocumentKey\n"
        "async def main():\n"
        "    store = EmbeddedStore(Path(sys.argv[1]), 'test', 8); await store.open()\n"
        "    await store.set_groups(DocumentKey('docs', 'd'), frozenset({'staff'}))\n"
        "    await store.close()\n"
        "asyncio.run(main())"
    )
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", script, str(path), cwd=Path(__file__).parents[2]
    )
    assert await process.wait() == 0
    hidden = await store.search(request)
    assert hidden.passages == ()
    assert hidden.withheld == ("d",)
    await store.close()


async def test_a_locked_file_gets_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A writer that waits in vain says who is in the way; readers go on meanwhile."""
    from bot.errors import StoreUnavailableError
    from knowledge.stores import schema

    monkeypatch.setattr(schema, "BUSY_SECONDS", 0.2)
    path = tmp_path / "k.db"
    store = await opened(path)
    key, made = document("d", 0)
    await store.put(key, made)
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreUnavailableError, match="another process keeps it locked"):
        await store.put(key, [])
    assert (await store.search(SearchRequest("lamp", Principal()))).passages
    holder.execute("ROLLBACK")
    holder.close()
    await store.put(key, [])
    assert not (await store.search(SearchRequest("lamp", Principal()))).passages
    await store.close()
