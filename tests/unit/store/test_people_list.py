"""The list of people: found page by page, each once, along indexes."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import cast

import pytest

from bot.conversation import Author, Platform
from bot.store import people_list
from bot.store.base import Database
from bot.store.history import History
from bot.store.ids import new_id
from bot.store.people_list import PeopleList, PeopleLook
from bot.store.turn_list import Place
from tests.platforms.turns import turn_of
from tests.unit.store.test_turn_list_plans import Explained, goes_through_everything

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)


async def _ask(database: Database, who: str, n: int, name: str = "Ann") -> None:
    """A question of somebody, ``n`` minutes ago."""
    author = Author(Platform.SLACK, who, name)
    turn = replace(turn_of("Hold it."), id=new_id("turn"), author=author, question="How?")
    await History(database).record(replace(turn, at=NOW - timedelta(minutes=n)))


def _who(look: PeopleLook) -> list[str]:
    return [line.author.removeprefix("slack:") for line in look.lines]


async def test_each_is_listed_once_where_they_asked_last(database: Database) -> None:
    """Page after page, with the latest name and how many questions there were."""
    for n, (who, name) in enumerate([("U1", "Anna"), ("U2", "Bo"), ("U1", "Zoe"), ("U3", "Cy")]):
        await _ask(database, who, n, name)
    people = PeopleList(database)
    first = await people.latest(limit=2)
    assert _who(first) == ["U1", "U2"]
    assert not first.cut
    ann = first.lines[0]
    assert (ann.name, ann.turns, ann.last) == ("Anna", 2, NOW)
    assert isinstance(first.following, Place)
    second = await people.latest(first.following, limit=2)
    assert _who(second) == ["U3"]
    assert second.following is None


async def test_a_look_ends_after_so_many_turns_and_goes_on_there(database: Database) -> None:
    """However often one person asked; nobody is left out."""
    for n in range(7):
        await _ask(database, "U1", n)
    await _ask(database, "U2", 8)
    people = PeopleList(database, far=3)
    look, found, looks = await people.latest(), [], 1
    found += _who(look)
    assert look.cut
    while look.following is not None:
        assert isinstance(look.following, Place)
        look, looks = await people.latest(look.following), looks + 1
        found += _who(look)
    assert found == ["U1", "U2"]
    assert looks == 3


async def test_a_search_goes_from_person_to_person(database: Database) -> None:
    """By their keys, in parts of the key and of the last name whatever their case, a bounded number
    at a time."""
    for n in range(6):
        await _ask(database, f"U{n}", n, f"Asker {n}")
    await _ask(database, "U5", 0, "Übel")
    people = PeopleList(database, far=4)
    look = await people.search("üBEL")
    assert (_who(look), look.cut, look.following) == ([], True, "slack:U3")
    look = await people.search("üBEL", "slack:U3")
    assert (_who(look), look.cut, look.following) == (["U5"], False, None)
    look = await people.search("asker", limit=2)
    assert (_who(look), look.cut, look.following) == (["U0", "U1"], False, "slack:U1")


async def test_an_id_is_found_at_once_and_a_beginning_in_its_place(database: Database) -> None:
    """With the platform or without, however many keys stand before it."""
    for n in range(9):
        await _ask(database, f"U{n}", n)
    await _ask(database, "U80", 3)
    people = PeopleList(database, far=2)
    assert _who(await people.search("U8")) == ["U8"]
    assert _who(await people.search("slack:U8")) == ["U8", "U80"]
    assert _who(await people.search("slack:U8", "slack:U8")) == ["U80"]
    assert _who(await people.search("slack:X")) == []


async def test_who_was_forgotten_is_nobody(database: Database) -> None:
    """Neither in the list nor in a search."""
    await _ask(database, "forgotten", 0)
    people = PeopleList(database)
    for look in (await people.latest(), *[await people.search(w) for w in ("forg", "slack:forg")]):
        assert look.lines == ()
        assert look.following is None


async def test_questions_are_counted_to_a_limit(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One more than that stands for any number."""
    monkeypatch.setattr(people_list, "MOST_COUNTED", 2)
    for n in range(4):
        await _ask(database, "U1", n)
    (line,) = (await PeopleList(database).latest()).lines
    assert (line.turns, line.last) == (3, NOW)


async def test_the_channels_of_somebody_are_those_of_their_latest_questions(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each once, by name; nobody else's, and no more than the latest questions tell."""
    monkeypatch.setattr(people_list, "_PLACES_OF", 3)
    asked = (("U1", "slack:C2"), ("U1", "slack:C1"), ("U1", "slack:C2"), ("U1", "slack:C9"))
    for n, (who, channel) in enumerate((("U2", "slack:C7"), *asked)):
        turn = replace(turn_of("Hold it."), id=new_id("turn"), channel=channel)
        author = Author(Platform.SLACK, who, "Ann")
        await History(database).record(replace(turn, author=author, at=NOW - timedelta(minutes=n)))
    assert await PeopleList(database).channels("slack:U1") == ("slack:C1", "slack:C2")
    assert await PeopleList(database).channels("slack:U3") == ()


async def test_no_look_goes_through_all_turns(database: Database) -> None:
    """Neither the list, a later page of it, nor a search."""
    for n in range(5):
        await _ask(database, f"U{n}", n)
    explained = Explained(database)
    people = PeopleList(cast(Database, explained), far=2)
    await people.channels("slack:U1")
    await people.latest()
    await people.latest(Place(NOW, "turn"))
    await people.search("ann")
    await people.search("slack:U", "slack:U2")
    assert explained.plans
    for plan in explained.plans:
        assert not goes_through_everything(plan), plan
