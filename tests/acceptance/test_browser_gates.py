"""The gate's pages in a real browser: readable on a desk and on a phone, by everybody."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import pytest

from adapters.release.gate_records import GateBook, GateFiles
from adapters.web.console.gate_report import report_page
from bot.store.base import Database
from tests.platforms.gate_stories import story
from tests.platforms.web_application import TOKEN, Served, served

playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
CHROMIUM = Path("/usr/bin/chromium")
AXE = Path(str(files("axe_playwright_python"))) / "axe.min.js"
SIZES = [{"width": 1280, "height": 900}, {"width": 390, "height": 844}]

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM.exists(), reason="needs Chromium (Debian: chromium)"),
]


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
        asyncio.run(_keep(bot.application.home))
        yield bot


@pytest.fixture(scope="module")
def chromium(running: Served) -> Iterator[playwright.Browser]:
    del running  # its loop is made before the browser's
    with playwright.sync_playwright() as play:
        browser = play.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"]
        )
        yield browser
        browser.close()


@pytest.mark.parametrize("size", SIZES, ids=["desk", "phone"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pages_fit_and_are_accessible(
    running: Served, chromium: playwright.Browser, size: dict[str, int], scheme: str
) -> None:
    """No axe finding and nothing to scroll sideways: the list, a run, and the file alone."""
    context = chromium.new_context(viewport=size, color_scheme=scheme, bypass_csp=True)
    page = context.new_page()
    page.goto(f"{running.address}/console/login")
    page.get_by_label("Console token").fill(TOKEN)
    page.keyboard.press("Enter")
    page.wait_for_url("**/console")
    report = running.application.home / "gates" / "gate0test.html"
    for address in (
        f"{running.address}/console/gates",
        f"{running.address}/console/gates/gate0test?show=all",
        report.as_uri(),
    ):
        page.goto(address)
        page.add_script_tag(content=AXE.read_text())
        found = page.evaluate("async () => (await axe.run()).violations.map(v => v.id)")
        assert found == [], address
        assert page.evaluate("document.documentElement.scrollWidth") <= size["width"], address
    context.close()


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
