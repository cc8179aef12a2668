"""The shelf of the embedded store: one file an index, and a small file that says which is live.

``knowledge.db`` is the first index of a folder, further ones are ``knowledge-<n>.db``. Which one is
live stands in ``knowledge.live``, which is replaced as a whole, so that every process sees a switch
at once; where it is missing, ``knowledge.db`` is live. A database file is never renamed or replaced
and its name never used again: somebody may have it open, and its journal belongs to it.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar

from bot.errors import NotFoundError, StoreBrokenError, UsageError
from bot.ports import Clock
from bot.store.timing import utc_now
from bot.telemetry import log
from knowledge.stores import schema
from knowledge.stores.base import VectorStore
from knowledge.stores.embedded import EmbeddedStore
from knowledge.stores.shelf import IndexRecord, IndexSpec, IndexState

T = TypeVar("T")

FIRST = "knowledge.db"
POINTER = "knowledge.live"

_NAME = re.compile(r"knowledge(?:-(\d{1,9}))?\.db")
_PARTS = ("", "-wal", "-shm")


@dataclass(frozen=True, slots=True)
class _Pointer:
    """What ``knowledge.live`` says. ``made`` is the highest number that an index ever had."""

    live: str | None
    previous: str | None = None
    made: int = 1


class EmbeddedShelf:
    """An :class:`~knowledge.stores.shelf.IndexShelf` in a folder."""

    def __init__(self, folder: Path, clock: Clock = utc_now) -> None:
        self._folder = folder
        self._clock = clock
        self._seen: tuple[tuple[int, int, int] | None, _Pointer] | None = None
        self._bare = False

    @property
    def place(self) -> str:
        return str(self._folder)

    async def close(self) -> None:
        """Nothing is held open."""

    async def live(self) -> str | None:
        with schema.translated(self._folder / POINTER):
            name = self._live()
        self._bare = name is None
        return name

    def _live(self) -> str | None:
        """An index whose file is gone is not live: the folder begins anew. What was live before it
        does not step in, as its rights may be outdated."""
        name = self._pointer().live or FIRST
        return name if (self._folder / name).exists() else None

    async def records(self) -> list[IndexRecord]:
        return await self._work(self._records)

    def _records(self) -> list[IndexRecord]:
        pointer, live = self._pointer(), self._live()
        found = []
        for number, name in sorted(_numbered(self._listed())):
            state: IndexState = "building"
            if name == live:
                state = "live"
            elif name == pointer.previous:
                state = "previous"
            try:
                record = self._record(name, state)
            except StoreBrokenError as error:
                if name == live:
                    raise
                log.warning("an index file is passed over", number=number, error=str(error))
                continue
            if record is not None:
                found.append(record)
        return found

    def _record(self, name: str, state: IndexState) -> IndexRecord | None:
        facts = schema.facts(self._folder / name)
        if facts is None:
            return None  # dropped this moment
        spec = IndexSpec(facts.model, facts.dimensions, facts.chunking)
        return IndexRecord(name, spec, state, facts.built_at)

    async def create(self, spec: IndexSpec) -> IndexRecord:
        """As the protocol says. Where :meth:`live` said that there is none, whoever comes first
        makes the first index, and the others get that one; it is live at once."""
        return await self._work(lambda: self._create(spec, first=self._bare))

    def _create(self, spec: IndexSpec, *, first: bool) -> IndexRecord:
        self._folder.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=self._folder, prefix=".knowledge-") as draft:
            path = Path(draft) / FIRST
            wanted = schema.Facts(spec.model, spec.dimensions, spec.chunking, self._clock())
            schema.make(path, wanted)
            while True:
                name = self._free_name()
                live = self._live()  # looked at after the name: what was made since has that name
                if first and live is not None:
                    name = live
                elif not self._linked(path, name) and not first:
                    continue
                state: IndexState = "live" if name == self._live() else "building"
                if (record := self._record(name, state)) is not None:
                    return record

    def _linked(self, draft: Path, name: str) -> bool:
        """Whether the draft stands there now: whole at once, and only where nothing did."""
        try:
            (self._folder / name).hardlink_to(draft)
        except FileExistsError:
            return False
        return True

    def _free_name(self) -> str:
        """The name of the next index. A journal without its file is somebody's leftover: a file of
        that name would be taken for its own."""
        leftovers = any((self._folder / f"{FIRST}{end}").exists() for end in _PARTS)
        if self._pointer().live is None and not leftovers:
            return FIRST
        return f"knowledge-{self._made() + 1}.db"

    def store(self, record: IndexRecord) -> VectorStore:
        spec = record.spec
        path = self._folder / record.name
        return EmbeddedStore(path, spec.model, spec.dimensions, create=False)

    async def switch(self, name: str) -> None:
        await self._work(lambda: self._switch(name))

    def _switch(self, name: str) -> None:
        self._known(name)
        live = self._live()
        if name != live:
            self._point(_Pointer(name, live, self._made()))

    async def drop(self, name: str) -> None:
        await self._work(lambda: self._drop(name))

    def _drop(self, name: str) -> None:
        self._known(name)
        live, previous = self._live(), self._pointer().previous
        if name == live:
            raise UsageError(f"{name} is the live index; switch to another one first.")
        self._point(_Pointer(live, previous if previous != name else None, self._made()))
        for end in _PARTS:
            (self._folder / f"{name}{end}").unlink(missing_ok=True)

    # -- the folder ---------------------------------------------------------------------------

    def _known(self, name: str) -> None:
        if not _NAME.fullmatch(name) or not (self._folder / name).is_file():
            raise NotFoundError(kind="index", id=name)

    def _made(self) -> int:
        """The highest number that an index or a leftover has, or ever had."""
        stems = {name.removesuffix("-wal").removesuffix("-shm") for name in self._listed()}
        return max(1, self._pointer().made, *(number for number, _ in _numbered(stems)))

    def _listed(self) -> list[str]:
        return [path.name for path in self._folder.iterdir()] if self._folder.is_dir() else []

    def _pointer(self) -> _Pointer:
        """What the pointer file says, read again only where it was replaced."""
        path = self._folder / POINTER
        try:
            found = path.stat()
        except (FileNotFoundError, NotADirectoryError):
            return _Pointer(None)
        mark = (found.st_ino, found.st_mtime_ns, found.st_size)
        seen = self._seen
        if seen is None or seen[0] != mark:
            seen = self._seen = mark, _parsed(path)
        return seen[1]

    def _point(self, pointer: _Pointer) -> None:
        """Replace the pointer file; after a power cut it says the one or the other."""
        draft = self._folder / f".{POINTER}-{os.getpid()}-{os.urandom(4).hex()}"
        value = {"live": pointer.live, "previous": pointer.previous, "made": pointer.made}
        try:
            with draft.open("w", encoding="ascii") as file:
                json.dump(value, file)
                file.flush()
                os.fsync(file.fileno())
            draft.replace(self._folder / POINTER)
        finally:
            with suppress(FileNotFoundError):
                draft.unlink()

    async def _work(self, op: Callable[[], T]) -> T:
        def run() -> T:
            with schema.translated(self._folder):
                return op()

        return await asyncio.to_thread(run)


def _numbered(names: Iterable[str]) -> list[tuple[int, str]]:
    """Numbers and names of those that are an index file's."""
    return [(int(m[1] or 1), m[0]) for m in map(_NAME.fullmatch, names) if m]


def _parsed(path: Path) -> _Pointer:
    """A pointer file. Raises StoreBrokenError."""
    try:
        value = json.loads(path.read_text("ascii"))
        pointer = _Pointer(value["live"], value["previous"], int(value["made"]))
        named = [n for n in (pointer.live, pointer.previous) if n is not None]
        sound = all(_NAME.fullmatch(name) for name in named)
    except (ValueError, KeyError, TypeError) as error:
        raise StoreBrokenError(path=path, reason="it names no index") from error
    if not sound:
        raise StoreBrokenError(path=path, reason="it names no index")
    return pointer
