"""How often the canary's test calls a canary worse, and after how many turns (docs/releasing.md).

    python benchmarks/bench_canary.py

Takes about six minutes. Nothing is stored; turns are drawn with fixed seeds.
"""

from __future__ import annotations

import random
from collections.abc import Mapping

from benchmarks.reporting import at_most, proportion
from persona.canary import Side
from persona.canary_reading import (
    ERRORS,
    PERSON,
    THUMBS,
    UNKNOWN,
    UNSUPPORTED,
    Finding,
    Limits,
    TurnSeen,
    reading,
)

USUAL = {THUMBS: 0.15, UNSUPPORTED: 0.08, UNKNOWN: 0.12, PERSON: 0.04, ERRORS: 0.01}
RATED = 0.3
HARMS: Mapping[str, tuple[Mapping[str, float], float]] = {
    "thumbs down 45%": ({THUMBS: 0.45}, 1.0),
    "unsupported 30%": ({UNSUPPORTED: 0.3}, 1.0),
    "not known 35%": ({UNKNOWN: 0.35}, 1.0),
    "model errors 20%": ({ERRORS: 0.2}, 1.0),
    "no answer at all": ({ERRORS: 1.0}, 1.0),
    "three times as slow": ({}, 3.0),
    "twice as slow": ({}, 2.0),
}


def drawn(
    rng: random.Random, n: int, share: float, harm: Mapping[str, float], slow: float
) -> list[TurnSeen]:
    """Turns in threads of their own; ``harm`` are the canary's chances that are others."""
    turns = []
    for k in range(n):
        side = Side.CANARY if rng.random() < share else Side.LIVE
        bad = {}
        for name, usual in USUAL.items():
            if name == THUMBS and rng.random() > RATED:
                continue
            chance = harm.get(name, usual) if side is Side.CANARY else usual
            bad[name] = float(rng.random() < chance)
        ms = rng.lognormvariate(7, 0.5) * (slow if side is Side.CANARY else 1.0)
        turns.append(TurnSeen(f"thread{k}", side, bad, ms))
    return turns


def found_after(turns: list[TurnSeen], step: int) -> int | None:
    """After how many turns it is called worse, looked at every ``step``; ``None``: never."""
    for n in range(step, len(turns) + 1, step):
        if reading(turns[:n], Limits()).finding is Finding.WORSE:
            return n
    return None


def main() -> None:
    """Print both tables."""
    for share in (0.1, 0.5):
        rng = random.Random(5)
        wrong = sum(
            found_after(drawn(rng, 1000, share, {}, 1.0), 50) is not None for _ in range(400)
        )
        told = f"share {share}: canaries without harm that were stopped"
        proportion(told, wrong, 400, bar=at_most(0.05))
        print(f"sameness, share {share}: called worse in {wrong} of 400")
    for share in (0.1, 0.2, 0.5):
        for name, (harm, slow) in HARMS.items():
            rng = random.Random(6)
            looked = [found_after(drawn(rng, 2000, share, harm, slow), 25) for _ in range(40)]
            found = sorted(n for n in looked if n is not None)
            median = found[len(found) // 2] if found else None
            print(f"{name}, share {share}: found in {len(found)} of 40, after {median} turns")


if __name__ == "__main__":
    main()
