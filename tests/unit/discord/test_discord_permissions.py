"""The table of permissions and intents, compared with the code."""

from __future__ import annotations

import re
from pathlib import Path

import discord

import adapters.discord
from adapters.discord.client import intents
from adapters.discord.permissions import INTENTS, PERMISSIONS, missing, named, needed


def test_the_table_names_what_calls_need() -> None:
    """Each permission that a call names is in the table, and each of the table is named by one."""
    folder = Path(adapters.discord.__file__).parent
    code = "\n".join(path.read_text("utf-8") for path in folder.glob("*.py"))
    needs = re.findall(r"needs=(.*)", code)
    assert {name for line in needs for name in re.findall(r'"(\w+)"', line)} == {
        use.name for use in PERMISSIONS
    }


def test_the_table_names_the_intents_that_are_asked_for() -> None:
    """No other is subscribed to, and only message content is privileged."""
    asked = {name for name, on in intents(content=True) if on}
    everything = {use.name for use in INTENTS}
    assert asked == {*everything, *_halves(asked - everything)}
    assert intents(content=True).value & ~intents(content=False).value == 1 << 15


def _halves(others: set[str]) -> set[str]:
    """The library's names for both halves of an intent, like ``messages``."""
    return {name for name in others if f"guild_{name}" in {use.name for use in INTENTS}}


def test_what_is_missing_is_said_with_its_use() -> None:
    """An administrator lacks nothing."""
    assert missing(needed()) == ()
    assert missing(discord.Permissions(administrator=True)) == ()
    lacks = needed()
    lacks.update(send_messages=False)
    assert named(missing(lacks)) == "Send Messages (to answer)"
