"""A backup of the home while the bot runs, and the way back.

A backup is a folder: SQLite's files as of one moment each, by SQLite's own online backup, all other
files as they are, and last of all a list of them with checksums. It is made under another name and
gets its own when it is whole. The database comes first, for what is newer than it is mended by the
next reading in.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Any

from adapters.private_files import make_private, unwritable, write_private
from bot.errors import MissingFileError, StorageError, UsageError
from bot.store import migrations

Progress = Callable[[str, int, int | None], None]
"""Called with what is being done ("save", "check", "restore"), how many bytes, and of how many."""

FORMAT = 1
LIST = "backup.json"
DATABASE = "wellspoken.db"
_SECRETS = frozenset({"console-token", "secret-key"})
_ELSEWHERE = frozenset({"sources", "exports"})  # fetched again; what people were given
_BESIDE = ("-wal", "-shm", "-journal", ".lock", ".partial")
_SQLITE = b"SQLite format 3\0"


class BackupDamagedError(StorageError):
    """The backup {folder} cannot be used: {reason}. Nothing was changed; take another one."""

    exit_code = 2


@dataclass(frozen=True, slots=True)
class BackupReport:
    """What is in a backup, or came back from it. ``revision`` is that of its database, ``None``
    where that lies on a server."""

    folder: str
    files: int
    bytes: int
    revision: str | None
    made_at: str
    database: bool


def back_up(
    home: Path, database: Path | None, folder: Path, tell: Progress | None = None
) -> BackupReport:
    """Save a home, and a SQLite database wherever it lies, into a new folder.

    Raises UsageError where there is something already, StorageError.
    """
    folder, home = folder.absolute(), home.absolute()
    if folder.exists():
        raise UsageError(f"{folder} exists already; name a folder that does not.")
    if folder.is_relative_to(home):
        raise UsageError(f"{folder} lies in what is to be saved; name a folder outside of {home}.")
    draft = folder.with_name(f".{folder.name}.partial")
    try:
        shutil.rmtree(draft, ignore_errors=True)
        make_private(draft)
        return _save(home, database, folder, draft, tell or _quiet)
    except OSError as error:
        raise unwritable(folder, error) from error
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _save(
    home: Path, database: Path | None, folder: Path, draft: Path, tell: Progress
) -> BackupReport:
    there = [] if database is None or not database.exists() else [(database, DATABASE)]
    wanted = there + [(path, name) for path, name in _files(home) if path != database]
    total, done = sum(path.stat().st_size for path, _ in wanted if path.exists()), 0
    listed: dict[str, dict[str, Any]] = {}
    for path, name in wanted:
        to = draft / name
        to.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            _copy(path, to)
        except FileNotFoundError:  # it went away meanwhile, as files of old indexes do
            continue
        to.chmod(0o600)
        listed[name] = {"bytes": to.stat().st_size, "sha256": _digest(to)}
        done += listed[name]["bytes"]
        tell("save", min(done, total), total)
    report = BackupReport(
        folder=str(folder),
        files=len(listed),
        bytes=done,
        revision=_revision(draft / DATABASE) if there else None,
        made_at=datetime.now(UTC).isoformat(timespec="seconds"),
        database=bool(there),
    )
    head = {"format": FORMAT, **asdict(report), "files": listed}
    write_private(draft / LIST, json.dumps(head, indent=1, ensure_ascii=False))
    _sync(draft)
    draft.rename(folder)
    _sync(folder.parent)
    return report


def _files(home: Path) -> Iterator[tuple[Path, str]]:
    """What of a home is saved: not its secrets, nothing that is fetched again, no links."""
    for path in sorted(home.rglob("*")):
        inner = path.relative_to(home)
        draft = path.name.endswith(_BESIDE) or path.name.startswith(".")
        plain = path.is_file() and not path.is_symlink() and not draft
        if plain and inner.parts[0] not in _ELSEWHERE | _SECRETS:
            yield path, inner.as_posix()


def _copy(path: Path, to: Path) -> None:
    """One file as of one moment."""
    with path.open("rb") as file:
        if file.read(len(_SQLITE)) != _SQLITE:
            shutil.copyfile(path, to)
            return
    try:
        with (
            closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as source,
            closing(sqlite3.connect(to)) as target,
        ):
            source.backup(target, pages=-1)
            target.execute("PRAGMA journal_mode = DELETE")  # one file, with nothing beside it
            if (found := target.execute("PRAGMA quick_check").fetchone()[0]) != "ok":
                raise StorageError(f"{path} is damaged ({found}); take the last good backup.")
    except sqlite3.Error as error:
        raise StorageError(f"{path} cannot be saved ({error}); try again.") from error


def _revision(database: Path) -> str | None:
    with closing(sqlite3.connect(database)) as connection:
        try:
            row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
        except sqlite3.OperationalError:
            return None
    return None if row is None else str(row[0])


def restore(
    folder: Path, home: Path, database: Path | None, tell: Progress | None = None
) -> BackupReport:
    """Put a backup into a home that holds none of it yet; ``database`` is where its database
    belongs, ``None`` where that lies on a server.

    Everything is checked before anything is written, and the database comes last: a home that was
    restored by half holds none, and the same command goes on. Raises MissingFileError,
    BackupDamagedError, UsageError, StorageError.
    """
    tell = tell or _quiet
    head = _head(folder)
    report = BackupReport(**{**head, "files": len(head["files"])})
    if report.database and database is None:
        raise UsageError(
            f"{folder} holds a SQLite database, and DATABASE_URL is a server's: restore without"
            " DATABASE_URL, then take it there with `wellspoken db move`."
        )
    if report.database and database is not None and database.exists():
        raise UsageError(f"{database} exists already; move it away, or set WELLSPOKEN_HOME anew.")
    migrations.check(report.revision)
    _check(folder, head["files"], tell)
    places = {name: home / name for name in sorted(head["files"]) if name != DATABASE}
    if report.database and database is not None:
        places[DATABASE] = database  # the last one
    done = 0
    try:
        for name, to in places.items():
            if to.exists() and _digest(to) != head["files"][name]["sha256"]:
                raise UsageError(f"{to} exists already, and is another; restore into a new home.")
        for name, to in places.items():
            _put_back(folder / name, to)
            done += head["files"][name]["bytes"]
            tell("restore", done, report.bytes)
        _sync(home)
    except OSError as error:
        raise unwritable(home, error) from error
    return report


def _put_back(path: Path, to: Path) -> None:
    to.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    part = to.with_name(f".{to.name}.partial")
    shutil.copyfile(path, part)
    part.chmod(0o600)
    with part.open("rb") as file:
        os.fsync(file.fileno())
    part.replace(to)


def _head(folder: Path) -> dict[str, Any]:
    """The list of a backup, its checksums under ``files``."""
    if not folder.is_dir():
        raise MissingFileError(path=folder)
    try:
        head: dict[str, Any] = json.loads((folder / LIST).read_text("utf-8"))
        found = head.pop("format")
    except FileNotFoundError as error:
        reason = f"it holds no {LIST}, so it is none or was never finished"
        raise BackupDamagedError(folder=folder, reason=reason) from error
    except (ValueError, KeyError) as error:
        raise BackupDamagedError(folder=folder, reason=f"{LIST} cannot be read") from error
    if found != FORMAT:
        reason = f"it was made by a newer version of this program (format {found}); install that"
        raise BackupDamagedError(folder=folder, reason=reason)
    return head


def _check(folder: Path, files: dict[str, dict[str, Any]], tell: Progress) -> None:
    """Every file is there and as it was. Raises BackupDamagedError."""
    total, done = sum(listed["bytes"] for listed in files.values()), 0
    for name, listed in files.items():
        inner = PurePosixPath(name)
        path = folder / inner
        if inner.is_absolute() or ".." in inner.parts:
            raise BackupDamagedError(folder=folder, reason=f"it names a file outside, {name}")
        if not path.is_file():
            raise BackupDamagedError(folder=folder, reason=f"{name} is missing")
        if _digest(path) != listed["sha256"]:
            raise BackupDamagedError(folder=folder, reason=f"{name} is not as it was saved")
        done += listed["bytes"]
        tell("check", done, total)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _sync(folder: Path) -> None:
    """Have what is in a folder on the disk."""
    for path in [*folder.glob("*"), folder]:
        opened = os.open(path, os.O_RDONLY)
        try:
            os.fsync(opened)
        finally:
            os.close(opened)


def _quiet(what: str, done: int, total: int | None) -> None:
    """Nobody wants to know."""
    del what, done, total
