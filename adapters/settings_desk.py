"""The settings for operators: what is in force, and channels and rights changed on top of the file.

What is changed is kept in the database, stands in the place of the file's entry, and can be taken
back. It is held to the same model as the file; in force it is with the next message, everywhere.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, get_args, get_origin

from adapters.in_force import InForce, Part, plain
from adapters.in_force_entries import about, with_entries
from bot.errors import ConfigurationError, NotFoundError
from bot.settings.changing import (
    CHANNELS,
    TABLES,
    Change,
    SettingChangeError,
    Table,
    amended,
    base_value,
    checked_name,
    checked_value,
    table_of,
)
from bot.settings.sections import ChannelSection
from bot.settings.toml import read_toml
from bot.store.setting_changes import SettingChanges, mark

if TYPE_CHECKING:
    from pathlib import Path

    from bot.conversation import Author
    from bot.settings import Settings
    from bot.store.audit import AuditTrail
    from bot.store.base import Database


@dataclass(frozen=True, slots=True)
class Option:
    """An option of a channel: what it is for, and its ``choices``; none: any text."""

    name: str
    meaning: str
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class EntryNow:
    """An entry as it is now. ``value`` is what is in force, ``file`` what the file says, in words;
    ``seen`` is handed back with what is changed of it."""

    table: Table
    name: str
    value: Any
    file: str
    change: Change | None
    seen: str
    about: str
    options: tuple[Option, ...] = ()


def _options() -> tuple[Option, ...]:
    return tuple(
        Option(name, field.description or "", _choices(field.annotation))
        for name, field in ChannelSection.model_fields.items()
    )


def _choices(annotation: Any) -> tuple[str, ...]:
    for each in (annotation, *get_args(annotation)):
        if get_origin(each) is Literal:
            return tuple(str(choice) for choice in get_args(each))
        if each is bool:
            return ("true", "false")
    return ()


class SettingsDesk:
    """The settings of a process, and what the console made of them."""

    def __init__(self, settings: Settings, changes: SettingChanges) -> None:
        self._settings = settings
        self._changes = changes

    @property
    def config(self) -> Path:
        """The file that they are written in."""
        return self._settings.config

    async def parts(self) -> Sequence[Part]:
        """Every setting in force, with where it comes from. Raises StorageError."""
        changes = await self._changes.listing()
        now, _ = amended(self._settings, changes)
        try:
            written = read_toml(self._settings.config)
        except ConfigurationError:  # it was changed since the start, and is none any more
            written = {}
        return with_entries(InForce(now).parts(), self._settings, written, now, changes)

    async def changed(self) -> Sequence[Change]:
        """What the console made different from the file. Raises StorageError."""
        return await self._changes.listing()

    async def faults(self) -> Sequence[str]:
        """What of it does not hold any more, a sentence each. Raises StorageError."""
        return amended(self._settings, await self._changes.listing())[1]

    async def entry(self, table: str, name: str) -> EntryNow:
        """One entry as it is now; an empty name is one that is still to be made. Raises
        NotFoundError, SettingChangeError, StorageError."""
        of = table_of(table)
        changes = await self._changes.listing()
        change = next((c for c in changes if (c.table, c.name) == (table, name)), None)
        file = base_value(self._settings, of, name)
        if name and change is None and file is None:
            raise NotFoundError(kind="entry", id=f"[{table}] {name[:80]}")
        return EntryNow(
            of,
            name,
            base_value(amended(self._settings, changes)[0], of, name),
            plain(file) if file is not None else "",
            change,
            mark(change),
            about(of),
            _options() if table == CHANNELS else (),
        )

    async def change(
        self, table: str, name: str, value: Any, *, by: Author, seen: str = "", new: bool = False
    ) -> str:
        """Put a value in an entry's place; its name. ``seen`` is that of the entry that ``by``
        looked at. What is in force already changes nothing.

        Raises SettingChangeError for what the settings do not take, ChangedMeanwhileError,
        TooManyChangesError, StorageError.
        """
        of = table_of(table)
        name = checked_name(of, name) if new else name
        kept = checked_value(of, name, value)
        now, _ = amended(self._settings, await self._changes.listing())
        before = base_value(now, of, name)
        if new and before is not None:
            problem = "it is there already; open it below and change it there"
            raise SettingChangeError(entry=f'[{table}] "{name}"', problem=problem)
        if not new:
            await self.entry(table, name)  # a right of nobody is not made by a forged form
        if kept == (before or type(kept)()):
            return name
        given = Change(table, name, kept, by.key, by.name or by.id)
        await self._changes.put(given, seen=seen, fields=_differing(before, kept))
        return name

    async def take_back(self, table: str, name: str, *, by: Author, seen: str) -> None:
        """Let the file's value count again. Raises SettingChangeError, ChangedMeanwhileError,
        StorageError."""
        change = Change(table_of(table).name, name, None, by.key, by.name or by.id)
        await self._changes.take_back(change, seen=seen)


def _differing(before: Any, after: Any) -> list[str]:
    """The options that differ, by name."""
    if not isinstance(after, Mapping):
        return ["groups"]
    old: Mapping[str, Any] = before or {}
    return [name for name in {*old, *after} if old.get(name) != after.get(name)]


def told(changes: Sequence[Change]) -> str:
    """How many entries of which tables the console changed, in words; empty for none."""
    counts = {name: sum(change.table == name for change in changes) for name in TABLES}
    return ", ".join(f"{n} of [{name}]" for name, n in counts.items() if n)


def settings_desk(settings: Settings, database: Database, audit: AuditTrail) -> SettingsDesk:
    """The desk over a database."""
    return SettingsDesk(settings, SettingChanges(database, audit))
