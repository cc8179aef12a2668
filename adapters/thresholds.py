"""The routing thresholds for a command that runs one stage alone, without the home."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from bot.errors import StorageError
from bot.routing.thresholds import SHIPPED, Thresholds
from bot.store.live_thresholds import thresholds_in
from bot.telemetry import log

if TYPE_CHECKING:
    from bot.settings import Settings


async def thresholds_of(settings: Settings) -> Thresholds:
    """The thresholds in force in the home; those shipped where there is no home yet.

    A SQLite file is read as it is, and none is made. A database server is asked; where it does not
    answer the shipped ones hold.
    """
    scheme, _, path = settings.database.partition(":///")
    if scheme.startswith("sqlite"):
        return thresholds_in(Path(path))
    from bot.store.base import Database
    from bot.store.routing import RoutingVersions

    try:
        database = await Database.open(settings.database, migrate=False)
        try:
            return await RoutingVersions(database).live()
        finally:
            await database.close()
    except StorageError as error:
        log.warning("thresholds not read, the shipped ones hold", error=str(error))
        return SHIPPED
