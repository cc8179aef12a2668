"""What people and Discord wait for: `wellspoken serve` as a process beside a stand-in Discord.

First five mentions and two ``/ask`` a second for 15 seconds, with the built-in reader: from a
command to its acknowledgement (Discord's own bar: 3 s; ours: p99 below 100 ms), from a mention to
the first visible sign (bar: p99 below 300 ms). More mentions a second would measure the pace that
Discord allows: each answer takes four or five calls, and 50 a second are taken from a bot. Then 50
mentions at once in 20 threads of five channels, with Discord's rate limits on and a model that
takes 300 ms to its first token: all must be answered, once. The stand-in shares the machine, and
its own part of every time is included.

    python -m benchmarks.bench_discord [--seconds 15]
"""

from __future__ import annotations

import argparse
import asyncio
import os
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from benchmarks.bench_slack import row
from tests.platforms.discord_faults import Budget
from tests.platforms.discord_process import Process, running
from tests.platforms.discord_server import DiscordServer
from tests.platforms.discord_state import Call, Channel, Guild, Message, User
from tests.platforms.openai_server import Behaviour, OpenAIServer
from tests.platforms.pumps import HOURS, PUMPS, question, write_knowledge

ACK_MS, SIGN_MS = 100, 300
MENTIONS_A_SECOND, ASKS_A_SECOND = 5, 2
THREADS, QUESTIONS, CHANNELS = 20, 50, 5
PATIENCE_S = 90.0
SIGNS = frozenset({"trigger_typing", "start_thread_from_message", "create_message"})


def answered(message: Message) -> bool:
    """Whether a message of the bot is an answer in its last form, with the thumbs below."""
    return bool(message.buttons)


async def steady(discord: DiscordServer, guild: Guild, service: Process, seconds: float) -> None:
    """Mentions and commands at an even pace."""
    ada, channels = furnish(discord, guild, "steady")
    for channel in channels:  # what is looked up once is looked up now
        await discord.answered(await discord.say(ada, channel, question(PUMPS[0])), final=answered)
    await discord.until(lambda: discord.world.commands)
    discord.calls.clear()
    cpu, begun = cpu_seconds(service), time.monotonic()
    asking = asyncio.create_task(ask(discord, ada, channels[0], seconds))
    asked = []
    for number in range(int(seconds * MENTIONS_A_SECOND)):
        await asyncio.sleep(begun + number / MENTIONS_A_SECOND - time.monotonic())
        channel = channels[number % CHANNELS]
        asked.append(await discord.say(ada, channel, question(PUMPS[number % len(PUMPS)])))
    acks = await asking
    answers = [(await discord.answered(one, final=answered))[0] for one in asked]
    cpu = cpu_seconds(service) - cpu
    row("discord", "/ask to acknowledgement", acks, ACK_MS)
    signs = [first_sign(discord.calls, one) - one.at for one in asked]
    row("discord", "mention to first visible sign", signs, SIGN_MS)
    row("discord", "mention to finished answer", ends(asked, answers))
    number = len(asked) + len(acks)
    print(f"  {number} questions, CPU {cpu / number * 1000:.1f} ms each")


async def ask(discord: DiscordServer, user: User, channel: Channel, seconds: float) -> list[float]:
    """Commands at an even pace; how long each took to be acknowledged, in seconds."""
    acks, begun = [], time.monotonic()
    for number in range(int(seconds * ASKS_A_SECOND)):
        await asyncio.sleep(begun + number / ASKS_A_SECOND - time.monotonic())
        at = time.monotonic()
        asked = {"question": f"How long does the {PUMPS[number % len(PUMPS)]} pump run?"}
        await discord.command(user, channel, "ask", asked)
        acks.append(time.monotonic() - at)
    return acks


def first_sign(calls: Sequence[Call], asked: Message) -> float:
    """When something was first to be seen of the work on a mention. Typing that shows already is
    not shown anew: then its thread is the sign."""
    for call in calls:
        about = {call.args.get("channel"), call.args.get("message")}
        in_place = asked.id in about or (asked.channel in about and call.name == "trigger_typing")
        if call.name in SIGNS and call.status < 300 and call.at >= asked.at and in_place:
            return call.at
    return time.time()


def ends(asked: Sequence[Message], answers: Sequence[Message]) -> list[float]:
    """How long each took to its last form, in seconds."""
    return [a.versions[-1].at - q.at for q, a in zip(asked, answers, strict=True)]


async def burst(discord: DiscordServer, guild: Guild, service: Process) -> None:
    """All at once, with rate limits: 20 threads, 50 questions."""
    ada, channels = furnish(discord, guild, "burst")
    roots = [
        await discord.say(ada, channels[number % CHANNELS], question(PUMPS[number % len(PUMPS)]))
        for number in range(THREADS)
    ]
    asked = [(root, root, PUMPS[number % len(PUMPS)]) for number, root in enumerate(roots)]
    discord.rest.budget = budget = Budget()
    discord.calls.clear()
    cpu = cpu_seconds(service)
    for number in range(THREADS, QUESTIONS):
        root, pump = roots[number % THREADS], PUMPS[number % len(PUMPS)]
        await discord.until(lambda root=root: discord.thread_of(root), PATIENCE_S)  # type: ignore[misc]  # mypy infers no default of a lambda
        thread = discord.thread_of(root)
        assert thread is not None
        asked.append((root, await discord.say(ada, thread, question(pump)), pump))
    took = []
    for root in roots:
        mine = [(message, pump) for first, message, pump in asked if first is root]
        answers = await discord.answered(root, len(mine), PATIENCE_S, final=answered)
        assert len(discord.answers(root)) == len(mine)
        for (_, pump), answer in zip(mine, answers, strict=True):
            assert f"{HOURS[pump]} hours" in answer.shown, answer.shown
        took += ends([message for message, _ in mine], answers)
    row("discord", "50 at once, question to finished answer", took)
    cpu = cpu_seconds(service) - cpu
    print(
        f"  {len(took)} of {QUESTIONS} answered, in order; CPU {cpu / QUESTIONS * 1000:.0f} ms each"
    )
    methods = Counter(call.name for call in discord.calls)
    print(f"  calls: {', '.join(f'{name} {count}' for name, count in methods.most_common(6))}")
    print(f"  refused for their rate: {budget.refused}")


UNLIMITED = '[limits]\nperson = "off"\nchannel = "off"\nburst = "off"\nrepeats = "off"\n'
"""One person asks everything here."""


def furnish(discord: DiscordServer, guild: Guild, name: str) -> tuple[User, list[Channel]]:
    """Somebody who asks, and the channels to ask in."""
    ada = discord.user("Ada")
    discord.join(ada, guild)
    return ada, [discord.channel(guild, f"{name}{n}") for n in range(CHANNELS)]


def cpu_seconds(service: Process) -> float:
    """The processor time that it has used."""
    assert service.process is not None
    fields = Path(f"/proc/{service.process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def measure(seconds: float) -> None:
    """Both parts, on SQLite."""
    model = Behaviour(first_token_s=0.3, token_s=0.01)
    with OpenAIServer(model) as models, tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        write_knowledge(home)
        (home / "wellspoken.toml").write_text(UNLIMITED)
        async with DiscordServer() as discord:
            guild = discord.guild("Garden")
            async with running(Process(discord, home)) as service:
                print(f"\n{MENTIONS_A_SECOND} mentions and {ASKS_A_SECOND} /ask a second")
                await steady(discord, guild, service, seconds)
                await service.stop()
            spoken = {"OPENAI_BASE_URL": models.url, "WELLSPOKEN_MODEL": "stand-in"}
            async with running(Process(discord, home, spoken)) as service:
                print(f"\n{QUESTIONS} mentions at once, 300 ms to the first token, limits on")
                await burst(discord, guild, service)
                await service.stop()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--seconds", type=float, default=15)
    asyncio.run(measure(parser.parse_args().seconds))


if __name__ == "__main__":
    main()
