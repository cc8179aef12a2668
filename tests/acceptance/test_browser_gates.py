"""The gate's pages in a real browser: readable on a desk and on a phone, by everybody."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from adapters.release.gate_records import GateBook, GateFiles
from adapters.web.console.gate_report import report_page
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
from tests.platforms.gate_stories import story
from tests.platforms.web_application import TOKEN, Served, served

pytestmark = BROWSER


async def _keep(home: Path) -> None:
    told, files_ = story(passed=False), GateFiles(home)
    files_.prepare()
    database = await Database.open(f"sqlite:///{home / 'web.db'}")
    await GateBook(database).add(told, files_.write(told, report_page(told)))
    await database.close()


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A console with one run that failed."""
    with served(tmp_path_factory.mktemp("web")) as bot:
        aside(_keep(bot.application.home))
        yield bot


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pages_fit_and_are_accessible(
    running: Served, chromium: playwright.Browser, size: dict[str, int], scheme: str
) -> None:
    """No axe finding and nothing to scroll sideways: the list, a run, and the file alone."""
    page = sign_in(visit(chromium, running.address, size, scheme), TOKEN)
    report = running.application.home / "gates" / "gate0test.html"
    for address in (
        "/console/gates",
        "/console/gates/gate0test?show=all",
        report.as_uri(),
    ):
        page.goto(address)
        assert faults(page) == []
    page.context.close()


def test_the_keyboard_opens_the_sources(running: Served, chromium: playwright.Browser) -> None:
    """A run's sources unfold with Enter and show the passage."""
    page = chromium.new_page()
    page.goto((running.application.home / "gates" / "gate0test.html").as_uri())
    summary = page.locator("summary").first
    summary.focus()
    assert not page.get_by_text("It covers the motor and the hoses.").first.is_visible()
    page.keyboard.press("Enter")
    assert page.locator("blockquote").first.is_visible()
    page.close()
