"""How many processes and cores so many questions a second need, and what is left when a machine
goes."""

from __future__ import annotations

import math
from dataclasses import dataclass

from benchmarks.simulation.house import POOL, House, Model, Plan, poisson, quantile
from benchmarks.simulation.measured import Costs

RATES = (20, 60, 100, 300)
P95_S = 0.25
BUSIEST = 0.75
"""The share of its thread that a process may use on the whole: the rest is for what nobody planned.
"""
CORES = 4
"""Of a machine; it runs as many processes."""
BURST = 1.5
"""For ten seconds of each minute so many times as many questions come."""
DATABASE_CORES = 4
_SECONDS, _WARM = 90.0, 10.0
_LOST_AT, _NOTICED, _TAKEN_OVER = 30.0, 10.0, 12.0
"""When a machine goes, in seconds; until when a balancer that looks every five seconds, twice, has
noticed; and until when others take over what it had in hand (``LEASE_S`` of the chat worker)."""


@dataclass(frozen=True, slots=True)
class Loss:
    """What losing one machine does: p95 once that was noticed, and the longest that anybody waited
    for our own part, in seconds; ``again`` counts what was sent or begun anew."""

    p95: float
    longest: float
    again: int


@dataclass(frozen=True, slots=True)
class Size:
    """What one rate needs. Times in seconds, ``busy`` are shares."""

    rate: float
    processes: int
    machines: int
    p50: float
    p95: float
    p99: float
    busy: float
    database_cores: float
    connections: int
    model_places: int
    """Answers that were being written at once, at the most."""
    loss: Loss


def size_for(rate: float, costs: Costs, model: Model) -> Size:
    """The fewest processes that keep the bars, and so many machines that one may go."""
    wanted = rate * (1 + (BURST - 1) / 6) * costs.main / BUSIEST
    processes = max(1, math.ceil(wanted))
    while True:
        house = run(rate, Plan(processes, 1, 1, DATABASE_CORES, model), costs)
        if quantile(house.told.between(_WARM, _SECONDS), 0.95) <= P95_S:
            break
        processes += 1
    machines = max(2, math.ceil(processes / CORES) + 1)
    plan = Plan(machines, CORES, CORES, DATABASE_CORES, model)
    house = run(rate, plan, costs)
    own = house.told.between(_WARM, _SECONDS)
    return Size(
        rate=rate,
        processes=processes,
        machines=machines,
        p50=quantile(own, 0.5),
        p95=quantile(own, 0.95),
        p99=quantile(own, 0.99),
        busy=_busy(house),
        database_cores=house.database.load() * DATABASE_CORES,
        connections=machines * CORES * POOL,
        model_places=house.model.most,
        loss=_loss(rate, plan, costs),
    )


def run(rate: float, plan: Plan, costs: Costs, seed: int = 1) -> House:
    """Questions by chance for a while; loads are counted once it is warm."""
    house = House(plan, costs, seed)
    house.ask(poisson(rate, _SECONDS, seed, burst=BURST))
    house.simulation.run(_WARM)
    for place in (house.database, *(p.thread for p in house.processes)):
        place.reset()
    house.simulation.run(_SECONDS)
    return house


def _busy(house: House) -> float:
    return sum(each.thread.load() for each in house.processes) / len(house.processes)


def _loss(rate: float, plan: Plan, costs: Costs) -> Loss:
    house = House(plan, costs, 1)
    house.ask(poisson(rate, _SECONDS, 1, burst=BURST))
    house.lose(0, _LOST_AT, _NOTICED, _TAKEN_OVER)
    house.simulation.run()
    told, settled = house.told, _LOST_AT + _NOTICED + _TAKEN_OVER
    return Loss(
        p95=quantile(told.between(settled, _SECONDS), 0.95),
        longest=max(own for _, own in told.own),
        again=told.again,
    )
