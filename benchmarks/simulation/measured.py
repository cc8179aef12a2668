"""What the simulation is fed with, read from ``benchmarks/results``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from benchmarks.keeping import Result

_LOAD = re.compile(r"(\d+) processes, (\d+) questions/s: (.+)")


@dataclass(frozen=True, slots=True)
class Point:
    """What came of questions at an even pace; milliseconds, and turns a second."""

    processes: int
    rate: int
    done: float
    p95: float
    cpu: float
    database: float
    p50: float | None = None
    asker: float | None = None
    others: float = 0.0
    """The share of the machine that was somebody else's meanwhile; older results do not tell."""


@dataclass(frozen=True, slots=True)
class Costs:
    """Seconds of CPU of one turn, by who spends it.

    ``main`` is spent on the one thread of a process that runs Python, ``beside`` of it while the
    model speaks; ``native`` on any core. ``database`` is PostgreSQL's. ``asker`` is what the
    benchmark itself spends on the same machine: whoever asks, and the stand-in of the model.
    ``search`` is waiting for Weaviate, where the search is not in the process.
    """

    main: float
    beside: float
    native: float
    database: float
    asker: float = 0.0
    search: float = 0.0

    @property
    def process(self) -> float:
        """Of a process of the bot."""
        return self.main + self.native


def points(results: Mapping[str, Result]) -> list[Point]:
    """The measured rates, the slowest first. Raises KeyError where one is incomplete."""
    found: dict[tuple[int, int], dict[str, float]] = {}
    for figure in results["load"]["figures"]:
        if match := _LOAD.fullmatch(figure["what"]):
            processes, rate, what = match.groups()
            found.setdefault((int(processes), int(rate)), {})[what] = figure["value"]
    return [
        Point(
            processes,
            rate,
            done=told["done a second"],
            p95=told["own part, p95"],
            cpu=told["CPU a turn"],
            database=told["CPU a turn of PostgreSQL"],
            p50=told.get("own part, p50"),
            asker=told.get("CPU a turn of who asks and of the stand-in"),
            others=told.get("of the machine others used", 0.0),
        )
        for (processes, rate), told in sorted(found.items())
    ]


def cores_of(results: Mapping[str, Result]) -> int:
    """Of the machine on which the load was measured."""
    return int(results["load"]["machine"]["cores"].partition(" ")[0])


def costs_of(results: Mapping[str, Result]) -> Costs:
    """What a turn costs, from one engine alone, sixteen turns at once, and two whole processes.

    One engine with sixteen turns at once does so many a second as its one thread can: its share of
    the CPU. What a process spends beyond the engine (HTTP, JSON) is spent there too. Alone, a turn
    takes so long as what lies on its way; the rest of the thread's work goes on while the model
    speaks. Where the asker's CPU was not measured, it is what the cores did besides where more was
    asked than they could do.
    """
    told = _of_turn(results, "10,000 chunks")
    measured = points(results)
    cpu = min(each.cpu for each in measured)
    database = min(each.database for each in measured)
    web = max(0.0, cpu - told["CPU a turn"])
    main = min(1000 / told["sixteen at once, turns/s"], told["CPU a turn"]) + web
    native = cpu - main
    on_the_way = max(0.0, told["besides the model, p50"] + web - native)
    return Costs(
        main=main / 1000,
        beside=max(0.0, main - on_the_way) / 1000,
        native=native / 1000,
        database=database / 1000,
        asker=_asker(measured, cores_of(results)) / 1000,
    )


def _asker(measured: list[Point], cores: int) -> float:
    told = [each.asker for each in measured if each.asker is not None]
    if told:
        return min(told)
    full = max(measured, key=lambda each: each.rate / each.done)
    if full.rate < 1.1 * full.done:  # the machine was never full
        return 0.0
    return max(0.0, 1000 * cores / full.done - full.cpu - full.database)


def weaviate_seconds(results: Mapping[str, Result]) -> float:
    """How long one search takes there, with everything visible."""
    return _figure(results, "weaviate", "Weaviate, 100,000 chunks, hybrid, everything visible, p50")


def _of_turn(results: Mapping[str, Result], size: str) -> dict[str, float]:
    begins = f"{size}: "
    return {
        figure["what"].removeprefix(begins): figure["value"]
        for figure in results["turn"]["figures"]
        if figure["what"].startswith(begins)
    }


def _figure(results: Mapping[str, Result], name: str, what: str) -> float:
    found = (f["value"] for f in results[name]["figures"] if f["what"] == what)
    return float(next(found)) / 1000
