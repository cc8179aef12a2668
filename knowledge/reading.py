"""Reading and chunking many items: in a thread while it is little, in processes once it is much."""

from __future__ import annotations

import asyncio
import contextlib
import multiprocessing
import os
import signal
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field

from bot.errors import UnreadableDocumentError
from bot.evidence import Chunk
from knowledge.chunking import chunk
from knowledge.document import DEFAULT_LIMIT, Document, FailedDocument, RawDocument
from knowledge.readers import SLOW_FORMATS, read

_PROCESSES_FROM = 4_000_000
"""Weighted bytes after which processes are worth their start of about a second."""

_SLOW_WEIGHT = 20
_BATCH_BYTES = 1_000_000
_BATCH_ITEMS = 64
_MOST_PROCESSES = 8


@dataclass(frozen=True, slots=True)
class Task:
    """An item to read; ``known`` maps its documents to the hashes they had: those that still have
    them are not cut into chunks again."""

    raw: RawDocument
    known: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ReadDocument:
    """A document and who may see it; ``chunks`` is ``None`` where its hash is the known one."""

    document: Document
    groups: frozenset[str]
    chunks: tuple[Chunk, ...] | None


@dataclass(frozen=True, slots=True)
class Reading:
    """What an item gave."""

    raw: RawDocument
    documents: tuple[ReadDocument, ...]
    failures: tuple[FailedDocument, ...]


def read_task(task: Task, groups: frozenset[str], limit: int) -> Reading:
    """Read one item. Documents that name no groups of their own get ``groups``."""
    documents: list[ReadDocument] = []
    failures: list[FailedDocument] = []
    for found in read(task.raw, limit):
        if isinstance(found, FailedDocument):
            failures.append(found)
            continue
        audience = found.groups or groups
        same = task.known.get(found.name) == found.hash
        chunks = None if same else tuple(chunk(found, groups=audience))
        documents.append(ReadDocument(found, audience, chunks))
    # The bytes stay behind: they have become text.
    raw = RawDocument(task.raw.source, task.raw.name, task.raw.format, task.raw.uri)
    return Reading(raw, tuple(documents), tuple(failures))


def read_tasks(tasks: Sequence[Task], groups: frozenset[str], limit: int) -> list[Reading]:
    """Read several items, in order; runs in any process."""
    return [read_task(task, groups, limit) for task in tasks]


def weight(raw: RawDocument) -> int:
    """Bytes of an item, more for formats that take longer a byte."""
    size = len(raw.content)
    if raw.path is not None:
        with contextlib.suppress(OSError):  # reading it will say so
            size = raw.path.stat().st_size
    return size * (_SLOW_WEIGHT if raw.format in SLOW_FORMATS else 1)


def is_full(items: int, weighed: int) -> bool:
    """Whether so many items of that weight are enough for one trip to another process."""
    return items >= _BATCH_ITEMS or weighed >= _BATCH_BYTES


class ReadingPool:
    """Where tasks are read. ``executor`` (a process pool, a cluster's) takes all of them where it
    is given; else a thread reads the first megabytes and processes the rest."""

    def __init__(self, executor: Executor | None = None, limit: int = DEFAULT_LIMIT) -> None:
        self._given = executor
        self._limit = limit
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="reading")
        self._processes: ProcessPoolExecutor | None = None
        self._weighed = 0
        self._workers = min(os.cpu_count() or 1, _MOST_PROCESSES)

    @property
    def ahead(self) -> int:
        """How many batches to have under way."""
        return self._workers + 1

    async def read(
        self, tasks: Sequence[Task], groups: frozenset[str], weighed: int
    ) -> list[Reading]:
        """Read a batch, in order. A reader that takes its process down fails its item alone."""
        loop = asyncio.get_running_loop()
        executor = self._executor(weighed)
        try:
            return await loop.run_in_executor(executor, read_tasks, tasks, groups, self._limit)
        except BrokenProcessPool:
            if executor is self._given:
                raise
            self._drop_processes()
        return [await self._alone(task, groups) for task in tasks]

    def _executor(self, weighed: int) -> Executor:
        if self._given is not None:
            return self._given
        self._weighed += weighed
        if self._weighed < _PROCESSES_FROM or self._workers < 2:
            return self._thread
        if self._processes is None:
            self._processes = _process_pool(self._workers)
        return self._processes

    async def _alone(self, task: Task, groups: frozenset[str]) -> Reading:
        """Read one item of a batch that killed its process, in a process of its own."""
        loop = asyncio.get_running_loop()
        pool = _process_pool(1)
        try:
            try:
                await loop.run_in_executor(pool, os.getpid)
            except BrokenProcessPool:  # no process can be started here at all: not the item's fault
                self._workers = 1
                return await loop.run_in_executor(
                    self._thread, read_task, task, groups, self._limit
                )
            return await loop.run_in_executor(pool, read_task, task, groups, self._limit)
        except BrokenProcessPool:
            problem = UnreadableDocumentError(reason="it is broken: reading it ended the reader.")
            return Reading(task.raw, (), (FailedDocument(task.raw.name, str(problem)),))
        finally:
            pool.shutdown(wait=False, cancel_futures=True)

    def _drop_processes(self) -> None:
        if self._processes is not None:
            self._processes.shutdown(wait=False, cancel_futures=True)
            self._processes = None

    async def close(self) -> None:
        """Let go of thread and processes; what is being read is dropped."""
        self._drop_processes()
        self._thread.shutdown(wait=False, cancel_futures=True)


def _process_pool(workers: int) -> ProcessPoolExecutor:
    # Spawned, not forked: this process runs threads and holds connections.
    return ProcessPoolExecutor(
        workers, mp_context=multiprocessing.get_context("spawn"), initializer=_start_worker
    )


def _start_worker() -> None:
    """Ctrl-C is the parent's to handle, and a worker whose parent was killed ends too."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    if parent is not None:

        def follow() -> None:
            parent.join()
            os._exit(1)

        threading.Thread(target=follow, daemon=True, name="parent-watch").start()
