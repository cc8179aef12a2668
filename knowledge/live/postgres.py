"""One fact from PostgreSQL: each query in a read-only transaction with a time limit."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from bot.errors import LiveFactError
from knowledge.live.statement import Statement

_MOST_ROWS = 20
_CONNECTIONS = 4
_IDLE_S = 60.0
_TYPES: dict[str, Callable[[str], Any]] = {
    "int2": int,
    "int4": int,
    "int8": int,
    "numeric": Decimal,
    "float4": float,
    "float8": float,
    "uuid": UUID,
    "date": date.fromisoformat,
    "timestamp": datetime.fromisoformat,
    "timestamptz": datetime.fromisoformat,
}


class PostgresFetch:
    """A :class:`~knowledge.live.fetching.Fetch` from PostgreSQL.

    A value is given as the type that the statement wants in its place, so that ``id = :number``
    needs no cast. ``seconds`` bounds connecting and asking, on both sides of the line.
    """

    def __init__(self, name: str, url: sa.URL, statement: Statement, *, seconds: float) -> None:
        self._name = name
        self._url = url
        self._seconds = seconds
        self._order = list(dict.fromkeys(statement.holes))
        self._sql = statement.written(lambda hole: f"${self._order.index(hole) + 1}")
        self._pool: Any = None
        self._opening = asyncio.Lock()

    async def close(self) -> None:
        pool, self._pool = self._pool, None
        if pool is not None:
            pool.terminate()

    async def fetch(self, values: Mapping[str, str]) -> Any:
        """The rows, as mappings; ``None`` where there is none."""
        import asyncpg  # late: only PostgreSQL needs it

        try:
            async with asyncio.timeout(self._seconds):
                pool = await self._opened()
                async with pool.acquire() as connection, connection.transaction(readonly=True):
                    await connection.execute(
                        f"SET LOCAL statement_timeout = {int(self._seconds * 1000)}"
                    )
                    return await self._rows(connection, values)
        except (TimeoutError, asyncpg.QueryCanceledError) as error:
            reason = f"its database did not answer within {self._seconds:g} s"
            raise self._error(reason) from error
        except asyncpg.ReadOnlySQLTransactionError as error:
            raise self._error("its query would change data, which is not allowed") from error
        except (
            asyncpg.InvalidAuthorizationSpecificationError,
            asyncpg.InsufficientPrivilegeError,
        ) as error:
            raise self._error("its database refuses us") from error
        except asyncpg.DataError:
            return None  # no value of that type can be there
        except asyncpg.PostgresError as error:
            raise self._error("its database did not take the query") from error
        except (OSError, asyncpg.InterfaceError) as error:
            raise self._error("its database cannot be reached") from error

    async def _opened(self) -> Any:
        import asyncpg  # late, as above

        async with self._opening:
            if self._pool is None:
                query = {k: str(v) for k, v in self._url.query.items()}
                ssl = query.get("sslmode") or query.get("ssl")
                self._pool = await asyncpg.create_pool(
                    host=self._url.host or query.get("host"),
                    port=self._url.port,
                    user=self._url.username,
                    password=self._url.password,
                    database=self._url.database,
                    min_size=0,
                    max_size=_CONNECTIONS,
                    max_inactive_connection_lifetime=_IDLE_S,
                    timeout=self._seconds,
                    statement_cache_size=0,  # poolers in between do not keep statements
                    server_settings={"application_name": "wellspoken-live"},
                    **({"ssl": ssl} if ssl else {}),
                )
        return self._pool

    async def _rows(self, connection: Any, values: Mapping[str, str]) -> Any:
        prepared = await connection.prepare(self._sql)
        given = []
        for name, wanted in zip(self._order, prepared.get_parameters(), strict=True):
            try:
                given.append(_TYPES.get(wanted.name, str)(values[name]))
            except (ValueError, InvalidOperation):
                return None  # "AX-1" where the statement wants a number
        cursor = await prepared.cursor(*given)
        rows = await cursor.fetch(_MOST_ROWS)
        return [dict(row) for row in rows] or None

    def _error(self, reason: str) -> LiveFactError:
        return LiveFactError(name=self._name, reason=reason)
