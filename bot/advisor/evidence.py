"""What the bot's own records say; each part may be missing, an empty home says nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

ENOUGH_THUMBS = 10
"""Told reasons of unhappy answers before their shares say anything."""
ENOUGH_CLAIMS = 30
"""Checked sentences before the share that did not pass says anything."""
MANY_EXAMPLES = 1000
"""Clean examples that fine-tuning wants (the article: thousands)."""

_OFTEN_ENOUGH = ((6.0, "hourly"), (0.5, "daily"), (0.1, "weekly"), (1 / 45, "monthly"))
"""Readings a day that found something new, from so many on."""
_SHORTEST = timedelta(days=2)
_LONG = timedelta(days=45)


@dataclass(frozen=True, slots=True)
class Changes:
    """How documents changed: ``readings`` of the sources within ``watched`` that found something
    new, gone or changed (the first reading of a source is none), and ``documents`` at present."""

    documents: int = 0
    readings: int = 0
    changed: int = 0
    watched: timedelta = timedelta()

    @property
    def pace(self) -> str | None:
        """An answer to ``new_data``; ``None`` while it was watched for too short a time."""
        if self.watched < _SHORTEST:
            return None
        rate = self.readings / (self.watched / timedelta(days=1))
        for least, pace in _OFTEN_ENOUGH:
            if rate >= least:
                return pace
        return "yearly" if self.watched >= _LONG else None


class ReadingRecords(Protocol):
    """What the ledger knows of changes; implemented in ``knowledge.changing``."""

    async def changes(self, now: datetime) -> Changes:
        """How documents changed, as far back as runs are kept."""
        ...


@dataclass(frozen=True, slots=True)
class Checked:
    """Sentences of one route that the check looked at; ``failed`` did not pass it, shown or not."""

    claims: int = 0
    failed: int = 0

    @property
    def rate(self) -> float | None:
        return self.failed / self.claims if self.claims else None


@dataclass(frozen=True, slots=True)
class Traffic:
    """Turns of the last ``days`` days with what they took; price in US dollars."""

    turns: int = 0
    tokens: int = 0
    cost_usd: float = 0.0
    days: float = 0.0

    def a_month(self, queries: float | None = None) -> tuple[float, float, float]:
        """Turns, tokens and dollars of 30 days, at the present traffic or at so many queries."""
        if not self.turns or not self.days:
            return 0.0, 0.0, 0.0
        turns = self.turns * 30 / self.days if queries is None else queries
        return turns, self.tokens / self.turns * turns, self.cost_usd / self.turns * turns


@dataclass(frozen=True, slots=True)
class Evidence:
    """The records: of unhappy answers ``about_style`` and ``about_facts`` by their told reasons,
    ``checked`` by route, ``examples`` an operator approved, ``forgotten`` people who asked for it,
    ``retention`` of messages."""

    changes: Changes = Changes()
    about_style: int = 0
    about_facts: int = 0
    checked: Mapping[str, Checked] = field(default_factory=dict)
    traffic: Traffic = Traffic()
    examples: int = 0
    forgotten: int = 0
    retention: timedelta | None = None

    @property
    def style_share(self) -> float | None:
        """Of the unhappy answers with a telling reason those about style; ``None``: too few."""
        told = self.about_style + self.about_facts
        return self.about_style / told if told >= ENOUGH_THUMBS else None
