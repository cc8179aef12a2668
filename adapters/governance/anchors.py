"""Anchors of the audit trail: its head, written down beside the database.

The database alone cannot tell that somebody rewrote the trail from some entry on, the head too. A
file that is only added to can, as long as it is not rewritten as well: so each anchor is logged
too, and may be kept wherever the one who could rewrite both does not reach.
"""

from __future__ import annotations

import asyncio
import errno
import fcntl
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import orjson

from bot.errors import DiskFullError, StorageError, UsageError, WellspokenError
from bot.store.audit import AuditTrail, Head
from bot.telemetry import log

if TYPE_CHECKING:
    from bot.ports import Clock
    from bot.settings import Settings

EVERY_S = 3600.0
_LONGEST_LINE = 4096


class AnchorsDamagedError(StorageError):
    """Line {line} of {path} is no anchor; who changed it, and can the file be had from a copy?"""


class AnchorFile:
    """The anchors of a home."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @classmethod
    def of(cls, home: Path) -> AnchorFile:
        return cls(home / "audit" / "anchors.jsonl")

    def append(self, head: Head, at: datetime) -> bool:
        """Add a head, safe on disk when this returns; ``False`` where the last one is the same, or
        the chain is empty. Raises StorageError, DiskFullError."""
        if not head.sequence or self.read()[-1:] == [head]:
            return False
        line = orjson.dumps(
            {"at": at.astimezone(UTC).isoformat(), "sequence": head.sequence, "hash": head.hash},
            option=orjson.OPT_APPEND_NEWLINE,
        )
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with _opened(self._path) as file:
                _end_last_line(file)
                while line:
                    line = line[os.write(file, line) :]
                os.fsync(file)
        except OSError as error:
            if error.errno == errno.ENOSPC:
                raise DiskFullError(path=self._path) from error
            raise StorageError(f"{self._path} cannot be written ({error.strerror}).") from error
        return True

    def read(self) -> list[Head]:
        """All heads, oldest first; none where the file is not there. A last line without its end
        was cut off by a crash and is none. Raises AnchorsDamagedError, StorageError."""
        try:
            lines = self._path.read_bytes().splitlines(keepends=True)
        except FileNotFoundError:
            return []
        except OSError as error:
            raise StorageError(f"{self._path} cannot be read ({error.strerror}).") from error
        heads = []
        for number, line in enumerate(lines, 1):
            try:
                told = orjson.loads(line)
                heads.append(Head.parse(f"{told['hash']}@{told['sequence']}"))
            except (orjson.JSONDecodeError, TypeError, KeyError, UsageError) as error:
                if number == len(lines) and not line.endswith(b"\n"):
                    break
                raise AnchorsDamagedError(line=number, path=self._path) from error
        return heads


@contextmanager
def _opened(path: Path) -> Iterator[int]:
    """The file, for one process at a time."""
    file = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield file
    finally:
        os.close(file)


def _end_last_line(file: int) -> None:
    """Drop what a crash or a full disk left of a last line: the next anchor would be written on to
    it, and both be lost."""
    size = os.fstat(file).st_size
    tail = os.pread(file, _LONGEST_LINE, max(size - _LONGEST_LINE, 0))
    torn = len(tail) - (tail.rfind(b"\n") + 1)
    if torn:
        os.ftruncate(file, size - torn)


class Application(Protocol):
    """What anchoring needs of the application."""

    @property
    def settings(self) -> Settings: ...
    @property
    def audit(self) -> AuditTrail: ...
    @property
    def clock(self) -> Clock: ...


class Anchorer:
    """Writes the head down each hour, and logs its place and hash: run it in the worker."""

    def __init__(self, app: Application, every_s: float = EVERY_S) -> None:
        self._app = app
        self._file = AnchorFile.of(app.settings.home)
        self._every_s = every_s

    async def run(self) -> None:
        """Anchor until cancelled, and once more then."""
        try:
            while True:
                await self._tried()
                await asyncio.sleep(self._every_s)
        finally:
            await self._tried()

    async def _tried(self) -> None:
        try:
            await self.anchor()
        except WellspokenError as error:
            log.warning("the audit trail was not anchored", error=str(error))

    async def anchor(self) -> Head:
        """Write the head down; it."""
        head = await self._app.audit.head()
        if await asyncio.to_thread(self._file.append, head, self._app.clock()):
            log.info("audit head", sequence=head.sequence, hash=head.hash)
        return head


def known_heads(home: Path, given: Sequence[str] = ()) -> list[Head]:
    """Heads as somebody kept them, then those of a home's file. Raises UsageError,
    AnchorsDamagedError."""
    return [*map(Head.parse, given), *AnchorFile.of(home).read()]
