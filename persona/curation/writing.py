"""Files that are there whole or not at all: written beside their place, then moved into it."""

from __future__ import annotations

import errno
import os
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO

from bot.errors import DiskFullError, UsageError
from persona.curation.lines import with_instead, with_label
from persona.curation.selecting import Kept

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})


@contextmanager
def for_disk(path: Path) -> Iterator[None]:
    """Errors of the disk as sentences: DiskFullError, UsageError that names the path."""
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise DiskFullError(path=path) from error
        reason = (error.strerror or type(error).__name__).lower()
        raise UsageError(
            f"{path} cannot be written ({reason}); name a file in a folder that you may write to."
        ) from error


def check_writable(path: Path) -> None:
    """Raise UsageError now for what could not be written in the end."""
    if path.is_dir():
        raise UsageError(f"{path} is a folder; name a file, like {path / 'train.jsonl'}.")
    if not path.parent.is_dir():
        raise UsageError(f"The folder {path.parent} does not exist; make it or name another file.")
    if not os.access(path.parent, os.W_OK | os.X_OK):
        raise UsageError(f"{path} cannot be written (permission denied); name another file.")


def publish(files: Mapping[Path, Callable[[IO[bytes]], None]]) -> None:
    """Write files and put them in their places together; where one fails none is left half-done.

    Raises DiskFullError, UsageError.
    """
    token = uuid.uuid4().hex[:8]
    parts = {path: path.with_name(f".{path.name}.{token}.part") for path in files}
    try:
        for path, write in files.items():
            with for_disk(path), _opened(parts[path]) as file:
                write(file)
                file.flush()
                os.fsync(file.fileno())
        for path, part in parts.items():
            with for_disk(path):
                part.replace(path)
    finally:
        for part in parts.values():
            part.unlink(missing_ok=True)


def _opened(path: Path) -> IO[bytes]:
    """A new file for its owner alone: what people asked and said is in it."""
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")


class Spool:
    """Examples on disk until it is known which of them are wanted; nothing of it is left over."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        with for_disk(folder):
            self._file = TemporaryFile(dir=folder)  # noqa: SIM115 - closed by close()
        self._end = 0

    def add(self, line: bytes) -> tuple[int, int]:
        """Keep the line of an example; its offset and length."""
        with for_disk(self._folder):
            self._file.write(line)
        offset, self._end = self._end, self._end + len(line)
        return offset, len(line)

    def line(self, kept: Kept) -> bytes:
        """The line of an example."""
        self._file.seek(kept.offset)
        line = self._file.read(kept.length)
        if kept.turned:
            return with_label(line, kept.label)
        return with_instead(line, kept.instead) if kept.instead else line

    def write(self, kept: Sequence[Kept], file: IO[bytes]) -> str:
        """Write lines; the SHA-256 of all of them."""
        digest = sha256()
        for each in kept:
            line = self.line(each)
            digest.update(line)
            file.write(line)
        return digest.hexdigest()

    def flush(self) -> None:
        """Everything that was added is on disk; raises DiskFullError."""
        with for_disk(self._folder):
            self._file.flush()

    def close(self) -> None:
        self._file.close()
