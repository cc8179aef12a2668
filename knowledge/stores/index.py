"""What the embedded store searches: chunks in memory, kept level with the file's change log.

Every chunk has a slot. Rights live in the slots too, so that filtering happens inside both legs of
a search: a slot points to its set of groups, and one look per distinct set decides for all.
The index belongs to one thread; it takes up changes inside the same snapshot of the file in which
a search then reads, so that words, meaning, rights and text always fit together.
"""

from __future__ import annotations

import json
import sqlite3
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from bot.conversation import Principal
from bot.ports import Vectors
from knowledge.ranking import best, fuse
from knowledge.stores.base import Fusion
from knowledge.stores.matrix import MARGIN, CodeMatrix, cosines
from knowledge.stores.postings import Census, Postings, Weights, distinct

Floats = NDArray[np.float32]
Slots = NDArray[np.int64]

DEPTH = 100
"""Candidates of each leg."""

REFINED = 1000
"""Best chunks by telling words whose order function words then refine."""

Row = tuple[int, int, int, bytes, bytes, bytes | None]

_NOBODY = 0
_AUDIENCES = 16
_SLICE = 4096
_ROWS = """
    SELECT record.chunk, record.document, length, terms, counts, vector.value
    FROM record LEFT JOIN vector ON vector.chunk = record.chunk
"""


@dataclass(frozen=True, slots=True)
class _Audience:
    """Whom a search is for: the slots that they may see and those that are alive, shape
    ``[slots]``, each mask once where they are the same; what words weigh for them."""

    masks: tuple[NDArray[np.bool_], ...]
    census: Census


@dataclass(frozen=True, slots=True)
class Hit:
    """A chunk by its number in the file, with its scores."""

    chunk: int
    document: int
    score: float
    lexical: float
    cosine: float | None


class MemoryIndex:
    """Term lists, codes and rights of all chunks, as of change ``seq`` of the file."""

    def __init__(self, dimensions: int) -> None:
        self._dimensions = dimensions
        self._clear()

    def _clear(self) -> None:
        self.seq = -1
        self._postings = Postings()
        self._matrix = CodeMatrix(self._dimensions)
        self._chunks = np.zeros(0, np.int64)  # ascending: numbers are given in order
        self._documents = np.zeros(0, np.int64)
        self._lengths = np.zeros(0, np.float32)
        self._rights = np.zeros(0, np.int32)
        self._dead = 0
        self._sets: dict[str, int] = {"": _NOBODY}  # groups as in the file
        self._rights_of: dict[int, int] = {}
        self._audiences: OrderedDict[bytes, _Audience] = OrderedDict()  # as of ``seq``
        self._living: tuple[NDArray[np.bool_], Slots] | None = None  # as of ``seq``: alive, dead

    def __len__(self) -> int:
        return int(self._chunks.size) - self._dead

    @property
    def nbytes(self) -> int:
        """Bytes of memory held by what grows with the chunks, and a byte of each for an audience
        that asked lately."""
        asked = self._chunks.size * len(self._audiences)
        return self._postings.nbytes + self._matrix.nbytes + self._chunks.size * 24 + asked

    # -- following the file ------------------------------------------------------------------

    def follow(self, connection: sqlite3.Connection) -> None:
        """Take up all changes of the connection's snapshot."""
        row = connection.execute("SELECT seq FROM sqlite_sequence WHERE name = 'change'").fetchone()
        last = int(row[0]) if row else 0
        if last == self.seq:
            return
        oldest = connection.execute("SELECT min(seq) FROM change").fetchone()[0]
        self._audiences.clear()
        self._living = None
        behind = self.seq < 0 or (oldest is not None and self.seq + 1 < oldest)
        try:
            if behind or self._dead > 10_000 + len(self) // 4:
                self._clear()
                self._load_all(connection)
            else:
                self._apply(connection)
        except BaseException:
            self._clear()  # half a change is no state to search: the next search reads all anew
            raise
        self.seq = last

    def _load_all(self, connection: sqlite3.Connection) -> None:
        self._take_rights(connection.execute("SELECT id, groups FROM document"))
        count, last = connection.execute("SELECT count(*), 0 FROM record").fetchone()
        self._matrix.reserve(count)
        while rows := connection.execute(
            f"{_ROWS} WHERE record.chunk > ? ORDER BY record.chunk LIMIT {_SLICE}", (last,)
        ).fetchall():
            self._append(rows)
            last = rows[-1][0]
        self._postings.consolidate()

    def _apply(self, connection: sqlite3.Connection) -> None:
        since = (self.seq,)
        documents = {
            d
            for (d,) in connection.execute(
                "SELECT document FROM change WHERE seq > ? AND document IS NOT NULL", since
            )
        }
        chunks = sorted(
            {
                c
                for (c,) in connection.execute(
                    "SELECT chunk FROM change WHERE seq > ? AND chunk IS NOT NULL", since
                )
            }
        )
        for part in _parts(sorted(documents)):
            marks = ",".join("?" * len(part))
            self._take_rights(
                connection.execute(f"SELECT id, groups FROM document WHERE id IN ({marks})", part)  # noqa: S608
            )
        for part in _parts(chunks):
            marks = ",".join("?" * len(part))
            rows = connection.execute(
                f"{_ROWS} WHERE record.chunk IN ({marks}) ORDER BY record.chunk", part
            ).fetchall()
            self._take_chunks(part, rows)
        self._postings.settle()

    def _take_rights(self, rows: Iterable[tuple[int, str]]) -> None:
        for document, groups in rows:
            rights = self._sets.setdefault(groups, len(self._sets))
            before = self._rights_of.get(document)
            self._rights_of[document] = rights
            if before is not None and before != rights:
                held = (self._documents == document) & (self._rights != _NOBODY)
                self._rights[held] = rights

    def _take_chunks(self, touched: Sequence[int], rows: list[Row]) -> None:
        """Chunks that are gone die; known ones have a new vector; the others are new."""
        there = {row[0] for row in rows}
        slots = self._slots_of(np.array([n for n in touched if n not in there], np.int64))
        self._dead += int(np.count_nonzero(self._rights[slots] != _NOBODY))
        self._rights[slots] = _NOBODY
        newest = self._chunks[-1] if self._chunks.size else 0
        known = {row[0]: row[5] for row in rows if row[0] <= newest and row[5] is not None}
        if known:
            held = self._slots_of(np.array(list(known), np.int64))
            self._matrix.put(held, self._vectors(known.values()))
        self._append([row for row in rows if row[0] > newest])

    def _slots_of(self, chunks: NDArray[np.int64]) -> Slots:
        """Slots of those of the chunks that are known, ascending as the chunks are."""
        at = np.searchsorted(self._chunks, chunks)
        inside = at < self._chunks.size
        at, chunks = at[inside], chunks[inside]
        slots: Slots = at[self._chunks[at] == chunks]
        return slots

    def _append(self, rows: list[Row]) -> None:
        if not rows:
            return
        first = self._chunks.size
        chunks, documents, lengths, terms, counts, vectors = zip(*rows, strict=True)
        slots = np.arange(first, first + len(rows), dtype=np.uint32)
        self._chunks = np.concatenate([self._chunks, np.array(chunks, np.int64)])
        self._documents = np.concatenate([self._documents, np.array(documents, np.int64)])
        self._lengths = np.concatenate([self._lengths, np.array(lengths, np.float32)])
        rights = np.array([self._rights_of[d] for d in documents], np.int32)
        self._rights = np.concatenate([self._rights, rights])
        held = np.array([len(c) for c in counts], np.int64)
        self._postings.add(
            np.frombuffer(b"".join(terms), "<u4"),
            np.repeat(slots, held),
            np.frombuffer(b"".join(counts), np.uint8),
        )
        self._matrix.grow(self._chunks.size)
        filled = {first + i: v for i, v in enumerate(vectors) if v is not None}
        if filled:
            self._matrix.put(np.array(list(filled), np.int64), self._vectors(filled.values()))

    def _vectors(self, blobs: Iterable[bytes]) -> Vectors:
        return np.frombuffer(b"".join(blobs), "<f4").reshape(-1, self._dimensions)

    # -- searching ---------------------------------------------------------------------------

    def held(self, terms: Iterable[int], principal: Principal) -> set[int]:
        """Those of the terms that stand in a visible chunk."""
        visible = self._audience(principal).masks[0]
        return {term for term in terms if self._postings.any(term, visible)}

    def search(
        self,
        connection: sqlite3.Connection,
        telling: Weights,
        function: Weights,
        vector: Vectors | None,
        principal: Principal,
        *,
        alpha: float,
        k: int,
        spare: int = 0,
        fusion: Fusion = "relative",
    ) -> tuple[list[Hit], list[int]]:
        """The best ``k + spare`` visible hits, and the documents of those of the best ``k`` of all
        that are not visible, best first."""
        audience = self._audience(principal)
        lexical = self._lexical(telling, function, audience)
        near = None if vector is None else self._matrix.scores(vector)
        pools = [self._pool(lexical, near, among) for among in audience.masks]
        slots = distinct(np.concatenate(pools))
        cosine = self._exact(connection, slots, vector)
        ranked = [
            self._ranked(slots, lexical, cosine, alpha, fusion, among, k + spare)
            for among in audience.masks
        ]
        hits = [
            Hit(
                chunk=int(self._chunks[slots[i]]),
                document=int(self._documents[slots[i]]),
                score=float(score),
                lexical=float(lexical[slots[i]]),
                cosine=None if np.isnan(cosine[i]) else float(cosine[i]),
            )
            for i, score in ranked[0]
        ]
        withheld = [
            int(self._documents[slots[i]])
            for i, _ in (ranked[1][:k] if len(ranked) > 1 else [])
            if not audience.masks[0][slots[i]]
        ]
        return hits, list(dict.fromkeys(withheld))

    def _audience(self, principal: Principal) -> _Audience:
        """What a principal may see; kept until something changes, as many may see the same."""
        by_set = np.array(
            [bool(groups) and principal.may_see(_groups(groups)) for groups in self._sets], np.bool_
        )
        key = by_set.tobytes()
        known = self._audiences.get(key)
        if known is None:
            if self._living is None:
                alive = self._rights != _NOBODY
                self._living = alive, np.flatnonzero(~alive)
            alive, dead = self._living
            visible = by_set[self._rights]
            if (alive == visible).all():
                visible = alive
            masks = (visible,) if visible is alive else (visible, alive)
            known = _Audience(masks, Census.of(self._lengths, alive, visible, dead))
            while len(self._audiences) >= _AUDIENCES:
                self._audiences.popitem(last=False)
            self._audiences[key] = known
        self._audiences.move_to_end(key)
        return known

    def _lexical(self, telling: Weights, function: Weights, audience: _Audience) -> Floats:
        """BM25 of all slots by telling words, and of the best for each audience by all words.

        By the statistics of what the asker may see, the first audience: what is hidden must not
        move what is shown. Hidden slots are weighed by them too, as for the audit that is enough.
        """
        scores = self._postings.scores(telling, audience.census)
        if function:
            chosen = [best(scores, REFINED, among & (scores > 0)) for among in audience.masks]
            slots = distinct(np.concatenate(chosen))
            scores[slots] += self._postings.scores_at(slots, function, audience.census)
        return scores

    def _pool(self, lexical: Floats, near: Floats | None, among: NDArray[np.bool_]) -> Slots:
        """Slots that may be among the best by either leg."""
        by_words = best(lexical, DEPTH, among & (lexical > 0))
        if near is None:
            return by_words
        return np.concatenate([by_words, best(near, DEPTH + MARGIN, among)])

    def _exact(
        self, connection: sqlite3.Connection, slots: Slots, vector: Vectors | None
    ) -> Floats:
        """True cosines from the stored vectors, shape ``[slots]``; NaN where there is none."""
        values = np.full(slots.size, np.nan, np.float32)
        if vector is None:
            return values
        places = np.flatnonzero(self._matrix.filled[slots])
        numbers = self._chunks[slots[places]].tolist()
        found: list[bytes] = []
        for part in _parts(numbers):
            marks = ",".join("?" * len(part))
            found.extend(
                blob
                for (blob,) in connection.execute(
                    f"SELECT value FROM vector WHERE chunk IN ({marks}) ORDER BY chunk",  # noqa: S608
                    part,
                )
            )
        if found:
            values[places] = cosines(self._vectors(found), vector)
        return values

    def _ranked(
        self,
        slots: Slots,
        lexical: Floats,
        cosine: Floats,
        alpha: float,
        fusion: Fusion,
        among: NDArray[np.bool_],
        n: int,
    ) -> list[tuple[int, float]]:
        """Places in ``slots`` and fused scores of the best ``n`` candidates among those, best
        first."""
        places = np.flatnonzero(among[slots])
        scores = fuse(lexical[slots[places]], cosine[places], alpha, DEPTH, fusion)
        order = best(scores, n)
        return list(zip(places[order].tolist(), scores[order].tolist(), strict=True))


@lru_cache(maxsize=16_384)
def _groups(stored: str) -> frozenset[str]:
    return frozenset(json.loads(stored))


def _parts(numbers: Sequence[int], size: int = 500) -> Iterable[Sequence[int]]:
    for at in range(0, len(numbers), size):
        yield numbers[at : at + size]
