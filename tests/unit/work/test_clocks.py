"""Processes on machines whose clocks differ: no lease is stolen, and no work is put off."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path

import orjson
import pytest
import sqlalchemy as sa

from bot.store.base import Database
from bot.store.schedules import ScheduleBook
from bot.store.timing import utc_now
from bot.work.claims import Claims, Patience
from bot.work.inbox import Inbox
from bot.work.jobs import Jobs, Wanted
from bot.work.leases import Leases
from bot.work.tables import inbox, jobs, leases

PATIENCE = Patience(tries=3, first=0.01, longest=0.01)
SOON = timedelta(seconds=60)

_ELSEWHERE = """
import asyncio, sys
from pathlib import Path
import orjson
from tests.chaos.clocked import move
move(Path(sys.argv[1]))
from bot.store.base import Database
from bot.store.schedules import ScheduleBook
from bot.store.timing import utc_now
from bot.work.claims import Claims, Patience
from bot.work.inbox import Inbox
from bot.work.jobs import Jobs, Wanted
from bot.work.leases import Leases

async def main():
    db = await Database.open(sys.argv[2])
    patience = Patience(tries=3, first=0.01, longest=0.01)
    box, claims = Inbox(db, "other"), Claims(db, "other")
    stolen = {
        "events": len(await box.claim(9)),
        "jobs": len(await claims.claim("k", 9, patience)),
        "lease": await Leases(db).take("mine", "other", 30),
        "schedule": await ScheduleBook(db, utc_now).claim("daily", 30) is not None,
    }
    for name in ("failed", "held"):
        await box.put(name, name, {})
        await Jobs(db).put(Wanted("k", name))
    for claim in await box.claim(9):
        if claim.event_id == "failed":
            await box.fail(claim, "no")
    for job in await claims.claim("k", 9, patience):
        if job.title == "failed":
            await claims.fail(job, "no", patience)
    await box.put("waiting", "waiting", {})
    await Jobs(db).put(Wanted("k", "waiting"))
    await Leases(db).take("theirs", "other", 30)
    print(orjson.dumps(stolen).decode(), flush=True)
    await db.close()

asyncio.run(main())
"""


async def _elsewhere(folder: Path, url: str, seconds: int) -> dict[str, object]:
    """What a process takes of what is held here, with a clock that is off by so much; it leaves
    work that waits, that failed once, and that it holds."""
    clock = folder / "clock"
    clock.write_text(str(seconds))
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", _ELSEWHERE, str(clock), url),
        cwd=Path(__file__).parents[3],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    out, errors = await process.communicate()
    assert process.returncode == 0, errors.decode()
    found: dict[str, object] = orjson.loads(out)
    return found


@pytest.mark.postgres
@pytest.mark.parametrize("seconds", [3600, -3600], ids=["ahead", "behind"])
async def test_a_wrong_clock_steals_nothing_and_puts_nothing_off(
    postgres_database_url: str, tmp_path: Path, seconds: int
) -> None:
    """With a clock an hour ahead or behind a process leaves what others hold, what it puts is taken
    up at once, and what it held or failed in comes again when everybody's does."""
    database = await Database.open(postgres_database_url)
    try:
        box, claims = Inbox(database, "here"), Claims(database, "here")
        await box.put("mine", "mine", {})
        await Jobs(database).put(Wanted("k", "mine"))
        assert len(await box.claim(9)) == len(await claims.claim("k", 9, PATIENCE)) == 1
        assert await Leases(database).take("mine", "here", 30)
        book = ScheduleBook(database, utc_now)
        await book.put("daily", utc_now() - SOON)
        assert await book.claim("daily", 30) is not None

        took = await _elsewhere(tmp_path, postgres_database_url, seconds)

        assert took == {"events": 0, "jobs": 0, "lease": False, "schedule": False}
        assert "waiting" in {claim.event_id for claim in await box.claim(9)}
        assert "waiting" in {job.title for job in await claims.claim("k", 9, PATIENCE)}
        for moment in await database.read(_moments):
            assert abs(moment - utc_now()) < SOON
    finally:
        await database.close()


def _moments(connection: sa.Connection) -> list[datetime]:
    """When leases end, and when what waits is due."""
    asked = (
        sa.select(inbox.c.lease_until).where(inbox.c.lease_until.is_not(None)),
        sa.select(inbox.c.due),
        sa.select(jobs.c.lease_until).where(jobs.c.lease_until.is_not(None)),
        sa.select(jobs.c.due),
        sa.select(leases.c.until),
    )
    return [moment for query in asked for moment in connection.scalars(query)]
