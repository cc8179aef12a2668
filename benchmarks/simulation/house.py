"""The house in the simulation: machines with processes, the database, the model's server.

A process runs Python on one thread: turns share it a few milliseconds at a time, in the order in
which they come back to it. All threads of a machine share its cores in the same way.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import cycle

from benchmarks.simulation.measured import Costs
from benchmarks.simulation.queues import Place, Simulation, Work

SLICE_S = 0.004
POOL = 10
"""Connections of a process, as ``bot/store/postgres.py`` has them."""
_ASK_AGAIN_S = 1.0
_OTHERS_S = 0.5  # of another program: how often it works and rests


@dataclass(frozen=True, slots=True)
class Model:
    """A model's server: seconds to the first token, tokens of an answer, tokens a second of one
    stream, and how many streams it has at once."""

    first_s: float = 0.3
    tokens: int = 150
    tokens_a_second: float = 60.0
    places: int = 100_000

    @property
    def seconds(self) -> float:
        """Of an answer that does not wait."""
        return self.first_s + self.tokens / self.tokens_a_second


@dataclass(frozen=True, slots=True)
class Plan:
    """What is there: machines of so many cores with so many processes each."""

    machines: int
    cores: int
    processes: int
    database_cores: int = 4
    model: Model = Model()
    shared: bool = False
    """Whether PostgreSQL, the model and whoever asks share the machine, as in the benchmark."""
    others: float = 0.0
    """The share of the first machine that is somebody else's."""


@dataclass
class Told:
    """What came of it; times in seconds."""

    own: list[tuple[float, float]] = field(default_factory=list)
    """When each was asked, and how long our own part took."""
    waited: list[float] = field(default_factory=list)
    """For a place at the model's server."""
    asked: int = 0
    again: int = 0
    last: float = 0.0
    """When the last one was done."""

    @property
    def done(self) -> int:
        return len(self.own)

    def between(self, begin: float, end: float) -> list[float]:
        """Own parts of what was asked in a stretch of time, sorted."""
        return sorted(own for at, own in self.own if begin <= at < end)


def quantile(values: Sequence[float], share: float) -> float:
    """Of sorted values; NaN of none."""
    return values[min(int(len(values) * share), len(values) - 1)] if values else float("nan")


class _Machine:
    def __init__(self, simulation: Simulation, plan: Plan) -> None:
        self.cores = Place(simulation, plan.cores)
        self.gone = False
        self.processes = [_Process(simulation, self) for _ in range(plan.processes)]


class _Process:
    def __init__(self, simulation: Simulation, machine: _Machine) -> None:
        self.machine = machine
        self.thread = Place(simulation, 1)
        self.connections = Place(simulation, POOL)

    def python(self, seconds: float) -> Work:
        """Work on the one thread, a slice at a time."""
        while seconds > 1e-9:
            yield self.thread
            yield self.machine.cores
            yield min(seconds, SLICE_S)
            self.machine.cores.free()
            self.thread.free()
            seconds -= SLICE_S


def _sliced(cores: Place, seconds: float) -> Work:
    """Work on any core, a slice at a time."""
    while seconds > 1e-9:
        yield cores
        yield min(seconds, SLICE_S)
        cores.free()
        seconds -= SLICE_S


class House:
    """A plan at work. ``costs`` are those of a turn; ``spread`` their coefficient of variation."""

    def __init__(self, plan: Plan, costs: Costs, seed: int = 1, spread: float = 0.3) -> None:
        self.simulation = Simulation()
        self.plan, self.costs, self.told = plan, costs, Told()
        self._random = random.Random(seed)
        self._shape = 1 / spread**2 if spread else 0.0
        self.machines = [_Machine(self.simulation, plan) for _ in range(plan.machines)]
        own = Place(self.simulation, plan.database_cores)
        self.database = self.machines[0].cores if plan.shared else own
        self.model = Place(self.simulation, plan.model.places)
        self.processes = [p for machine in self.machines for p in machine.processes]
        self._in_turn = cycle(self.processes)
        self._taken_over_s = 0.0

    def ask(self, arrivals: Iterator[float]) -> None:
        """Let questions come; ``arrivals`` are the seconds until the next one."""
        self._asking_now = self.simulation.start(self._asking(arrivals))
        if self.plan.others:
            for _ in range(self.plan.cores):
                self.simulation.start(self._somebody())

    def _somebody(self) -> Work:
        """Another program on one core: it works for a while, then it does not."""
        share = self.plan.others
        while not self._asking_now.done or self.told.done < self.told.asked:
            yield from _sliced(
                self.machines[0].cores, self._random.expovariate(1 / (_OTHERS_S * share))
            )
            yield self._random.expovariate(1 / (_OTHERS_S * (1 - share)))

    def lose(self, machine: int, at: float, noticed_s: float, taken_over_s: float) -> None:
        """Take a machine away. Questions go on being sent there until that is noticed; what it had
        in hand is begun anew by others once its leases have ended."""
        self._taken_over_s = taken_over_s
        self.simulation.start(self._losing(machine, noticed_s), after=at)

    def _losing(self, number: int, noticed_s: float) -> Work:
        self.machines[number].gone = True
        yield noticed_s
        left = [p for p in self.processes if not p.machine.gone]
        self._in_turn = cycle(left)

    def _asking(self, arrivals: Iterator[float]) -> Work:
        for pause in arrivals:
            yield pause
            self.told.asked += 1
            self.simulation.start(self._question())

    def _question(self) -> Work:
        """One question until it is answered, by whoever is there."""
        asked = self.simulation.now
        more = self._random.gammavariate(self._shape, 1 / self._shape) if self._shape else 1.0
        while True:
            process = next(self._in_turn)
            if process.machine.gone:
                self.told.again += 1
                yield _ASK_AGAIN_S
                continue
            waited = yield from self._turn(process, more)
            if waited is not None:
                break
            self.told.again += 1
            yield self._taken_over_s
        now = self.simulation.now
        model = self.plan.model.seconds + (self.costs.asker if self.plan.shared else 0.0)
        self.told.own.append((asked, now - asked - waited - model))
        self.told.waited.append(waited)
        self.told.last = now

    def _turn(self, process: _Process, more: float) -> Work:
        """One turn; how long it waited for the model's server, ``None`` where the machine went."""
        costs, machine = self.costs, process.machine
        way = (costs.main - costs.beside) * more
        for part in ("before", "after"):
            if self.plan.shared:
                yield from _sliced(machine.cores, costs.asker / 2)
            yield from process.python(way / 2)
            yield from _sliced(machine.cores, costs.native * more / 2)
            yield process.connections
            yield from _sliced(self.database, costs.database / 2)
            process.connections.free()
            if machine.gone:
                return None
            if part == "before":
                if costs.search:
                    yield costs.search
                began = self.simulation.now
                yield self.model
                waited = self.simulation.now - began
                reading = self.simulation.start(process.python(costs.beside * more))
                yield self.plan.model.seconds
                self.model.free()
                yield [reading]
        return waited


def even(rate: float, seconds: float) -> Iterator[float]:
    """As a benchmark asks."""
    return iter([1 / rate] * int(rate * seconds))


def poisson(
    rate: float, seconds: float, seed: int, *, burst: float = 1.0, every: float = 60.0
) -> Iterator[float]:
    """As people ask: by chance, and for a sixth of each minute ``burst`` times as often."""
    chance, now, gone = random.Random(seed), 0.0, 0.0
    while True:
        now += chance.expovariate(rate * max(burst, 1.0))
        if now >= seconds:
            return
        usual = now % every >= every / 6
        if usual and chance.random() * max(burst, 1.0) > 1.0:
            continue
        yield now - gone
        gone = now
