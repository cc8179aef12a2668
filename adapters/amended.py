"""The settings with what was changed of them in the console, as they are just now."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Protocol

from bot.settings.changing import amended
from bot.store.setting_changes import SettingChanges
from bot.telemetry import log

if TYPE_CHECKING:
    from bot.settings import Settings
    from bot.settings.changing import Change
    from bot.store.base import Database

LATELY_S = 1.0
"""How old manners may be: a flood of remarks shall cost no look into the database."""


class CurrentSettings(Protocol):
    """What is in force; :class:`AmendedSettings` has it."""

    async def now(self) -> Settings:
        """The settings as they are just now. Raises StorageError."""
        ...


class AmendedSettings:
    """The settings of a process, read anew in the database whenever they are asked for: a right
    that was taken away must not hold a moment longer in the process beside. One small table; what
    is made of it is made again only where it changed."""

    def __init__(self, settings: Settings, database: Database) -> None:
        self._base = settings
        self._changes = SettingChanges(database)
        self._known: tuple[Change, ...] = ()
        self._made = settings
        self._read_at = float("-inf")

    async def now(self) -> Settings:
        """What is in force. Raises StorageError: what cannot be looked up is not guessed."""
        begun = time.monotonic()
        found = await self._changes.listing()
        if found != self._known:
            self._made, faults = amended(self._base, found)
            self._known = found
            for fault in faults:
                log.warning("a setting of the console does not hold", error=fault)
        self._read_at = begun
        return self._made

    async def lately(self) -> Settings:
        """What was in force within the last second: for manners, never for rights. Raises
        StorageError."""
        fresh = time.monotonic() - self._read_at < LATELY_S
        return self._made if fresh else await self.now()
