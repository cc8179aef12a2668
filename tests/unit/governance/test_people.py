"""A person's data: given out as it is read, found by erasure wherever it was cut off."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import pytest_asyncio
import sqlalchemy as sa

from adapters.governance.exporting import Format, exported
from adapters.governance.files import remove_exports
from adapters.governance.people import NothingKeptError, PeopleDesk
from bot.conversation import Author, Feedback, Platform, Rating
from bot.settings.changing import Change
from bot.store.audit import AuditTrail
from bot.store.audit import Wanted as AuditWanted
from bot.store.base import Database
from bot.store.erasure import Erasure
from bot.store.feedback import FeedbackBook
from bot.store.forgetting import Person
from bot.store.history import History
from bot.store.ids import new_id
from bot.store.reviews import ReviewBook
from bot.store.reviews import Verdict as ReviewVerdict
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
    for deed, moment in ((deeds[0], "created_at"), (deeds[1], "at")):
        assert datetime.fromisoformat(deed[moment]).utcoffset() == timedelta(0)
    trailed = [json.loads(line) for line in (done.folder / "audit.jsonl").read_text().splitlines()]
    assert [entry["action"] for entry in trailed] == ["setting changed", "consent set"]
    given = "".join(path.read_text() for path in done.folder.iterdir())
    assert "U7" not in given
    await Erasure(database, trail).forget("web:ada")
    with pytest.raises(NothingKeptError):
        await desk.export("web:ada", by="terminal:operator")


async def test_what_an_operator_is_given_names_no_reader(
    database: Database, desk: PeopleDesk
) -> None:
    """Of each kind of deed that names people: what was judged, by the way of one or of many, given
    out, looked for in the trail. Their own name stays, as does the place of a choice."""
    trail, thumbs = AuditTrail(database), FeedbackBook(database)
    reviews = ReviewBook(database, trail)
    turns = [replace(turn_of("Hold it."), id=new_id("turn")) for _ in range(3)]
    ada, reader = Author(Platform.WEB, "ada"), Author(Platform.SLACK, "U7")
    for turn in turns:
        await History(database).record(turn)
        await thumbs.rate(Feedback(turn.id, reader, Rating.DOWN))
    await thumbs.rate(Feedback(turns[1].id, ada, Rating.DOWN))
    await reviews.judge(turns[0].id, ReviewVerdict.REJECTED, ada.key)
    await reviews.judge(turns[1].id, ReviewVerdict.REJECTED, ada.key)
    await reviews.judge_all([(turns[2].id, reader.key)], ReviewVerdict.REJECTED, ada.key)
    await desk.choose(reader.key, False, by=ada.key, source="e-mail", channel="slack:C1")
    await desk.export(reader.key, by=ada.key)
    looked = exported(trail, AuditWanted(author=reader.key), Format.JSONL, by=ada.key)
    assert [line async for line in looked] == []  # that it was asked for is on record
    await trail.operator("noted", ada.key, deep={"of": [{"whom": [reader.key]}], "n": [1, ""]})
    done = await desk.export(ada.key, by="terminal:operator")
    given = "".join(path.read_text() for path in done.folder.iterdir())
    assert "U7" not in given
    trailed = [json.loads(line) for line in (done.folder / "audit.jsonl").read_text().splitlines()]
    assert len(trailed) == 7
    assert [entry.get("authors") for entry in trailed[:3]] == [None, [ada.key], None]
    assert (trailed[3]["channel"], trailed[3].get("subject")) == ("slack:C1", None)
    assert trailed[6]["deep"] == {"n": [1, ""]}
    assert {entry["actor"] for entry in trailed} == {ada.key}


async def test_deeds_are_those_of_the_house(database: Database, desk: PeopleDesk) -> None:
    """Tables of another program beside ours are left alone, however their columns are named."""

    def beside(connection: sa.Connection) -> None:
        for name, kind, value in (("theirs", "INTEGER", "1"), ("also_theirs", "TEXT", "'web:ada'")):
            connection.exec_driver_sql(f"CREATE TABLE {name} (id INTEGER, created_by {kind})")
            connection.exec_driver_sql(f"INSERT INTO {name} VALUES (1, {value})")

    await database.write(beside)
    await Jobs(database).put(Wanted("sync", "Read docs", by="web:ada"))
    done = await desk.export("web:ada", by="terminal:operator")
    (deed,) = [json.loads(line) for line in (done.folder / "deeds.jsonl").read_text().splitlines()]
    assert deed["kept_in"] == "jobs"


async def test_every_table_that_names_a_doer_is_asked(database: Database) -> None:
    """By a process that does nothing but give a person's data out."""
    listed = "import adapters.governance.people, bot.store.base as b; print(*b.metadata.tables)"
    asked = [sys.executable, "-c", listed]
    told = await asyncio.to_thread(
        subprocess.run, asked, capture_output=True, text=True, check=True
    )

    def doers(connection: sa.Connection) -> set[str]:
        inspector = sa.inspect(connection)
        return {
            table
            for table in inspector.get_table_names()
            for column in inspector.get_columns(table)
            if column["name"] == "by" or column["name"].endswith("_by")
        }

    found = await database.read(doers)
    assert len(found) > 15
    assert found - set(told.stdout.split()) == set()


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
