"""What the records of a home say to the advisor: runs, live answers, costs, duties."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from bot.advisor.evidence import (
    Evidence,
    Gain,
    ModeRun,
    Rate,
    ReadingRecords,
    SuiteRun,
    Traffic,
)
from bot.evaluation.intervals import wilson
from bot.evaluation.scorecard import compared, differences
from bot.pricing import Price
from bot.store.evaluation import EvaluationBook

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from bot.settings import Settings
    from bot.store.advising import AdvisingBook
    from bot.store.base import Database
    from bot.store.evaluation import Record, RunLine

_SUITES = 3
"""Suites whose newest run is told, the largest first."""
_PAIRED = ("rag", "hybrid")
ASSUMED = Price(0.15, 0.60)
"""Dollars a million tokens where none are set: the list price of gpt-4o-mini at its start
(https://openai.com/index/gpt-4o-mini-advancing-cost-efficient-intelligence/)."""


async def evidence_of(
    settings: Settings,
    database: Database,
    book: AdvisingBook,
    readings: ReadingRecords,
    now: datetime,
) -> Evidence:
    """What the records say; an empty home says nothing."""
    style, facts = await book.reasons()
    checked, thumbs = await book.checked(), await book.thumbs()
    return Evidence(
        changes=await readings.changes(now),
        about_style=style,
        about_facts=facts,
        rejected=_rates({route: (c.failed, c.claims) for route, c in checked.items()}),
        satisfied=_rates(thumbs),
        latest_ratings=await book.latest_ratings(),
        traffic=await _traffic(settings, book, now),
        examples=await book.examples(),
        duties=replace(await book.duties(), retention=settings.retention.messages),
        runs=await _runs(settings, database),
    )


def _rates(found: Mapping[str, tuple[int, int]]) -> dict[str, Rate]:
    return {name: rate for name, (k, n) in found.items() if (rate := _rate(k, n)) is not None}


def _rate(hits: int, n: int) -> Rate | None:
    ends = wilson(hits, n)
    return Rate(hits / n, ends.low, ends.high, n) if ends else None


async def _traffic(settings: Settings, book: AdvisingBook, now: datetime) -> Traffic:
    """With assumed prices where models took tokens for which no price is set."""
    from adapters.models import prices_of

    traffic, models = await book.traffic(now)
    prices = prices_of(settings)
    unpriced = [m for m, costs in models.items() if costs.tokens and not prices.of(m).is_set]
    if not unpriced:
        return traffic
    more = sum(ASSUMED.of(models[m].prompt_tokens, models[m].completion_tokens) for m in unpriced)
    assumed = (
        f"no price is set for {', '.join(map(repr, unpriced))} under [models] prices, so "
        f"${ASSUMED.prompt:.2f} a million tokens read and ${ASSUMED.completion:.2f} a million "
        "written are assumed"
    ).replace("'", '"')
    return replace(traffic, cost_usd=traffic.cost_usd + more, assumed=assumed)


async def _runs(settings: Settings, database: Database) -> tuple[SuiteRun, ...]:
    """The newest run of each suite, the largest suites first."""
    from persona.registry import Registry

    book = EvaluationBook(database)
    newest: dict[str, RunLine] = {}
    for line in await book.listing():
        newest.setdefault(line.suite, line)
    if not newest:
        return ()
    promoted = [each.at for each in await Registry(database).promotions()]
    first = min(promoted, default=None)
    found = []
    for line in sorted(newest.values(), key=_size, reverse=True)[:_SUITES]:
        tuned = bool(settings.voice_model) or (first is not None and first <= line.at)
        cases = await book.cases(line.id, compared) if set(_PAIRED) <= set(line.modes) else {}
        found.append(
            SuiteRun(
                line.id, line.suite, line.at,
                {mode: _mode(card) for mode, card in line.modes.items()},
                tuned, _gain(cases),
            )
        )  # fmt: skip
    return tuple(found)


def _size(line: RunLine) -> int:
    rates = [_figure(card, "accuracy") for card in line.modes.values()]
    return max((rate.n for rate in rates if rate), default=0)


def _mode(card: Mapping[str, Any]) -> ModeRun:
    n = card.get("n") or 0
    return ModeRun(
        accuracy=_figure(card, "accuracy"),
        hallucination=_figure(card, "hallucination_rate"),
        abstention=_figure(card, "abstain_recall"),
        p50_ms=card.get("p50_ms"),
        cost_usd=(card.get("cost_usd") or 0.0) / n if n else 0.0,
    )


def _figure(card: Mapping[str, Any], name: str) -> Rate | None:
    value, ends = card.get(name), card.get(f"{name}_ci95")
    if value is None or not ends:
        return None
    return Rate(value, ends[0], ends[1], card.get(f"{name}_n") or card.get("n") or 0)


def _gain(cases: Mapping[str, Sequence[Record]]) -> Gain | None:
    """Hybrid against retrieval, case by case."""
    plain, both = (cases.get(mode, ()) for mode in _PAIRED)
    if not plain or not both:
        return None
    told = differences({"hybrid": both}, {"hybrid": plain})["hybrid"].get("accuracy")
    if told is None:
        return None
    ends = told.interval
    return Gain(told.difference, ends.low, ends.high, told.n, told.verdict, told.more)
