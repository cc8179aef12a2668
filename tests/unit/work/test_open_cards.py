"""Open cards: two people never have one card, and a crash keeps none from anybody."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from bot.store.base import Database
from bot.work.open_cards import SECONDS, OpenCards, Seat
from bot.work.tables import leases

ADA, ADAS_OTHER = Seat("s1", "p1", "Ada"), Seat("s1", "p2", "Ada")
BEN = Seat("s10", "p1", "Ben / the second")


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 22, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


async def test_what_one_has_open_another_does_not_get(database: Database) -> None:
    """Of the same cards each is somebody's; the other is told whose."""
    cards = OpenCards(database, "review")
    assert await cards.take(["t1", "t2"], ADA) == {"t1", "t2"}
    assert await cards.take(["t1", "t2", "t3"], BEN) == {"t3"}
    assert await cards.elsewhere(BEN) == {"t1": "Ada", "t2": "Ada"}
    assert await cards.elsewhere(ADA) == {"t3": "Ben / the second"}
    assert await OpenCards(database, "another").take(["t1"], BEN) == {"t1"}


async def test_of_many_at_once_one_gets_each_card(database: Database) -> None:
    """Eight who open the same five cards in the same moment share them without a double."""
    cards = OpenCards(database, "review")
    names = [f"t{n}" for n in range(5)]
    seats = [Seat(f"s{n}", "p", f"n{n}") for n in range(8)]
    taken = await asyncio.gather(*(cards.take(names, seat) for seat in seats))
    assert sorted(card for each in taken for card in each) == names


async def test_another_page_of_the_same_session_takes_over(database: Database) -> None:
    """And the page that was left, which closes late, closes nothing of it."""
    cards = OpenCards(database, "review")
    await cards.take(["t1", "t2"], ADA)
    assert await cards.take(["t1"], ADAS_OTHER) == {"t1"}
    await cards.close(ADA)
    assert await cards.elsewhere(BEN) == {"t1": "Ada"}
    assert (await cards.here(ADA), await cards.here(ADAS_OTHER)) == (set(), {"t1"})


async def test_what_nobody_looks_at_is_free_again(database: Database) -> None:
    """Without a word from its page a card runs out, also after a crash; renewed, it stays; and of
    what ran out no name is kept."""
    clock = Clock()
    cards = OpenCards(database, "review", clock)
    await cards.take(["t1", "t2"], ADA)
    clock.now += timedelta(seconds=SECONDS - 1)
    assert await cards.take(["t1"], ADA) == {"t1"}
    clock.now += timedelta(seconds=2)
    assert await cards.elsewhere(BEN) == {"t1": "Ada"}
    assert await cards.take(["t1", "t2"], BEN) == {"t2"}
    clock.now += timedelta(seconds=SECONDS)
    await cards.take(["t9"], BEN)
    owners = await database.read(lambda c: list(c.scalars(sa.select(leases.c.owner))))
    assert owners == [BEN.owner]
