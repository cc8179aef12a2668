"""What the bot's own records say; each part may be missing, an empty home says nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import sqrt
from typing import Protocol

ENOUGH_THUMBS = 10
"""Told reasons of unhappy answers before their shares say anything."""
ENOUGH_CLAIMS = 30
"""Checked sentences before the share that did not pass says anything."""
ENOUGH_CASES = 100
"""Cases of a suite at which its figures count as much as the article's."""
FEW = 30
"""Below so many a figure is told as one of few."""
FIRST_ROUND = 200
"""Clean examples that a first round of training wants, to see whether more are worth it."""
MANY_EXAMPLES = 1000
"""Clean examples that fine-tuning wants (the article: thousands)."""

MUCH_STYLE, LITTLE_STYLE = 0.5, 0.15
"""Shares of unhappy answers about style above which it matters much, up to which little."""

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
class Rate:
    """A share, its 95% interval and what it was counted over."""

    value: float
    low: float
    high: float
    n: int


@dataclass(frozen=True, slots=True)
class ModeRun:
    """A mode in an evaluation: rates are ``None`` where nothing was counted; latency in
    milliseconds, cost in US dollars a question."""

    accuracy: Rate | None = None
    hallucination: Rate | None = None
    abstention: Rate | None = None
    p50_ms: float | None = None
    cost_usd: float = 0.0


@dataclass(frozen=True, slots=True)
class Gain:
    """Hybrid's accuracy less retrieval's, over the same ``n`` cases. ``more`` cases would tell;
    ``None`` where it is told already or there is no difference."""

    difference: float
    low: float
    high: float
    n: int
    verdict: str
    more: int | None = None


@dataclass(frozen=True, slots=True)
class SuiteRun:
    """The newest run over a suite. ``tuned``: a trained version was there, so that ``voice`` and
    ``hybrid`` say something of fine-tuning."""

    run: str
    suite: str
    at: datetime
    modes: Mapping[str, ModeRun]
    tuned: bool = False
    gain: Gain | None = None

    @property
    def compares(self) -> bool:
        """Whether it holds retrieval against something that was trained."""
        ways = [m for m in ("rag", "voice", "hybrid") if m in self.modes and self.accuracy(m)]
        return self.tuned and "rag" in ways and len(ways) > 1

    def accuracy(self, mode: str) -> Rate | None:
        """The accuracy of a mode, where it ran."""
        found = self.modes.get(mode)
        return found.accuracy if found else None


@dataclass(frozen=True, slots=True)
class Traffic:
    """Turns of the last ``days`` days with what they took; price in US dollars. ``assumed`` says
    which prices were assumed, empty where they are set or nothing was taken."""

    turns: int = 0
    tokens: int = 0
    cost_usd: float = 0.0
    days: float = 0.0
    assumed: str = ""

    def a_month(self, queries: float | None = None) -> tuple[float, float, float]:
        """Turns, tokens and dollars of 30 days, at the present traffic or at so many queries."""
        if not self.turns or not self.days:
            return 0.0, 0.0, 0.0
        turns = self.turns * 30 / self.days if queries is None else queries
        return turns, self.tokens / self.turns * turns, self.cost_usd / self.turns * turns


@dataclass(frozen=True, slots=True)
class Duties:
    """What rules on data came to: how long messages are kept (``None``: always), ``forgotten``
    people, people who ``opted_out`` of training, and of ``answers`` those for which rights kept
    documents back (``withheld``)."""

    retention: timedelta | None = None
    forgotten: int = 0
    opted_out: int = 0
    withheld: int = 0
    answers: int = 0


@dataclass(frozen=True, slots=True)
class Evidence:
    """The records: of unhappy answers ``about_style`` and ``about_facts`` by their told reasons,
    by route the sentences that were ``rejected`` and the thumbs that were ``satisfied``; of how
    many ``latest_ratings``, where there are older ones (``None``: all are counted). The
    ``examples`` an operator approved, the newest run of each suite, the largest first."""

    changes: Changes = Changes()
    about_style: int = 0
    about_facts: int = 0
    rejected: Mapping[str, Rate] = field(default_factory=dict)
    satisfied: Mapping[str, Rate] = field(default_factory=dict)
    latest_ratings: int | None = None
    traffic: Traffic = Traffic()
    examples: int = 0
    duties: Duties = Duties()
    runs: tuple[SuiteRun, ...] = ()

    @property
    def style_share(self) -> float | None:
        """Of the unhappy answers with a telling reason those about style; ``None``: too few."""
        told = self.about_style + self.about_facts
        return self.about_style / told if told >= ENOUGH_THUMBS else None

    @property
    def is_about_style(self) -> bool:
        """Whether surely more than half of them are: one over the root of their number is about
        half of a 95% interval at its widest."""
        share, told = self.style_share, self.about_style + self.about_facts
        return share is not None and share - 1 / sqrt(told) > MUCH_STYLE

    @property
    def comparison(self) -> SuiteRun | None:
        """The run that decides most of what was measured: the largest that compares."""
        return next((run for run in self.runs if run.compares), None)
