"""The simulation behind the sizing: against closed forms, and what it must keep."""

from __future__ import annotations

import math
import random
from itertools import islice

import pytest

from benchmarks.keeping import load
from benchmarks.simulation.house import House, Model, Plan, even, poisson, quantile
from benchmarks.simulation.measured import Costs, costs_of, points
from benchmarks.simulation.publishing import is_current
from benchmarks.simulation.queues import Place, Simulation, Work
from benchmarks.simulation.sizing import size_for

COSTS = Costs(main=0.03, beside=0.01, native=0.005, database=0.003)
AT_ONCE = Model(first_s=0.3, tokens_a_second=1e9)


def waits(arrivals: float, served: float, servers: int, count: int) -> tuple[list[float], Place]:
    """How long each of ``count`` waited in line, rates a second, both by chance."""
    simulation, chance, found = Simulation(), random.Random(7), []
    place = Place(simulation, servers)

    def one() -> Work:
        came = simulation.now
        yield place
        found.append(simulation.now - came)
        yield chance.expovariate(served)
        place.free()

    def coming() -> Work:
        for _ in range(count):
            yield chance.expovariate(arrivals)
            simulation.start(one())

    simulation.start(coming())
    simulation.run()
    return found, place


def erlang_c(load: float, servers: int) -> float:
    """The chance that somebody waits, by Erlang's formula; ``load`` in servers."""
    full = load**servers / math.factorial(servers) * servers / (servers - load)
    return full / (sum(load**n / math.factorial(n) for n in range(servers)) + full)


@pytest.mark.parametrize(("load", "servers"), [(0.5, 1), (0.8, 1), (1.5, 2), (3.2, 4)])
def test_a_line_waits_as_the_formula_says(load: float, servers: int) -> None:
    """Mean wait, share of those who wait and busyness are those of M/M/1 and M/M/c."""
    found, place = waits(arrivals=load, served=1.0, servers=servers, count=60_000)
    waiting = erlang_c(load, servers)
    assert sum(w > 0 for w in found) / len(found) == pytest.approx(waiting, rel=0.06)
    assert sum(found) / len(found) == pytest.approx(waiting / (servers - load), rel=0.12)
    assert place.load() == pytest.approx(load / servers, rel=0.03)


def test_whoever_came_first_is_served_first() -> None:
    """A place is given in the order in which it was asked for, and none is lost."""
    simulation, served = Simulation(), []
    place = Place(simulation, 2)

    def one(number: int) -> Work:
        yield place
        served.append(number)
        yield 1.0
        place.free()

    for number in range(50):
        simulation.start(one(number))
    simulation.run()
    assert served == list(range(50))
    assert (place.taken, place.waiting, simulation.now) == (0, 0, 25.0)


def test_questions_are_done_or_in_hand() -> None:
    """At any moment what was asked is done or in the system; in the end all of it is done."""
    house = House(Plan(2, 2, 2, model=AT_ONCE), COSTS)
    house.ask(poisson(60, 20.0, 3))
    for moment in range(1, 20):
        house.simulation.run(float(moment))
        assert house.told.done <= house.told.asked
    house.simulation.run()
    assert house.told.done == house.told.asked > 1_000
    assert house.model.taken == house.database.taken == 0
    assert all(m.cores.taken == 0 for m in house.machines)


def test_a_question_alone_takes_what_it_costs() -> None:
    """Nobody else there: our own part is the work on its way, and nothing of the model's time."""
    house = House(Plan(1, 2, 1, model=AT_ONCE), COSTS, spread=0.0)
    house.ask(even(0.5, 20.0))
    house.simulation.run()
    way = COSTS.main - COSTS.beside + COSTS.native + COSTS.database
    assert house.told.between(0, 99) == pytest.approx([way] * 10)


def test_no_more_is_done_than_the_threads_can() -> None:
    """Asked for twice as much as one thread can, a process does what it can and is always busy."""
    house = House(Plan(1, 4, 1, model=AT_ONCE), COSTS)
    house.ask(even(2 / COSTS.main, 20.0))
    house.simulation.run(20.0)
    assert house.processes[0].thread.load() == pytest.approx(1.0, abs=0.05)
    house.simulation.run()
    assert house.told.done / house.told.last == pytest.approx(1 / COSTS.main, rel=0.05)


def test_a_machine_that_goes_loses_no_question() -> None:
    """What it had in hand is begun anew by the other one, and everything is answered."""
    house = House(Plan(2, 2, 2), COSTS)
    house.ask(poisson(20, 30.0, 5))
    house.lose(0, at=10.0, noticed_s=5.0, taken_over_s=12.0)
    house.simulation.run()
    assert house.told.done == house.told.asked
    assert house.told.again > 20
    assert max(own for _, own in house.told.own) > 12.0


def test_others_on_the_machine_make_it_slower() -> None:
    """A machine that somebody else uses, too, takes longer for the same."""
    found = []
    for others in (0.0, 0.8):
        house = House(Plan(1, 2, 2, model=AT_ONCE, shared=True, others=others), COSTS)
        house.ask(even(25, 20.0))
        house.simulation.run()
        found.append(quantile(house.told.between(0, 99), 0.95))
    assert found[1] > 1.5 * found[0]


def test_people_ask_by_chance_and_more_often_in_bursts() -> None:
    """Arrivals have the rate that was asked for, and a burst in the first sixth of each minute."""
    at, now = [], 0.0
    for pause in poisson(50, 60.0, 1, burst=2.0):
        now += pause
        at.append(now)
    assert sum(when < 10 for when in at) / 10 == pytest.approx(100, rel=0.1)
    assert sum(when >= 10 for when in at) / 50 == pytest.approx(50, rel=0.1)
    pauses = list(islice(poisson(50, 1e9, 2), 20_000))
    assert sum(pauses) / len(pauses) == pytest.approx(1 / 50, rel=0.03)


def test_a_size_keeps_the_bars() -> None:
    """The named processes are enough, and a machine may go."""
    size = size_for(30, COSTS, AT_ONCE)
    assert size.processes * 0.75 / COSTS.main >= 30
    assert size.p50 <= size.p95 <= size.p99 < 0.25
    assert size.loss.p95 < 0.25
    assert size.machines >= 2


def test_the_simulation_is_fed_with_what_was_measured() -> None:
    """Costs come of the kept results: they add up to the measured CPU of a turn."""
    results = load()
    costs, measured = costs_of(results), points(results)
    assert costs.process * 1000 == pytest.approx(min(p.cpu for p in measured))
    assert 0 < costs.beside < costs.main
    assert costs.native >= 0


def test_the_sizing_in_the_docs_is_of_the_kept_results() -> None:
    """Whoever keeps a new result of turn or load writes the sizing anew."""
    assert is_current(load()), "run python -m benchmarks.simulation"
