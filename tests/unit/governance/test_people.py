"""A person's data: given out as it is read, found by erasure wherever it was cut off."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import pytest_asyncio

from adapters.governance.files import remove_exports
from adapters.governance.people import NothingKeptError, PeopleDesk
from bot.conversation import Author, Platform
from bot.settings.changing import Change
from bot.store.audit import AuditTrail
from bot.store.base import Database
from bot.store.erasure import Erasure
from bot.store.forgetting import Person
from bot.store.history import History
from bot.store.ids import new_id
from bot.store.setting_changes import SettingChanges
from bot.work.jobs import Jobs, Wanted
from tests.platforms.turns import turn_of

NOW = datetime(2026, 11, 1, tzinfo=UTC)


async def _ask(database: Database, id_: str, words: str, n: int = 0) -> None:
    author = Author(Platform.SLACK, id_, "Ann")
    turn = replace(turn_of("Hold it."), id=new_id("turn"), author=author, question=words)
    await History(database).record(replace(turn, at=NOW - timedelta(minutes=n)))


@pytest_asyncio.fixture
async def desk(database: Database, tmp_path: Path) -> AsyncIterator[PeopleDesk]:
    yield PeopleDesk(database, AuditTrail(database), tmp_path, lambda: NOW)


async def test_all_is_given_out_and_no_draft_is_left(
    database: Database, desk: PeopleDesk, tmp_path: Path
) -> None:
    """More records than are read at a time, in the order in which they were written."""
    for n in range(205):
        await _ask(database, "U1", f"marmoset {n:03}")
    done = await desk.export("slack:U1", by="terminal:operator")
    assert done.counts["messages"] == done.counts["audit"] == 205
    assert [path.name for path in (tmp_path / "exports").iterdir()] == [done.folder.name]
    index = (done.folder / "index.md").read_text()
    told = [index.index(f"marmoset {n:03}") for n in range(205)]
    assert told == sorted(told)
    assert not (done.folder / "whose").exists()
    assert all(path.stat().st_mode & 0o777 == 0o600 for path in done.folder.iterdir())


async def test_an_operator_is_given_their_deeds_without_whom_they_were_for(
    database: Database, desk: PeopleDesk
) -> None:
    """What they judged, changed and started, and the trail of it; forgotten, all is nobody's."""
    trail = AuditTrail(database)
    await SettingChanges(database, trail).put(
        Change("access.users", "slack:T1:U7", ["staff"], "web:ada", "Ada"), seen=""
    )
    await Jobs(database).put(Wanted("sync", "Read docs", by="web:ada"))
    await Jobs(database).put(Wanted("sync", "Read notes", by="web:bob"))
    await desk.choose("slack:U7", False, by="web:ada", source="e-mail")
    done = await desk.export("web:ada", by="terminal:operator")
    deeds = [json.loads(line) for line in (done.folder / "deeds.jsonl").read_text().splitlines()]
    assert [(deed["kept_in"], deed["as"]) for deed in deeds] == [
        ("jobs", ["asked_by"]),
        ("setting_changes", ["by"]),
    ]
    assert deeds[0]["status"] == "queued"
    trailed = [json.loads(line) for line in (done.folder / "audit.jsonl").read_text().splitlines()]
    assert [entry["action"] for entry in trailed] == ["setting changed", "consent set"]
    given = "".join(path.read_text() for path in done.folder.iterdir())
    assert "U7" not in given
    await Erasure(database, trail).forget("web:ada")
    with pytest.raises(NothingKeptError):
        await desk.export("web:ada", by="terminal:operator")


async def test_nobody_leaves_nothing(desk: PeopleDesk, tmp_path: Path) -> None:
    """Neither a folder nor an entry."""
    with pytest.raises(NothingKeptError):
        await desk.export("slack:U1", by="terminal:operator", to=tmp_path / "mine")
    assert list((tmp_path / "exports").iterdir()) == []
    assert not (tmp_path / "mine").exists()


async def test_a_draft_that_was_left_is_found_by_erasure(tmp_path: Path) -> None:
    """A process that was killed leaves files that do not name the person themselves."""
    draft = tmp_path / "exports" / ".draft-1"
    draft.mkdir(parents=True)
    (draft / "whose").write_text("slack:U1")
    (draft / ".messages.jsonl.part1").write_text("marmoset")
    assert remove_exports(tmp_path, Person.of("slack:U2")) == 0
    assert remove_exports(tmp_path, Person.of("slack:U1")) == 1
    assert not draft.exists()


async def test_people_are_found_by_key_however_many_are_alike(
    database: Database, desk: PeopleDesk
) -> None:
    """The latest first; one whose key begins those of sixty others, who asked later."""
    await _ask(database, "U1", "marmoset", 900)
    for n in range(60):
        await _ask(database, f"U1{n:02}", "tamarin", n)
    found = await desk.person("slack:U1")
    assert found is not None
    assert found.turns == 1
    assert await desk.person("slack:U") is None
    listed = (await desk.latest(limit=61)).lines
    assert [each.author for each in listed][::60] == ["slack:U100", "slack:U1"]
    assert [each.author for each in (await desk.search("U159")).lines] == ["slack:U159"]
