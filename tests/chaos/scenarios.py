"""Which faults are played on which worlds, and how a scenario is run and judged."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from tests.chaos import faults
from tests.chaos.judging import CEILING_S, Counts
from tests.chaos.world import Plan, World, world

Tell = Callable[[str], None]
Play = Callable[[World, "Size", Tell], Awaitable[None]]


@dataclass(frozen=True)
class Size:
    """How much of it: kills, seconds a fault lasts, times it comes, questions a second.

    ``patience``: seconds until what is not answered counts as lost. ``pause``: seconds that a
    person on Discord takes between two questions in a thread at the least.
    """

    kills: int = 25
    seconds: float = 10.0
    times: int = 4
    rate: float = 4.0
    patience: float = CEILING_S + 10
    pause: float = 0.0


@dataclass(frozen=True)
class Scenario:
    """A fault on a world. ``share`` is its part of the kills."""

    name: str
    title: str
    plan: Plan
    play: Play
    share: float = 0.0

    @property
    def missing(self) -> str:
        """What this machine lacks for it."""
        return self.plan.missing


@dataclass
class Result:
    """What a scenario came to."""

    scenario: Scenario
    seed: int
    counts: Counts
    seconds: float
    """How long it took in all."""
    first_answers: list[float] = field(default_factory=list)
    """Seconds from restarts to first answers."""
    waits: list[float] = field(default_factory=list)
    """Seconds from each question to its answer."""
    ended: str = ""
    """When, in UTC."""
    setting: str = ""
    """Questions a second, how long faults last."""
    busy: float = 0.0
    """The machine's load average over the last five minutes."""


async def _kills(world: World, size: Size, tell: Tell) -> None:
    world.load.most = 40 + 3 * size.kills
    await faults.kills(world, size.kills, tell)


async def _restarts(world: World, size: Size, _: Tell) -> None:
    await faults.restarts(world, 5 * size.times)


async def _sleeping(world: World, size: Size, _: Tell) -> None:
    world.models.behaviour.token_s = 0.1  # so that it is struck in the middle of answers
    await faults.sleeping(world, size.times, 1.6 * size.seconds)


async def _rolling(world: World, size: Size, _: Tell) -> None:
    await faults.rolling(world, size.times)


async def _database(world: World, size: Size, _: Tell) -> None:
    await asyncio.sleep(2)
    await faults.database_gone(world, size.seconds)


async def _weaviate(world: World, size: Size, _: Tell) -> None:
    await asyncio.sleep(2)
    await faults.weaviate_gone(world, size.seconds)


async def _model(world: World, size: Size, tell: Tell) -> None:
    await faults.model_fails(world, size.seconds / 3, tell)


async def _disk(world: World, size: Size, _: Tell) -> None:
    await asyncio.sleep(2)
    await faults.disk_full(world, size.seconds)


async def _clock(world: World, size: Size, tell: Tell) -> None:
    await asyncio.sleep(2)
    await faults.clock_jumps(world, size.seconds / 2, tell)


async def _network(world: World, size: Size, tell: Tell) -> None:
    await faults.bad_network(world, size.seconds / 3, tell)


async def _storm(world: World, size: Size, tell: Tell) -> None:
    await faults.storm(world, size.times, size.seconds, tell)


async def _events(world: World, size: Size, _: Tell) -> None:
    await faults.events_astray(world, 2 * size.seconds)


_ONE = Plan()
_ALONE = Plan("postgresql")
_TWO = Plan(processes=2)
_POSTGRES = Plan("postgresql", 2)
_WEAVIATE = Plan("postgresql", 2, weaviate=True)

SCENARIOS: Sequence[Scenario] = (
    Scenario("kills-sqlite", "kill -9", _ONE, _kills, share=0.3),
    Scenario("kills-sqlite-two", "kill -9", _TWO, _kills, share=0.25),
    Scenario("kills-postgresql", "kill -9", _POSTGRES, _kills, share=0.3),
    Scenario("kills-weaviate", "kill -9", _WEAVIATE, _kills, share=0.15),
    Scenario("restart-sqlite", "kill -9, again after an answer", _ONE, _restarts),
    Scenario("restart-postgresql", "kill -9, again after an answer", _ALONE, _restarts),
    Scenario("sleep-sqlite", "SIGSTOP past the lease", _TWO, _sleeping),
    Scenario("sleep-postgresql", "SIGSTOP past the lease", _POSTGRES, _sleeping),
    Scenario("rolling-sqlite", "SIGTERM, one after the other", _TWO, _rolling),
    Scenario("rolling-postgresql", "SIGTERM, one after the other", _POSTGRES, _rolling),
    Scenario("locked-sqlite", "the database is locked by another program", _TWO, _database),
    Scenario("gone-postgresql", "the database crashes and comes back", _POSTGRES, _database),
    Scenario("gone-weaviate", "Weaviate is killed and comes back", _WEAVIATE, _weaviate),
    Scenario("model", "the model fails in 17 ways", _POSTGRES, _model),
    Scenario("disk", "the disk is full", Plan(disk=96), _disk),
    Scenario("clock-postgresql", "clocks jump", Plan("postgresql", 2, clock=True), _clock),
    Scenario("clock-sqlite", "clocks jump", Plan(processes=2, clock=True), _clock),
    Scenario("network", "slow, cut and frozen connections", _POSTGRES, _network),
    Scenario("events-sqlite", "events twice, late, out of order", _TWO, _events),
    Scenario("events-postgresql", "events twice, late, out of order", _POSTGRES, _events),
    Scenario("storm-sqlite", "two or three faults at once", _TWO, _storm),
    Scenario("storm-postgresql", "two or three faults at once", _POSTGRES, _storm),
)


def _silent(_: str) -> None:
    """Nobody wants to know."""


async def run(
    scenario: Scenario,
    seed: int,
    size: Size,
    tell: Tell = _silent,
    *,
    keep: Callable[[World], None] | None = None,
) -> Result:
    """Play a scenario under load until every question has its answer, and judge it.

    ``keep`` sees the world before it is taken down.
    """
    begun = time.monotonic()
    async with world(scenario.plan, seed) as place:
        await place.start()
        place.load.rate = size.rate
        place.load.pause = size.pause
        place.load.start(3600)
        await scenario.play(place, size, tell)
        await asyncio.sleep(0.5)
        place.heal()
        tell(f"settling {place.load.asked} questions")
        await place.settle(size.patience)
        await place.stop()
        counts = await place.judge()
        if keep is not None:
            keep(place)
        return Result(
            scenario,
            seed,
            counts,
            time.monotonic() - begun,
            place.first_answers(),
            place.waits(),
            f"{datetime.now(UTC):%Y-%m-%d %H:%M}",
            f"{size.rate:g} questions a second, faults of {size.seconds:g} s",
            os.getloadavg()[1],
        )
