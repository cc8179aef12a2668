"""The console in a real browser: its rooms on a phone and on a desk."""

from __future__ import annotations

from collections.abc import Iterator

import httpx2
import pytest

from bot.store.base import Database
from bot.work.jobs import Jobs, Wanted
from tests.platforms.browsing import (
    BROWSER,
    DESK,
    PHONE,
    aside,
    faults,
    playwright,
    sign_in,
    visit,
)
from tests.platforms.web_application import TOKEN, Served, served

ROOMS = {
    "Talk": ("Today", "Conversations", "Playground", "Feedback"),
    "Facts": ("Knowledge", "Gaps"),
    "Voice": ("Review", "Data sets", "Training", "Gate", "Models"),
    "Quality": ("Watch", "Suites", "Scorecards", "Advice"),
    "Operations": ("Routing", "Costs", "Audit", "People"),
}

pytestmark = BROWSER


@pytest.fixture(scope="module")
def bot(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A bot with three answers that somebody found wanting."""
    with served(tmp_path_factory.mktemp("console")) as bot:
        headers = {"authorization": f"Bearer {TOKEN}"}
        with httpx2.Client(base_url=bot.address, headers=headers, timeout=60) as script:
            for n in (1, 2, 3):
                turn = script.post("/api/ask", json={"question": f"reset {n}?"}).json()["turn"]
                script.post("/api/feedback", json={"turn": turn, "rating": "down"})
        yield bot


@pytest.mark.parametrize(("size", "scheme"), [(PHONE, "light"), (DESK, "dark")])
def test_every_room_is_found_and_fits(
    chromium: playwright.Browser, bot: Served, size: dict[str, int], scheme: str
) -> None:
    """By its group and its name; on a phone nothing is wider than the screen, all room links are
    in sight, and no rule of accessibility is broken."""
    page = sign_in(visit(chromium, bot.address, size, scheme), TOKEN)
    found: list[str] = []
    for group, rooms in ROOMS.items():
        for room in rooms:
            if size is PHONE:
                page.get_by_role("link", name=group, exact=True).click()
            link = page.get_by_role("navigation", name="Console").get_by_role(
                "link", name=room, exact=True
            )
            playwright.expect(link).to_be_in_viewport(ratio=1)
            link.click()
            page.get_by_role("heading", name=room, level=1, exact=True).wait_for()
            found += faults(page)
    page.context.close()
    assert found == []


def test_who_is_signed_out_keeps_what_stands_there(
    chromium: playwright.Browser, bot: Served
) -> None:
    """A page that keeps itself up to date says so when its session ended elsewhere, and shows no
    sign-in form in place of its job; signed in again, it goes on."""

    async def put() -> str:
        database = await Database.open(f"sqlite:///{bot.application.home / 'web.db'}")
        job, _ = await Jobs(database).put(Wanted("sync", "Read the handbook", {"source": "docs"}))
        await database.close()
        return job.id

    page = sign_in(visit(chromium, bot.address, PHONE), TOKEN, f"/console/jobs/{aside(put())}")
    session = page.context.cookies()
    page.context.clear_cookies()
    told = page.locator("#unreached")
    playwright.expect(told).to_contain_text("You are signed out.")
    playwright.expect(page.locator("#job")).to_contain_text("Queued")
    assert faults(page) == []
    page.context.add_cookies(session)
    playwright.expect(told).to_have_text("")
    page.context.close()
