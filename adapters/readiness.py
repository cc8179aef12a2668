"""What must work before questions can be taken: looked at by ``/readyz`` and by the doctor."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import TYPE_CHECKING, Protocol

from bot.errors import ConfigurationError, DatabaseHeldError

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from bot.store.base import Database
    from knowledge.indexes import LiveIndex
    from knowledge.stores.base import VectorStore


class Parts(Protocol):
    """What is looked at."""

    @property
    def database(self) -> Database: ...
    @property
    def store(self) -> VectorStore: ...
    @property
    def index(self) -> LiveIndex: ...


async def readiness_of(parts: Parts) -> dict[str, str | None]:
    """Each part by its name: ``None``, or what is wrong with it."""
    return {
        "database": await _trouble(_writable(parts.database)),
        "migrations": await _trouble(_check_schema(parts.database)),
        "knowledge": await _trouble(parts.store.stats()) or parts.index.trouble,
    }


async def _check_schema(database: Database) -> None:
    """Whether the tables are there that this program needs. A database that another process brought
    further is no trouble: changes of the schema suit the version before. Raises
    ConfigurationError."""
    from bot.store import migrations

    found = await database.read(migrations.found)
    if found is None or found < migrations.head():
        problem = f"the schema is at {found or 'nothing'}, {migrations.head()} is needed; "
        raise ConfigurationError(where="database", problem=f"{problem}run `wellspoken db upgrade`")


async def _writable(database: Database) -> None:
    """Whether a turn could be stored now: while a database is moved writers wait at the end. Raises
    StorageError."""
    moving = await database.moving()
    if moving is not None and moving[1]:
        raise DatabaseHeldError
    await ping(database)


async def ping(database: Database) -> None:
    """Whether a turn could be stored. Raises StorageError."""
    await database.write(_touch)


def _touch(connection: Connection) -> None:
    """A write that changes nothing."""
    connection.exec_driver_sql("UPDATE leases SET token = token WHERE name = ''")


async def _trouble(probe: Awaitable[object]) -> str | None:
    try:
        async with asyncio.timeout(5):
            await probe
    except TimeoutError:
        return "did not answer within 5 s"
    except Exception as error:  # noqa: BLE001 - whatever is wrong is what /readyz is asked for
        return str(error) or type(error).__name__
    return None
