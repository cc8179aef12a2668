"""Documents in a real browser: the list, a document's page, and what others would see."""

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

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM.exists(), reason="needs Chromium (Debian: chromium)"),
]


@pytest.fixture(scope="module")
def bot(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A bot whose answer to one question was liked."""
    headers = {"authorization": f"Bearer {TOKEN}"}
    with served(tmp_path_factory.mktemp("knowledge")) as bot:
        with httpx2.Client(base_url=bot.address, headers=headers, timeout=60) as script:
            turn = script.post("/api/ask", json={"question": "reset it?"}).json()["turn"]
            rated = script.post("/api/feedback", json={"turn": turn, "rating": "up"})
            rated.raise_for_status()
        yield bot


def signed_in(
    chromium: playwright.Browser, bot: Served, size: dict[str, int], scheme: str
) -> playwright.Page:
    context = chromium.new_context(
        viewport=size, base_url=bot.address, color_scheme=scheme, bypass_csp=True
    )
    page = context.new_page()
    page.set_default_timeout(60_000)
    page.goto("/console/knowledge")
    page.get_by_label("Console token").fill(TOKEN)
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Knowledge", level=1, exact=True).wait_for()
    return page


def faults(page: playwright.Page) -> list[str]:
    """What axe has to say, and what is wider than the screen."""
    page.evaluate(AXE.read_text())
    told = page.evaluate("tags => axe.run({runOnly: tags})", RULES)
    found = [f"{page.url}: {v['id']}: {v['nodes'][0]['html'][:120]}" for v in told["violations"]]
    if not page.evaluate("document.documentElement.scrollWidth <= innerWidth"):
        found.append(f"{page.url} is wider than the screen")
    return found


@pytest.mark.parametrize(("size", "scheme"), [(DESK, "light"), (PHONE, "dark")])
def test_from_the_list_to_a_document_and_to_who_would_see_it(
    chromium: playwright.Browser, bot: Served, size: dict[str, int], scheme: str
) -> None:
    """Searched by words, opened, and looked at with the eyes of a group, by keyboard: each page
    says what it should, is no wider than the screen, and keeps the rules of accessibility."""
    page = signed_in(chromium, bot, size, scheme)
    page.get_by_label("Words of a title or name").fill("staff pay")
    page.keyboard.press("Enter")
    page.get_by_role("link", name="remove this filter").wait_for()
    found = faults(page)
    playwright.expect(page.get_by_role("link", name="Resetting the hub")).to_have_count(0)
    page.get_by_role("link", name="Pay", exact=True).focus()
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Pay", level=1).wait_for()
    playwright.expect(page.get_by_text("No answer has cited it.")).to_be_visible()
    found += faults(page)

    page.get_by_role("link", name="Who would see it?").click()
    playwright.expect(page.get_by_text("They may not see")).to_be_visible()
    found += faults(page)
    page.get_by_label("Search for").fill("night shifts")
    page.get_by_role("checkbox", name="staff").focus()
    page.keyboard.press("Space")
    page.get_by_role("button", name="Look").focus()
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Somebody in staff sees all 3 documents").wait_for()
    playwright.expect(page.get_by_text("They may see")).to_be_visible()
    page.locator(".given summary").first.press("Enter")
    playwright.expect(page.get_by_text("Night shifts are paid at 1.5 times")).to_be_visible()
    found += faults(page)

    page.goto("/console/knowledge?order=cited")
    page.get_by_role("link", name="Resetting the hub").click()
    playwright.expect(page.get_by_text("cited by 1 answer")).to_be_visible()
    found += faults(page)
    page.get_by_role("link", name="reset it?").click()
    page.get_by_role("heading", name="reset it?", level=1).wait_for()
    page.context.close()
    assert not found, "\n".join(found)
