"""The day's limit: when it is spent, the built-in reader answers until midnight UTC.

What all processes of a home spent today stands in the turns; it is read at most every few seconds,
and what this process spent since is added. So several processes keep the limit together, late by
those seconds and by the answers that are being written: it may be passed by as much.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol

from bot.conversation import Usage
from bot.errors import WellspokenError
from bot.ports import Clock
from bot.telemetry import log

SPENT_NOTICE = (
    "Today's budget for the language model is used up, so this is quoted from the documents as it "
    "stands there."
)
"""For the asker, under an answer that the built-in reader gave for that reason."""

SPENT_LOOKED = (
    "Today's budget for the language model is used up, so only the built-in reader has looked for "
    "it; from midnight UTC the model can look as well."
)
"""For the asker, where the built-in reader found no answer and a model was not asked."""

SPENT_NOTE = "the day's budget is spent, so no model was asked"
"""For the turn's notes, that is for operators."""

REFRESH = 5.0
"""Seconds for which the sum of the turns is believed."""

PATIENCE = 1.0
"""Seconds that a turn waits for the sum at most."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What models may cost a day (UTC), in US dollars and in tokens; ``None``: any amount."""

    usd: float | None = None
    tokens: int | None = None

    @property
    def are_set(self) -> bool:
        return self.usd is not None or self.tokens is not None


@dataclass(frozen=True, slots=True)
class Left:
    """What is left of the day's limits, never below 0; ``None`` where there is no limit."""

    usd: float | None
    tokens: int | None

    @property
    def any(self) -> bool:
        """Whether a model may be asked."""
        return self.usd != 0 and self.tokens != 0

    @classmethod
    def of(cls, limits: Limits, spent: Usage) -> Left:
        """What so much spending leaves."""
        tokens = spent.prompt_tokens + spent.completion_tokens
        return cls(
            None if limits.usd is None else max(0.0, limits.usd - spent.cost_usd),
            None if limits.tokens is None else max(0, limits.tokens - tokens),
        )


class SpentSince(Protocol):
    """The sum over stored turns: :meth:`bot.store.costs.CostBook.spent`."""

    async def spent(self, since: datetime) -> Usage: ...


def day_of(moment: datetime) -> datetime:
    """The midnight, in UTC, that a moment's day began with."""
    return moment.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def next_day(moment: datetime) -> datetime:
    """When the limit is whole again."""
    return day_of(moment) + timedelta(days=1)


class Budget:
    """A day's limit over the turns of all processes; implements :class:`bot.ports_costs.Spending`.

    ``seconds`` is a clock that only goes forward; ``observe`` hears what is left when it changes.
    """

    def __init__(
        self,
        book: SpentSince,
        clock: Clock,
        limits: Limits,
        *,
        refresh: float = REFRESH,
        seconds: Callable[[], float] = time.monotonic,
        observe: Callable[[Left], None] | None = None,
    ) -> None:
        self._book = book
        self._clock = clock
        self._limits = limits
        self._refresh = refresh
        self._seconds = seconds
        self._observe = observe
        self._day = day_of(clock())
        self._stored = Usage()  # of the turns, when they were last read
        self._here = Usage()  # by this process since then
        self._read_at: float | None = None
        self._reading: asyncio.Task[None] | None = None
        self._told = False

    async def left(self) -> bool:
        """Whether a model may be asked now. A database that does not answer stops nothing."""
        if not self._limits.are_set:
            return True
        if self._day != day_of(self._clock()):
            self._day, self._stored, self._here = day_of(self._clock()), Usage(), Usage()
            self._read_at = None
        if self._read_at is None or self._seconds() - self._read_at >= self._refresh:
            await self._read()
        found = self.remaining.any
        if not found and not self._told:
            log.warning("the day's budget is spent", until=next_day(self._clock()).isoformat())
        self._told = not found
        return found

    def spend(self, usage: Usage) -> None:
        """Count what a model charged in this process."""
        self._here += usage
        self._tell()

    async def aclose(self) -> None:
        """Leave a sum that is still being read."""
        if self._reading is not None:
            self._reading.cancel()
            await asyncio.gather(self._reading, return_exceptions=True)

    @property
    def remaining(self) -> Left:
        """What is left, as far as this process knows."""
        return Left.of(self._limits, self._stored + self._here)

    async def _read(self) -> None:
        """Read the sum anew, one reader at a time; no turn waits for it longer than a moment."""
        if self._reading is None or self._reading.done():
            self._reading = asyncio.create_task(self._sum())
        try:
            async with asyncio.timeout(PATIENCE):
                await asyncio.shield(self._reading)
        except TimeoutError:
            log.warning("what was spent today is not known yet, the last sum counts")
            self._read_at = self._seconds()

    async def _sum(self) -> None:
        day, before = self._day, self._here
        try:
            stored = await self._book.spent(day)
        except WellspokenError as error:
            log.warning(
                "what was spent today cannot be read, the last sum counts", error=str(error)
            )
        else:
            if day == self._day:
                self._stored = stored
                # What was spent while the sum was read may be in it or not; counted, the limit
                # is reached a few seconds early, not late.
                self._here = _minus(self._here, before)
                self._tell()
        self._read_at = self._seconds()

    def _tell(self) -> None:
        if self._observe is not None:
            self._observe(self.remaining)


def _minus(more: Usage, less: Usage) -> Usage:
    return Usage(
        more.prompt_tokens - less.prompt_tokens,
        more.completion_tokens - less.completion_tokens,
        max(0.0, more.cost_usd - less.cost_usd),
    )
