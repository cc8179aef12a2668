"""A scorecard as one file that stands alone: it can be mailed, printed and kept.

Modes side by side with their intervals, differences to an earlier run, and every case, to be opened
down to the answer, its claims and its sources. No script, nothing to load.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from adapters.web.pages import STATIC, Pages
from bot.evaluation.scorecard import LESS_IS_BETTER, MORE, RATES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from adapters.evaluating import Scorecard
    from bot.evaluation.told import Judged

_STYLES = ("base.css", "console.css", "evaluation.css")
_TITLES = {
    "accuracy": ("Accuracy", "cases answered right, or refused where nothing answers"),
    "hallucination_rate": ("Hallucination rate", "answered cases with a claim nothing carries"),
    "abstain_precision": ("Abstain precision", "refused cases that cannot be answered"),
    "abstain_recall": ("Abstain recall", "cases without an answer that were refused"),
    "citation_precision": ("Citation precision", "cited documents that answer"),
    "citation_recall": ("Citation recall", "documents that answer and were cited"),
    "retrieval_recall_at_5": (
        "Retrieval recall at 5",
        "documents that answer, found in 5 passages",
    ),
    "consistency": ("Consistency", "paraphrases with the same outcome and facts"),
    "style": ("Style", "how well answers keep to the persona"),
    "f1": ("Word F1", "words shared with the nearest right answer"),
    "retrieval_precision_at_5": ("Retrieval precision at 5", "passages of 5 that answer"),
    "mrr": ("Mean reciprocal rank", "one over the place of the first passage that answers"),
    "ndcg_at_5": ("nDCG at 5", "the order of the passages, 1 is best"),
}
MODES = {
    "rag": "Retrieval, plainly",
    "voice": "The voice alone",
    "hybrid": "Retrieval and voice",
    "auto": "As the router decides",
}


@dataclass(frozen=True, slots=True)
class Bar:
    """A mode in the plot of a figure; all in percent. ``low`` and ``high`` end its interval."""

    mode: str
    value: float | None
    low: float
    high: float
    n: int


@dataclass(frozen=True, slots=True)
class Plot:
    """A figure, mode by mode. ``less``: less of it is better."""

    title: str
    meaning: str
    less: bool
    bars: tuple[Bar, ...]


@dataclass(frozen=True, slots=True)
class Change:
    """What became of a figure since the baseline, in percentage points."""

    mode: str
    title: str
    points: float
    low: float
    high: float
    verdict: str
    n: int
    more: int | None


@dataclass(frozen=True, slots=True)
class CaseView:
    """A case with what each mode said; ``mixed`` where not all are right."""

    id: str
    question: str
    answers: tuple[str, ...]
    gold: tuple[str, ...]
    answerable: bool
    said: tuple[tuple[str, Judged], ...]

    @property
    def right(self) -> int:
        """How many modes are right."""
        return sum(judged.score.right for _, judged in self.said)


def report_page(done: Scorecard) -> str:
    """The page of a scorecard."""
    bot = done.persona.partition("@")[0] or "Wellspoken"
    styles = "\n".join((STATIC / name).read_text("utf-8") for name in _STYLES)
    return _pages(bot).fragment(
        "evaluation_report.html",
        done=done,
        titles=MODES,
        plots=plots(done.cards),
        changes=changes(done),
        cases=cases(done),
        styles=Markup(styles),  # noqa: S704 - our own files
    )


@cache
def _pages(bot: str) -> Pages:
    return Pages(bot)


def plots(cards: Mapping[str, Mapping[str, Any]]) -> list[Plot]:
    """The figures that at least one mode counted."""
    found = []
    for name in (*RATES, *MORE):
        title, meaning = _TITLES[name]
        bars = tuple(_bar(mode, card, name) for mode, card in cards.items())
        if any(bar.value is not None for bar in bars):
            found.append(Plot(title, meaning, name in LESS_IS_BETTER, bars))
    return found


def _bar(mode: str, card: Mapping[str, Any], name: str) -> Bar:
    value = card[name]
    if value is None:
        return Bar(mode, None, 0.0, 0.0, 0)
    low, high = card[f"{name}_ci95"] or (value, value)
    return Bar(mode, 100 * value, 100 * low, 100 * high, card[f"{name}_n"])


def changes(done: Scorecard) -> list[Change]:
    """The differences to the baseline, those that can be told first."""
    if done.baseline is None:
        return []
    found = [
        Change(
            mode, _TITLES[name][0], 100 * each.difference, 100 * each.interval.low,
            100 * each.interval.high, each.verdict, each.n, each.more,
        )
        for mode, told in done.baseline.differences.items()
        for name, each in told.items()
    ]  # fmt: skip
    return sorted(found, key=lambda change: change.verdict == "cannot tell")


def cases(done: Scorecard) -> list[CaseView]:
    """Every case, those that fewest modes got right first."""
    modes = list(done.judged)
    views = [
        CaseView(
            case.id, case.question, case.answers, case.gold, case.answerable,
            tuple((mode, done.judged[mode][n]) for mode in modes),
        )
        for n, case in enumerate(done.suite.cases)
    ]  # fmt: skip
    return sorted(views, key=lambda view: view.right)
