"""Files for people, written for their owner alone and never half."""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from glob import escape
from pathlib import Path
from typing import TextIO

from bot.errors import DiskFullError, StorageError
from bot.store.forgetting import Person
from bot.store.ids import new_id


@contextmanager
def private_file(path: Path) -> Iterator[TextIO]:
    """A text file (UTF-8, 0600) that is at its place once the block ended well, replacing another.

    What a killed process left beside it goes. Raises StorageError, DiskFullError.
    """
    draft = path.with_name(f".{path.name}.{new_id('part')}")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        remove_stale(path.parent, f".{escape(path.name)}.part*")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8", errors="replace", newline="") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield file
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise DiskFullError(path=path) from error
        raise StorageError(f"{path} cannot be written ({error.strerror}).") from error
    finally:
        with suppress(OSError):  # where it could not be made there is none to remove
            draft.unlink(missing_ok=True)


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Show others that a folder is in use, until the block or this process ends."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def remove_stale(folder: Path, pattern: str) -> None:
    """Remove drafts that nobody holds any more: whoever wrote them was killed. Raises OSError."""
    for path in folder.glob(pattern):
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
        except FileNotFoundError:  # done this very moment
            continue
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            continue
        finally:
            os.close(descriptor)
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def remove_exports(home: Path, person: Person) -> int:
    """Delete what was written for or about a person under ``exports`` in the home; how many files
    and folders. Raises OSError."""
    folder, gone = home / "exports", 0
    if not folder.is_dir():
        return 0
    for each in sorted(folder.iterdir()):
        files = [each] if each.is_file() else [f for f in each.rglob("*") if f.is_file()]
        if not any(_names(file, person) for file in files):
            continue
        if each.is_file():
            each.unlink()
        else:
            shutil.rmtree(each)
        gone += 1
    return gone


def _names(path: Path, person: Person) -> bool:
    with path.open(encoding="utf-8", errors="replace") as file:
        return any(person.pattern.search(line) for line in file)
