"""A process whose database was moved away stops, so that it is started again with the new one."""

from __future__ import annotations

import asyncio

from bot.errors import DatabaseMovedError, StorageError
from bot.store.base import Database
from bot.telemetry import log

_LOOK_S = 1.0


class Leaving:
    """Looks whether the database is still the one to use; sets ``stop`` when it is not."""

    def __init__(self, database: Database, stop: asyncio.Event, *, look_s: float = _LOOK_S) -> None:
        self._database = database
        self._stop = stop
        self._look_s = look_s
        self._moved: DatabaseMovedError | None = None
        self._target = ""

    def remarks(self) -> dict[str, str | None]:
        """For /readyz and the console: a move that is under way, or ``None``."""
        if not self._target:
            return {"move": None}
        return {
            "move": f"The database is being moved to {self._target}; the bot goes on meanwhile."
        }

    async def run(self) -> None:
        """Look until the database was left."""
        while self._moved is None:
            await asyncio.sleep(self._look_s)
            try:
                moving = await self._database.moving()
                self._target = moving[0] if moving is not None else ""
            except DatabaseMovedError as error:
                self._moved = error
                log.error("the database was moved", error=str(error))
                self._stop.set()
            except StorageError as error:  # /readyz says so
                log.debug("whether the database was moved is not known", error=str(error))

    def tell(self) -> None:
        """Raises StorageError, with what to do, where that is why the process stopped: started
        again it finds the new database, or says what is wrong."""
        if self._moved is not None:
            raise StorageError(str(self._moved)) from self._moved
