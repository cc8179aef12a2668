"""The inbox after kill -9: nothing lost, nothing doubled, nothing out of order."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys

import pytest
import sqlalchemy as sa

from bot.store.base import Database
from bot.work.inbox import Inbox

EVENTS, THREADS, KILLS = 60, 6, 3

answers = sa.Table(
    "answers",
    sa.MetaData(),
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("thread", sa.Text, nullable=False),
    sa.Column("place", sa.BigInteger, nullable=False),
)

_WORKER = """
import asyncio, sys
import sqlalchemy as sa
from bot.errors import LeaseLostError
from bot.store.base import Database
from bot.work.inbox import Inbox

answers = sa.table("answers", sa.column("number"), sa.column("thread"), sa.column("place"))

async def main(url, owner):
    db = await Database.open(url)
    box = Inbox(db, owner, lease_seconds=1.0)
    print("ready", flush=True)

    async def work(claim):
        def answer(connection):
            place = sa.select(sa.func.coalesce(sa.func.max(answers.c.place), 0) + 1)
            row = {"number": claim.payload, "thread": claim.thread,
                   "place": connection.scalar(place)}
            connection.execute(sa.insert(answers), [row])
            box.complete_in(connection, claim)
        await asyncio.sleep(0.02)
        claim = await box.checkpoint(claim, "posted")
        await asyncio.sleep(0.02)
        await db.write(answer)

    while True:
        claims = await box.claim(4)
        done = await asyncio.gather(*(work(c) for c in claims), return_exceptions=True)
        for error in done:
            if error is not None and not isinstance(error, LeaseLostError):
                raise error
        if not claims:
            await asyncio.sleep(0.05)

asyncio.run(main(*sys.argv[1:]))
"""


async def _start(url: str, owner: str) -> asyncio.subprocess.Process:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", _WORKER, url, owner, stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    assert await process.stdout.readline() == b"ready\n"
    return process


@pytest.mark.slow
async def test_killed_workers_lose_and_double_nothing(
    database: Database, database_url: str
) -> None:
    """Workers killed in the middle: every event is answered once, in the order of its thread."""
    await database.write(answers.create)
    box = Inbox(database, "feeder")
    for number in range(EVENTS):
        await box.put(f"e{number}", f"thread-{number % THREADS}", number)
    for kill in range(KILLS):
        worker = await _start(database_url, f"worker-{kill}")
        await asyncio.sleep(0.25)
        worker.send_signal(signal.SIGKILL)
        await worker.wait()
    last = await _start(database_url, "last")
    async with asyncio.timeout(60):
        while (await box.counts()).get("done") != EVENTS:  # noqa: ASYNC110 - another process
            await asyncio.sleep(0.1)
    last.send_signal(signal.SIGKILL)
    await last.wait()

    rows = await database.read(
        lambda c: c.execute(sa.select(answers).order_by(answers.c.place, answers.c.number)).all()
    )
    assert sorted(row.number for row in rows) == list(range(EVENTS))
    for thread in range(THREADS):
        order = [row.number for row in rows if row.thread == f"thread-{thread}"]
        assert order == sorted(order)
