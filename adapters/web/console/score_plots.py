"""The plots of a scorecard, for the page that stands alone and for the console. Pure.

``cards`` are the figures by mode as :func:`bot.evaluation.scorecard.card` has them and as a run is
kept; ``records`` the cases by mode as :mod:`bot.evaluation.told` writes them. What an older run
did not keep is left out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from adapters.web.plotting import (
    Bin,
    Plot,
    Reading,
    Spot,
    against,
    bars,
    confusion,
    reliability,
    stacked,
    told,
    trend,
)
from bot.evaluation.intervals import wilson

Card = Mapping[str, Any]
Cards = Mapping[str, Card]
Record = Mapping[str, Any]
Records = Mapping[str, Sequence[Record]]

MODES = {
    "rag": "Retrieval, plainly",
    "voice": "The voice alone",
    "hybrid": "Retrieval and voice",
    "auto": "As the router decides",
}
"""The modes in words."""

FIGURES: dict[str, tuple[str, str]] = {
    "accuracy": ("Accuracy", "cases answered right, or refused where nothing answers"),
    "f1": ("Word F1", "words shared with the nearest right answer"),
    "claim_coverage": ("Claim coverage", "of what a right answer says, the share that was said"),
    "consistency": ("Consistency", "paraphrases with the same outcome and facts"),
    "consistency_over_runs": ("Same again", "further runs of the same words with the same facts"),
    "style": ("Style", "how well answers keep to the persona"),
    "hallucination_rate": (
        "Hallucination rate",
        "answered cases with a claim nothing carries; less is better",
    ),
    "judge_hallucination_rate": (
        "Hallucination rate, by the judge",
        "answered cases with a claim that the judge finds nowhere; less is better",
    ),
    "judge_accuracy": ("Accuracy, by the judge", "cases that the judge calls right"),
    "abstain_precision": ("Abstain precision", "refused cases that cannot be answered"),
    "abstain_recall": ("Abstain recall", "cases without an answer that were refused"),
    "citation_precision": ("Citation precision", "cited documents that answer"),
    "citation_recall": ("Citation recall", "documents that answer and were cited"),
    "retrieval_recall_at_5": ("Recall at 5", "documents that answer, found in 5 passages"),
    "retrieval_precision_at_5": ("Precision at 5", "passages of 5 that answer"),
    "mrr": ("Reciprocal rank", "one over the place of the first passage that answers, the mean"),
    "ndcg_at_5": ("nDCG at 5", "the order of the passages, 1 is best"),
    "routing_accuracy": ("Routing", "cases that took the route that the suite names"),
}
"""Each figure's name and what it counts."""

_GROUPS = (
    ("Answers", ("accuracy", "judge_accuracy", "claim_coverage", "f1")),
    ("Said again", ("consistency", "consistency_over_runs")),
    ("Invention", ("hallucination_rate", "judge_hallucination_rate")),
    ("Refusals", ("abstain_precision", "abstain_recall")),
    ("Citations", ("citation_precision", "citation_recall")),
    ("Retrieval", ("retrieval_recall_at_5", "retrieval_precision_at_5", "mrr", "ndcg_at_5")),
    ("Style", ("style",)),
)
_OVER_TIME = ("accuracy", "hallucination_rate")
_MANY = 1_000
"""Questions that a cost is told for: a single one costs too little to read."""


@dataclass(frozen=True, slots=True)
class Section:
    """Plots under one heading."""

    title: str
    lead: str
    plots: tuple[Plot, ...]


@dataclass(frozen=True, slots=True)
class Past:
    """A run of the suite; ``label`` says when, ``cards`` its figures by mode, ``other`` whether
    its questions were not the same."""

    label: str
    cards: Cards
    other: bool = False


def sections(cards: Cards, records: Records, past: Sequence[Past] = ()) -> list[Section]:
    """Every plot that there are figures for, under headings. ``past`` is from the oldest run to
    this one, which it ends with."""
    found = (
        Section(
            "Modes side by side",
            "A bar is the figure, the line on it its 95% interval: where the lines overlap widely, "
            "more questions are needed to tell the modes apart.",
            (*overview(cards), *outcomes(records)),
        ),
        Section(
            "What it costs",
            "What an answer takes, in money and time.",
            cost(cards),
        ),
        Section(
            "Is it as sure as it is right?",
            "On the dashed line, what is said with 80% confidence is right 8 times of 10. Below "
            "it, the bot is too sure of itself.",
            confidence(cards),
        ),
        Section(
            "Where questions were sent",
            "Whether the router chose well.",
            routes(cards, records),
        ),
        Section(
            "Over time",
            "Runs of this suite, from the oldest to this one; the band is the 95% interval.",
            over_time(past),
        ),
    )
    return [section for section in found if section.plots]


def overview(cards: Cards) -> tuple[Plot, ...]:
    """The figures that at least one mode counted, in groups."""
    plots = []
    for title, names in _GROUPS:
        there = [n for n in names if any(card.get(n) is not None for card in cards.values())]
        if not there:
            continue
        words = {FIGURES[n][0]: FIGURES[n][1] for n in there}
        series = {mode: [Reading.of(card, n) for n in there] for mode, card in cards.items()}
        if len(there) > 1:
            plots.append(bars(title, "", list(words), series, hints=words))
        else:
            plots.append(_alone(*FIGURES[there[0]], series))
    return tuple(plots)


def _alone(title: str, meaning: str, series: Mapping[str, Sequence[Reading]]) -> Plot:
    """A single figure: its title says what its bars are, no word under them is needed."""
    plot = bars(title, meaning, [title], series)
    return {**plot, "draw": {**plot["draw"], "labels": [""]}}


def outcomes(records: Records) -> tuple[Plot, ...]:
    """How the cases ended, mode by mode."""
    if not any(records.values()):
        return ()
    ends = ("right", "rightly refused", "refused, but known", "wrong", "failed")
    counts = {
        mode: [sum(_end(record) == end for record in found) for end in ends]
        for mode, found in records.items()
    }
    series = {
        end: [float(counts[mode][n]) for mode in records]
        for n, end in enumerate(ends)
        if any(counts[mode][n] for mode in records)
    }
    tones = dict(zip(ends, (1, 3, 5, 2, 6), strict=True))
    return (
        stacked("How cases ended", "", list(records), series, tones=tones),
    )  # fmt: skip


def _end(record: Record) -> str:
    if record["told"]["error"]:
        return "failed"
    if record["refused"]:
        return "rightly refused" if record["right"] else "refused, but known"
    return "right" if record["right"] else "wrong"


def cost(cards: Cards) -> tuple[Plot, ...]:
    """Accuracy against the price of a thousand questions, and how long an answer takes."""
    plots = []
    spots = [
        Spot(mode, _MANY * card["cost_usd"] / card["n"], Reading.of(card, "accuracy"))
        for mode, card in cards.items()
        if card.get("n")
    ]
    if any(spot.x for spot in spots):
        plots.append(
            against(
                "Accuracy against cost",
                "the best mode is up and to the left: right more often, for less",
                spots,
                x_title=f"cost of {_MANY:,} questions",
                y_title="accuracy",
            )
        )
    times = {
        mode: [Reading(card.get("p50_ms"), n=card["n"]), Reading(card.get("p95_ms"), n=card["n"])]
        for mode, card in cards.items()
    }
    if any(reading.value is not None for found in times.values() for reading in found):
        plots.append(
            bars(
                "Time for an answer",
                "with several questions asked at once",
                ["Median", "95th percentile"],
                times,
                unit="milliseconds",
            )
        )
    return tuple(plots)


def confidence(cards: Cards) -> tuple[Plot, ...]:
    """The reliability of the router's and of the check's confidence."""
    router = {
        "The router": (
            "how often a question went where the suite says, by how sure the router was",
            _calibrations(cards, "router"),
        )
    }
    check = {
        f"The check, {MODES[mode].lower()}": (
            "how often an answer was right, by what the check gave its weakest claim",
            {mode: found},
        )
        for mode, found in _calibrations(cards, "check").items()
    }
    return tuple(
        reliability(
            title,
            meaning,
            {mode: _bins(each) for mode, each in found.items()},
            note=" ".join(_calibrated(each) for each in found.values()),
        )
        for title, (meaning, found) in {**router, **check}.items()
        if found
    )


def _calibrations(cards: Cards, whose: str) -> dict[str, Card]:
    """By mode, where there is anything to tell."""
    told = {mode: (card.get("calibration") or {}).get(whose) for mode, card in cards.items()}
    return {mode: found for mode, found in told.items() if found and found["n"]}


def _bins(found: Card) -> list[Bin]:
    bins = []
    for each in found["bins"]:
        if each["n"]:
            low, high = each["right_ci95"] or (None, None)
            bins.append(Bin(each["confidence"], Reading(each["right"], low, high, each["n"])))
    return bins


def _calibrated(found: Card) -> str:
    """The errors in words; 0 is best in both."""
    error, brier = (_ranged(found[name], found[f"{name}_ci95"]) for name in ("ece", "brier"))
    return f"Calibration error (ECE) {error}, Brier score {brier}, of {found['n']:,} questions."


def _ranged(value: float | None, ends: Sequence[float] | None) -> str:
    words = "–" if value is None else f"{value:.3f}"
    return f"{words} ({ends[0]:.3f} to {ends[1]:.3f})" if ends else words


def routes(cards: Cards, records: Records) -> tuple[Plot, ...]:
    """The router's confusion where cases say their route; and which mode would have been right."""
    asked, card = records.get("auto", ()), cards.get("auto", {})
    plots = []
    counts = card.get("confusion") or {}
    if counts:
        taken = sorted({*counts, *(route for row in counts.values() for route in row)})
        share = Reading.of(card, "routing_accuracy")
        plots.append(
            confusion(
                "Routes",
                "a row is the route that the suite names, a column the one that was taken",
                list(counts),
                taken,
                {(a, b): n for a, row in counts.items() for b, n in row.items()},
                corner="Should be",
                note=f"Right {told(share, 'share')} of {share.n:,} questions.",
            )
        )
    modes = [mode for mode in records if mode != "auto"]
    if asked and len(modes) > 1:
        plots.append(_better(asked, records, modes))
    return tuple(plots)


def _better(asked: Sequence[Record], records: Records, modes: Sequence[str]) -> Plot:
    """How often each mode was right on the questions that the router sent along each route."""
    right = {mode: {record["id"]: record["right"] for record in records[mode]} for mode in modes}
    by_route: dict[str, list[str]] = {}
    for record in asked:
        by_route.setdefault(record["told"]["route"] or "none", []).append(record["id"])
    taken = sorted(by_route)
    return bars(
        "What each mode made of them",
        "the questions of a route, and how often each mode was right on them",
        [f"to {route} ({len(by_route[route])})" for route in taken],
        {mode: [_share([right[mode][i] for i in by_route[r]]) for r in taken] for mode in modes},
    )


def _share(right: Sequence[bool]) -> Reading:
    ends = wilson(sum(right), len(right))
    if ends is None:
        return Reading()
    return Reading(sum(right) / len(right), ends.low, ends.high, len(right))


def over_time(past: Sequence[Past]) -> tuple[Plot, ...]:
    """What became of the figures over the runs of a suite; nothing of one run alone."""
    if len(past) < 2:
        return ()
    labels = [f"{run.label} *" if run.other else run.label for run in past]
    note = "* The suite had other questions then." if any(run.other for run in past) else ""
    modes = list(dict.fromkeys(mode for run in past for mode in run.cards))
    plots = []
    for name in _OVER_TIME:
        series = {mode: [Reading.of(r.cards.get(mode, {}), name) for r in past] for mode in modes}
        series = {
            m: found for m, found in series.items() if any(r.value is not None for r in found)
        }
        if series:
            plots.append(trend(*FIGURES[name], labels, series, moment="Run", note=note))
    return tuple(plots)
