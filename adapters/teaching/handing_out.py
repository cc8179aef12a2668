"""The review handed out to several people at once: what one has open, another does not get."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

from adapters.teaching.reviewing import Counts, Queue
from bot.work.open_cards import OpenCards, Seat

if TYPE_CHECKING:
    from adapters.teaching.reviewing import Review
    from bot.store.base import Database

_TRIES = 5
"""Looks at the queue where others were faster at each."""


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """How many cards are open in front of whom, the most first."""

    people: tuple[tuple[str, int], ...] = ()

    @property
    def count(self) -> int:
        return sum(number for _, number in self.people)


@dataclass(frozen=True, slots=True)
class Handed:
    """The queue without what others have open, and who has how much of it."""

    queue: Queue
    elsewhere: Elsewhere
    holders: Mapping[str, str]


class HandingOut:
    """Hands out the review of one home, by turn: what readers said of a turn goes to one person."""

    def __init__(self, review: Review, cards: OpenCards) -> None:
        self._review = review
        self._cards = cards

    async def page(
        self,
        seat: Seat,
        limit: int,
        offset: int = 0,
        *,
        liked: bool = False,
        beyond: Collection[str] = (),
    ) -> Handed:
        """At most ``limit`` of each kind that a tab shows, now open in front of ``seat`` alone;
        never those in ``beyond``."""
        found, holders, mine = Queue((), ()), dict[str, str](), set[str]()
        for further in range(_TRIES):
            holders = await self._cards.elsewhere(seat)
            sight = limit * (1 + further)  # where others were faster: also what comes behind
            kept = {*holders, *beyond}
            queue = await self._review.queue(sight, offset, without=kept, liked=liked)
            wanted = turns_of(queue)
            taken = await self._cards.take(wanted, seat, limit if further else None)
            mine |= taken
            # What was judged between the look and the taking was free again: it is not handed out.
            found = _among(queue, await self._review.still_waits(taken) if taken else taken)
            if len(taken) >= min(len(set(wanted)), limit):
                break
        if left := mine - set(turns_of(found)):
            await self._cards.close(seat, sorted(left))
        return Handed(found, await self._elsewhere(holders, liked=liked), holders)

    async def one(self, seat: Seat, turn: str) -> Handed:
        """What waits of a turn, whoever has it open; open in front of ``seat`` where nobody has."""
        found = await self._review.queue(turn=turn)
        await self._cards.take(turns_of(found), seat)
        holders = await self._cards.elsewhere(seat)
        return Handed(found, Elsewhere(), {t: n for t, n in holders.items() if t == turn})

    async def more(self, seat: Seat, limit: int, *, liked: bool = False) -> Handed:
        """The next of the queue behind what is open on the page already."""
        here = await self._cards.here(seat)
        return await self.page(seat, limit, liked=liked, beyond=here)

    async def keep(self, seat: Seat, turns: Sequence[str], *, liked: bool = False) -> Handed:
        """Keep what a page shows open, and close what it does not show any more. ``holders`` says
        who has what it lost meanwhile."""
        gone = await self._cards.here(seat) - set(turns)
        if gone:
            await self._cards.close(seat, sorted(gone))
        await self._cards.take(turns, seat)
        holders = await self._cards.elsewhere(seat)
        lost = {turn: holders[turn] for turn in turns if turn in holders}
        return Handed(Queue((), ()), await self._elsewhere(holders, liked=liked), lost)

    async def leave(self, seat: Seat) -> None:
        """Close what a page has open."""
        await self._cards.close(seat)

    async def judged(self, seat: Seat, turns: Iterable[str]) -> None:
        """Close cards that were judged, but for turns of which more waits."""
        for turn in dict.fromkeys(turns):
            left = await self._review.counts([turn])
            if left == Counts():
                await self._cards.close(seat, [turn])

    async def _elsewhere(self, holders: Mapping[str, str], *, liked: bool) -> Elsewhere:
        """Of what others have open, what waits still."""
        if not holders:
            return Elsewhere()
        found = Counter[str]()
        for name in sorted(set(holders.values())):
            counts = await self._review.counts([t for t, who in holders.items() if who == name])
            number = counts.liked if liked else counts.corrections + counts.proposals
            if number:
                found[name] = number
        return Elsewhere(tuple(found.most_common()))


def turns_of(queue: Queue) -> list[str]:
    """The turns of everything in a queue."""
    rated = [each.turn for each in (*queue.corrections, *queue.liked)]
    return [*rated, *(proposal.handoff.turn for proposal in queue.proposals)]


def _among(queue: Queue, turns: Collection[str]) -> Queue:
    return replace(
        queue,
        corrections=[each for each in queue.corrections if each.turn in turns],
        proposals=[each for each in queue.proposals if each.handoff.turn in turns],
        liked=[each for each in queue.liked if each.turn in turns],
    )


class Parts(Protocol):
    """What handing out is made of: fulfilled by ``adapters.assembly.Application``."""

    @property
    def database(self) -> Database: ...
    @property
    def review(self) -> Review: ...


def handing_out_of(parts: Parts) -> HandingOut:
    """The handing out of an application."""
    return HandingOut(parts.review, OpenCards(parts.database, "review"))
