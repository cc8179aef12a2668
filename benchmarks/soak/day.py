"""A day in the life of one ``serve`` process: everything that it runs, and people who use it.

It is put together as ``adapters.server.run_server`` does it, with a chat platform of our own in
place of Slack, and the web server on loopback.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import gc
import random
import signal
import socket
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime

import aiohttp
import uvicorn

from adapters.assembly import Application, assemble
from adapters.chat.base import Deleted, Heard, Reaction
from adapters.chat.desk import Desk
from adapters.governance.settings_seen import note_settings
from adapters.leaving import Leaving
from adapters.processes import membership
from adapters.server import _jobs, _load_index
from adapters.watch.stock import StockGauges, watch_lag
from adapters.web.app import create_app
from adapters.web.connections import Connection
from benchmarks.soak.census import (
    Holdings,
    Sample,
    bytes_of,
    kinds,
    open_files,
    open_rows,
    resident,
    size,
    tables,
    tasks_by_name,
    threads,
    trim,
    working,
)
from benchmarks.soak.clock import FastClock, really_sleep
from benchmarks.soak.kept import Kept
from benchmarks.soak.quiet_chat import QuietChat
from benchmarks.soak.traffic import Library, Sent, Traffic
from bot.conversation import Author, Platform, Turn
from bot.settings import load_settings
from bot.work.inbox import Inbox

TOKEN = "bench-soak"
_BATCH_S = 10.0
_STEP_S = 0.5
_SAMPLE_S = 900.0
_EDITS_S = 900.0
_SCRAPE_S = 60.0
_LATEST_S = 90.0  # of the wall clock: an answer that takes longer is counted as left
THUMBS, CORRECTIONS, FORGET, REWORDED, DELETED = 0.04, 0.004, 0.0004, 0.003, 0.003


class Day:
    """From where an earlier run stood, until it is over or the time is up."""

    def __init__(self, clock: FastClock, kept: Kept, options: argparse.Namespace) -> None:
        self._clock = clock
        self._kept = kept
        self._options = options
        self._rng = random.Random(f"{options.seed}:{kept.runs}")
        self._counts = kept.counts
        first = 1 + kept.runs * 10_000_000
        self._traffic = Traffic(options.turns, options.seed, first)
        self._library = Library(kept.home / "documents", self._rng)
        self._waiting: dict[str, asyncio.Future[None]] = {}
        self._until = time.perf_counter() + options.minutes * 60
        self._begun = time.perf_counter()
        self._stop = False

    async def live(self) -> None:
        """Serve, be used, measure; then stop, and look what is left."""
        loop = asyncio.get_running_loop()
        for name in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(name, self._end)
        async with self._serving() as (app, desk, at):
            inbox = Inbox(app.database, "bench")
            headers = {"Authorization": f"Bearer {TOKEN}"}
            limit = aiohttp.ClientTimeout(None)
            # A connection that rests is closed by the server, at times while it is used again.
            fresh = aiohttp.TCPConnector(limit=0, force_close=True)
            async with aiohttp.ClientSession(
                at, headers=headers, timeout=limit, connector=fresh
            ) as web:
                self._app, self._desk, self._inbox, self._web = app, desk, inbox, web
                self._holdings = Holdings()
                await _load_index(app)
                await self._through()
        await really_sleep(0.2)
        left = tasks_by_name()
        left.subtract({"Day.live": 1})
        self._kept.add(
            self._kept_last,
            end=True,
            tasks_left={name: count for name, count in left.items() if count > 0},
            threads_left=threads(),
        )

    def _end(self) -> None:
        self._stop = True

    # -- the process --------------------------------------------------------------------------

    @asynccontextmanager
    async def _serving(self) -> AsyncIterator[tuple[Application, Desk, str]]:
        settings = load_settings(
            WELLSPOKEN_HOME=self._kept.home / "home",
            OPENAI_BASE_URL=self._options.model,
            WELLSPOKEN_MODEL="stand-in",
            WELLSPOKEN_CONSOLE_TOKEN=TOKEN,
            sources=[self._source("handbooks", ()), self._source("dealers", ("staff",))],
        )
        parts = frozenset({"web", "worker", "slack"})
        async with AsyncExitStack() as stack:
            app = await stack.enter_async_context(assemble(settings))
            await note_settings(app.audit, settings)
            await stack.enter_async_context(membership(app, parts))
            desk = Desk(app)
            self._chat = QuietChat(self._closed)
            desk.join(self._chat)
            listener = stack.enter_context(contextlib.closing(socket.socket()))
            listener.bind(("127.0.0.1", 0))
            listener.listen(64)
            listener.setblocking(False)
            config = uvicorn.Config(
                create_app(app, watched=[StockGauges(app)]),
                http=Connection,
                ws="none",
                log_config=None,
                access_log=False,
                lifespan="on",
            )
            server = _Server(config)
            leaving = Leaving(app.database, asyncio.Event())
            working = [
                asyncio.create_task(work)
                for work in (watch_lag(app.metrics), leaving.run(), *_jobs(app), desk.run())
            ]
            web = asyncio.create_task(server.serve(sockets=[listener]))
            try:
                yield app, desk, f"http://127.0.0.1:{listener.getsockname()[1]}"
            finally:
                for task in working:
                    task.cancel()
                server.should_exit = True
                await asyncio.gather(*working, web, return_exceptions=True)

    def _source(self, name: str, groups: tuple[str, ...]) -> dict[str, object]:
        path = self._library.folder / name
        return {"name": name, "path": path, "groups": groups, "sync": "15m"}

    # -- people ---------------------------------------------------------------------------------

    async def _through(self) -> None:
        """The day, a batch at a time: nothing is in hand while the clock is moved."""
        while (await self._app.store.stats()).chunks == 0:
            await self._idle(1.0)
        await self._idle(30.0)
        sampled = edited = scraped = self._clock.seconds
        await self._sample()
        while not self._over():
            now = self._clock.seconds
            if now - edited >= _EDITS_S:
                edited = now
                self._library.edit()
            if now - scraped >= _SCRAPE_S:
                scraped = now
                async with self._web.get("/metrics") as answer:
                    await answer.read()
            arrived = self._traffic.arrivals(_hour(_now()), _BATCH_S)
            await asyncio.gather(*(self._one() for _ in range(arrived)))
            if (spent := self._clock.seconds - now) < _BATCH_S:
                await self._idle(_BATCH_S - spent)
            if self._clock.seconds - sampled >= _SAMPLE_S:
                sampled = self._clock.seconds
                await self._sample()
        await self._idle(60.0)
        await self._sample()

    def _over(self) -> bool:
        done = self._clock.seconds >= self._options.hours * 3600
        return done or self._stop or time.perf_counter() > self._until

    async def _idle(self, seconds: float) -> None:
        """Let time pass in steps; what became due runs in between."""
        while seconds > 0:
            self._clock.move(min(seconds, _STEP_S))
            seconds -= _STEP_S
            await really_sleep(0.0005)
            for _ in range(4):
                await asyncio.sleep(0)
            while await self._app.database.read(working):  # it holds a lease for seconds
                await really_sleep(0.01)

    async def _one(self) -> None:
        sent = self._traffic.message(_now())
        try:
            async with asyncio.timeout(_LATEST_S * self._clock.rate):
                if sent.heard is not None:
                    await self._by_chat(sent.heard)
                else:
                    await self._by_api(sent)
        except TimeoutError:
            self._counts["left"] += 1
            return
        self._counts[sent.kind] += 1
        self._counts["asked"] += 1
        await self._afterwards(sent)

    async def _by_chat(self, heard: Heard) -> None:
        future = asyncio.get_running_loop().create_future()
        self._waiting[heard.message] = future
        try:
            if await self._desk.take(heard):
                await future
            else:
                self._counts["not taken"] += 1
        finally:
            del self._waiting[heard.message]

    def _closed(self, heard: Heard, message: str, turn: Turn | None) -> None:
        future = self._waiting.get(heard.message)
        if future is not None and not future.done():
            future.set_result(None)
        if turn is None:
            self._counts["failed"] += 1
            return
        self._counts["turns"] += 1
        self._counts[turn.outcome.value] += 1
        self._counts["from the cache"] += bool(turn.cached_from)
        self._traffic.rated.append((turn.id, message, heard))

    async def _by_api(self, sent: Sent) -> None:
        body = {"question": sent.text, "groups": list(sent.groups), "thread": sent.thread}
        async with self._web.post("/api/ask", json=body) as answer:
            told = await answer.json()
            if answer.status != 200:
                self._counts["failed"] += 1
                return
        self._counts["turns"] += 1
        self._counts[told["outcome"]] += 1
        self._traffic.rated.append((told["turn"], "", None))

    async def _afterwards(self, sent: Sent) -> None:
        """Some rate, correct, edit, delete, or want to be forgotten."""
        draw = self._rng.random()
        if draw < THUMBS and self._traffic.rated:
            await self._rate(corrects=draw < CORRECTIONS)
        elif sent.heard is None:
            return
        elif (draw := draw - THUMBS) < FORGET:
            self._counts["forgotten"] += 1
            await self._desk.forget(sent.heard.author)
        elif (draw := draw - FORGET) < REWORDED:
            self._counts["edited"] += 1
            await self._edit(sent.heard)
        elif draw - REWORDED < DELETED:
            self._counts["deleted"] += 1
            await self._desk.drop(Deleted(sent.heard.place, sent.heard.message))

    async def _rate(self, *, corrects: bool) -> None:
        turn, message, heard = self._rng.choice(self._traffic.rated)
        up = not corrects and self._rng.random() < 0.7
        self._counts["corrections" if corrects else "thumbs"] += 1
        if heard is None or corrects:
            body = {"turn": turn, "rating": "up" if up else "down"}
            body |= {"correction": "It is 24 months for every pump."} if corrects else {}
            async with self._web.post("/api/feedback", json=body) as answer:
                await answer.read()
            return
        self._counts["reactions"] += 1
        reaction = Reaction(heard.place, message, _somebody(self._rng), up, added=True)
        await self._desk.react(reaction, f"reaction:{heard.message}:{self._counts['reactions']}")

    async def _edit(self, heard: Heard) -> None:
        changed = replace(heard, text=f"{heard.text} (edited)", edited=True, at=_now())
        await self._desk.amend(changed, f"edit:{heard.message}")

    # -- what is measured -----------------------------------------------------------------------

    async def _sample(self) -> None:
        hourly = round(self._clock.seconds / _SAMPLE_S) % 4 == 0 or self._over()
        before = resident()
        trim()
        database = self._app.database
        sizes, rows = await database.read(tables) if hourly else ({}, {})
        events, jobs = await database.read(open_rows)
        held, cached = self._holdings()
        home = self._kept.home / "home"
        self._kept_last = Sample(
            second=self._clock.seconds,
            turns=self._counts["turns"],
            wall=time.perf_counter() - self._begun,
            resident=resident(),
            resident_before=before,
            tasks=len(asyncio.all_tasks()),
            threads=threads(),
            files=open_files(),
            objects=len(gc.get_objects()),
            database=await database.read(bytes_of),
            journal=size(home / "wellspoken.db-wal"),
            knowledge=sum(size(path) for path in home.glob("knowledge*")),
            open_events=events,
            open_jobs=jobs,
            tables=sizes,
            rows=rows,
            held=held,
            cached=cached,
            kinds=kinds(),
        )
        named = dict(tasks_by_name()) if hourly else {}
        self._kept.add(self._kept_last, tasks_by_name=named, edits=self._library.edits)
        hours, megabytes = self._clock.seconds / 3600, self._kept_last.resident / 2**20
        print(
            f"{hours:5.2f} h, {self._counts['turns']:7,} turns, {megabytes:6.1f} MB, "
            f"{self._kept_last.tasks} tasks, {self._kept_last.wall:6.0f} s",
            flush=True,
        )


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self):  # type: ignore[no-untyped-def]  # as the product's
        yield


def _hour(moment: datetime) -> float:
    return moment.hour + moment.minute / 60


def _now() -> datetime:
    return datetime.now(UTC)


def _somebody(rng: random.Random) -> Author:
    number = rng.randrange(4_000)
    return Author(Platform.SLACK, f"U{number}", f"Person {number}")
