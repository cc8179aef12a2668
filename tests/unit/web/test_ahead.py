"""What the slowest rooms count, counted before anybody asks for them."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import httpx2
import sqlalchemy as sa

from adapters.web.app import create_app
from adapters.web.console.ahead import Ahead
from adapters.web.pages import Pages
from bot.conversation import Author, Platform, Question
from bot.errors import StorageError
from bot.store.watch_tables import watched_weeks
from tests.platforms.web_application import RESET_ANSWER, WebApplication, stand_in_turn
from tests.unit.web.test_chat import sign_in

PAST = timedelta(weeks=3)


def under_way() -> list[asyncio.Task[None]]:
    """What is made ready just now."""
    return [each for each in asyncio.all_tasks() if "Ahead" in each.get_coro().__qualname__]


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
        assert under_way() == []
        await sign_in(browser)
        assert (await browser.get("/console/jobs")).status_code == 200
        (work,) = under_way()
        assert await weeks_counted(application) == 0
        await asyncio.wait_for(work, 60)
        assert await weeks_counted(application) == 1
        assert (await browser.get("/console/jobs")).status_code == 200
        assert under_way() == [], "once is enough"


class Away:
    """A watch whose database is away."""

    asked = 0

    async def report(self) -> None:
        self.asked += 1
        raise StorageError("The database is away.")


async def test_what_could_not_be_counted_is_tried_again_by_the_next_room() -> None:
    """A database that is away for a moment takes nothing from those who come later."""
    away = Away()
    ahead = Ahead(SimpleNamespace(watch=away), Pages("Juniper"))  # type: ignore[arg-type]  # no more is asked for
    for times in (1, 2):
        ahead.begin()
        (work,) = under_way()
        await asyncio.wait_for(work, 60)
        assert away.asked == times
    await ahead.aclose()
