"""What ``python -m benchmarks`` runs: every ``bench_*.py``, and the open sets as suites.

A new ``bench_*.py`` is found by its name and run without arguments; it is listed here where it
wants others, more time, or something that is not everywhere.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.open_sets import data_folder
from benchmarks.suites.catalogue import SETS, missing

SUITE = "suite_"
_FOLDER = Path(__file__).parent
_PREFIX = "bench_"
_MINUTES = 10.0
DATA = "{data}"
"""Stands for the folder of the open sets in arguments."""


@dataclass(frozen=True)
class Plan:
    """How a benchmark is run; ``quick`` are the arguments of a quick look, ``None``: the same.

    ``open_sets``: it cannot run without them. ``minutes``: it is stopped after. ``usual``: it is
    run without being named; one that takes hours is not.
    """

    arguments: Sequence[str] = ()
    quick: Sequence[str] | None = None
    open_sets: bool = False
    minutes: float = _MINUTES
    usual: bool = True


_SETS = Plan(open_sets=True)
_WITH_DATA = Plan(("--data", DATA), open_sets=True)
_PLANS: dict[str, Plan] = {
    "abstaining": _SETS,
    "abuse": _WITH_DATA,
    "addressee": _WITH_DATA,
    "clarifying": _SETS,
    "cluster": Plan(quick=("--chunks", "300"), minutes=30),
    "console": Plan(quick=("--turns", "20000", "--databases", "sqlite"), minutes=120, usual=False),
    "costs": Plan(
        ("--data", DATA), ("--data", DATA, "--messages", "200"), open_sets=True, minutes=30
    ),
    "curation": Plan((DATA,), (DATA, "5000"), open_sets=True, minutes=30),
    "disagreement": Plan(open_sets=True, minutes=20),
    "discord": Plan(quick=("--seconds", "5")),
    "docs_search": Plan(("--data", DATA), ("--data", DATA, "--sets", "docs_wsl"), open_sets=True),
    "evaluate": Plan(quick=("--questions", "50"), minutes=20),
    "evidence": Plan(
        ("--data", DATA), ("--data", DATA, "--sets", "docs_wsl"), open_sets=True, minutes=30
    ),
    "gaps": Plan(("quality", DATA), open_sets=True, minutes=20),
    "grounding": _SETS,
    "load": Plan(quick=("--rates", "10", "--seconds", "5", "--chunks", "2000")),
    "ingest": Plan(quick=("--pages", "100")),
    "injection": Plan(quick=("--quick",), open_sets=True, minutes=20),
    "parts": Plan(open_sets=True, minutes=20),
    "peers": Plan(quick=("--passages", "500", "--turns", "10"), minutes=40),
    "privacy": Plan((DATA,), open_sets=True),
    "refusal": Plan((), ("northwind", "sample"), open_sets=True, minutes=30),
    "retrieval": Plan(
        ("--data", DATA), ("--data", DATA, "--sets", "docs_wsl"), open_sets=True, minutes=60
    ),
    "rewrite": Plan(
        ("--data", DATA), ("--data", DATA, "--limit", "50"), open_sets=True, minutes=20
    ),
    "rights": Plan(quick=("--chunks", "5000"), minutes=20),
    "rights_pairs": Plan(quick=("--pairs", "2000", "--turns", "100"), minutes=30),
    "routing": _WITH_DATA,
    "routing_carries": _WITH_DATA,
    "routing_search": Plan(("--data", DATA), open_sets=True, minutes=20),
    "search": Plan(("--data", DATA, "--chunks", "100000"), ("--data", DATA), minutes=30),
    "slack": Plan(quick=("--seconds", "5"), minutes=15),
    "soak": Plan(quick=("--minutes", "1"), minutes=240, usual=False),
    "store": Plan(quick=("--turns", "50", "--stored", "500")),
    "style": Plan(quick=("--seeds", "2"), open_sets=True, minutes=20),
    "turn": Plan(quick=("--chunks", "10000", "--turns", "50"), minutes=20),
    "weaviate": Plan(
        ("--data", DATA, "--chunks", "100000"), ("--data", DATA), open_sets=True, minutes=40
    ),
    "wording": _WITH_DATA,
}


@dataclass(frozen=True)
class Benchmark:
    """One of them: its ``module`` and how it is run."""

    name: str
    module: str
    plan: Plan

    def arguments(self, *, quick: bool) -> list[str]:
        """Of its command line."""
        given = self.plan.arguments if not quick or self.plan.quick is None else self.plan.quick
        return [str(data_folder()) if part == DATA else part for part in given]

    @property
    def missing(self) -> str:
        """Why it cannot run here; empty: it may."""
        if self.name.startswith(SUITE):
            return missing(self.name.removeprefix(SUITE))
        if self.plan.open_sets and not data_folder().is_dir():
            return "the open sets are not there"
        return ""


def benchmarks() -> Iterator[Benchmark]:
    """Every one, the suites first."""
    for name, listed in SETS.items():
        plan = Plan(("run", name), ("run", name, "--quick"), minutes=20 if listed.usual else 120)
        yield Benchmark(f"{SUITE}{name}", "benchmarks.suites", plan)
    for path in sorted(_FOLDER.glob(f"{_PREFIX}*.py")):
        name = path.stem.removeprefix(_PREFIX)
        yield Benchmark(name, f"benchmarks.{path.stem}", _PLANS.get(name, Plan()))
