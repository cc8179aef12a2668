"""The data folder: made for its owner alone, with the database and the secrets that live there."""

from __future__ import annotations

import errno
import os
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import TYPE_CHECKING, NoReturn, Protocol

from bot.errors import ConfigurationError, DiskFullError, StorageError
from bot.settings import Settings

if TYPE_CHECKING:
    from bot.ports import Clock
    from bot.store.audit import AuditTrail
    from bot.store.base import Database


class Home(Protocol):
    """What most desks need: an application has it, and :func:`open_home` without the rest."""

    @property
    def settings(self) -> Settings: ...
    @property
    def database(self) -> Database: ...
    @property
    def audit(self) -> AuditTrail: ...
    @property
    def clock(self) -> Clock: ...


@dataclass(frozen=True, slots=True)
class OpenHome:
    """A home that was opened by itself."""

    settings: Settings
    database: Database
    audit: AuditTrail
    clock: Clock


@asynccontextmanager
async def open_home(settings: Settings) -> AsyncIterator[OpenHome]:
    """A home for a command that needs no more of the application."""
    from bot.store.audit import AuditTrail
    from bot.store.timing import utc_now

    async with open_database(settings) as database:
        yield OpenHome(settings, database, AuditTrail(database), utc_now)


@asynccontextmanager
async def open_database(settings: Settings) -> AsyncIterator[Database]:
    """The database of conversations, brought up to date."""
    from bot.store.base import Database

    prepare_home(settings)
    database = await Database.open(settings.database)
    try:
        yield database
    finally:
        await database.close()


def prepare_home(settings: Settings) -> None:
    """Make the data folder, readable by its owner alone, as is all that this process writes from
    now on."""
    make_private()
    try:
        settings.home.mkdir(mode=0o700, parents=True, exist_ok=True)
    except FileExistsError as error:
        raise ConfigurationError(
            where="WELLSPOKEN_HOME", problem=f"{settings.home} is a file; name a folder"
        ) from error
    except OSError as error:
        _raise_for_disk(error, settings.home)


def make_private() -> None:
    """Have every file that this process writes from now on readable by its owner alone."""
    os.umask(0o077)


def console_token(settings: Settings) -> str:
    """The token of the console: as set, else made once and kept in the data folder (0600)."""
    if settings.console_token is not None:
        return settings.console_token.get_secret_value()
    return kept_secret(settings.home / "console-token")


def kept_secret(path: Path) -> str:
    """A random secret in a file for its owner alone (0600), made by whoever comes first."""
    if not path.exists():
        try:
            with NamedTemporaryFile("w", dir=path.parent, encoding="ascii") as draft:
                draft.write(secrets.token_urlsafe(24))
                draft.flush()
                with suppress(FileExistsError):  # another process was first: its secret counts
                    path.hardlink_to(draft.name)
        except OSError as error:
            _raise_for_disk(error, path)
    return path.read_text("ascii").strip()


def _raise_for_disk(error: OSError, path: Path) -> NoReturn:

    if error.errno == errno.ENOSPC:
        raise DiskFullError(path=path) from error
    raise StorageError(
        f"{path} cannot be written ({error.strerror}); check its permissions or set WELLSPOKEN_HOME"
    ) from error
