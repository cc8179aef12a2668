"""The files that operators upload, in the data folder: for their owner alone, and never half.

A file arrives under a name of its own beside the others and gets its name once it was read in. What
arrives is in no backup; the others are.
"""

from __future__ import annotations

import asyncio
import errno
import hashlib
import os
import re
import secrets
import time
import unicodedata
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path, PurePosixPath
from typing import NoReturn

from adapters.private_files import make_private, unwritable
from bot.errors import DiskFullError, UsageError
from knowledge.readers import FORMATS

FOLDER = "uploads"
_ARRIVING = ".arriving"
_ENDING = ".partial"
_LONGEST = 180
"""Bytes of a name: file systems take 255, and a draft of it is a little longer."""

_KEPT_S = 7 * 24 * 3600
"""How long a file is kept that was never read in: a job that failed can be resumed for so long."""

_UNFIT = re.compile(r'[\x00-\x1f\x7f<>:"|?*\\/\ufffe\uffff]')
_DRAFT = re.compile(r"[0-9a-f]{16}")


class UnreadKindError(UsageError):
    """{ending} is not read; choose one of {read}."""

    def __init__(self, ending: str) -> None:
        told = f"A file that ends in {ending}" if ending else "A file without an ending"
        super().__init__(ending=told, read=", ".join(sorted(FORMATS)))


class TooLargeError(UsageError):
    """It is larger than {limit} MB; split it."""

    def __init__(self, limit: int) -> None:
        super().__init__(limit=f"{limit / 1e6:g}")


class EmptyFileError(UsageError):
    """It is empty."""


def safe_name(given: str) -> str:
    """The name that a file is kept under: the same for the same name, and another for another.

    Folders before it are left out, and what no file system takes. Raises UnreadKindError.
    """
    plain = given.encode("utf-8", "replace").decode()
    last = unicodedata.normalize("NFC", re.split(r"[\\/]", plain)[-1]).strip()
    kept = "".join("-" if _UNFIT.match(c) or _is_hidden(c) else c for c in last).lstrip(". ~")
    ending = PurePosixPath(kept).suffix.lower()
    if ending not in FORMATS:
        raise UnreadKindError(ending[:20])
    stem = kept[: -len(ending)].rstrip(". ") or "document"
    room = _LONGEST - len(ending)
    if stem + kept[-len(ending) :] != last or len(stem.encode()) > room:
        digest = hashlib.sha256(last.encode()).hexdigest()[:8]  # what was left out told it apart
        stem = f"{stem.encode()[: room - 9].decode(errors='ignore').rstrip('. ')}-{digest}"
    return stem + ending


def _is_hidden(character: str) -> bool:
    """Whether a character is not seen, or turns the reading direction round."""
    return unicodedata.category(character) in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")


class Arriving:
    """A file on its way in, written as it comes; at most ``limit`` bytes of it."""

    def __init__(self, path: Path, limit: int) -> None:
        self.id = path.name.removesuffix(_ENDING)
        self.bytes = 0
        self._path = path
        self._limit = limit
        self._digest = hashlib.sha256()
        try:
            self._file = os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")
        except OSError as error:
            _raise_for(path, error)

    @property
    def digest(self) -> str:
        """SHA-256 of what came."""
        return self._digest.hexdigest()

    async def write(self, piece: bytes) -> None:
        """Take the next bytes. Raises TooLargeError, StorageError."""
        self.bytes += len(piece)
        if self.bytes > self._limit:
            raise TooLargeError(self._limit)
        self._digest.update(piece)
        try:
            await asyncio.to_thread(self._file.write, piece)
        except OSError as error:
            _raise_for(self._path, error)

    async def finish(self) -> None:
        """Have it on the disk. Raises EmptyFileError, StorageError."""
        if not self.bytes:
            raise EmptyFileError
        try:
            await asyncio.to_thread(self._sync)
        except OSError as error:
            _raise_for(self._path, error)

    def _sync(self) -> None:
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()

    def discard(self) -> None:
        """Leave nothing of it."""
        with suppress(OSError):
            self._file.close()
        self._path.unlink(missing_ok=True)


class UploadedFiles:
    """The uploaded files of a home."""

    def __init__(self, home: Path) -> None:
        self._folder = home / FOLDER
        self._arriving = self._folder / _ARRIVING

    def arriving(self, limit: int) -> Arriving:
        """Room for a new file. Raises StorageError."""
        make_private(self._folder)
        make_private(self._arriving)
        self.sweep()
        return Arriving(self._draft(secrets.token_hex(8)), limit)

    def draft(self, id_: str) -> Path:
        """Where a file lies that came and was not read in yet."""
        if not _DRAFT.fullmatch(id_):
            raise UsageError("There is no upload of that id.")
        return self._draft(id_)

    def place(self, file: str) -> Path:
        """Where the file of a name is kept. Raises UsageError for one that is no file's."""
        if file != PurePosixPath(file).name or file.startswith(".") or "\0" in file:
            raise UsageError("There is no uploaded file of that name.")
        return self._folder / file

    def keep(self, id_: str, file: str) -> None:
        """Give a file that was read in its name, in place of the one before. Raises
        StorageError."""
        to = self.place(file)
        try:
            self.draft(id_).replace(to)
            folder = os.open(self._folder, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)
        except OSError as error:
            raise unwritable(to, error) from error

    def kept(self) -> list[str]:
        """The files that have their names."""
        return sorted(path.name for path in self._folder.glob("[!.]*") if path.is_file())

    def remove(self, file: str) -> None:
        """Remove the file of a name, where there is one. Raises StorageError."""
        path = self.place(file)
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            raise unwritable(path, error) from error

    def digest(self, file: str) -> str:
        """SHA-256 of the file of a name; empty where there is none."""
        with suppress(OSError), self.place(file).open("rb") as opened:
            return hashlib.file_digest(opened, "sha256").hexdigest()
        return ""

    def _draft(self, id_: str) -> Path:
        return self._arriving / f"{id_}{_ENDING}"

    def sweep(self, unwanted: Iterable[str] = ()) -> int:
        """Remove what came long ago and was never read in, as its process was killed, or its job
        failed and nobody resumed it; and what is ``unwanted``, by id. How many files went."""
        gone = 0
        for path in self.unread(unwanted):
            with suppress(OSError):
                path.unlink()
                gone += 1
        return gone

    def unread(self, unwanted: Iterable[str] = ()) -> list[Path]:
        """What :meth:`sweep` would remove."""
        those, found = {self.draft(id_) for id_ in unwanted}, []
        for path in self._arriving.glob(f"*{_ENDING}"):
            with suppress(OSError):
                if path in those or time.time() - path.stat().st_mtime > _KEPT_S:
                    found.append(path)
        return found


def _raise_for(path: Path, error: OSError) -> NoReturn:
    if error.errno == errno.ENOSPC:
        raise DiskFullError(path=path) from error
    raise unwritable(path, error) from error
