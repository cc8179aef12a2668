"""The list of processes that serve one database."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from bot.store.base import Database
from bot.store.processes import GONE_S, Process, ProcessBook, differences

_NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)


def _process(name: str, **other: object) -> Process:
    made = Process(
        id=name,
        host=name,
        pid=7,
        parts=("web",),
        version="1.0",
        settings={"[search] alpha": "aa", "WELLSPOKEN_MODEL": "bb"},
        clock_s=0.0,
        started_at=_NOW,
        seen_at=_NOW,
    )
    return replace(made, **other)  # type: ignore[arg-type]  # of one of its fields


async def test_each_process_sees_the_others_until_they_leave(database: Database) -> None:
    """A process that noted itself is on everybody's list, one that left is on nobody's."""
    book = ProcessBook(database)
    await book.note(_process("one"))
    seen = await book.note(_process("two"))
    assert [p.id for p in seen] == ["one", "two"]
    assert seen[0].settings == _process("one").settings
    await book.leave("one")
    assert [p.id for p in await book.listing()] == ["two"]


async def test_a_process_that_is_not_seen_any_more_is_forgotten(sqlite_database: Database) -> None:
    """One that was killed is off the list after a while, without a word of its own."""
    now = _NOW
    book = ProcessBook(sqlite_database, lambda: now)
    await book.note(_process("killed"))
    now += timedelta(seconds=GONE_S + 1)
    assert await book.listing() == []
    assert [p.id for p in await book.note(_process("other"))] == ["other"]


async def test_a_clock_that_is_wrong_is_measured(database: Database) -> None:
    """PostgreSQL says how far a process's clock is off; SQLite has the clock of the machine."""
    book = ProcessBook(database, lambda: datetime.now(UTC) + timedelta(seconds=60))
    (noted,) = await book.note(_process("fast"))
    on_postgres = "postgresql" in database.name
    assert (noted.clock_s > 50) is on_postgres
    assert bool(differences([noted])) is on_postgres


def test_processes_that_agree_have_no_differences() -> None:
    """Nothing is said of processes with the same version and settings, whatever their parts."""
    only = {"SLACK_BOT_TOKEN": "cc", **_process("one").settings}
    assert differences([_process("one"), _process("two", settings=only, parts=("slack",))]) == ()


def test_a_difference_names_the_setting_and_the_process() -> None:
    """One sentence each for a version, a setting and a clock; of a setting its name alone."""
    other = {"[search] alpha": "zz", "WELLSPOKEN_MODEL": "bb"}
    found = differences(
        [
            _process("one"),
            _process("two"),
            _process("three", settings=other, version="2.0", clock_s=-60.0),
        ]
    )
    versions, setting, clock = found
    assert versions == "Processes run different versions: 1.0 in one/7, two/7; 2.0 in three/7."
    assert setting.startswith("The setting [search] alpha differs among processes (three/7 ")
    assert "zz" not in setting
    assert clock.startswith("The clock of three/7 is 60 s behind the database's")
