"""The console in a real browser: its rooms on a phone and on a desk."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import httpx2
import pytest
import sqlalchemy as sa

from bot.store.base import Database
from bot.work.jobs import Jobs, Wanted
from bot.work.tables import jobs
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


def put_job(bot: Served) -> str:
    """The id of a job that waits."""

    async def put() -> str:
        database = await Database.open(f"sqlite:///{bot.application.home / 'web.db'}")
        job, _ = await Jobs(database).put(Wanted("sync", "Read the handbook", {"source": "docs"}))
        await database.close()
        return job.id

    return aside(put())


def test_who_is_signed_out_keeps_what_stands_there(
    chromium: playwright.Browser, bot: Served
) -> None:
    """A page that keeps itself up to date says so when its session ended elsewhere, and shows no
    sign-in form in place of its job; signed in again, it goes on."""

    page = sign_in(visit(chromium, bot.address, PHONE), TOKEN, f"/console/jobs/{put_job(bot)}")
    session = page.context.cookies()
    page.context.clear_cookies()
    told = page.locator("#unreached")
    playwright.expect(told).to_contain_text("You are signed out.")
    playwright.expect(page.locator("#job")).to_contain_text("Queued")
    assert faults(page) == []
    page.context.add_cookies(session)
    playwright.expect(told).to_have_text("")
    page.context.close()


def test_a_job_that_is_gone_is_told_as_such(chromium: playwright.Browser, bot: Served) -> None:
    """A page whose job was removed says that, not that the bot is away, and goes on saying it while
    other parts of the page are brought up to date."""
    job = put_job(bot)
    page = sign_in(visit(chromium, bot.address, PHONE), TOKEN, f"/console/jobs/{job}")
    told = page.locator("#unreached")
    page.evaluate(_KEEP_WHAT_IS_TOLD)

    async def remove() -> None:
        database = await Database.open(f"sqlite:///{bot.application.home / 'web.db'}")
        gone = sa.delete(jobs).where(jobs.c.id == job)
        await database.write(lambda connection: connection.execute(gone))
        await database.close()

    aside(remove())
    playwright.expect(told).to_contain_text(f"There is no job “{job}”")
    with page.expect_response(lambda answer: "/console/attention" in answer.url):
        pass
    with page.expect_response(lambda answer: f"/console/jobs/{job}" in answer.url):
        pass
    sentence = told.text_content() or ""
    assert "may be old" in sentence
    assert page.evaluate("window.kept") == [sentence]
    assert faults(page) == []
    page.context.close()


def test_a_long_name_in_an_error_fits_on_a_phone(chromium: playwright.Browser, bot: Served) -> None:
    """The page of a job that failed is no wider than the screen, whatever the error names."""
    job = put_job(bot)

    async def fail() -> None:
        database = await Database.open(f"sqlite:///{bot.application.home / 'web.db'}")
        values = {"status": "failed", "error": f"Set WELLSPOKEN_{'VERY_LONG_' * 6}NAME=True."}
        failed = sa.update(jobs).where(jobs.c.id == job).values(**values)
        await database.write(lambda connection: connection.execute(failed))
        await database.close()

    aside(fail())
    page = sign_in(visit(chromium, bot.address, PHONE, "dark"), TOKEN, f"/console/jobs/{job}")
    playwright.expect(page.get_by_text("VERY_LONG_")).to_be_visible()
    assert faults(page) == []
    page.context.close()


def failing_with(status: int) -> Callable[[playwright.Route], None]:
    """What a gateway answers in the bot's place."""

    def fail(route: playwright.Route) -> None:
        route.fulfill(status=status, body="<h1>Oh no</h1>")

    return fail


def test_who_stands_before_the_bot_is_told_apart(chromium: playwright.Browser, bot: Served) -> None:
    """A gateway that finds no bot: it cannot be reached; another failure without a sentence of ours
    is named by its number; both go once the page is brought up to date again."""
    address = f"/console/jobs/{put_job(bot)}"
    page = sign_in(visit(chromium, bot.address), TOKEN, address)
    told = page.locator("#unreached")
    for status, words in ((502, "The bot cannot be reached."), (500, "the server answered 500.")):
        page.route(f"**{address}", failing_with(status))
        playwright.expect(told).to_contain_text(words)
        page.unroute(f"**{address}")
        playwright.expect(told).to_have_text("")
    page.context.close()


_KEEP_WHAT_IS_TOLD = """() => {
  const line = document.getElementById("unreached");
  window.kept = [];
  new MutationObserver(() => window.kept.push(line.textContent)).observe(line, {childList: true});
}"""
