"""The page that the console opens with: the last days against the week before, what needs a look.

The days are those of the reader's zone. A period is set against the same weekdays a week earlier,
up to the same time of day, so that a morning is not held against a whole day.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from typing import TYPE_CHECKING, Literal
from urllib.parse import quote

from fastapi import APIRouter, Request, Response

from adapters.web.auth.roles import Role
from adapters.web.console.needs_a_look import looks_of
from adapters.web.zones import midnight, same_time, zone_of
from bot.pricing import in_dollars
from bot.store.endings import Ending
from bot.store.today import Period
from bot.store.watch_figures import Measure, Tally
from bot.watching.figures import figure, shown

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import tzinfo

    from adapters.web.console.base import Console

Days = Literal["7", "1"]

_WEEK = 7
_PLOTTED = 14
_FEW_SIGNS, _MANY_SIGNS = 6, 10
"""Digits and commas of two figures up to which they are set large, and less large."""
_CHOICES = (("7", "Last 7 days"), ("1", "Today alone"))


@dataclass(frozen=True, slots=True)
class Cut:
    """Two periods that are set against each other, all of them moments in UTC."""

    start: datetime
    end: datetime
    start_before: datetime
    end_before: datetime

    @classmethod
    def of(cls, now: datetime, zone: tzinfo, days: int) -> Cut:
        """The last so many days up to now, today included, and the same a week before."""
        return cls(
            midnight(now, zone, 1 - days),
            now,
            midnight(now, zone, 1 - days - _WEEK),
            same_time(now, zone, -_WEEK),
        )


@dataclass(frozen=True, slots=True)
class Stat:
    """A figure of the page: ``value`` in words, ``share`` beside it, what it was the week
    ``before``, and the address of the room that has more. ``thumbs`` are shown in place of the
    words that say them."""

    title: str
    value: str
    share: str
    before: str
    address: str
    thumbs: tuple[str, str] | None = None

    @property
    def width(self) -> str:
        """How much room two figures beside each other take: ``few``, ``many``, ``most``."""
        signs = sum(map(len, self.thumbs or ()))
        return "few" if signs <= _FEW_SIGNS else "many" if signs <= _MANY_SIGNS else "most"


@dataclass(frozen=True, slots=True)
class Column:
    """A day of the plot; ``height`` is its share of the highest one, 0 to 100."""

    day: datetime
    asked: int
    height: float
    earlier: bool


def comparison(first: datetime | None, cut: Cut, days: int) -> tuple[bool, str]:
    """Whether the week before can be set against these days, and what is to be said of it."""
    what = "day" if days == 1 else "days"
    if first is None or first >= cut.end_before:
        return False, f"Of the same {what} a week before nothing is kept to compare with."
    said = f"Against the same {what} a week before, up to the same time of day"
    if first > cut.start_before:
        return True, f"{said}; of those only a part is kept, as the first question came then."
    return True, f"{said}."


def stats_of(now: Period, before: Period | None, since: str) -> list[Stat]:
    """The figures; ``before`` is ``None`` where there is no week before. ``since`` is the first day
    as an address takes it."""
    return [
        Stat(
            "Questions",
            f"{now.turns:,}",
            "",
            _counted(now.turns, before.turns) if before else "",
            f"/console/conversations?from={since}",
        ),
        _ending(Ending.ANSWERED, "Answered", now, before, since),
        _ending(Ending.UNSURE, "Unsure", now, before, since),
        _ending(Ending.HANDED_OVER, "Handed over", now, before, since),
        Stat(
            "Thumbs",
            f"{now.up:,} up, {now.down:,} down",
            "",
            _thumbs(before) if before else "",
            "/console/feedback",
            (f"{now.up:,}", f"{now.down:,}"),
        ),
        Stat(
            "Cost",
            in_dollars(now.cost_usd),
            f"{in_dollars(now.cost_usd / now.turns)} each" if now.turns else "",
            f"before: {in_dollars(before.cost_usd)}" if before else "",
            "/console/costs",
        ),
        _time("Half within", Measure.P50, now, before),
        _time("19 of 20 within", Measure.P95, now, before),
    ]


def _ending(ending: Ending, title: str, now: Period, before: Period | None, since: str) -> Stat:
    return Stat(
        title,
        f"{'' if now.exact else 'about '}{now.ended(ending):,}",
        _share(ending, now),
        f"before: {_share(ending, before) or 'none'}" if before else "",
        f"/console/conversations?ended={quote(ending)}&from={since}",
    )


def _share(ending: Ending, period: Period) -> str:
    if not period.looked_at:
        return ""
    return f"{period.endings.get(ending, 0) / period.looked_at:.0%}"


def _thumbs(before: Period) -> str:
    if not (before.up or before.down):
        return "before: none"
    return f"before: {before.up:,} up, {before.down:,} down"


def _time(title: str, measure: Measure, now: Period, before: Period | None) -> Stat:
    def told(period: Period) -> str:
        return shown(measure, figure(Tally(times=period.times), measure).value)

    then = f"before: {told(before)}" if before and before.times else ""
    return Stat(title, told(now), "", then, "/console/watch")


_LEAST = 10
"""From so many on a change is told as a share."""


def _counted(now: int, before: int) -> str:
    """A count against an earlier one, which is told; a share of few would say nothing."""
    then = f"before: {before:,}"
    if before < _LEAST or now == before:
        return then
    change = round(100 * (now - before) / before)
    return f"{then} ({'+' if change > 0 else '−' if change < 0 else '±'}{abs(change)}%)"


async def _ready(console: Console) -> str:
    """What a bot that was never asked anything has to answer from; empty where that is nothing,
    which is a thing to look at."""
    stats = await console.application.store.stats()
    if not stats.documents:
        return ""
    documents = "One document is" if stats.documents == 1 else f"{stats.documents:,} documents are"
    return f"{documents} read in, so it can be asked."


def columns_of(starts: Sequence[datetime], asked: Sequence[int]) -> list[Column]:
    """The days of the plot."""
    top = max(asked, default=0)
    return [
        Column(day, n, 100 * n / top if top else 0.0, index < len(asked) - _WEEK)
        for index, (day, n) in enumerate(zip(starts, asked, strict=True))
    ]


def add_today(router: APIRouter, console: Console) -> None:
    """The page; the console opens with it."""

    @router.get("")
    @router.get("/today")
    async def today(request: Request, days: Days = "7") -> Response:
        operator = console.operator(request)
        zone, name = zone_of(request)
        moment, book = datetime.now(UTC), console.application.today
        cut = Cut.of(moment, zone, int(days))
        first = await book.first()
        comparable, said = comparison(first, cut, int(days))
        now = await book.period(cut.start, cut.end)
        before = await book.period(cut.start_before, cut.end_before) if comparable else None
        starts = [midnight(moment, zone, back) for back in range(1 - _PLOTTED, 2)]
        asked = await book.asked(starts)
        since = cut.start.astimezone(zone).date().isoformat()
        return console.render(
            request,
            "console/today.html",
            "today",
            begun=first is not None,
            stats=stats_of(now, before, since),
            period=now,
            said=said,
            columns=columns_of([s.astimezone(zone) for s, _ in pairwise(starts)], asked),
            looks=await looks_of(console, now.ended(Ending.FAILED), since, operator.author.key),
            day=moment.astimezone(zone),
            zone=name,
            days=days,
            choices=_CHOICES,
            may_set_up=operator.role is Role.ADMIN,
            ready="" if first else await _ready(console),
        )
