"""What the slowest rooms count, counted before anybody asks for them."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import httpx2
import sqlalchemy as sa

from adapters.web.app import create_app
from bot.conversation import Author, Platform, Question
from bot.store.watch_tables import watched_weeks
from tests.platforms.web_application import RESET_ANSWER, WebApplication, stand_in_turn
from tests.unit.web.test_chat import sign_in

PAST = timedelta(weeks=3)


async def weeks_counted(application: WebApplication) -> int:
    """Weeks that are over and whose sums are kept."""
    query = sa.select(sa.func.count()).select_from(watched_weeks)
    return int(await application.database.read(lambda c: c.scalar(query)) or 0)


async def test_who_opens_any_room_finds_the_weeks_counted(application: WebApplication) -> None:
    """Nothing is counted for who only looks at the door, and all of it once an operator is in."""
    turn = stand_in_turn(Question("q", Author(Platform.WEB, "a")), RESET_ANSWER)
    await application.history.record(replace(turn, at=datetime.now(UTC) - PAST))
    app = create_app(application, ahead=True)
    async with (
        app.router.lifespan_context(app),
        httpx2.AsyncClient(
            transport=httpx2.ASGITransport(app), base_url="http://bot.test"
        ) as browser,
    ):
        assert (await browser.get("/console/jobs")).status_code in (303, 401)
        await asyncio.sleep(0)
        assert await weeks_counted(application) == 0
        await sign_in(browser)
        assert (await browser.get("/console/jobs")).status_code == 200
        async with asyncio.timeout(60):
            while not await weeks_counted(application):  # noqa: ASYNC110 - another one counts
                await asyncio.sleep(0.02)
