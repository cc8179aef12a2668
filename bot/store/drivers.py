"""From a database URL to its driver."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol, TypeVar

import sqlalchemy as sa

from bot.errors import ConfigurationError
from bot.store.sqlite import SqliteDriver

T = TypeVar("T")


class Driver(Protocol):
    """A database that runs synchronous operations, each written once for all databases."""

    @property
    def name(self) -> str: ...

    @property
    def connections(self) -> tuple[int, int] | None: ...

    async def start(self) -> None: ...

    async def read(self, op: Callable[[sa.Connection], T]) -> T: ...

    async def write(self, op: Callable[[sa.Connection], T]) -> T: ...

    async def migrate(self, op: Callable[[sa.Connection], T]) -> T: ...

    async def scrub(self, tables: Sequence[str], traces: Sequence[str]) -> None: ...

    async def compact(self, tables: Sequence[str]) -> None: ...

    async def listen(self, channel: str, wake: Callable[[], None]) -> None: ...

    def unlisten(self, channel: str, wake: Callable[[], None]) -> None: ...

    async def close(self) -> None: ...


def driver_for(url: str) -> Driver:
    """The driver of a SQLAlchemy URL; nothing is opened yet. Raises ConfigurationError."""
    try:
        parsed = sa.make_url(url)
    except (sa.exc.ArgumentError, ValueError) as error:
        problem = "not a database URL; write sqlite:///path or postgresql://user@host/name"
        raise ConfigurationError(where="DATABASE_URL", problem=problem) from error
    kind = parsed.drivername.partition("+")[0]
    if kind == "sqlite":
        path = parsed.database
        if not path or path == ":memory:" or path.startswith("file:"):
            problem = "SQLite needs a file, as in sqlite:///wellspoken.db"
            raise ConfigurationError(where="DATABASE_URL", problem=problem)
        return SqliteDriver(Path(path).expanduser())
    if kind in ("postgresql", "postgres"):
        from bot.store.postgres import PostgresDriver

        return PostgresDriver(parsed)
    problem = f'"{kind}" is no database of ours; use sqlite or postgresql'
    raise ConfigurationError(where="DATABASE_URL", problem=problem)
