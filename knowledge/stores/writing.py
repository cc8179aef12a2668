"""Changes to the embedded store's file; each function runs inside a caller's transaction."""

from __future__ import annotations

import json
import sqlite3
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from bot.errors import KnowledgeError
from bot.evidence import Chunk
from bot.ports import Vectors
from knowledge.stores.analysis import VERSION as ANALYSIS
from knowledge.stores.analysis import IndexTerms, index_terms, storable
from knowledge.stores.base import DocumentKey
from knowledge.stores.postings import MAX_COUNT, MAX_TERMS

CHANGES_KEPT = 200_000
"""A process that fell further behind than this many changes reads everything anew."""

_CACHED_TERMS = 400_000


@dataclass(frozen=True, slots=True)
class PreparedChunk:
    """A chunk with its words counted, and its vector where that is known, ready for a short
    transaction."""

    chunk: Chunk
    terms: IndexTerms
    vector: bytes | None


def prepared(chunks: Iterable[tuple[Chunk, Vectors | None]]) -> list[PreparedChunk]:
    """Count the words of header and text; done before the transaction, as it takes longest."""
    return [
        PreparedChunk(
            chunk,
            index_terms(storable(f"{chunk.header}\n{chunk.text}")),
            None if vector is None else _blob(vector),
        )
        for chunk, vector in chunks
    ]


class Vocabulary:
    """Term to number. Numbers are given once and never change; the file is the truth."""

    def __init__(self) -> None:
        self._known: dict[str, int] = {}

    def numbers(self, connection: sqlite3.Connection, wanted: set[str]) -> dict[str, int]:
        """The numbers of terms; new ones are stored.

        The caller hands the result to :meth:`remember` once the transaction is committed.
        """
        found = {t: n for t in wanted if (n := self._known.get(t)) is not None}
        missing = sorted(wanted - found.keys())
        found.update(lookup(connection, missing))
        new = [t for t in missing if t not in found]
        if new:
            row = connection.execute("SELECT value FROM meta WHERE key = 'terms'").fetchone()
            first = int(row[0]) if row else 0
            if first + len(new) >= MAX_TERMS:
                raise KnowledgeError("The knowledge store is full: it holds 16 million words.")
            numbered = {t: first + i for i, t in enumerate(new)}
            connection.executemany("INSERT INTO term VALUES (?, ?)", numbered.items())
            connection.execute("REPLACE INTO meta VALUES ('terms', ?)", (str(first + len(new)),))
            found.update(numbered)
        return found

    def stored(self, connection: sqlite3.Connection, wanted: Collection[str]) -> dict[str, int]:
        """The numbers of those terms that some chunk has held, as of a snapshot without changes of
        the caller's own."""
        found = {t: n for t in wanted if (n := self._known.get(t)) is not None}
        missing = [t for t in wanted if t not in found]
        if missing:
            looked_up = lookup(connection, missing)
            self.remember(looked_up)
            found.update(looked_up)
        return found

    def remember(self, numbers: dict[str, int]) -> None:
        """Keep committed numbers, to spare the next look-up."""
        if len(self._known) + len(numbers) > _CACHED_TERMS:
            self._known.clear()
        self._known.update(numbers)


def lookup(connection: sqlite3.Connection, wanted: Sequence[str]) -> dict[str, int]:
    """The numbers of those terms that some chunk has held."""
    found: dict[str, int] = {}
    for at in range(0, len(wanted), 500):
        part = wanted[at : at + 500]
        marks = ",".join("?" * len(part))
        found.update(
            connection.execute(f"SELECT text, id FROM term WHERE text IN ({marks})", part)  # noqa: S608
        )
    return found


def put(
    connection: sqlite3.Connection,
    key: DocumentKey,
    chunks: Sequence[PreparedChunk],
    numbers: dict[str, int],
) -> None:
    """Replace a document; a chunk whose header and text are the same keeps its number, and its
    vector where none comes with it."""
    if not chunks:
        remove(connection, key)
        return
    groups = frozenset[str]().union(*(p.chunk.groups for p in chunks))
    document = _document(connection, key, groups)
    kept = _matched(connection, document, chunks)
    old = {i for (i,) in connection.execute("SELECT id FROM chunk WHERE document = ?", (document,))}
    _forget(connection, sorted(old - set(kept.values())))
    connection.execute("DELETE FROM chunk WHERE document = ?", (document,))
    for position, item in enumerate(chunks):
        number = _insert(connection, document, item.chunk, kept.get(position))
        if position not in kept:
            _record(connection, number, document, item.terms, numbers)
            if item.vector is None:
                connection.execute("INSERT INTO waiting VALUES (?)", (number,))
                connection.execute("INSERT INTO change (chunk) VALUES (?)", (number,))
        if item.vector is not None:
            _set_vector(connection, number, item.vector)


def _document(connection: sqlite3.Connection, key: DocumentKey, groups: frozenset[str]) -> int:
    row = connection.execute(
        "SELECT id FROM document WHERE source = ? AND name = ?", (key.source, key.document)
    ).fetchone()
    if row is not None:
        document = int(row[0])
        _set_groups(connection, document, groups)
        return document
    cursor = connection.execute(
        "INSERT INTO document (source, name, groups) VALUES (?, ?, ?)",
        (key.source, key.document, dumped(groups)),
    )
    document = int(cursor.lastrowid or 0)
    connection.execute("INSERT INTO change (document) VALUES (?)", (document,))
    return document


def _matched(
    connection: sqlite3.Connection, document: int, chunks: Sequence[PreparedChunk]
) -> dict[int, int]:
    """Positions of new chunks to the ids of stored ones with the same header and text."""
    stored: defaultdict[tuple[str, str, str], list[int]] = defaultdict(list)
    rows = connection.execute(
        "SELECT id, title, headings, text FROM chunk WHERE document = ? ORDER BY ordinal DESC",
        (document,),
    )
    for number, title, headings, text in rows:
        stored[title, headings, text].append(number)
    matched = {}
    for position, item in enumerate(chunks):
        c = item.chunk
        if same := stored.get((storable(c.title), json.dumps(c.headings), storable(c.text))):
            matched[position] = same.pop()
    return matched


def _insert(connection: sqlite3.Connection, document: int, chunk: Chunk, number: int | None) -> int:
    cursor = connection.execute(
        "INSERT INTO chunk VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            number,
            chunk.id,
            document,
            chunk.ordinal,
            chunk.revision,
            storable(chunk.title),
            json.dumps(chunk.headings),
            storable(chunk.text),
            chunk.start,
            chunk.end,
            storable(chunk.uri),
        ),
    )
    return int(cursor.lastrowid or 0)


def _record(
    connection: sqlite3.Connection,
    number: int,
    document: int,
    terms: IndexTerms,
    numbers: dict[str, int],
) -> None:
    counts = terms.counts
    ids = np.fromiter(map(numbers.__getitem__, counts), np.uint32, len(counts))
    often = np.fromiter(counts.values(), np.int64, len(counts)).clip(max=MAX_COUNT).astype(np.uint8)
    connection.execute(
        "INSERT INTO record VALUES (?, ?, ?, ?, ?)",
        (number, document, terms.length, ids.tobytes(), often.tobytes()),
    )


def _forget(connection: sqlite3.Connection, numbers: Sequence[int]) -> None:
    rows = [(n,) for n in numbers]
    for table in ("record", "vector", "waiting"):
        connection.executemany(f"DELETE FROM {table} WHERE chunk = ?", rows)  # noqa: S608
    connection.executemany("DELETE FROM chunk WHERE id = ?", rows)
    connection.executemany("INSERT INTO change (chunk) VALUES (?)", rows)


def remove(connection: sqlite3.Connection, key: DocumentKey) -> None:
    """Forget a document; an unknown one is no error."""
    row = connection.execute(
        "SELECT id FROM document WHERE source = ? AND name = ?", (key.source, key.document)
    ).fetchone()
    if row is None:
        return
    chunks = connection.execute("SELECT id FROM chunk WHERE document = ?", row).fetchall()
    _forget(connection, [n for (n,) in chunks])
    connection.execute("DELETE FROM document WHERE id = ?", row)
    connection.execute("INSERT INTO change (document) VALUES (?)", row)


def set_groups(connection: sqlite3.Connection, key: DocumentKey, groups: frozenset[str]) -> None:
    """Change who may see a document; an unknown one is no error."""
    row = connection.execute(
        "SELECT id FROM document WHERE source = ? AND name = ?", (key.source, key.document)
    ).fetchone()
    if row is not None:
        _set_groups(connection, row[0], groups)


def _set_groups(connection: sqlite3.Connection, document: int, groups: frozenset[str]) -> None:
    cursor = connection.execute(
        "UPDATE document SET groups = ? WHERE id = ? AND groups <> ?",
        (dumped(groups), document, dumped(groups)),
    )
    if cursor.rowcount:
        connection.execute("INSERT INTO change (document) VALUES (?)", (document,))


def set_vectors(connection: sqlite3.Connection, keys: Sequence[str], vectors: Vectors) -> None:
    """Store the vectors of chunks that still wait for them.

    Chunks are named by their number, not by their key: a key may meanwhile stand for another text,
    a number never does.
    """
    for key, vector in zip(keys, vectors, strict=True):
        row = connection.execute("SELECT chunk FROM waiting WHERE chunk = ?", (key,)).fetchone()
        if row is None:
            continue
        _set_vector(connection, row[0], _blob(vector))


def _set_vector(connection: sqlite3.Connection, number: int, blob: bytes) -> None:
    connection.execute("REPLACE INTO vector VALUES (?, ?)", (number, blob))
    connection.execute("DELETE FROM waiting WHERE chunk = ?", (number,))
    connection.execute("INSERT INTO change (chunk) VALUES (?)", (number,))


def _blob(vector: Vectors) -> bytes:
    return np.ascontiguousarray(vector, dtype="<f4").tobytes()


def outdated(connection: sqlite3.Connection) -> bool:
    """Whether the term records were made by other rules than this program's."""
    row = connection.execute("SELECT value FROM meta WHERE key = 'analysis'").fetchone()
    return row is None or row[0] != str(ANALYSIS)


def reindex(connection: sqlite3.Connection) -> None:
    """Make outdated term records anew.

    Every process that has the store open then reads everything anew, as the change log skips a
    number.
    """
    if not outdated(connection):
        return
    vocabulary = Vocabulary()  # its own, as this transaction may yet fail
    last = connection.execute("SELECT max(seq) FROM change").fetchone()[0]
    connection.execute("DELETE FROM record")
    rows = connection.execute("SELECT id, document, title, headings, text FROM chunk").fetchall()
    for number, document, title, headings, text in rows:
        path = tuple(json.loads(headings))
        chunk = Chunk("", "", "", "", 0, title, path, text, 0, 0, "")
        terms = index_terms(f"{chunk.header}\n{text}")
        numbers = vocabulary.numbers(connection, set(terms.counts))
        vocabulary.remember(numbers)
        _record(connection, number, document, terms, numbers)
    if last is not None:
        connection.execute("DELETE FROM change")
        connection.execute("INSERT INTO change (seq) VALUES (?)", (last + 2,))
    connection.execute("REPLACE INTO meta VALUES ('analysis', ?)", (str(ANALYSIS),))


def prune_changes(connection: sqlite3.Connection) -> None:
    """Drop log entries that every process will have read, or can do without."""
    connection.execute(
        "DELETE FROM change WHERE seq <= (SELECT max(seq) FROM change) - ?", (CHANGES_KEPT,)
    )


def dumped(groups: frozenset[str]) -> str:
    """Groups as stored: sorted JSON, every name exactly as it was given."""
    return json.dumps(sorted(groups))
