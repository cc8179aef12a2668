"""Anchors: the head of the trail in a file that is only added to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa

from adapters.governance.anchors import Anchorer, AnchorFile, AnchorsDamagedError, known_heads
from adapters.governance.settings_seen import CHANGED, note_settings
from bot.errors import UsageError
from bot.settings import Settings, load_settings
from bot.store.audit import AuditTrail, Head
from bot.store.base import Database
from bot.store.tables import audit, audit_contents, audit_heads

AT = datetime(2026, 11, 1, tzinfo=UTC)


@dataclass
class Home:
    """What anchoring needs."""

    settings: Settings
    audit: AuditTrail

    @staticmethod
    def clock() -> datetime:
        return AT


def test_a_head_is_added_once(tmp_path: Path) -> None:
    """The same one twice is one line; the file is its owner's alone; no head of an empty chain."""
    file = AnchorFile.of(tmp_path)
    first, second = Head(1, "aa" * 32), Head(2, "bb" * 32)
    assert not file.append(Head(0, ""), AT)
    assert [file.append(head, AT) for head in (first, first, second)] == [True, False, True]
    assert file.read() == [first, second]
    assert (tmp_path / "audit" / "anchors.jsonl").stat().st_mode & 0o777 == 0o600


def test_a_damaged_file_is_told(tmp_path: Path) -> None:
    """A line that is no anchor is named; the last one, cut off by a crash, is none, and goes when
    the next one is written."""
    file, path = AnchorFile.of(tmp_path), tmp_path / "audit" / "anchors.jsonl"
    file.append(Head(1, "aa" * 32), AT)
    whole = path.read_bytes()
    path.write_bytes(whole + b'{"at": "20')
    assert file.read() == [Head(1, "aa" * 32)]
    assert file.append(Head(2, "bb" * 32), AT)
    assert file.read() == [Head(1, "aa" * 32), Head(2, "bb" * 32)]
    path.write_bytes(b"{}\n" + whole)
    with pytest.raises(AnchorsDamagedError, match="Line 1"):
        file.read()
    with pytest.raises(UsageError):
        known_heads(tmp_path / "other", ["nonsense"])


async def test_a_trail_that_was_written_anew_is_found(
    sqlite_database: Database, tmp_path: Path
) -> None:
    """Chain, contents and head row all rewritten: the anchor of before does not fit."""
    trail = AuditTrail(sqlite_database)
    await trail.operator("promote", "web:operator", subject="v1")
    home = Home(load_settings(WELLSPOKEN_HOME=tmp_path), trail)
    head = await Anchorer(home).anchor()
    await trail.operator("promote", "web:operator", subject="v2")
    assert await trail.verify(known_heads(tmp_path)) is None

    def forge(connection: sa.Connection) -> None:
        for table in (audit, audit_contents, audit_heads):
            connection.execute(sa.delete(table))
        for subject in ("v9", "v2"):
            told = {"action": "promote", "actor": "web:operator", "subject": subject}
            trail.append_in(connection, "operator", told)

    await sqlite_database.write(forge)
    assert await trail.verify() is None
    broken = await trail.verify(known_heads(tmp_path))
    assert broken is not None
    assert broken.sequence == head.sequence
    assert "anchored" in str(broken)


async def test_a_change_of_the_settings_is_an_entry(
    sqlite_database: Database, tmp_path: Path
) -> None:
    """Once for each change, with the parts that changed and none of their values."""
    trail = AuditTrail(sqlite_database)
    before = load_settings(WELLSPOKEN_HOME=tmp_path, WELLSPOKEN_CONSOLE_TOKEN="a-secret-word")
    assert "bot" in await note_settings(trail, before)
    assert await note_settings(trail, before) == ()
    after = before.model_copy(update={"bot": before.bot.model_copy(update={"name": "Zwetschge"})})
    assert await note_settings(trail, after) == ("bot",)
    entries = [e.content for e in await trail.listing(kind="operator")]
    assert [e["action"] for e in entries] == [CHANGED, CHANGED]
    assert not any(word in str(entries) for word in ("Zwetschge", "a-secret-word"))
