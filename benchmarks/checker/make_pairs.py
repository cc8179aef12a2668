"""Makes the training pairs of the checker from the open sets.

Run: ``python -m benchmarks.checker.make_pairs --data ../shared/data --out DIR [--seed 7]``
(some minutes on one core). It writes ``claims.jsonl.gz`` and ``questions.jsonl.gz`` and prints
how many pairs of each set, kind and label there are; ``stances/claims.jsonl.gz`` beside them is
for ``tune.py``. What the sets are and under which licences:
``sources.py`` and docs/checker.md.
"""

from __future__ import annotations

import argparse
import random
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.checker.answers import (
    answered_claims,
    history_claims,
    judged_claims,
    rated_claims,
    reference_claims,
)
from benchmarks.checker.claims import made_claims
from benchmarks.checker.pairs import ClaimPair, Pair, report, said, write
from benchmarks.checker.questions import every_question
from benchmarks.checker.records import business_claims
from benchmarks.checker.sources import Pool, Sets, corpora
from benchmarks.checker.stances import stance_claims
from benchmarks.checker.tables import table_claims


def every_claim(sets: Sets, pools: dict[str, Pool], seed: int) -> Iterator[ClaimPair]:
    """All claims, set after set."""
    yield from made_claims(pools, seed)
    yield from reference_claims(sets, pools, seed)
    yield from answered_claims(sets, pools, seed)
    yield from history_claims(sets, seed)
    yield from judged_claims(sets, pools, seed)
    yield from rated_claims(sets)
    yield from business_claims(seed)
    yield from table_claims(sets, seed)


def agreed(pairs: list[Pair]) -> list[Pair]:
    """Without what came out both right and wrong for the same evidence."""
    labels: dict[tuple[tuple[str, ...], str], set[int]] = {}
    for pair in pairs:
        labels.setdefault((pair.evidence, said(pair)), set()).add(pair.label)
    return [pair for pair in pairs if len(labels[pair.evidence, said(pair)]) == 1]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--data", type=Path, required=True, help="folder of the open sets")
    parser.add_argument("--out", type=Path, required=True, help="where the two files go")
    parser.add_argument("--seed", type=int, default=7)
    chosen = parser.parse_args()
    start = time.monotonic()
    sets = Sets(chosen.data)
    pools = corpora(sets, chosen.seed)
    made: dict[str, Iterator[Pair]] = {
        "claims": every_claim(sets, pools, chosen.seed),
        "questions": every_question(sets, pools, chosen.seed),
    }
    for name, found in made.items():
        pairs = list(dict.fromkeys(found))
        random.Random(chosen.seed).shuffle(pairs)
        pairs = agreed(pairs)
        write(chosen.out / f"{name}.jsonl.gz", pairs)
        print(report(name, pairs))
        if name == "claims":
            claims = [p for p in pairs if isinstance(p, ClaimPair)]
            again = list(stance_claims(claims, chosen.seed))
            write(chosen.out / "stances" / "claims.jsonl.gz", again)
            print(report("stances", again))
        print(f"{time.monotonic() - start:.0f} s")


if __name__ == "__main__":
    main()
