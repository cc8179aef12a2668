"""The figures of a mode over a suite, and the differences between two runs. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bot.evaluation.calibration import calibrate, check_points, confusion, router_points
from bot.evaluation.charging import charged, stages
from bot.evaluation.intervals import mean_share, share
from bot.evaluation.pairing import Pairing, pair
from bot.evaluation.scoring import counted
from bot.evaluation.summary import Figure, summarise
from bot.evaluation.told import Judged, Reworded

RATES = (
    "accuracy", "hallucination_rate", "abstain_precision", "abstain_recall", "citation_precision",
    "citation_recall", "retrieval_recall_at_5", "consistency", "style",
)  # fmt: skip
"""As the contract has them, in its order."""
MORE = ("f1", "retrieval_precision_at_5", "mrr", "ndcg_at_5")
"""Of every run, besides."""
FURTHER = (
    "claim_coverage", "consistency_over_runs", "routing_accuracy", "judge_accuracy",
    "judge_hallucination_rate",
)  # fmt: skip
"""Of runs that ask for it: key claims covered, of the right answer; the same words asked again
(``--repeat``); the router against the labels of a suite (``auto``); a judge (``--judge``)."""
LESS_IS_BETTER = frozenset({"hallucination_rate", "judge_hallucination_rate"})
COSTS = ("cost_usd", "p50_ms", "p95_ms")
_MEANS = (
    "retrieval_recall_at_5", "retrieval_precision_at_5", "mrr", "ndcg_at_5", "claim_coverage",
)  # fmt: skip
_SHARES = ("routing_accuracy", "judge_accuracy", "judge_hallucination_rate")


def figures(judged: Sequence[Judged]) -> dict[str, Figure]:
    """Every rate of a mode with its interval, in the order of :data:`RATES`, :data:`MORE` and
    :data:`FURTHER`."""
    found = summarise([j.score for j in judged]).rates
    values = [j.values() for j in judged]
    found["consistency"] = _same([j.reworded for j in judged])
    found["consistency_over_runs"] = _same([j.repeated for j in judged])
    for name in _MEANS:
        there = counted([v[name] for v in values])
        found[name] = Figure.of(mean_share(there)) if there else Figure()
    for name in _SHARES:
        found[name] = Figure.rate([v[name] == 1 for v in values if v[name] is not None])
    return {name: found[name] for name in (*RATES, *MORE, *FURTHER)}


def _same(others: Sequence[Sequence[Reworded]]) -> Figure:
    """The share of further askings that got the same, those of a case together."""
    asked = [len(each) for each in others]
    same = [sum(other.same for other in each) for each in others]
    return Figure.of(share(same, asked)) if any(asked) else Figure()


def card(judged: Sequence[Judged]) -> dict[str, Any]:
    """A mode as it is kept: what the contract names, and more.

    Beside each figure stand ``…_ci95`` and ``…_n``, the cases behind it. ``stages`` has the latency
    by stage; ``calibration`` that of the ``router`` and of the ``check``; ``confusion`` the routes
    taken by the suite's labels; ``models`` who was charged for what, for every question asked, the
    judge among them. Tokens and ``cost_usd`` are those of the first answers alone, without the
    judge: what answering costs.
    """
    summary = summarise([j.score for j in judged])
    told: dict[str, Any] = {"n": len(judged)}
    for name, figure in figures(judged).items():
        told[name] = None if figure.value is None else round(figure.value, 4)
        told[f"{name}_ci95"] = figure.interval.pair() if figure.interval else None
        told[f"{name}_n"] = figure.n
    cases = [j.record() for j in judged]
    return {
        **told,
        "cost_usd": round(summary.cost_usd, 6),
        "p50_ms": summary.p50_ms,
        "p95_ms": summary.p95_ms,
        "errors": summary.errors,
        "prompt_tokens": summary.prompt_tokens,
        "completion_tokens": summary.completion_tokens,
        "kept_back": sum(len(j.told.kept_back) for j in judged),
        "stages": stages([j.told.timings_ms for j in judged if not j.told.error]),
        "calibration": {
            "router": calibrate(router_points(cases)).json(),
            "check": calibrate(check_points(cases)).json(),
        },
        "confusion": confusion(cases),
        "models": charged(judged),
    }


def printed(whole: Mapping[str, Any]) -> dict[str, Any]:
    """A card as commands print it: what the contract names, in its order, then the rest."""
    told = {"n": whole["n"]}
    for name in RATES:
        told[name], told[f"{name}_ci95"] = whole[name], whole[f"{name}_ci95"]
    return {**told, **{name: whole[name] for name in COSTS}, **{k: whole[k] for k in whole}}


def compared(record: Mapping[str, Any]) -> Mapping[str, Any]:
    """What :func:`differences` needs of a case, so that its answers and sources need not stay in
    memory."""
    return {name: record[name] for name in ("id", "question", "values")}


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
