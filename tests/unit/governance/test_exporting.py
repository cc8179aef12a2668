"""Exports of the trail: whole, readable, and harmless in a spreadsheet."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.governance.exporting import Format, cell, exported, row_of
from adapters.governance.files import private_file
from bot.errors import StorageError
from bot.store.audit import AuditTrail, Wanted
from bot.store.base import Database


@given(st.text())
def test_no_cell_is_a_formula(text: str) -> None:
    """Whatever is in it, also behind blanks; and the text is still there."""
    shown = cell(text)
    assert shown.lstrip(" \u00a0\ufeff")[:1] not in ("=", "+", "-", "@", "\t", "\r")
    assert shown.removeprefix("'") == text.replace("\0", "\ufffd") or text.startswith("'")


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, ""),
        (True, "yes"),
        (-1, "-1"),
        (0.5, "0.5"),
        (["a", "b"], "a; b"),
        (["=a"], "'=a"),
        ({"b": 1, "a": "é"}, '{"a": "é", "b": 1}'),
        ("=1+1", "'=1+1"),
        (" @x", "' @x"),
        ("＝1", "'＝1"),
    ],
)
def test_values_as_cells(value: object, shown: str) -> None:
    """Numbers stay numbers, lists are joined, the rest is JSON."""
    assert cell(value) == shown


async def test_both_formats_hold_every_entry(sqlite_database: Database) -> None:
    """What was there when the export began; the export itself is the next entry."""
    trail = AuditTrail(sqlite_database)
    for n in range(3):
        await trail.operator("promote\r\n=1", "web:operator", subject=f'"v{n}",')
    lines = [line async for line in exported(trail, Wanted(), Format.JSONL, by="web:operator")]
    assert [json.loads(line)["subject"] for line in lines] == [f'"v{n}",' for n in range(3)]
    rows = [line async for line in exported(trail, Wanted(), Format.CSV, by="web:operator")]
    (heading, *cells) = list(csv.reader(io.StringIO("".join(rows), newline="")))
    assert len(cells) == 4
    assert json.loads(dict(zip(heading, cells[1], strict=True))["content"])["subject"] == '"v1",'
    newest = (await trail.newest(1))[0].content
    assert (newest["action"], newest["format"], newest["actor"]) == (
        "audit exported",
        "csv",
        "web:operator",
    )
    assert await trail.verify() is None


async def test_an_export_of_a_selection_says_whose_it_is(sqlite_database: Database) -> None:
    """What was wanted stands beside the entry's own action and author, not in their place."""
    trail = AuditTrail(sqlite_database)
    await trail.operator("promote", "web:operator")
    wanted = Wanted(action="promote", author="web:operator")
    lines = [line async for line in exported(trail, wanted, Format.JSONL, by="web:admin")]
    assert len(lines) == 1
    newest = (await trail.newest(1))[0]
    assert newest.content["action"] == "audit exported"
    assert newest.content["wanted_action"] == "promote"
    row = dict(zip(("sequence", "at", "kind", "turn", "by"), row_of(newest), strict=False))
    assert row["by"] == "web:admin"


def test_a_file_is_whole_or_not_there(tmp_path: Path) -> None:
    """0600; where the block fails the one before stays; a folder that is none is told."""
    path = tmp_path / "deep" / "audit.csv"
    with private_file(path) as file:
        file.write("one")
    assert path.stat().st_mode & 0o777 == 0o600

    def fail() -> None:
        with private_file(path) as file:
            file.write("two")
            raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        fail()
    assert path.read_text() == "one"
    assert [each.name for each in path.parent.iterdir()] == ["audit.csv"]
    with pytest.raises(StorageError), private_file(path / "x.csv"):
        pass
