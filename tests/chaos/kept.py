"""Results between runs: a long run may be made in parts, and reported as one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path

import orjson

from tests.chaos.judging import Counts
from tests.chaos.scenarios import SCENARIOS, Result


def write_line(file: Path, result: Result) -> None:
    """Add a result to a file."""
    kept = asdict(result.counts) | {"sentences": dict(result.counts.sentences)}
    line = {
        "scenario": result.scenario.name,
        "seed": result.seed,
        "ended": result.ended,
        "seconds": result.seconds,
        "counts": kept,
        "first_answers": result.first_answers,
        "waits": result.waits,
        "setting": result.setting,
        "busy": result.busy,
    }
    with file.open("ab") as lines:
        lines.write(orjson.dumps(line) + b"\n")


def read(files: Iterable[Path]) -> list[Result]:
    """The results in some files, in the order of the scenarios, then of their ends."""
    named = {each.name: each for each in SCENARIOS}
    order = list(named)
    found = []
    for line in (line for file in files for line in file.read_bytes().splitlines()):
        known = orjson.loads(line)
        counts = Counts(**known.pop("counts"))
        counts.sentences = Counter(counts.sentences)
        found.append(Result(named[known.pop("scenario")], counts=counts, **known))
    return sorted(found, key=lambda result: (order.index(result.scenario.name), result.ended))
