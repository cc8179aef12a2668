"""A knowledge base from one store into another: resumable, and verified by what is read back.

Nothing is kept about a copy that was interrupted. Documents are compared by digests of all that
makes them (ids, text, places, groups, revision, vectors), so whoever repeats it copies what is not
there yet, or not the same, and no more.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import time
from collections.abc import AsyncGenerator, Callable, Iterable, Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass

import numpy as np

from bot.errors import KnowledgeError
from knowledge.stores.base import (
    DocumentKey,
    Outline,
    StoredDocument,
    StoreStats,
    VectorStore,
)

Progress = Callable[[str, int, int | None], None]
"""Called with what is being done ("copy", "check"), how many chunks are done, and of how many."""

_SLICE = 1_000
"""Chunks read and written together: some megabytes."""

_REMOVED = 500
_FEW = 10


class CopyDiffersError(KnowledgeError):
    """What was copied is not what was read ({what}); repeat the command, and look after the disk
    of the target if it stays so."""


class OtherKnowledgeError(KnowledgeError):
    """The target holds {extra} documents that are not in the source, and would lose them; nothing
    was changed. If it is meant: add --prune."""


@dataclass(frozen=True, slots=True)
class CopyReport:
    """What a copy came to. ``documents`` and ``chunks`` are in the target now, of which ``copied``
    documents were written, ``unchanged`` were there already; ``removed`` were not in the source.
    ``checksum`` (hex) is over all documents, as read back from the target."""

    documents: int
    chunks: int
    waiting: int
    copied: int
    unchanged: int
    removed: int
    checksum: str
    seconds: float


def digest(document: StoredDocument) -> bytes:
    """16 bytes that stand for a document with everything that a store keeps of it."""
    hashed = hashlib.blake2b(digest_size=16)
    for stored in document.chunks:
        c = stored.chunk
        fields = (
            c.id, c.document, c.source, c.revision, c.ordinal, c.title, c.headings, c.text,
            c.start, c.end, c.uri, sorted(c.groups),
        )  # fmt: skip
        vector = b"" if stored.vector is None else np.asarray(stored.vector, "<f4").tobytes()
        for part in (json.dumps(fields).encode(), vector):
            hashed.update(len(part).to_bytes(8, "little"))
            hashed.update(part)
    return hashed.digest()


async def copy(
    source: VectorStore,
    target: VectorStore,
    *,
    progress: Progress | None = None,
    remove_extra: bool = True,
    remove_many: bool = False,
) -> CopyReport:
    """Make the target hold what the source does; both hold vectors of one model.

    Nobody may change either meanwhile (:func:`knowledge.moving.undisturbed`); questions may go on.
    In memory are two slices of chunks, and some hundred bytes a document. With ``remove_extra``
    what is not in the source goes first, so that nothing outlives its removal; then come documents
    whose rights differ. Where that were more than ten and more than half of the target, it is
    another knowledge base, or the source an old one: OtherKnowledgeError, but for ``remove_many``.
    Raises CopyDiffersError, and the errors of both stores.
    """
    many = remove_many or not remove_extra
    return await _Copy(source, target, progress or _quiet, remove_extra, many).run()


class _Copy:
    """The state of one copy."""

    def __init__(
        self,
        source: VectorStore,
        target: VectorStore,
        tell: Progress,
        remove_extra: bool,
        remove_many: bool,
    ) -> None:
        self._source = source
        self._target = target
        self._tell = tell
        self._remove_extra = remove_extra
        self._remove_many = remove_many
        self._digests: dict[DocumentKey, bytes] = {}
        self._written: list[DocumentKey] = []
        self._outlines: dict[DocumentKey, Outline] = {}

    async def run(self) -> CopyReport:
        begun = time.perf_counter()
        self._outlines = await self._source.outlines()
        there = await self._target.outlines()
        extra = there.keys() - self._outlines.keys()
        if not self._remove_many and len(extra) > _FEW and len(extra) > len(there) / 2:
            raise OtherKnowledgeError(extra=len(extra))
        removed = await self._remove(extra)
        keys = sorted(self._outlines, key=lambda k: (not self._other_rights(k, there), _order(k)))
        total = sum(outline.chunks for outline in self._outlines.values())
        done = 0
        async with aclosing(self._read_ahead(keys)) as slices:
            async for documents in slices:
                self._tell("copy", done, total)
                await self._take(documents, there)
                done += sum(len(document.chunks) for document in documents)
        self._tell("copy", done, total)
        await self._check()
        stats = await self._compare_counts()
        return CopyReport(
            documents=stats.documents,
            chunks=stats.chunks,
            waiting=stats.waiting,
            copied=len(self._written),
            unchanged=len(self._digests) - len(self._written),
            removed=removed,
            checksum=self._checksum(),
            seconds=time.perf_counter() - begun,
        )

    async def _remove(self, extra: Iterable[DocumentKey]) -> int:
        if not self._remove_extra:
            return 0
        keys = sorted(extra, key=_order)
        for at in range(0, len(keys), _REMOVED):
            await self._target.remove(keys[at : at + _REMOVED])
        return len(keys)

    def _other_rights(self, key: DocumentKey, there: dict[DocumentKey, Outline]) -> bool:
        """Whether the target shows a document to others than the source does: that goes first."""
        return key in there and there[key].groups != self._outlines[key].groups

    async def _take(
        self, documents: Sequence[StoredDocument], there: dict[DocumentKey, Outline]
    ) -> None:
        """Write those documents of a slice that the target has not, or not so."""
        digests = {document.key: digest(document) for document in documents}
        self._digests.update(digests)
        alike = [key for key in digests if there.get(key) == self._outlines[key]]
        same = {d.key for d in await self._target.read(alike) if digests[d.key] == digest(d)}
        missing = [document for document in documents if document.key not in same]
        if missing:
            await self._target.load(missing)
            self._written += [document.key for document in missing]

    async def _check(self) -> None:
        """Read back what was written. What is not as it should be is written once more, from
        nothing: a vector that the target kept, say."""
        total = sum(self._outlines[key].chunks for key in self._written)
        done = 0
        for keys in self._slices(self._written):
            self._tell("check", done, total)
            if wrong := await self._wrong(keys):
                await self._target.remove(wrong)
                await self._target.load(await self._source.read(wrong))
                if wrong := await self._wrong(wrong):
                    raise CopyDiffersError(what=_named(wrong))
            done += sum(self._outlines[key].chunks for key in keys)
        self._tell("check", done, total)

    async def _wrong(self, keys: Sequence[DocumentKey]) -> list[DocumentKey]:
        found = {d.key: digest(d) for d in await self._target.read(keys)}
        return [key for key in keys if found.get(key) != self._digests[key]]

    async def _compare_counts(self) -> StoreStats:
        """Nothing more and nothing less than in the source."""
        read, held = await self._source.stats(), await self._target.stats()
        if self._remove_extra and held != read:
            raise CopyDiffersError(
                what=f"{held.documents} documents with {held.chunks} chunks instead of "
                f"{read.documents} with {read.chunks}"
            )
        return held

    async def _read_ahead(
        self, keys: Sequence[DocumentKey]
    ) -> AsyncGenerator[list[StoredDocument], None]:
        """Slices of the source; the next one is read while one is worked on."""
        slices = self._slices(keys)
        asked = next(slices, None)
        reading = None if asked is None else asyncio.ensure_future(self._source.read(asked))
        try:
            while asked is not None and reading is not None:
                documents = await reading
                if gone := set(asked) - {document.key for document in documents}:
                    raise CopyDiffersError(what=f"{_named(gone)} went away meanwhile")
                asked = next(slices, None)
                reading = None if asked is None else asyncio.ensure_future(self._source.read(asked))
                yield documents
        finally:
            if reading is not None:
                reading.cancel()
                await asyncio.gather(reading, return_exceptions=True)

    def _slices(self, keys: Iterable[DocumentKey]) -> Iterator[list[DocumentKey]]:
        part: list[DocumentKey] = []
        chunks = 0
        for key in keys:
            size = self._outlines[key].chunks
            if part and chunks + size > _SLICE:
                yield part
                part, chunks = [], 0
            part.append(key)
            chunks += size
        if part:
            yield part

    def _checksum(self) -> str:
        hashed = hashlib.blake2b(digest_size=16)
        for key in sorted(self._digests, key=_order):
            hashed.update(json.dumps([key.source, key.document]).encode())
            hashed.update(self._digests[key])
        return hashed.hexdigest()


def _order(key: DocumentKey) -> tuple[str, str]:
    return key.source, key.document


def _named(keys: Iterable[DocumentKey]) -> str:
    names = [f"{key.source}/{key.document}" for key in sorted(keys, key=_order)]
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return ", ".join(names[:3]) + more


def _quiet(what: str, done: int, total: int | None) -> None:
    """Nobody wants to know."""
    del what, done, total
