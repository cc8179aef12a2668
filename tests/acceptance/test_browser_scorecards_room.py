"""The scorecards room in a real browser: readable on a desk and on a phone, by everybody."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from adapters.evaluation.standing import Order, Standing, StandingFile, State
from bot.store.base import Database
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
from tests.platforms.scorecard_runs import AT, keep_run
from tests.platforms.web_application import TOKEN, Served, served

ROOM = "/console/scorecards"
GOES_ON = Standing(
    Order("start1", "pumps", ("rag", "hybrid"), "", "web:operator"), AT, done=7, total=60
)

pytestmark = BROWSER


async def _keep(home: Path) -> None:
    database = await Database.open(f"sqlite:///{home / 'web.db'}")
    await keep_run(database, home, "first", wrong=12)
    await keep_run(database, home, "second", wrong=2, hours=1, baseline="first")
    await keep_run(database, home, "hoses", suite="all of the hoses", many=6, hours=2)
    await database.close()


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A console with runs of two suites."""
    with served(tmp_path_factory.mktemp("web")) as bot:
        aside(_keep(bot.application.home))
        yield bot


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pages_fit_and_are_accessible(
    running: Served, chromium: playwright.Browser, size: dict[str, int], scheme: str
) -> None:
    """No axe finding and nothing to scroll sideways: the list, a run, its cases, one of them."""
    page = sign_in(visit(chromium, running.address, size, scheme), TOKEN)
    for address in ("", "/second", "/second/cases?show=unheld", "/second/case?id=p/0"):
        page.goto(f"{ROOM}{address}")
        page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
        assert faults(page) == []
    page.context.close()


def test_progress_shows_by_itself_and_by_reloading(
    running: Served, chromium: playwright.Browser
) -> None:
    """Without a reload the bar grows and the end leads to the scorecard; the button keeps the
    focus; without script the same stands there after a reload."""
    file = StandingFile(running.application.home)
    lock = file.take()
    assert lock is not None
    file.write(GOES_ON)
    page = sign_in(visit(chromium, running.address), TOKEN)
    page.goto(ROOM)
    page.get_by_role("button", name="Cancel the run").focus()
    file.write(replace(GOES_ON, done=30))
    page.get_by_text("30 of 60 answers").wait_for(timeout=60_000)
    assert page.evaluate("document.activeElement.id") == "cancel-run"
    plain = chromium.new_context(java_script_enabled=False)
    plain.add_cookies(page.context.cookies())  # type: ignore[arg-type]  # as they came
    reader = plain.new_page()
    reader.goto(f"{running.address}{ROOM}")
    assert reader.get_by_text("30 of 60 answers").is_visible()
    file.write(replace(GOES_ON, done=60, state=State.DONE, run="second"))
    os.close(lock)
    page.get_by_role("link", name="Open the scorecard").click(timeout=60_000)
    page.wait_for_url("**/scorecards/second")
    plain.close()
    page.context.close()


def test_a_run_is_deleted_by_keyboard(running: Served, chromium: playwright.Browser) -> None:
    """The button asks first; Enter twice deletes it."""
    page = sign_in(visit(chromium, running.address), TOKEN)
    page.goto(f"{ROOM}/hoses")
    page.get_by_text("Delete this run").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**{ROOM}")
    assert not page.get_by_text("all of the hoses").count()
    page.context.close()
