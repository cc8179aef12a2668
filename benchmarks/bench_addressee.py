"""The addressee decision: precision and recall on the written cases, and on open sets.

The development set is what the rules were made on. Each of the others was looked at once with rules
that had not seen it, and is known since: the line "first look" is what to expect of the unseen, the
table is what the rules do now. The open sets have no threads of several people,
so each message is put into one: as a follow-up of the asker (to be answered), as the same sentence
after somebody else has spoken up (to be left alone), and as the opening of a channel with
``reply_when = "addressed"``.

    python -m benchmarks.bench_addressee [--data ../shared/data] [--misses]
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from benchmarks.open_sets import lines
from benchmarks.reporting import figure, proportion
from bot.addressee import Said, decide
from tests.unit.bot.addressee_cases import FIRST_LOOK, NAMES, NOW, SETS, Case, earlier, read

FOLLOWING = "ann>bot -2m, bot -1m"
AMONG = "ann>bot -9m, bot -8m, ben -2m"


def share(part: int, whole: int) -> str:
    return f"{part / whole:6.3f}" if whole else f"{'-':>6}"


def row(name: str, cases: Sequence[Case]) -> str:
    met = [(case.answer, case.decide().answer) for case in cases]
    right = sum(wanted and answered for wanted, answered in met)
    wrong = sum(answered and not wanted for wanted, answered in met)
    missed = sum(wanted and not answered for wanted, answered in met)
    return counts(name, len(cases), right, wrong, missed)


def counts(name: str, cases: int, right: int, wrong: int, missed: int) -> str:
    return (
        f"{name:28}{cases:6}{right:8}{wrong:8}{missed:8}"
        f"   {share(right, right + wrong)}    {share(right, right + missed)}"
    )


def written(misses: bool) -> None:
    head = f"{'':28}{'cases':>6}{'right':>8}{'wrong':>8}{'missed':>8}   precision recall"
    every = []
    for name in SETS:
        cases = read(name)
        every += cases
        print(f"\n{name}\n{head}")
        kinds = defaultdict(list)
        for case in cases:
            kinds[case.kind].append(case)
        for kind, of_kind in sorted(kinds.items()):
            print(row(kind, of_kind))
        print(row("all", cases))
        if name in FIRST_LOOK:
            print(counts("first look", len(cases), *FIRST_LOOK[name]))
        for case in cases if misses else ():
            decision = case.decide()
            if decision.answer != case.answer:
                print(f"  {case.id} {case.said.text!r}: {'; '.join(decision.reasons)}")
    print("\n" + row("all sets", every))
    right = sum(case.decide().answer == case.answer for case in every)
    proportion("written cases decided rightly, now", right, len(every))


def texts(path: Path, *names: str) -> list[str]:
    return [next(row[name] for name in names if name in row) for row in lines(path)]


def asked_last(path: Path) -> list[str]:
    return [row["messages"][-1]["text"] for row in lines(path)]


def answered(messages: Sequence[str], before: str, *, at_the_top: bool = False) -> str:
    told = earlier(before)
    count = sum(
        decide(
            Said(text, "ann", NOW, for_bot=False, in_thread=not at_the_top),
            told,
            reply_when="addressed" if at_the_top else "mentioned",
            names=NAMES,
            taking_part=not at_the_top,
        ).answer
        for text in messages
    )
    return share(count, len(messages))


def open_sets(data: Path) -> None:
    print(f"\n{'answered':28}{'texts':>6}   follow-up   among people   top of a channel")
    sets = {
        "mtrag, last turns": asked_last(data / "mtrag/tasks.jsonl.gz"),
        "mtrag, follow-ups": texts(data / "mtrag/rewrites.jsonl.gz", "question"),
        "ikat, turns": texts(data / "ikat/ikat2023.jsonl.gz", "question"),
        "canard, follow-ups": texts(data / "canard/rewrites.jsonl.gz", "question"),
        "banking77": texts(data / "banking77/train.jsonl.gz", "text"),
        "bitext": texts(data / "bitext_support/train.jsonl.gz", "text", "instruction")[:5_000],
    }
    for name, messages in sets.items():
        print(
            f"{name:28}{len(messages):6}   {answered(messages, FOLLOWING):>9}"
            f"   {answered(messages, AMONG):>12}   {answered(messages, '', at_the_top=True):>16}"
        )


def milliseconds() -> None:
    cases = [case for name in SETS for case in read(name)]
    took = []
    for _ in range(20):
        for case in cases:
            start = time.perf_counter()
            case.decide()
            took.append((time.perf_counter() - start) * 1e3)
    cuts = statistics.quantiles(took, n=100)
    figure("a decision, p50", cuts[49], unit="ms", speed=True)
    print(f"\n{'a decision, ms':28}p50 {cuts[49]:.3f}   p99 {cuts[98]:.3f}")
    long = ["thanks, " * 1_250, "\n \t" * 3_333, "Ben, " * 2_000, "```" * 3_333, "y" * 10_000]
    slowest = 0.0
    for text in long:
        start = time.perf_counter()
        answered([text], FOLLOWING)
        slowest = max(slowest, (time.perf_counter() - start) * 1e3)
    print(f"{'10,000 characters, ms':28}at most {slowest:.1f}")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--misses", action="store_true", help="print the cases that are not met")
    options = parser.parse_args()
    written(options.misses)
    if options.data.is_dir():
        open_sets(options.data)
    milliseconds()


if __name__ == "__main__":
    main()
