"""The sizing in ``docs/operations.md``, made of the results and the simulation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from benchmarks.keeping import Result
from benchmarks.simulation.house import House, Model, Plan, even, quantile
from benchmarks.simulation.measured import (
    Costs,
    Point,
    cores_of,
    costs_of,
    points,
    weaviate_seconds,
)
from benchmarks.simulation.sizing import (
    BURST,
    BUSIEST,
    CORES,
    DATABASE_CORES,
    P95_S,
    RATES,
    Size,
    run,
    size_for,
)

NAME = "sizing"
_AT_ONCE = 1e9  # tokens a second: the stand-in sends all after the first at once
_NEAR = 1.5
"""So many times as long as simulated may a measured p95 be."""
_SECONDS = 20.0  # of a measured rate


@dataclass(frozen=True, slots=True)
class Compared:
    """What was measured at a rate, and what the simulation says of the same."""

    point: Point
    done: float
    p50: float
    p95: float


def compared(results: Mapping[str, Result]) -> list[Compared]:
    """Each measured rate beside the simulation of the same machine and pace."""
    costs, found = costs_of(results), []
    for point in points(results):
        model = Model(tokens_a_second=_AT_ONCE)
        others = min(point.others, 0.9)
        plan = Plan(1, cores_of(results), point.processes, 1, model, shared=True, others=others)
        house = House(plan, costs)
        house.ask(even(point.rate, _SECONDS))
        house.simulation.run()
        own = house.told.between(0.0, _SECONDS)
        done = house.told.done / house.told.last
        found.append(Compared(point, done, quantile(own, 0.5), quantile(own, 0.95)))
    return found


def fed_with(results: Mapping[str, Result]) -> str:
    """The sentence on what the simulation was fed with: it names every figure that counts."""
    costs = costs_of(results)
    day = results["load"]["at"][:10]
    return (
        f"Fed with what was measured by {day}: of a turn {_ms(costs.main)} on the one thread of a "
        f"process that runs Python ({_ms(costs.beside)} of it while the model speaks), "
        f"{_ms(costs.native)} on other threads, {_ms(costs.database)} of PostgreSQL, "
        f"{_ms(costs.asker)} of who asks, {_ms(weaviate_seconds(results))} for a search in "
        f"Weaviate; load.json says {_digits(results)}."
    )


def _digits(results: Mapping[str, Result]) -> str:
    return ", ".join(f"{p.rate}/s: {p.done:.1f}, {p.p95:.0f} ms" for p in points(results))


def told(results: Mapping[str, Result]) -> str:
    """The whole section."""
    costs, model = costs_of(results), Model()
    sizes = [size_for(rate, costs, model) for rate in RATES]
    return "\n\n".join(
        [
            _sizes(sizes),
            _meaning(costs, model, results),
            _against(compared(results)),
            fed_with(results),
        ]
    )


def _sizes(sizes: Sequence[Size]) -> str:
    lines = [
        f"| questions a second | processes at least | machines of {CORES} cores, one to lose "
        "| own part p50, p95, p99 | busy | one lost: p95 after, longest | PostgreSQL: cores busy, "
        "connections | answers at once at the model |",
        "|" + "---|" * 8,
    ]
    for each in sizes:
        loss = each.loss
        lines.append(
            f"| {each.rate:.0f} | {each.processes} | {each.machines} "
            f"| {_ms(each.p50)}, {_ms(each.p95)}, {_ms(each.p99)} | {each.busy:.0%} "
            f"| {_ms(loss.p95)}, {loss.longest:.0f} s "
            f"| {each.database_cores:.1f}, {each.connections} | {each.model_places} |"
        )
    return "\n".join(lines)


def _meaning(costs: Costs, model: Model, results: Mapping[str, Result]) -> str:
    away = run(
        RATES[2],
        Plan(3, CORES, CORES, DATABASE_CORES, model),
        replace(costs, search=weaviate_seconds(results)),
    )
    p50 = quantile(away.told.between(10.0, 1e9), 0.5)
    return (
        f"Questions come by chance, and for ten seconds of each minute {BURST:g} times as often; "
        f"the model has its first token after {model.first_s * 1000:.0f} ms and says "
        f"{model.tokens} at {model.tokens_a_second:.0f} a second. *At least*: the fewest processes "
        f"whose p95 stays under {_ms(P95_S)} while none is busier than {BUSIEST:.0%} on the whole; "
        f"a core holds {1 / costs.main * BUSIEST:.0f} turns a second. The other columns are of the "
        f"machines, each with {CORES} processes. *One lost*: what it had in hand is begun anew "
        "once its leases have ended, and what was sent there before a balancer noticed is sent "
        "again. PostgreSQL takes 100 connections by itself and a process up to 10: raise "
        "`max_connections` from ten processes on. With Weaviate a turn waits for its search "
        f"instead: p50 {_ms(p50)} at {RATES[2]} a second; its own CPU has not been measured."
    )


def _against(rows: Sequence[Compared]) -> str:
    lines = [
        "| the simulation against the measurement | done a second | own part p50 | own part p95 |",
        "|---|---|---|---|",
    ]
    for each in rows:
        point = each.point
        measured = f"{point.p50:,.0f} ms" if point.p50 is not None else "–"
        lines.append(
            f"| {point.processes} processes, {point.rate} a second "
            f"| {each.done:.1f} for {point.done:.1f} "
            f"| {_ms(each.p50)} for {measured} | {_ms(each.p95)} for {point.p95:,.0f} ms |"
        )
    return "\n".join(lines) + f"\n\n{_trusted(rows)}"


def _trusted(rows: Sequence[Compared]) -> str:
    """How far the measurement bears the simulation out, in words."""
    apart = max(abs(each.done / each.point.done - 1) for each in rows)
    said = f"It tells how much is done a second to {apart:.0%}."
    if all(each.point.asker is None for each in rows):
        said += " (The CPU of who asks was itself reckoned from the fullest of these rates.)"
    kept_up = [each for each in rows if each.point.rate < 1.1 * each.point.done]
    slower = [each.point.p95 / 1000 / each.p95 for each in kept_up]
    if not slower or max(slower) < _NEAR:
        return said
    return (
        f"{said} Where the machine kept up, p95 was measured {min(slower):.0f} to "
        f"{max(slower):.0f} times as long as simulated: others used the machine while that was "
        "measured, and pauses of a process (a garbage round, a commit) are not in the simulation. "
        "Take its times as the least that there is, and its processes and cores as what they are "
        "reckoned from: CPU."
    )


def _ms(seconds: float) -> str:
    milliseconds = seconds * 1000
    return f"{milliseconds:.1f} ms" if milliseconds < 10 else f"{milliseconds:,.0f} ms"
