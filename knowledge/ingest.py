"""Documents in: what changed in a source comes into the store, what is gone goes.

The store is written before the ledger, and documents about to change are unsettled in the ledger
first. So a run that is killed anywhere leaves either a document that the ledger does not know as
settled, which the next run writes again, or one that it does not know at all, which the next run
removes and reads anew: it ends as a clean run would.
"""

from __future__ import annotations

import asyncio
import os
import socket
import time
import uuid
from collections.abc import AsyncIterator, Callable, Iterable
from concurrent.futures import Executor
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bot.errors import IngestRunningError, LeaseLostError, UsageError
from bot.ports import Clock, Embedder
from bot.work.leases import Leases
from knowledge.document import DEFAULT_LIMIT
from knowledge.ledger import Ledger
from knowledge.reading import ReadingPool
from knowledge.run import IngestRun
from knowledge.sources import answers
from knowledge.sources.base import Source
from knowledge.stores.base import DocumentKey, VectorStore

Progress = Callable[[int, int | None], None]
"""Called with how many are done, and of how many where that is known."""

_LEASE_S = 15.0
_ASK_AGAIN_S = 0.25
_EMBED_SLICE = 32
_RESERVED = (
    f'The source "{answers.NAME}" holds the answers that people gave; give yours another name'
    " with --source."
)


@dataclass(frozen=True, slots=True)
class IngestReport:
    """What one reading-in of a source did. ``chunks`` were written, ``failed`` is
    ``(document, error)``, ``skipped`` counts files in formats that are not read."""

    source: str
    added: int = 0
    changed: int = 0
    unchanged: int = 0
    removed: int = 0
    failed: tuple[tuple[str, str], ...] = field(default=())
    skipped: int = 0
    chunks: int = 0
    seconds: float = 0.0

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


def _now() -> datetime:
    return datetime.now(UTC)


class Ingestor:
    """Reads sources into a store and keeps the ledger of it.

    ``executor`` reads and chunks (a process pool, a cluster's); without one a thread does, and
    processes once there is much. ``limit`` is the size of the largest document, in bytes.
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
        clock: Clock = _now,
    ) -> None:
        self._ledger = ledger
        self._store = store
        self._leases = leases
        self._embedder = embedder
        self._executor = executor
        self._limit = limit
        self._clock = clock

    async def ingest(
        self,
        source: Source,
        groups: frozenset[str] = frozenset(),
        *,
        prune: bool = True,
        progress: Progress | None = None,
        wait: bool = True,
        on_wait: Callable[[], None] | None = None,
    ) -> IngestReport:
        """Bring the store to the state of the source.

        ``groups`` are for documents that name none of their own. ``prune`` removes what the source
        does not hold any more. While another process reads the same source, this waits (calling
        ``on_wait`` once), or with ``wait=False`` raises IngestRunningError. Documents that fail
        are in the report; those that were read before stay as they were. Raises MissingFileError,
        SourceUnavailableError, UsageError for a source named like that of people's answers, and the
        errors of the stores.
        """
        if source.name == answers.NAME and not isinstance(source, answers.AnswerSource):
            raise UsageError(_RESERVED)
        async with self._alone(source.name, wait, on_wait):
            started, begun = self._clock(), time.perf_counter()
            pool = ReadingPool(self._executor, self._limit)
            try:
                run = IngestRun(
                    source, self._ledger, self._store, pool, groups, self._clock, progress
                )
                await run.read()
                if prune:
                    await run.prune()
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
            )
            await self._ledger.record_run(source.name, report.as_json(), started, self._clock())
            return report

    async def remove(self, source: str, documents: Iterable[str]) -> int:
        """Forget documents of a source; how many there were."""
        names = list(documents)
        async with self._alone(source, wait=True, on_wait=None):
            await self._store.remove([DocumentKey(source, name) for name in names])
            return await self._ledger.remove(source, names)

    async def embed_waiting(self, progress: Progress | None = None) -> int:
        """Give their vectors to the chunks that wait for them; how many got one.

        One process does so at a time; another one returns 0 at once. Small slices, so that the
        embedder is free for a question between two of them. Raises the embedder's errors; what
        was embedded until then is kept.
        """
        if self._embedder is None:
            return 0
        with suppress(_Taken):
            async with self._lease("embed"):
                return await self._embed(self._embedder, progress)
        return 0

    async def _embed(self, embedder: Embedder, progress: Progress | None) -> int:
        done = 0
        slice_ = await self._store.waiting(_EMBED_SLICE)
        total = (await self._store.stats()).waiting if slice_ else 0
        while slice_:
            vectors = await embedder.embed([chunk.text for chunk in slice_])
            await self._store.set_vectors([chunk.id for chunk in slice_], vectors)
            done += len(slice_)
            total = max(total, done)
            if progress:
                progress(done, total)
            before, slice_ = slice_, await self._store.waiting(_EMBED_SLICE)
            if slice_ == before:  # the store does not take them: better late than for ever
                break
        return done

    @asynccontextmanager
    async def _alone(
        self, source: str, wait: bool, on_wait: Callable[[], None] | None
    ) -> AsyncIterator[None]:
        """Hold the lease of a source; raises IngestRunningError where it is somebody else's."""
        told = False
        while True:
            try:
                async with self._lease(f"source:{source}"):
                    yield
                    return
            except _Taken:
                if not wait:
                    raise IngestRunningError(source=source) from None
                if on_wait and not told:
                    on_wait()
                    told = True
                await asyncio.sleep(_ASK_AGAIN_S)
            except LeaseLostError as error:
                raise IngestRunningError(source=source) from error

    @asynccontextmanager
    async def _lease(self, name: str) -> AsyncIterator[None]:
        """Hold a lease, renewed meanwhile; raises _Taken where somebody else has it."""
        owner = f"{_machine()}:{os.getpid()}:{uuid.uuid4().hex}"
        await self._release_dead(name)
        held = False
        try:
            async with self._leases.hold(name, owner, _LEASE_S):
                held = True
                yield
        except LeaseLostError:
            if held:
                raise
            raise _Taken from None

    async def _release_dead(self, name: str) -> None:
        """Give back the lease of a process of this machine that was killed while it held it."""
        holder = await self._leases.holder(name)
        if holder is None or not holder.startswith(f"{_machine()}:"):
            return
        if not _runs(holder.removeprefix(f"{_machine()}:").partition(":")[0]):
            await self._leases.release(name, holder)


class _Taken(Exception):  # noqa: N818 - a signal inside this module, not an error
    """Somebody else holds the lease."""


def _runs(process: str) -> bool:
    """Whether a process of this machine is alive; where that cannot be told, it is."""
    return not Path("/proc/self").exists() or Path("/proc", process).exists()


def _machine() -> str:
    """Names the machine and, on Linux, its process numbers; another container has other ones."""
    try:
        return f"{socket.gethostname()}/{Path('/proc/self/ns/pid').readlink()}"
    except OSError:
        return f"{socket.gethostname()}/{uuid.getnode()}/?"
