"""What is read out of the embedded store's file; each function sees the caller's snapshot of it."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from bot.conversation import Principal
from bot.evidence import Chunk, Passage
from knowledge.stores.base import (
    DocumentKey,
    Outline,
    StoredChunk,
    StoredDocument,
    StoreStats,
    WaitingChunk,
)
from knowledge.stores.index import Hit

_COLUMNS = """
    chunk.id, chunk.key, document.name, document.source, revision, ordinal, title, headings,
    text, start, "end", uri, document.groups
"""
_CHUNK = f"SELECT {_COLUMNS} FROM chunk JOIN document ON document.id = chunk.document"  # noqa: S608


def waiting(connection: sqlite3.Connection, limit: int) -> list[WaitingChunk]:
    """Chunks without a vector, oldest first."""
    rows = connection.execute(
        f"{_CHUNK} JOIN waiting ON waiting.chunk = chunk.id ORDER BY chunk.id LIMIT ?", (limit,)
    )
    found = [(str(row[0]), _chunk(row)) for row in rows]
    return [WaitingChunk(number, f"{c.header}\n{c.text}") for number, c in found]


def chunk(connection: sqlite3.Connection, key: str, principal: Principal) -> Chunk | None:
    """One chunk by its id, where the principal may see it."""
    row = connection.execute(f"{_CHUNK} WHERE chunk.key = ?", (key,)).fetchone()
    found = _chunk(row) if row is not None else None
    return found if found and principal.may_see(found.groups) else None


def passages(
    connection: sqlite3.Connection, hits: Sequence[Hit], principal: Principal
) -> tuple[Passage, ...]:
    """Hits with their text. Rights are looked at once more, in the file itself."""
    marks = ",".join("?" * len(hits))
    rows = connection.execute(f"{_CHUNK} WHERE chunk.id IN ({marks})", [h.chunk for h in hits])
    chunks = {row[0]: _chunk(row) for row in rows}
    return tuple(
        Passage(chunks[h.chunk], h.score, h.lexical, h.cosine)
        for h in hits
        if principal.may_see(chunks[h.chunk].groups)
    )


def names(connection: sqlite3.Connection, documents: Sequence[int]) -> tuple[str, ...]:
    """Names of documents by their numbers, each once."""
    found = [
        connection.execute("SELECT name FROM document WHERE id = ?", (d,)).fetchone()[0]
        for d in documents
    ]
    return tuple(dict.fromkeys(found))


def keys(connection: sqlite3.Connection, source: str | None) -> set[DocumentKey]:
    """Every document, of one source or of all."""
    rows = connection.execute(
        "SELECT source, name FROM document WHERE :source IS NULL OR source = :source",
        {"source": source},
    )
    return {DocumentKey(*row) for row in rows}


def visible(
    connection: sqlite3.Connection, wanted: Sequence[DocumentKey], principal: Principal
) -> set[DocumentKey]:
    """Those of some documents that the principal may see."""
    found = set()
    for key in wanted:
        row = connection.execute(
            "SELECT groups FROM document WHERE source = ? AND name = ?", (key.source, key.document)
        ).fetchone()
        if row is not None and principal.may_see(_groups(row[0])):
            found.add(key)
    return found


def outlines(connection: sqlite3.Connection, source: str | None) -> dict[DocumentKey, Outline]:
    """Every document without its text. The revision is that of its first chunk: SQLite takes a
    column that is not aggregated from the row that ``min`` found."""
    rows = connection.execute(
        """
        SELECT document.source, document.name, document.groups, count(*), revision, min(ordinal)
        FROM document JOIN chunk ON chunk.document = document.id
        WHERE :source IS NULL OR document.source = :source
        GROUP BY document.id
        """,
        {"source": source},
    )
    return {
        DocumentKey(place, name): Outline(revision, frozenset(json.loads(groups)), chunks)
        for place, name, groups, chunks, revision, _ in rows
    }


def documents(
    connection: sqlite3.Connection, wanted: Sequence[DocumentKey]
) -> list[StoredDocument]:
    """Documents whole, in the order in which they are asked for; unknown ones are left out."""
    found = []
    for key in wanted:
        rows = connection.execute(
            f"""
            SELECT {_COLUMNS}, vector.value
            FROM document JOIN chunk ON chunk.document = document.id
                LEFT JOIN vector ON vector.chunk = chunk.id
            WHERE document.source = ? AND document.name = ?
            ORDER BY ordinal, chunk.id
            """,  # noqa: S608
            (key.source, key.document),
        ).fetchall()
        if rows:
            found.append(StoredDocument(key, tuple(_stored(row) for row in rows)))
    return found


def stats(connection: sqlite3.Connection) -> StoreStats:
    """Counts of what is stored."""
    counts = [
        connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]  # noqa: S608
        for table in ("document", "chunk", "waiting")
    ]
    return StoreStats(*counts)


def _stored(row: tuple[object, ...]) -> StoredChunk:
    *columns, blob = row
    value = np.frombuffer(blob, "<f4") if isinstance(blob, bytes) else None
    return StoredChunk(_chunk(tuple(columns)), value)


def _chunk(row: tuple[object, ...]) -> Chunk:
    _, key, name, source, revision, ordinal, title, headings, text, start, end, uri, groups = row
    return Chunk(
        id=str(key),
        document=str(name),
        source=str(source),
        revision=str(revision),
        ordinal=int(str(ordinal)),
        title=str(title),
        headings=_headings(str(headings)),
        text=str(text),
        start=int(str(start)),
        end=int(str(end)),
        uri=str(uri),
        groups=_groups(str(groups)),
    )


@lru_cache(maxsize=16_384)
def _headings(stored: str) -> tuple[str, ...]:
    return tuple(json.loads(stored))


@lru_cache(maxsize=16_384)
def _groups(stored: str) -> frozenset[str]:
    return frozenset(json.loads(stored))
