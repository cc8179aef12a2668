"""The built-in check on the open groundedness sets, and what it costs.

    python -m benchmarks.bench_grounding

The shipped scales were fitted on these sets (the encoder never saw them), so the accuracies here
are those of known sets; on sets left out: ``python -m benchmarks.train_grounding``. The time is
that of an answer of five sentences over six passages of about 1,000 characters, on one core; the
wall's, so that the machine must be quiet.
"""

from __future__ import annotations

import asyncio
import statistics
import time

import numpy as np

from benchmarks.grounded_answers import JUDGED, Answer, every_set
from benchmarks.open_sets import rows
from benchmarks.reporting import at_most, figure
from bot.guardrails import ground
from bot.sentences import split
from knowledge.grounding import BuiltinGrounder
from knowledge.statements import read_passage


async def supported(answers: list[Answer], grounder: BuiltinGrounder) -> np.ndarray:
    found = [await ground(grounder, a.response, a.passages, a.question) for a in answers]
    return np.array([f.supported for f in found])


async def milliseconds(answers: int = 200) -> tuple[float, float]:
    """p50 and p95 of opening six passages unseen before and checking five sentences."""
    texts = [row["text"][:1_000] for row in rows("squad2/corpus")]
    grounder = BuiltinGrounder()
    await grounder.open(texts[:1]).check("The model is loaded before the clock starts.")
    taken = []
    for at in range(answers):
        passages = [texts[(at * 7 + i) % len(texts)] for i in range(6)]
        units = [u.text for p in passages[1:] for u in split(p)][:5]
        answer = " ".join(u.replace(" the ", " this ") for u in units)
        read_passage.cache_clear()
        begun = time.perf_counter()
        await ground(grounder, answer, passages)
        taken.append((time.perf_counter() - begun) * 1_000)
    return statistics.median(taken), float(np.quantile(taken, 0.95))


async def main() -> None:
    print(f"{'set':18}{'n':>6}{'passed':>8}{'caught':>8}{'balanced':>10}")
    means, grounder = [], BuiltinGrounder()
    for name, answers in every_set().items():
        passed = await supported(answers, grounder)
        right = np.array([a.supported for a in answers])
        wrong = np.array([not a.supported and not a.generic for a in answers])
        kept, caught = passed[right].mean(), (~passed)[wrong].mean()
        if name in JUDGED:
            means.append((kept + caught) / 2)
        figure(f"{name}, balanced accuracy, as shipped", (kept + caught) / 2, unit="share",
               n=len(answers))  # fmt: skip
        print(f"{name:18}{len(answers):6}{kept:8.2f}{caught:8.2f}{(kept + caught) / 2:10.3f}")
    figure("mean, balanced accuracy, as shipped", float(np.mean(means)), unit="share")
    print(f"{'mean of judged':18}{'':22}{np.mean(means):10.3f}")
    p50, p95 = await milliseconds()
    told = "five sentences over six passages never seen, p50"
    figure(told, p50, unit="ms", bar=at_most(60), speed=True)
    print(f"five sentences, six unseen passages: p50 {p50:.1f} ms, p95 {p95:.1f} ms")


if __name__ == "__main__":
    asyncio.run(main())
