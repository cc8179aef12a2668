"""A process among others."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from adapters.processes import Membership, fingerprints
from bot.settings import Settings
from bot.store.base import Database

_WEB = frozenset({"web", "worker"})


def _settings(tmp_path: Path, **other: Any) -> Settings:
    return Settings(_env_file=None, WELLSPOKEN_HOME=tmp_path, **other)


def _now() -> datetime:
    return datetime.now(UTC)


def test_a_fingerprint_holds_no_value(tmp_path: Path) -> None:
    """Neither a secret nor its whole digest can be read from what a process notes of itself."""
    settings = _settings(tmp_path, OPENAI_API_KEY="sk-very-secret", WELLSPOKEN_MODEL="gpt")
    found = fingerprints(settings, _WEB)
    assert "very-secret" not in repr(found)
    assert len(found["OPENAI_API_KEY"]) == 4
    assert found["WELLSPOKEN_MODEL"] != fingerprints(_settings(tmp_path), _WEB)["WELLSPOKEN_MODEL"]


def test_settings_that_only_another_part_needs_are_not_compared(tmp_path: Path) -> None:
    """A web process without Slack's token does not differ from the one that speaks to Slack."""
    settings = _settings(tmp_path, SLACK_BOT_TOKEN="xoxb-1")
    assert "SLACK_BOT_TOKEN" not in fingerprints(settings, _WEB)
    assert "SLACK_BOT_TOKEN" in fingerprints(settings, frozenset({"slack"}))
    assert "WELLSPOKEN_HOME" not in fingerprints(settings, _WEB)


async def test_a_process_notices_that_another_has_other_settings(
    database: Database, tmp_path: Path
) -> None:
    """It is said while both run, and over once the other is gone."""
    plain = Membership(_settings(tmp_path), database, _WEB, _now)
    other = Membership(_settings(tmp_path, search={"alpha": 0.9}), database, _WEB, _now)
    await plain.note()
    assert plain.remarks() == {"processes": None}
    await other.note()
    await plain.note()
    assert len(plain.known) == 2
    assert "The setting [search] alpha differs" in str(plain.remarks()["processes"])
    await other.leave()
    await plain.note()
    assert plain.remarks() == {"processes": None}


async def test_another_persona_is_noticed(database: Database, tmp_path: Path) -> None:
    """The words of the persona are compared by their version."""
    first = Membership(_settings(tmp_path), database, _WEB, _now, persona="a")
    second = Membership(_settings(tmp_path), database, _WEB, _now, persona="b")
    await first.note()
    await second.note()
    assert "persona.yaml" in second.differences[0]
