"""The console in a real browser: its rooms on a phone and on a desk."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import httpx2
import pytest

from tests.platforms.web_application import TOKEN, Served, served

playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
CHROMIUM = Path("/usr/bin/chromium")
PHONE = {"width": 390, "height": 844}
DESK = {"width": 1280, "height": 800}
AXE = Path(str(files("axe_playwright_python"))) / "axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
ROOMS = {
    "Talk": ("Today", "Conversations", "Playground", "Feedback"),
    "Facts": ("Knowledge", "Gaps"),
    "Voice": ("Review", "Data sets", "Training", "Gate", "Models"),
    "Quality": ("Watch", "Suites", "Scorecards", "Advice"),
    "Operations": ("Routing", "Costs", "Audit", "People"),
}

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM.exists(), reason="needs Chromium (Debian: chromium)"),
]


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


def signed_in(
    chromium: playwright.Browser, bot: Served, size: dict[str, int], scheme: str = "light"
) -> playwright.Page:
    context = chromium.new_context(
        viewport=size, base_url=bot.address, color_scheme=scheme, bypass_csp=True
    )
    page = context.new_page()
    page.goto("/console")
    page.get_by_label("Console token").fill(TOKEN)
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Today", exact=True).wait_for()
    return page


def broken_rules(page: playwright.Page) -> list[str]:
    """What axe has to say."""
    page.evaluate(AXE.read_text())
    told = page.evaluate("tags => axe.run({runOnly: tags})", RULES)
    return [f"{page.url}: {v['id']}: {v['nodes'][0]['html'][:120]}" for v in told["violations"]]


@pytest.mark.parametrize(("size", "scheme"), [(PHONE, "light"), (DESK, "dark")])
def test_every_room_is_found_and_fits(
    chromium: playwright.Browser, bot: Served, size: dict[str, int], scheme: str
) -> None:
    """By its group and its name; on a phone nothing is wider than the screen, all room links are
    in sight, and no rule of accessibility is broken."""
    page = signed_in(chromium, bot, size, scheme)
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
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), room
            found += broken_rules(page)
    page.context.close()
    assert found == []
