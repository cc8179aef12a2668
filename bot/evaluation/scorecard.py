"""The figures of a mode over a suite, and the differences between two runs. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bot.evaluation.intervals import ratio, wilson
from bot.evaluation.pairing import Pairing, pair
from bot.evaluation.scoring import counted
from bot.evaluation.summary import Figure, summarise
from bot.evaluation.told import Judged

RATES = (
    "accuracy", "hallucination_rate", "abstain_precision", "abstain_recall", "citation_precision",
    "citation_recall", "retrieval_recall_at_5", "consistency", "style",
)  # fmt: skip
"""As the contract has them, in its order."""
MORE = ("f1", "retrieval_precision_at_5", "mrr", "ndcg_at_5")
"""For the page."""
LESS_IS_BETTER = frozenset({"hallucination_rate"})
COSTS = ("cost_usd", "p50_ms", "p95_ms")


def figures(judged: Sequence[Judged]) -> dict[str, Figure]:
    """Every rate of a mode with its interval, in the order of :data:`RATES` and :data:`MORE`."""
    found = summarise([j.score for j in judged]).rates
    same = [sum(r.same for r in j.reworded) for j in judged]
    asked = [len(j.reworded) for j in judged]
    values = [j.values() for j in judged]
    found["consistency"] = Figure.of(ratio(same, asked)) if any(asked) else Figure()
    for name in ("retrieval_recall_at_5", "retrieval_precision_at_5", "mrr", "ndcg_at_5"):
        there = counted([v[name] for v in values])
        found[name] = Figure.of(ratio(there, [1.0] * len(there))) if there else Figure()
    return {name: _spread(found[name]) for name in (*RATES, *MORE)}


def _spread(figure: Figure) -> Figure:
    """Where all cases agree, resampling them shows no spread at all: then Wilson's interval."""
    value, ends = figure.value, figure.interval
    if value is None or ends is None or ends.low < ends.high:
        return figure
    return Figure(value, wilson(value * figure.n, figure.n), figure.n)


def card(judged: Sequence[Judged]) -> dict[str, Any]:
    """A mode as the page shows it: what the contract names, and more."""
    summary = summarise([j.score for j in judged])
    told: dict[str, Any] = {"n": len(judged)}
    for name, figure in figures(judged).items():
        told[name] = None if figure.value is None else round(figure.value, 4)
        told[f"{name}_ci95"] = figure.interval.pair() if figure.interval else None
        told[f"{name}_n"] = figure.n
    return {
        **told,
        "cost_usd": round(summary.cost_usd, 6),
        "p50_ms": summary.p50_ms,
        "p95_ms": summary.p95_ms,
        "errors": summary.errors,
        "prompt_tokens": summary.prompt_tokens,
        "completion_tokens": summary.completion_tokens,
        "kept_back": sum(len(j.told.kept_back) for j in judged),
    }


def printed(whole: Mapping[str, Any]) -> dict[str, Any]:
    """A card as commands print it: exactly what the contract names."""
    told = {"n": whole["n"]}
    for name in RATES:
        told[name], told[f"{name}_ci95"] = whole[name], whole[f"{name}_ci95"]
    return {**told, **{name: whole[name] for name in COSTS}}


def differences(
    now: Mapping[str, Sequence[Mapping[str, Any]]],
    before: Mapping[str, Sequence[Mapping[str, Any]]],
) -> dict[str, dict[str, Pairing]]:
    """What became of each rate in each mode that both runs have, over the cases that both have.

    Cases are records as :meth:`bot.evaluation.told.Judged.record` has them; the same id with
    another question is another case.
    """
    found: dict[str, dict[str, Pairing]] = {}
    for mode in (m for m in now if m in before):
        known = {(c["id"], c["question"]): c["values"] for c in before[mode]}
        pairs = [
            (c["values"], known[key])
            for c in now[mode]
            if (key := (c["id"], c["question"])) in known
        ]
        found[mode] = {}
        for name in RATES:
            told = pair(
                [a[name] for a, _ in pairs],
                [b[name] for _, b in pairs],
                less_is_better=name in LESS_IS_BETTER,
            )
            if told is not None:
                found[mode][name] = told
    return found
