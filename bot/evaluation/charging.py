"""What the answers of a mode took: time by stage, tokens and price by model. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from statistics import median
from typing import Any

from bot.conversation import Usage
from bot.evaluation.summary import quantile
from bot.evaluation.told import Judged


def stages(timings_ms: Iterable[Mapping[str, float]]) -> dict[str, dict[str, float]]:
    """The median and the 95th percentile of each stage in ms, over the answers that went through
    it, in the order of the stages."""
    found: dict[str, list[float]] = {}
    for each in timings_ms:
        for stage, ms in each.items():
            found.setdefault(stage, []).append(ms)
    return {
        stage: {
            "p50_ms": round(median(times), 1),
            "p95_ms": round(quantile(sorted(times), 0.95), 1),
            "n": len(times),
        }
        for stage, times in found.items()
    }


def charged(judged: Sequence[Judged]) -> dict[str, dict[str, Any]]:
    """What each model was charged for a mode: first answers, paraphrases, repeats, judgements.

    ``{model: {asked, prompt_tokens, completion_tokens, cost_usd}}``; whoever charges nothing is
    left out. Usage of a turn is under the model that answered it in the end.
    """
    sums: dict[str, tuple[int, Usage]] = {}
    for model, usage in _charges(judged):
        if usage != Usage():
            asked, before = sums.get(model, (0, Usage()))
            sums[model] = asked + 1, before + usage
    return {
        model: {
            "asked": asked,
            "prompt_tokens": usage.prompt_tokens,
            "completion_tokens": usage.completion_tokens,
            "cost_usd": round(usage.cost_usd, 9),
        }
        for model, (asked, usage) in sorted(sums.items())
    }


def _charges(judged: Sequence[Judged]) -> Iterator[tuple[str, Usage]]:
    for each in judged:
        for told in (each.told, *(other.told for other in (*each.reworded, *each.repeated))):
            yield told.model, told.usage
        if each.told.judgement:
            yield each.told.judgement.model, each.told.judgement.usage
