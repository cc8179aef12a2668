"""Channels and rights that are in force, entry by entry: from the file, or from the console."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from adapters.in_force import DEFAULT, Entry, Part, anchor_of, line_in, plain, stands
from bot.settings.changing import CHANNELS, TABLES, Change, Table, base_value, entries

if TYPE_CHECKING:
    from bot.settings import Settings

CONSOLE = "console"
_FORGOTTEN = "somebody who was forgotten"
_ABOUT = {
    CHANNELS: "When the bot speaks in a channel, where it hands questions on, whether it opens "
    "threads; * is every other channel.",
    "access.slack.channels": "What everybody who reads a channel of Slack may see.",
    "access.slack.usergroups": "What the members of a user group of Slack may see in direct "
    "messages and answers to themselves.",
    "access.discord.channels": "What everybody who reads a channel of Discord may see.",
    "access.discord.roles": "What those with a role of Discord may see in direct messages and "
    "answers to themselves.",
    "access.users": "What one person may see in direct messages and answers to themselves.",
}


def about(table: Table) -> str:
    """What an entry of a table does."""
    return _ABOUT[table.name]


def with_entries(
    parts: Sequence[Part],
    settings: Settings,
    written: Mapping[str, Any],
    now: Settings,
    changes: Sequence[Change],
) -> list[Part]:
    """The parts with channels and rights as lines of their own; ``settings`` as the file has them,
    ``now`` with what was changed."""
    told, placed = [], False
    for part in parts:
        table = part.title.strip("[]").partition(".")[0]
        if table not in ("access", CHANNELS):
            told.append(part)
            continue
        if not placed:
            told += _parts(settings, written, now, changes)
            placed = True
        if left := tuple(e for e in part.entries if table == "access" and e.name == "servers"):
            told.append(Part(part.title, part.anchor, left))
    return told


def _parts(
    settings: Settings, written: Mapping[str, Any], now: Settings, changes: Sequence[Change]
) -> Iterator[Part]:
    for table in TABLES.values():
        changed = {change.name: change for change in changes if change.table == table.name}
        names = {*entries(settings, table), *entries(now, table), *changed}
        title = f"[{table.name}]"
        lines = tuple(
            _changed(now, table, changed[name])
            if name in changed
            else _of_file(settings, written, table, name)
            for name in sorted(names)
        )
        yield Part(title, anchor_of(title), lines, table.name, about(table))


def _of_file(settings: Settings, written: Mapping[str, Any], table: Table, name: str) -> Entry:
    at = (*table.name.split("."), name)
    if stands(written, at):
        origin = line_in(settings.config, at)
    else:  # what stands directly below [channels], or a file that changed since the start
        above = stands(written, at[:-1])
        origin = line_in(settings.config, at[:-1]) if above else "given at the start"
    value = plain(base_value(settings, table, name))
    return Entry(name, "", value, origin, origin != DEFAULT, sensitive=True)


def _changed(now: Settings, table: Table, change: Change) -> Entry:
    name = _FORGOTTEN if change.is_of_a_forgotten_person else change.name
    value = plain(base_value(now, table, change.name))
    return Entry(name, "", value, CONSOLE, own=True, sensitive=True, change=change)
