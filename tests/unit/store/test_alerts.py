"""An alert is told once a week, measure and scope, and waits until somebody has seen it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from bot.errors import NotFoundError
from bot.store.alerts import Alert, AlertBook, alert_id
from bot.store.base import Database

AT = datetime(2026, 3, 25, 12, tzinfo=UTC)
WEEK = datetime(2026, 3, 16, tzinfo=UTC)


def alert(measure: str = "satisfaction", scope: str = "all", week: datetime = WEEK) -> Alert:
    return Alert(alert_id(), AT, week, measure, scope, {"now": {"n": 3}}, "It fell")


async def test_the_same_is_not_told_twice(database: Database) -> None:
    """Another scope, measure or week is another alert; only what is new is done something with."""
    book, seen = AlertBook(database), []
    first = alert()
    assert await book.add([first], lambda _c, new: seen.extend(new)) == [first]
    others = [alert("errors"), alert(scope="route:rag"), alert(week=WEEK.replace(day=23))]
    assert await book.add([alert(), *others], lambda _c, new: seen.extend(new)) == others
    assert seen == [first, *others]
    assert await book.add([], lambda _c, _new: seen.clear()) == ()
    assert len(await book.listing()) == 4


async def test_who_saw_it_first_is_kept(database: Database) -> None:
    """It leaves the list of new ones; one that is not there is said so."""
    book, one, other = AlertBook(database), alert(), alert("errors")
    await book.add([one, other])
    assert await book.unseen() == 2
    await book.see(one.id, "web:ann")
    await book.see(one.id, "web:bob")
    assert [a.id for a in await book.listing(unseen=True)] == [other.id]
    (kept,) = [a for a in await book.listing() if a.id == one.id]
    assert kept.seen_by == "web:ann"
    assert kept.seen_at is not None
    assert kept.figures == {"now": {"n": 3}}
    assert len(await book.listing(limit=1)) == 1
    with pytest.raises(NotFoundError, match='no alert "al0"'):
        await book.see("al0", "web:ann")
