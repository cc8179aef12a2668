"""What goes wrong: each fault is played on a world under load, and over when it returns."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from tests.chaos.bots import Bot
from tests.chaos.world import World, clock_file
from tests.platforms import discord_faults, slack_faults
from tests.platforms.discord_words import Json
from tests.platforms.openai_server import Fault

_STARTING = frozenset(
    {"apps.connections.open", "auth.test", "get_gateway_bot", "get_current_user",
     "get_current_application", "get_current_bot_application", "bulk_overwrite_global_commands"}
)  # fmt: skip
_PATIENCE_S = 10.0
_RESTART_S = 60.0


@dataclass
class SlackKill(slack_faults.Fault):
    """Kills a process when a call reaches Slack: the call takes effect, or not."""

    kill: Callable[[], bool] | None = None

    def strikes(self, method: str, args: dict[str, object]) -> bool:
        if method in _STARTING or not super().strikes(method, args):
            return False
        return self.kill is not None and self.kill()


@dataclass
class DiscordKill(discord_faults.Fault):
    """Kills a process when a call reaches Discord: the call takes effect, or not."""

    kill: Callable[[], bool] | None = None

    def strikes(self, route: str, path: Json) -> bool:
        if route in _STARTING or not super().strikes(route, path):
            return False
        return self.kill is not None and self.kill()


async def kills(world: World, number: int, progress: Callable[[str], None]) -> None:
    """``kill -9`` at random moments, and when a call reaches a platform."""
    chance = world.chance
    before = _killed(world)
    while (done := _killed(world) - before) < number:
        if done and done % 25 == 0:
            progress(f"{done} kills, {world.load.asked} questions")
        victim = chance.choice(world.bots)
        if chance.random() < 0.5:
            await asyncio.sleep(chance.uniform(0.1, 3.0))
            victim.kill()
        else:
            await _kill_at_a_call(world, victim)
        if chance.random() < 0.15:  # and once more while it starts
            await asyncio.sleep(chance.uniform(0.1, 1.0))
            victim.kill()
        await _until(lambda: any(bot.running for bot in world.bots))


async def restarts(world: World, times: int) -> None:
    """``kill -9`` while questions wait, and again once it has answered since its restart."""
    for _ in range(times):
        await asyncio.sleep(world.chance.uniform(0.5, 2.0))
        await _until(lambda: world.load.open > 0)
        world.bots[0].kill()
        before = len(world.waits())
        await _until(lambda n=before: len(world.waits()) > n, _RESTART_S)  # type: ignore[misc]  # n is given


def _killed(world: World) -> int:
    return sum(bot.kills for bot in world.bots)


async def _kill_at_a_call(world: World, victim: Bot) -> None:
    """When one of the next calls arrives; at some moment where none does."""
    chance, before = world.chance, _killed(world)
    after, refuse = chance.randint(0, 15), chance.random() < 0.5
    if chance.random() < 0.5:
        faults: list[object] = world.slack.web.faults  # type: ignore[assignment]  # ours is one of them
        faults.append(SlackKill("*", after=after, refuse=refuse, kill=victim.kill))
    else:
        faults = world.discord.rest.faults  # type: ignore[assignment]  # ours is one of them
        faults.append(DiscordKill("*", after=after, refuse=refuse, kill=victim.kill))
    await _until(lambda: _killed(world) > before)
    faults.clear()
    if _killed(world) == before:
        victim.kill()


async def _until(condition: Callable[[], bool], seconds: float = _PATIENCE_S) -> None:
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:  # noqa: ASYNC110  # of other processes
        await asyncio.sleep(0.01)


async def sleeping(world: World, times: int, seconds: float) -> None:
    """A process that stands still for longer than its leases last, and goes on."""
    for n in range(times):
        bot = world.bots[n % len(world.bots)]
        await asyncio.sleep(world.chance.uniform(1.0, 3.0))
        bot.signal(signal.SIGSTOP)
        await asyncio.sleep(seconds * world.chance.uniform(0.8, 1.3))
        bot.signal(signal.SIGCONT)


async def rolling(world: World, times: int) -> None:
    """SIGTERM to one process after the other; each is started again when it has ended."""
    for n in range(times):
        bot = world.bots[n % len(world.bots)]
        await asyncio.sleep(world.chance.uniform(0.5, 2.0))
        await bot.stop()
        bot.wanted = True
        with suppress(TimeoutError):  # the judge will tell
            await world.connected()


async def database_gone(world: World, seconds: float) -> None:
    """PostgreSQL crashes and comes back; SQLite's file is held by another program."""
    if world.cluster is not None:
        await asyncio.to_thread(world.cluster.halt)
        await asyncio.sleep(seconds)
        await asyncio.to_thread(world.cluster.go_on)
    else:
        other = await asyncio.to_thread(world.lock_sqlite)
        await asyncio.sleep(seconds)
        other.close()


async def weaviate_gone(world: World, seconds: float) -> None:
    """Weaviate is killed and comes back."""
    assert world.weaviate is not None
    world.weaviate.kill()
    await asyncio.sleep(seconds)
    world.weaviate.start(wait=False)
    await world.weaviate.until_ready()


MODEL_FAULTS = (
    Fault.OVERLOADED, Fault.FAILED, Fault.UNAVAILABLE, Fault.CLOSED, Fault.SILENT,
    Fault.SILENT_STREAM, Fault.STALL, Fault.CUT_EARLY, Fault.CUT, Fault.BROKEN_CHUNK,
    Fault.ERROR_EVENT, Fault.ERROR_EVENT_EARLY, Fault.EMPTY, Fault.PLAIN_JSON, Fault.WEB_PAGE,
)  # fmt: skip


async def model_fails(world: World, seconds: float, progress: Callable[[str], None]) -> None:
    """The model server fails in each known way, one after the other, then refuses connections,
    then speaks very slowly."""
    for fault in MODEL_FAULTS:
        progress(fault.value)
        world.models.behaviour.fault = fault
        await asyncio.sleep(seconds)
    world.models.behaviour.fault = None
    network = world.networks["model"]
    progress("connections are refused")
    network.shut = True
    network.hang_up()
    await asyncio.sleep(seconds)
    network.heal()
    progress("a slow drip")
    world.models.behaviour.token_s, usual = 0.4, world.models.behaviour.token_s
    await asyncio.sleep(seconds)
    world.models.behaviour.token_s = usual


async def disk_full(world: World, seconds: float) -> None:
    """Somebody fills the disk of the data folder to the last byte, and clears it."""
    filler = world.home / "filler"
    room = os.statvfs(world.home)
    with suppress(OSError), filler.open("wb", buffering=0) as file:
        for _ in range(room.f_blocks):
            file.write(bytes(room.f_bsize))
    await asyncio.sleep(seconds)
    filler.unlink()


async def clock_jumps(world: World, seconds: float, progress: Callable[[str], None]) -> None:
    """The clocks of our processes jump apart, ahead and back."""
    for jumps in (("+30", "+0"), ("+0", "+45"), ("-40", "+0"), ("+1500", "+1500"), ("+0", "+0")):
        progress(f"clocks at {', '.join(jumps)} s")
        for n, moved in zip(range(len(world.bots)), jumps, strict=False):
            clock_file(world.folder, n).write_text(moved)
        await asyncio.sleep(seconds)


async def bad_network(world: World, seconds: float, progress: Callable[[str], None]) -> None:
    """Slow, then cut in the middle of what is said, then frozen: on each way in turn."""
    for name, network in world.networks.items():
        progress(f"{name}: slow")
        network.delay, network.trickle = 0.15, 400
        await asyncio.sleep(seconds)
        network.heal()
        progress(f"{name}: cut off")
        network.cuts = 0.05
        network.hang_up()
        await asyncio.sleep(seconds)
        network.heal()
        progress(f"{name}: frozen")
        network.freeze()
        await asyncio.sleep(seconds)
        network.heal()


async def events_astray(world: World, seconds: float) -> None:
    """Events come twice, late, and in another order; acknowledgements are lost."""
    chance, outbox, gateway = world.chance, world.slack.outbox, world.discord.gateway
    outbox.hold = gateway.hold = lambda: chance.uniform(0.0, 0.2)
    gateway.repeats = 5
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        await asyncio.sleep(chance.uniform(0.1, 0.6))
        known = [d for d in outbox.deliveries.values() if d.kind == "events_api"][-20:]
        if known:
            with suppress(Exception):  # not taken: it is offered again by the platform itself
                await outbox.redeliver(chance.choice(known))
        if chance.random() < 0.3:
            world.slack.lose_acks(1)
        if chance.random() < 0.15 and gateway.links:
            chance.choice(gateway.links).cut()
        if chance.random() < 0.1:
            world.slack.cut_sockets()
    outbox.hold = gateway.hold = None
    gateway.repeats = 0


async def storm(world: World, rounds: int, seconds: float, progress: Callable[[str], None]) -> None:
    """Two or three faults of all kinds at once, again and again."""
    ways = {
        "kills": lambda: kills(world, 3, progress),
        "sleep": lambda: sleeping(world, 1, 1.4 * seconds),
        "rolling": lambda: rolling(world, 1),
        "database": lambda: database_gone(world, seconds / 2),
        "network": lambda: _one_bad_way(world, seconds),
        "model": lambda: _one_model_fault(world, seconds),
        "events": lambda: events_astray(world, seconds),
    }
    for _ in range(rounds):
        chosen = world.chance.sample(sorted(ways), world.chance.randint(2, 3))
        progress(" and ".join(chosen))
        await asyncio.gather(*(ways[name]() for name in chosen))


async def _one_bad_way(world: World, seconds: float) -> None:
    name = world.chance.choice(sorted(world.networks))
    network = world.networks[name]
    network.delay, network.cuts = world.chance.uniform(0.0, 0.2), world.chance.choice((0.0, 0.05))
    await asyncio.sleep(seconds)
    network.heal()


async def _one_model_fault(world: World, seconds: float) -> None:
    world.models.behaviour.fault = world.chance.choice(MODEL_FAULTS)
    await asyncio.sleep(seconds)
    world.models.behaviour.fault = None
