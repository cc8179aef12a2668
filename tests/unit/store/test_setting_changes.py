"""What was changed in the console: kept with who and when, audited, never lost to a second hand."""

from __future__ import annotations

import asyncio

import pytest

from bot.settings.changing import Change
from bot.store import setting_changes
from bot.store.audit import AuditTrail, Wanted
from bot.store.base import Database
from bot.store.erasure import Erasure
from bot.store.setting_changes import (
    ChangedMeanwhileError,
    SettingChanges,
    TooManyChangesError,
    mark,
)

ADA = "web:oidc:ada"


def given(name: str = "C1", groups: tuple[str, ...] = ("staff",), table: str = "") -> Change:
    return Change(table or "access.slack.channels", name, list(groups), ADA, "Ada")


@pytest.fixture
def book(database: Database) -> SettingChanges:
    return SettingChanges(database, AuditTrail(database))


async def test_a_change_is_there_until_it_is_taken_back(
    database: Database, book: SettingChanges
) -> None:
    """With who and when, in every process of the database; then the file counts again."""
    first = await book.put(given(), seen="", fields=["groups"])
    (found,) = await SettingChanges(database).listing()
    assert found == first
    assert (found.by, found.by_name, found.value) == (ADA, "Ada", ["staff"])
    second = await book.put(given(groups=("garden",)), seen=mark(found), fields=["groups"])
    assert [each.value for each in await book.listing()] == [["garden"]]
    await book.take_back(given(), seen=mark(second))
    assert await book.listing() == ()


async def test_what_somebody_else_changed_meanwhile_is_not_overwritten(
    book: SettingChanges,
) -> None:
    """Who looked at another state is told so, and nothing is kept of theirs."""
    kept = await book.put(given(), seen="")
    with pytest.raises(ChangedMeanwhileError):
        await book.put(given(groups=("public",)), seen="")
    with pytest.raises(ChangedMeanwhileError):
        await book.take_back(given(), seen="2026-01-01T00:00:00+00:00")
    with pytest.raises(ChangedMeanwhileError):
        await book.take_back(given("C2"), seen="")
    assert await book.listing() == (kept,)


@pytest.mark.parametrize("first", [True, False])
async def test_of_two_at_once_one_is_told(
    database: Database, book: SettingChanges, first: bool
) -> None:
    """Nobody's change is lost without a word, also where there was none of that entry before."""
    seen = "" if first else mark(await book.put(given(), seen=""))
    books = (book, SettingChanges(database))
    both = [
        each.put(given(groups=(name,)), seen=seen)
        for each, name in zip(books, ("a", "b"), strict=True)
    ]
    results = await asyncio.gather(*both, return_exceptions=True)
    assert sorted(isinstance(each, ChangedMeanwhileError) for each in results) == [False, True]


async def test_the_audit_trail_names_fields_and_entries(
    database: Database, book: SettingChanges
) -> None:
    """Who changed what and took it back; not the groups themselves."""
    kept = await book.put(given(), seen="", fields=["groups"])
    await book.take_back(given(), seen=mark(kept))
    found = await AuditTrail(database).listing(wanted=Wanted(author=ADA))
    assert [entry.content["action"] for entry in found] == [
        "setting changed",
        "setting taken back",
    ]
    told = dict(found[0].content)
    assert (told["table"], told["entry"]) == ("access.slack.channels", "C1")
    assert told["fields"] == ["groups"]
    assert "staff" not in str(told)


async def test_the_table_has_an_end(book: SettingChanges, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is read with every message: one sentence says what to do when it is full."""
    monkeypatch.setattr(setting_changes, "MOST", 1)
    kept = await book.put(given(), seen="")
    with pytest.raises(TooManyChangesError, match=r"wellspoken\.toml"):
        await book.put(given("C2"), seen="")
    await book.put(given(groups=()), seen=mark(kept))


async def test_a_forgotten_person_leaves_no_name_and_gets_no_right_back(
    database: Database, book: SettingChanges
) -> None:
    """A right of theirs becomes one of nobody that can be told; their own changes lose the name."""
    await book.put(given("slack:U024BE7LH", ("hr",), "access.users"), seen="")
    await book.put(
        Change("channels", "slack:C1", {"thread": True}, "slack:U024BE7LH", "Ben"), seen=""
    )
    await Erasure(database, AuditTrail(database)).forget("slack:U024BE7LH")
    right, channel = await book.listing()
    assert right.is_of_a_forgotten_person
    assert right.value == []
    assert (channel.by, channel.by_name) == ("slack:forgotten", "")
    assert "U024BE7LH" not in str((right, channel))
