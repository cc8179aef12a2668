"""Documents in: what changed in a source comes into the store, what is gone goes.

The store is written before the ledger, and documents about to change are unsettled in the ledger
first. So a run that is killed anywhere leaves either a document that the ledger does not know as
settled, which the next run writes again, or one that it does not know at all, which the next run
removes and reads anew: it ends as a clean run would.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Iterable
from concurrent.futures import Executor
from contextlib import suppress
from copy import copy
from dataclasses import dataclass, field
from typing import Any

from bot.errors import UsageError
from bot.ports import Clock, Embedder
from bot.store.timing import utc_now
from bot.work.leases import Leases
from knowledge.document import DEFAULT_LIMIT
from knowledge.embedding import Current, embed_waiting
from knowledge.exclusive import EMBEDDING, Exclusive, TakenError
from knowledge.ledger import Ledger
from knowledge.reading import ReadingPool
from knowledge.remote import RemoteExecutor
from knowledge.run import IngestRun
from knowledge.sources import answers, uploads
from knowledge.sources.base import Source, Versioned
from knowledge.stores.base import DocumentKey, VectorStore

Progress = Callable[[int, int | None], None]
"""Called with how many are done, and of how many where that is known."""

_FAILURES_KEPT = 200
_RESERVED = {
    answers.NAME: (answers.AnswerSource, "the answers that people gave"),
    uploads.NAME: (uploads.UploadSource, "the files that were uploaded in the console"),
}
"""Names of sources that are one class's alone, and what they hold."""


@dataclass(frozen=True, slots=True)
class IngestReport:
    """What one reading-in of a source did. ``chunks`` were written, ``failed`` is
    ``(document, error)``, ``skipped`` counts files in formats that are not read, ``commit`` is the
    state that was read, of a source that has such."""

    source: str
    added: int = 0
    changed: int = 0
    unchanged: int = 0
    removed: int = 0
    failed: tuple[tuple[str, str], ...] = field(default=())
    skipped: int = 0
    chunks: int = 0
    seconds: float = 0.0
    commit: str = ""

    def as_json(self) -> dict[str, Any]:
        """As ``ingest --json`` prints it."""
        return {
            "added": self.added,
            "changed": self.changed,
            "unchanged": self.unchanged,
            "removed": self.removed,
            "failed": [{"document": d, "error": e} for d, e in self.failed],
            "chunks": self.chunks,
            "seconds": round(self.seconds, 3),
        }

    def as_record(self) -> dict[str, Any]:
        """As the history keeps it: the first failures, and how many there were."""
        return {
            **self.as_json(),
            "failed": [{"document": d, "error": e} for d, e in self.failed[:_FAILURES_KEPT]],
            "failures": len(self.failed),
            "skipped": self.skipped,
            "commit": self.commit,
        }


def _pair(store: VectorStore, embedder: Embedder) -> Current:
    async def same() -> tuple[VectorStore, Embedder]:
        return store, embedder

    return same


def _check_name(source: Source) -> None:
    """Raises UsageError for a name that is not this source's to have."""
    if source.name not in _RESERVED:
        return
    owner, held = _RESERVED[source.name]
    if not isinstance(source, owner):
        told = f'The source "{source.name}" holds {held}; give yours another name with --source.'
        raise UsageError(told)


class Ingestor:
    """Reads sources into a store and keeps the ledger of it.

    ``executor`` reads and chunks (a process pool; a cluster's embeds as well); without one a thread
    does, and processes once there is much. ``limit`` is the size of the largest document, in
    bytes. Where the index may be replaced meanwhile, ``current`` gives store and embedder as they
    go together.
    """

    def __init__(
        self,
        ledger: Ledger,
        store: VectorStore,
        leases: Leases,
        embedder: Embedder | None = None,
        *,
        executor: Executor | None = None,
        limit: int = DEFAULT_LIMIT,
        clock: Clock = utc_now,
        current: Current | None = None,
    ) -> None:
        self._ledger = ledger
        self._store = store
        self._exclusive = Exclusive(leases)
        self._current = current or (_pair(store, embedder) if embedder else None)
        self._executor = executor
        self._limit = limit
        self._clock = clock

    def over(self, executor: Executor) -> Ingestor:
        """The same, with the work done by another executor."""
        other = copy(self)
        other._executor = executor
        return other

    async def ingest(
        self,
        source: Source,
        groups: frozenset[str] = frozenset(),
        *,
        prune: bool = True,
        careful: bool = False,
        progress: Progress | None = None,
        wait: bool = True,
        on_wait: Callable[[], None] | None = None,
        first: Callable[[], Awaitable[None]] | None = None,
    ) -> IngestReport:
        """Bring the store to the state of the source.

        ``groups`` are for documents that name none of their own. ``prune`` removes what the source
        does not hold any more; where nobody watches, ``careful`` raises SourceShrunkError rather
        than remove what looks lost by mistake. ``progress`` is called first when the reading
        begins. While another process reads the same source, this waits (calling
        ``on_wait`` once), or with ``wait=False`` raises IngestRunningError. ``first`` is awaited
        once nobody else does; what it raises ends it before anything. Documents that fail
        are in the report; those that were read before stay as they were. Raises MissingFileError,
        SourceUnavailableError, UsageError for a source named like that of people's answers or of
        uploads, and the errors of the stores.
        """
        _check_name(source)
        async with self._exclusive.source(source.name, wait=wait, on_wait=on_wait):
            started, begun = self._clock(), time.perf_counter()
            if progress:
                progress(0, None)
            pool = ReadingPool(self._executor, self._limit)
            try:
                if first is not None:
                    await first()
                run = IngestRun(
                    source, self._ledger, self._store, pool, groups, self._clock, progress
                )
                await run.read()
                if prune:
                    await run.prune(careful=careful)
            finally:
                await pool.close()
                await source.close()
            report = IngestReport(
                source=source.name,
                added=run.added,
                changed=run.changed,
                unchanged=run.unchanged,
                removed=run.removed,
                failed=tuple((f.document, f.error) for f in run.failed),
                skipped=run.skipped,
                chunks=run.chunks,
                seconds=time.perf_counter() - begun,
                commit=source.commit if isinstance(source, Versioned) else "",
            )
            await self._ledger.record_run(source.name, report.as_record(), started, self._clock())
            return report

    async def remove(self, source: str, documents: Iterable[str], *, wait: bool = True) -> int:
        """Forget documents of a source; how many there were. While another process changes the
        source this waits, or with ``wait=False`` raises IngestRunningError."""
        names = list(documents)
        async with self._exclusive.source(source, wait=wait):
            await self._store.remove([DocumentKey(source, name) for name in names])
            return await self._ledger.remove(source, names)

    async def embed_waiting(self, progress: Progress | None = None) -> int:
        """Give their vectors to the chunks that wait for them; how many got one.

        One process does so at a time; another one returns 0 at once. Small slices, so that the
        embedder is free for a question between two of them. Raises the embedder's errors; what
        was embedded until then is kept.
        """
        if self._current is None:
            return 0
        with suppress(TakenError):
            async with self._exclusive.lease(EMBEDDING):
                remote = self._executor if isinstance(self._executor, RemoteExecutor) else None
                return await embed_waiting(self._current, progress, remote=remote)
        return 0
