"""What the memory index keeps of each audience that searches it."""

from __future__ import annotations

import gc
import tracemalloc
from contextlib import closing
from pathlib import Path

from bot.conversation import Principal
from bot.evidence import Chunk
from knowledge.stores.base import DocumentKey
from knowledge.stores.embedded import EmbeddedStore
from knowledge.stores.index import MemoryIndex
from knowledge.stores.schema import connect

CHUNKS, AUDIENCES = 4_000, 15


def chunk(number: int) -> Chunk:
    """A page that is everybody's, or one group's."""
    name, text = f"p{number}", f"Pump {number} takes oil."
    groups = frozenset({f"team-{number % AUDIENCES}"}) if number % 2 else frozenset[str]()
    return Chunk(name, name, "docs", "r", 0, name, (), text, 0, len(text), "", groups)


def ask(index: MemoryIndex, connection: object, team: int) -> int:
    """How many chunks an audience finds."""
    principal = Principal(frozenset({f"team-{team}"}))
    hits, _ = index.search(
        connection,
        {1: 1.0, 2: 1.0},
        {},
        None,
        principal,
        alpha=0.5,
        k=CHUNKS,  # type: ignore[arg-type]
    )
    return len(hits)


async def test_an_audience_costs_a_byte_a_chunk(tmp_path: Path) -> None:
    """A knowledge base of a million chunks and many teams does not grow with each that asks."""
    path = tmp_path / "knowledge.db"
    store = EmbeddedStore(path, "none", 8)
    await store.open()
    await store.put_many([(DocumentKey("docs", f"p{n}"), [chunk(n)]) for n in range(CHUNKS)])
    await store.close()
    index = MemoryIndex(8)
    with closing(connect(path, readonly=True)) as connection:
        index.follow(connection)
        ask(index, connection, 0)
        gc.collect()
        tracemalloc.start()
        try:
            for team in range(1, AUDIENCES):
                assert ask(index, connection, team)
            gc.collect()
            grown, _ = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert grown < 2 * CHUNKS * (AUDIENCES - 1)
