"""What people and Slack wait for: `wellspoken serve` as a process beside a stand-in Slack.

First 20 events a second for 20 seconds (ten mentions, each comes twice): from event to
acknowledgement (bar: p99 below 100 ms) and to the first visible sign (bar: below 300 ms), with the
built-in reader. Then 50 mentions at once in 20 threads of five channels, with Slack's rate limits
on and a model that takes 300 ms to its first token: all must be answered. The stand-in shares the
machine, and its own part of every time is included.

    python -m benchmarks.bench_slack [--seconds 20] [--database sqlite postgresql]
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.reporting import at_most, figure
from tests.platforms.openai_server import Behaviour, OpenAIServer
from tests.platforms.postgres_server import Cluster, server_binaries
from tests.platforms.pumps import HOURS, PUMPS, question, write_knowledge
from tests.platforms.slack_faults import Budget
from tests.platforms.slack_server import SlackServer
from tests.platforms.slack_service import Service, answered, serving
from tests.platforms.slack_state import Channel, User

ACK_MS, SIGN_MS = 100, 300
MENTIONS_A_SECOND = 10  # two events each
THREADS, QUESTIONS, CHANNELS = 20, 50, 5
PATIENCE_S = 90.0


@dataclass
class Asked:
    """A mention: where it was written, and about which pump."""

    channel: Channel
    ts: str
    thread: str
    pump: str


async def steady(kind: str, slack: SlackServer, service: Service, seconds: float) -> None:
    """Mentions at an even pace, each in a thread of its own."""
    ada, channels = furnish(slack, "steady")
    for channel in channels:  # what is looked up once is looked up now
        root = await slack.say(ada, channel, question(PUMPS[0]))
        await slack.answered(channel, root, final=answered)
    slack.outbox.deliveries.clear()
    slack.calls.clear()
    slack.statuses.clear()
    cpu, asked = service.cpu_seconds(), []
    begun = time.monotonic()
    for number in range(int(seconds * MENTIONS_A_SECOND)):
        await asyncio.sleep(begun + number / MENTIONS_A_SECOND - time.monotonic())
        pump, channel = PUMPS[number % len(PUMPS)], channels[number % len(channels)]
        ts = await slack.say(ada, channel, question(pump))
        asked.append(Asked(channel, ts, ts, pump))
    answers = [(await slack.answered(a.channel, a.ts, final=answered))[0] for a in asked]
    cpu = service.cpu_seconds() - cpu
    heard = slack.outbox.deliveries.values()  # the bot's own posts come as events too
    events = [d for d in heard if d.payload["event"].get("user") == ada.id]
    acks = [(d.acked_at or 0) - d.attempts[0] for d in events]
    row(kind, "event to acknowledgement", acks, ACK_MS)
    signs = first_signs(slack)
    row(kind, "event to first visible sign", [signs[a.ts] - float(a.ts) for a in asked], SIGN_MS)
    whole = [m.versions[-1].at - float(m.thread_ts) for m in answers]
    row(kind, "event to finished answer", whole)
    print(
        f"  {len(events)} events, {len(asked)} answers, CPU {cpu / len(asked) * 1000:.1f} ms each"
    )


def first_signs(slack: SlackServer) -> dict[str, float]:
    """When the first sign of work was to be seen, for each thread."""
    signs: dict[str, float] = {}
    for call in slack.calls:
        thread = str(call.args.get("thread_ts", ""))
        if thread and not call.error:
            signs.setdefault(thread, call.at)
    return signs


async def burst(kind: str, slack: SlackServer, service: Service) -> None:
    """All at once, with rate limits: 20 threads, 50 questions."""
    ada, channels = furnish(slack, "burst")
    slack.web.budget = Budget()
    slack.calls.clear()
    slack.statuses.clear()
    begun, cpu = time.time(), service.cpu_seconds()
    asked: list[Asked] = []
    for number in range(QUESTIONS):
        pump = PUMPS[number % len(PUMPS)]
        if number < THREADS:
            channel = channels[number % len(channels)]
            ts = await slack.say(ada, channel, question(pump))
            asked.append(Asked(channel, ts, ts, pump))
        else:
            root = asked[number % THREADS]
            ts = await slack.say(ada, root.channel, question(pump), thread_ts=root.ts)
            asked.append(Asked(root.channel, ts, root.ts, pump))
    signs, ends = [], []
    for thread in [a for a in asked if a.ts == a.thread]:
        mine = [a for a in asked if a.thread == thread.ts]
        answers = await slack.answered(
            thread.channel, thread.ts, len(mine), PATIENCE_S, final=answered
        )
        assert len(slack.answers(thread.channel, thread.ts)) == len(mine)
        for each, answer in zip(mine, answers, strict=True):
            assert f"{HOURS[each.pump]} hours" in answer.shown, answer.shown
            ends.append(answer.versions[-1].at - float(each.ts))
        signs.append(first_signs(slack)[thread.ts] - float(thread.ts))
    wall, cpu = time.time() - begun, service.cpu_seconds() - cpu
    row(kind, "50 at once, first visible sign in a thread", signs, SIGN_MS)
    row(kind, "50 at once, question to finished answer", ends)
    methods = Counter(call.method for call in slack.calls)
    refused = Counter(call.method for call in slack.calls if call.error)
    print(
        f"  {len(ends)} of {QUESTIONS} answered, in order, within {wall:.1f} s; "
        f"CPU {cpu / QUESTIONS * 1000:.0f} ms each"
    )
    told = ", ".join(f"{name} {count}" for name, count in methods.most_common())
    print(f"  calls: {told}")
    print(
        f"  refused for their rate: {', '.join(f'{n} {c}' for n, c in refused.items()) or 'none'}"
    )


UNLIMITED = '[limits]\nperson = "off"\nchannel = "off"\nburst = "off"\nrepeats = "off"\n'
"""One person asks everything here."""


def furnish(slack: SlackServer, name: str) -> tuple[User, list[Channel]]:
    """Somebody who asks, and the channels to ask in."""
    ada = slack.user("UADA", "Ada")
    return ada, [slack.channel(f"C{name.upper()}{n}", f"{name}{n}", [ada]) for n in range(CHANNELS)]


def row(kind: str, what: str, seconds: Sequence[float], bar: float = 0) -> None:
    """One line of the table, in milliseconds."""
    ms = sorted(1000 * s for s in seconds)
    p99 = ms[min(len(ms) - 1, int(len(ms) * 0.99))]
    judged = f"   bar {bar:.0f}: {'kept' if p99 < bar else 'MISSED'}" if bar else ""
    limit = at_most(bar) if bar else None
    figure(f"{kind}: {what}, p99", p99, unit="ms", bar=limit, speed=True)
    print(f"  {what:32} p50 {statistics.median(ms):7.0f} ms   p99 {p99:7.0f} ms{judged}")


async def measure(kind: str, database: str, seconds: float) -> None:
    """Both parts on one database."""
    model = Behaviour(first_token_s=0.3, token_s=0.01)
    with OpenAIServer(model) as models, tempfile.TemporaryDirectory() as folder:
        settings = {"DATABASE_URL": database} if database else {}
        home = Path(folder)
        write_knowledge(home, **settings)
        (home / "wellspoken.toml").write_text(UNLIMITED)
        async with SlackServer() as slack:
            service = Service(slack, home, settings)
            async with serving(service):
                print(f"\n{kind}, {2 * MENTIONS_A_SECOND} events a second for {seconds:g} s")
                await steady(kind, slack, service, seconds)
                await service.stop()
            spoken = {"OPENAI_BASE_URL": models.url, "WELLSPOKEN_MODEL": "stand-in"}
            async with serving(Service(slack, home, settings | spoken)) as service:
                print(f"{kind}, {QUESTIONS} mentions at once, 300 ms to the first token, limits on")
                await burst(kind, slack, service)
                await service.stop()


@contextmanager
def database_of(kind: str) -> Iterator[str]:
    """The URL of a fresh database; empty for SQLite in the home."""
    with ExitStack() as stack:
        if kind == "sqlite":
            yield ""
            return
        binaries = server_binaries()
        if binaries is None:
            raise FileNotFoundError("no PostgreSQL server programs on this machine")
        cluster = Cluster(binaries)
        cluster.start()
        stack.callback(cluster.stop)
        yield cluster.url(cluster.create())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--seconds", type=float, default=20)
    kinds = ["sqlite", "postgresql"]
    parser.add_argument("--database", nargs="+", choices=kinds, default=kinds)
    options = parser.parse_args()
    for kind in options.database:
        try:
            with database_of(kind) as url:
                asyncio.run(measure(kind, url, options.seconds))
        except (FileNotFoundError, subprocess.SubprocessError, RuntimeError) as error:
            sys.stdout.write(f"\n{kind} is left out: {error}\n")


if __name__ == "__main__":
    main()
