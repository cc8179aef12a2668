"""Reading and chunking many items: in a thread while it is little, in processes once it is much."""

from __future__ import annotations

import asyncio
import contextlib
import multiprocessing
import os
import signal
import threading
from collections.abc import AsyncIterator, Mapping, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field, replace

from bot.errors import UnreadableDocumentError
from bot.evidence import Chunk
from knowledge.chunking import chunk
from knowledge.document import DEFAULT_LIMIT, Document, FailedDocument, RawDocument
from knowledge.readers import SLOW_FORMATS, read
from knowledge.remote import RemoteExecutor, WorkerLostError

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


def size(raw: RawDocument) -> int:
    """Bytes of an item."""
    if raw.path is not None:
        with contextlib.suppress(OSError):  # reading it will say so
            return raw.path.stat().st_size
    return len(raw.content)


def weight(raw: RawDocument, bytes_: int) -> int:
    """Bytes of an item, more for formats that take longer a byte."""
    return bytes_ * (_SLOW_WEIGHT if raw.format in SLOW_FORMATS else 1)


def is_full(items: int, weighed: int) -> bool:
    """Whether so many items of that weight are enough for one trip to another process."""
    return items >= _BATCH_ITEMS or weighed >= _BATCH_BYTES


def carried(task: Task, limit: int) -> Task:
    """The task with its bytes, for who does not see the file. One that cannot be opened stays as it
    is: reading it here says why."""
    raw = task.raw
    if raw.path is None:
        return task
    try:
        with raw.path.open("rb") as file:
            content = file.read(limit + 1)
    except OSError:
        return task
    return replace(task, raw=replace(raw, path=None, content=content))


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
        self._quiet = Quiet()

    @property
    def ahead(self) -> int:
        """How many batches to have under way."""
        if isinstance(self._given, RemoteExecutor):
            return 2 * self._given.places + 1
        return self._workers + 1

    async def read(
        self, tasks: Sequence[Task], groups: frozenset[str], weighed: int
    ) -> list[Reading]:
        """Read a batch, in order. A reader that takes its process down fails its item alone."""
        if isinstance(self._given, RemoteExecutor):
            return await self._read_elsewhere(self._given, tasks, groups)
        loop = asyncio.get_running_loop()
        executor = self._executor(weighed)
        try:
            return await loop.run_in_executor(executor, read_tasks, tasks, groups, self._limit)
        except BrokenProcessPool:
            if executor is self._given:
                raise
            self._drop_processes()
        return [await self._alone(task, groups) for task in tasks]

    async def _read_elsewhere(
        self, remote: RemoteExecutor, tasks: Sequence[Task], groups: frozenset[str]
    ) -> list[Reading]:
        """Read a batch on another machine. Where the worker ends under it, each item has its second
        try with nothing beside it, so that the one which ends a worker again is the culprit."""
        if not tasks:
            return []
        loop = asyncio.get_running_loop()
        tasks = await loop.run_in_executor(self._thread, self._carried, tasks)
        if any(task.raw.path is not None for task in tasks):
            alone = [await self._read_elsewhere_or_here(remote, task, groups) for task in tasks]
            return [reading for readings in alone for reading in readings]
        try:
            async with self._quiet.together():
                return await self._submitted(remote, tasks, groups)
        except WorkerLostError:
            return [await self._second_try(remote, task, groups) for task in tasks]

    async def _read_elsewhere_or_here(
        self, remote: RemoteExecutor, task: Task, groups: frozenset[str]
    ) -> list[Reading]:
        if task.raw.path is None:
            return await self._read_elsewhere(remote, [task], groups)
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._thread, read_tasks, [task], groups, self._limit)

    async def _second_try(
        self, remote: RemoteExecutor, task: Task, groups: frozenset[str]
    ) -> Reading:
        try:
            async with self._quiet.alone():
                (reading,) = await self._submitted(remote, [task], groups)
                return reading
        except WorkerLostError:
            return _ended(task)

    async def _submitted(
        self, remote: RemoteExecutor, tasks: Sequence[Task], groups: frozenset[str]
    ) -> list[Reading]:
        unit = remote.submit(read_tasks, list(tasks), groups, self._limit)
        return await asyncio.wrap_future(unit)

    def _carried(self, tasks: Sequence[Task]) -> list[Task]:
        return [carried(task, self._limit) for task in tasks]

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
            return _ended(task)
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


def _ended(task: Task) -> Reading:
    problem = UnreadableDocumentError(reason="it is broken: reading it ended the reader.")
    raw = replace(task.raw, content=b"")
    return Reading(raw, (), (FailedDocument(raw.name, str(problem)),))


class Quiet:
    """Many at once, or one alone with nobody beside it."""

    def __init__(self) -> None:
        self._inside = 0
        self._left = asyncio.Condition()
        self._turn = asyncio.Lock()

    @contextlib.asynccontextmanager
    async def together(self) -> AsyncIterator[None]:
        """Go in with others; waits while somebody is or wants to be alone."""
        async with self._turn:
            self._inside += 1
        try:
            yield
        finally:
            async with self._left:
                self._inside -= 1
                self._left.notify_all()

    @contextlib.asynccontextmanager
    async def alone(self) -> AsyncIterator[None]:
        """Go in once all have left; nobody follows meanwhile."""
        async with self._turn, self._left:
            await self._left.wait_for(lambda: not self._inside)
            yield


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
