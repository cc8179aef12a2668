"""Channels and rights changed on top of the file: what takes their place, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from bot.settings import Settings
from bot.settings.changing import (
    TABLES,
    Change,
    SettingChangeError,
    amended,
    base_value,
    checked_name,
    checked_value,
    forgotten_name,
    table_of,
)

FILE = Settings.model_validate(
    {
        "access": {
            "users": {"slack:U1": ["staff", "hr"], "slack:U2": ["staff"]},
            "slack": {"channels": {"C1": ["staff"]}, "usergroups": {"S1": ["hr"]}},
            "discord": {"channels": {"lounge": ["staff"]}, "servers": ["77"]},
        },
        "channels": {"reply_when": "addressed", "slack:C1": {"thread": True}},
    }
)


def now(*changes: Change) -> Settings:
    found, faults = amended(FILE, changes)
    assert faults == ()
    return found


def test_a_change_stands_in_the_place_of_the_files_entry() -> None:
    """Of that entry alone: everything else is as the file has it."""
    found = now(
        Change("access.slack.channels", "C1", ["garden"]),
        Change("access.discord.roles", "Moderator", ["staff"]),
        Change("channels", "slack:C1", {"reply_when": "always"}),
    )
    assert found.access.slack.channels == {"C1": ("garden",)}
    assert found.access.slack.usergroups == {"S1": ("hr",)}
    assert found.access.discord.roles == {"Moderator": ("staff",)}
    assert found.access.discord.servers == ("77",)
    own, everywhere = found.of_channel("slack:C1")
    assert (own.reply_when, own.thread) == ("always", None)
    assert everywhere.reply_when == "addressed"
    assert found.model_copy(update={"access": FILE.access, "channels": FILE.channels}) == FILE


def test_an_empty_change_takes_the_files_entry_away() -> None:
    """No groups are no rights; a channel without options does as every other channel."""
    found = now(Change("access.users", "slack:U1", []), Change("channels", "slack:C1", {}))
    assert "slack:U1" not in found.access.users
    assert len(found.of_channel("slack:C1")) == 1


def test_a_right_that_does_not_hold_grants_nothing() -> None:
    """What a later version would refuse is told, and never falls back to a wider right."""
    found, faults = amended(
        FILE,
        [
            Change("access.slack.channels", "C1", ["sta\u0007ff"]),
            Change("channels", "slack:C1", {"reply_when": "loudly"}),
            Change("access.teams.channels", "T1", ["staff"]),
        ],
    )
    assert "C1" not in found.access.slack.channels
    assert found.channels == FILE.channels
    assert len(faults) == 3


def test_a_forgotten_persons_right_stays_taken_away() -> None:
    """Their id is not kept, and what the file says of them does not come back."""
    name = forgotten_name("slack:U1", "a-salt")
    assert "U1" not in name
    assert set(now(Change("access.users", name, [])).access.users) == {"slack:U2"}


@pytest.mark.parametrize(
    ("table", "name", "said"),
    [
        ("channels", "general", "write it like slack:C0G9QF9GZ"),
        ("access.slack.channels", "#general", "C0G9QF9GZ"),
        ("access.slack.usergroups", "@support", "S0615G0KT"),
        ("access.users", "Ada Lovelace", "slack:U024BE7LH"),
        ("access.discord.roles", "", "name a role of Discord"),
        ("access.discord.roles", "x" * 201, "up to 200 characters"),
    ],
)
def test_a_name_that_names_nothing_is_refused(table: str, name: str, said: str) -> None:
    """With what such a name looks like, in one sentence."""
    with pytest.raises(SettingChangeError, match=said):
        checked_name(TABLES[table], name)


@pytest.mark.parametrize(
    ("table", "value", "said"),
    [
        ("channels", {"reply_when": "loudly"}, "'mentioned', 'addressed' or 'always'"),
        ("channels", {"thread": "perhaps"}, "true or false"),
        ("channels", {"volume": "11"}, 'unknown setting "volume"'),
        ("access.users", ["sta\u0007ff"], "visible characters"),
        ("access.users", ["x" * 201], "200 characters"),
        ("access.users", [f"g{n}" for n in range(101)], "more than 100 groups"),
        ("access.users", 7, "must be a list"),
    ],
)
def test_a_value_is_held_to_the_model_of_the_file(table: str, value: Any, said: str) -> None:
    """What the file would not take the console does not take either."""
    with pytest.raises(SettingChangeError, match=said):
        checked_value(TABLES[table], "slack:C1", value)


def test_groups_are_kept_as_they_are_compared() -> None:
    """Composed letters, no space around, each once."""
    assert checked_value(TABLES["access.users"], "slack:U1", [" Bu\u0308ro ", "Büro"]) == ["Büro"]
    assert base_value(FILE, TABLES["access.users"], "slack:U1") == ["hr", "staff"]


def test_other_settings_are_the_files() -> None:
    """The console changes channels and groups, and says so of anything else."""
    with pytest.raises(SettingChangeError, match=r"only wellspoken\.toml"):
        table_of("models")
