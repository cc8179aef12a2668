"""Files: a folder with everything below it, or one file."""

from __future__ import annotations

import asyncio
import os
import stat
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from bot.errors import MissingFileError, UnreadableDocumentError
from knowledge.days import day_of_file
from knowledge.document import FailedDocument, RawDocument
from knowledge.readers import FORMATS
from knowledge.sources.base import Item, Skipped

_FRESH_NS = 50_000_000
"""A file changed this short a time ago may change again within one tick of the file system's clock,
so its times prove nothing yet."""

_IN_A_SLICE = 512


@dataclass(frozen=True, slots=True)
class FileItem:
    """A file to read. Fingerprint: size, both times in nanoseconds and the inode; the change time
    cannot be set by programs, so a file with an old date is noticed too."""

    source: str
    name: str
    path: Path
    fingerprint: str
    changed: float = 0.0
    """The file's time, in seconds since 1970."""

    async def load(self, known: str = "") -> RawDocument | None:
        """The file, by its path: it is opened where it is read."""
        if known and known == self.fingerprint:
            return None
        return RawDocument(
            source=self.source,
            name=self.name,
            format=PurePosixPath(self.name).suffix.lower(),
            fingerprint=self.fingerprint,
            path=self.path,
            extra={"day_file": day_of_file(self.changed)} if self.changed else {},
        )


class FolderSource:
    """A folder or a single file as a source.

    A document is named by its path below the folder with ``/``; a single file by its name.
    Hidden files and folders are passed over, and so are links to folders that were seen already;
    links that lead out of the folder are reported, not followed.
    """

    def __init__(self, path: Path | str, name: str | None = None) -> None:
        given = Path(path).expanduser()
        self.path = given
        # As it was written: a link keeps its name wherever it leads next.
        self.name = name or Path(os.path.abspath(given)).name or "root"  # noqa: PTH100 - as above

    async def items(self) -> AsyncIterator[Item | Skipped | FailedDocument]:
        """Every file in the order of names."""
        walk = self._walk()
        while found := await asyncio.to_thread(_slice, walk):
            for each in found:
                yield each

    async def close(self) -> None:
        """Nothing is held."""

    def _walk(self) -> Iterator[Item | Skipped | FailedDocument]:
        try:
            root = self.path.resolve(strict=True)
        except (OSError, RuntimeError) as error:
            raise MissingFileError(path=self.path) from error
        if not root.is_dir():
            yield self._file(self.path.name, self.path, root.parent, linked=False)
            return
        seen = {_identity(root.stat())}
        # Folders are taken depth first in the order of names: the stack holds the rest, reversed.
        stack = [(root, "")]
        while stack:
            folder, prefix = stack.pop()
            try:
                with os.scandir(folder) as listing:
                    entries = sorted(listing, key=lambda e: (e.is_symlink(), e.name))
            except OSError as error:
                yield _failed(prefix.rstrip("/") or ".", _reason(error))
                continue
            below: list[tuple[Path, str]] = []
            for entry in entries:
                if entry.name.startswith((".", "~$")):
                    continue
                name = prefix + _printable(entry.name)
                path = Path(entry.path)
                try:
                    is_folder = entry.is_dir()
                    if is_folder and _identity(path.stat()) in seen:
                        continue
                    if is_folder and entry.is_symlink() and not _inside(path, root):
                        yield _failed(name, _OUTSIDE)
                        continue
                except OSError as error:
                    yield _failed(name, _reason(error))
                    continue
                if is_folder:
                    seen.add(_identity(path.stat()))
                    below.append((path, f"{name}/"))
                else:
                    yield self._file(name, path, root, linked=entry.is_symlink())
            stack.extend(reversed(below))

    def _file(
        self, name: str, path: Path, root: Path, *, linked: bool
    ) -> Item | Skipped | FailedDocument:
        name = _printable(name)
        if PurePosixPath(name).suffix.lower() not in FORMATS:
            return Skipped(name)
        try:
            status = path.stat()
            if linked and not _inside(path, root):
                return _failed(name, _OUTSIDE)
        except OSError as error:
            return _failed(name, _reason(error))
        if not stat.S_ISREG(status.st_mode):
            return _failed(name, "it is no regular file.")
        return FileItem(self.name, name, path, _fingerprint(status), status.st_mtime)


_OUTSIDE = "it is a link out of the folder; ingest the place it leads to by itself."


def _slice(
    walk: Iterator[Item | Skipped | FailedDocument],
) -> list[Item | Skipped | FailedDocument]:
    return [each for _, each in zip(range(_IN_A_SLICE), walk, strict=False)]


def _identity(status: os.stat_result) -> tuple[int, int]:
    return status.st_dev, status.st_ino


def _inside(path: Path, root: Path) -> bool:
    return path.resolve(strict=True).is_relative_to(root)


def _fingerprint(status: os.stat_result) -> str:
    if time.time_ns() - status.st_ctime_ns < _FRESH_NS:
        return ""
    return f"{status.st_size}-{status.st_mtime_ns}-{status.st_ctime_ns}-{status.st_ino}"


def _reason(error: OSError) -> str:
    return f"{(error.strerror or str(error)).lower()}."


def _failed(name: str, reason: str) -> FailedDocument:
    return FailedDocument(name, str(UnreadableDocumentError(reason=reason)))


def _printable(name: str) -> str:
    """A file's name as text that can be stored: bytes that are no UTF-8 are written ``\\xff``."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
