"""Does the style score tell on-voice from off-voice after a few examples?

    python -m benchmarks.bench_style [SET…] [--examples 50] [--seeds 10] [--without-embedder]

For each seed 50 pairs at random are learned from (50 texts in the voice and 50 off it), the others
are judged; no text and no partner of one stands on both sides. ``auc`` is that of the joined score
(rules of a plain persona and classifier), mean and standard deviation over the seeds; ``rules`` the
rules alone, ``model`` the classifier alone, ``pairs`` the share of pairs whose text in the voice
scores higher; ``brier`` of the calibrated probability. ``mixed`` draws 50 and 50 texts without
regard to pairs, so that partners of what was learned are among the judged.

Sets: the first 1,000 pairs of paradetox (rude or not), all of neutral_bias (one word of opinion or
not), and pairs written for three invented brands in ``benchmarks/style_pairs``.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import time
from contextlib import closing
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.open_sets import rows
from benchmarks.reporting import at_least, figure
from bot.ports import Vectors
from knowledge.embedder import BuiltinEmbedder
from persona.profile import default_persona
from persona.style import StyleScorer
from persona.style_features import features
from persona.style_model import READ, Example, auc, train
from persona.styling import Styler

BRANDS = ("fernbank", "halden", "pogo")
OPEN = {"paradetox": "pairs", "neutral_bias": "train"}
MOST = 1_000

Pair = tuple[str, str]


def pairs_of(name: str) -> list[Pair]:
    """Pairs of a set: in the voice, off it."""
    if name in OPEN:
        found = rows(f"{name}/{OPEN[name]}")[:MOST]
        return [(row["on_voice"][0], row["off_voice"]) for row in found]
    path = Path(__file__).parent / "style_pairs" / f"{name}.jsonl"
    found = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    return [(row["on_voice"], row["off_voice"]) for row in found]


class Set:
    """A set with everything that does not hang on what is learned from; texts come pairwise."""

    def __init__(self, pairs: list[Pair], vectors: Vectors | None) -> None:
        texts = [text for pair in pairs for text in pair]
        self.pairs = len(pairs)
        self.on = np.tile([True, False], len(pairs))
        self.examples = [Example(t, i % 2 == 0, group=str(i // 2)) for i, t in enumerate(texts)]
        self.features = [features(text) for text in texts]
        self.vectors = vectors
        scorer = StyleScorer(default_persona())
        self.rules = np.array([scorer.score(text).score for text in texts])

    def vector(self, index: int) -> Vectors | None:
        return None if self.vectors is None else self.vectors[index]

    def measured(self, learned: NDArray[np.int64]) -> dict[str, float]:
        """The figures for what is left after learning from some texts."""
        judged = np.setdiff1d(np.arange(len(self.examples)), learned)
        vectors = None if self.vectors is None else self.vectors[learned]
        model = train([self.examples[i] for i in learned], vectors, embedder="builtin")
        margins = np.array([model.margin(self.features[i], self.vector(i)) for i in judged])
        said = np.array([model.probability(margin) for margin in margins])
        joined = self.rules[judged] * said**model.trust
        on = self.on[judged]
        figures = {
            "auc": auc(joined, on),
            "rules": auc(self.rules[judged], on),
            "model": auc(margins, on),
            "brier": float(np.mean((said - on) ** 2)),
        }
        whole = np.full(len(self.examples), np.nan)
        whole[judged] = joined
        better = whole[0::2] - whole[1::2]
        better = better[~np.isnan(better)]
        figures["pairs"] = float(np.mean((better > 0) + 0.5 * (better == 0)))
        return figures


async def measure(name: str, embedder: BuiltinEmbedder | None, count: int, seeds: int) -> None:
    pairs = pairs_of(name)
    vectors = None
    if embedder is not None:
        vectors = await embedder.embed([text[:READ] for pair in pairs for text in pair])
    each = Set(pairs, vectors)
    by_pair, mixed = [], []
    for seed in range(seeds):
        random = np.random.default_rng(seed)
        chosen = random.permutation(each.pairs)[:count]
        by_pair.append(each.measured(np.concatenate([2 * chosen, 2 * chosen + 1])))
        on, off = (random.permutation(each.pairs)[:count] for _ in range(2))
        mixed.append(each.measured(np.concatenate([2 * on, 2 * off + 1])))
    told = {key: statistics.mean(f[key] for f in by_pair) for key in by_pair[0]}
    spread = statistics.pstdev(f["auc"] for f in by_pair)
    loose = statistics.mean(f["auc"] for f in mixed)
    figure(f"{name}: AUC after {count} examples", told["auc"], unit="share",
           n=each.pairs, bar=at_least(0.85))  # fmt: skip
    print(
        f"{name:13} {each.pairs:5} pairs  auc {told['auc']:.3f} ± {spread:.3f}"
        f"  rules {told['rules']:.3f}  model {told['model']:.3f}  pairs {told['pairs']:.3f}"
        f"  brier {told['brier']:.3f}  mixed {loose:.3f}",
        flush=True,
    )


async def speed(embedder: BuiltinEmbedder) -> None:
    """How long a score takes: the middle and the slowest of 100 answers of about 60 words."""
    pairs = pairs_of("fernbank")
    texts = [" ".join(t for t, _ in pairs[i : i + 6]) for i in range(100)]
    examples = [Example(t, i == 0) for pair in pairs[:50] for i, t in enumerate(pair)]
    vectors = await embedder.embed([e.text[:READ] for e in examples])
    began = time.perf_counter()
    model = train(examples, vectors, embedder=embedder.model)
    trained = time.perf_counter() - began
    styler = Styler(default_persona(), embedder, model=model)
    await styler("Warm up.")
    took, busy = [], time.process_time()
    for text in texts:
        began = time.perf_counter()
        await styler(text)
        took.append(1000 * (time.perf_counter() - began))
    busy = 1000 * (time.process_time() - busy) / len(texts)
    took.sort()
    print(
        f"trained in {trained:.2f} s; a score {took[50]:.1f} ms, the 99th {took[-2]:.1f} ms,"
        f" of the processor {busy:.1f} ms"
    )


async def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("sets", nargs="*", default=[*OPEN, *BRANDS], metavar="SET")
    parser.add_argument("--examples", type=int, default=50)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--without-embedder", action="store_true")
    given = parser.parse_args()
    with closing(BuiltinEmbedder()) as embedder:
        for name in given.sets:
            used = None if given.without_embedder else embedder
            await measure(name, used, given.examples, given.seeds)
        if not given.without_embedder:
            await speed(embedder)


if __name__ == "__main__":
    asyncio.run(main())
