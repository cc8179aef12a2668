"""What Today, the first run and the settings room need: fulfilled by ``bot.store.today``,
``adapters.first_run`` and ``adapters.settings_desk``."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from adapters.first_steps import Step
from adapters.in_force import Part
from adapters.settings_desk import EntryNow
from bot.conversation import Author
from bot.settings.changing import Change
from bot.store.today import Period


class Today(Protocol):
    """Sums over the turns of periods."""

    async def period(self, start: datetime, end: datetime) -> Period:
        """The turns from a moment to another."""
        ...

    async def asked(self, moments: Sequence[datetime]) -> Sequence[int]:
        """How many questions there were between each of some moments and the next one."""
        ...

    async def open_gaps(self) -> int:
        """How many gaps wait for an answer."""
        ...

    async def first(self) -> datetime | None:
        """When the oldest turn that is kept was asked."""
        ...


class FirstRun(Protocol):
    """The way from an empty home to a bot that answers."""

    async def steps(self, *, live: bool) -> Sequence[Step]:
        """Every step; ``live``: others are asked too. Raises ConfigurationError."""
        ...


class InForce(Protocol):
    """The settings, and what the console makes of channels and rights; every method may raise
    StorageError."""

    @property
    def config(self) -> Path: ...

    async def parts(self) -> Sequence[Part]: ...

    async def changed(self) -> Sequence[Change]: ...

    async def entry(self, table: str, name: str) -> EntryNow:
        """Raises NotFoundError, SettingChangeError."""
        ...

    async def change(
        self, table: str, name: str, value: Any, *, by: Author, seen: str = ..., new: bool = ...
    ) -> str:
        """Raises SettingChangeError, ChangedMeanwhileError, TooManyChangesError."""
        ...

    async def take_back(self, table: str, name: str, *, by: Author, seen: str) -> None:
        """Raises SettingChangeError, ChangedMeanwhileError."""
        ...
