"""Today, the first run and the settings in a real browser: on a phone, at a desk, in the dark."""

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
MOST_BYTES = 150_000
SHIFTS = """() => new Promise((done) => {
  let sum = 0;
  const seen = (list) => list.getEntries().forEach((entry) => { sum += entry.value; });
  new PerformanceObserver(seen).observe({type: "layout-shift", buffered: true});
  requestAnimationFrame(() => setTimeout(() => done(sum), 100));
})"""
"""How far what is on the page has moved since it was loaded."""

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM.exists(), reason="needs Chromium (Debian: chromium)"),
]


@pytest.fixture(scope="module")
def bot(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A bot that was never asked anything."""
    with served(tmp_path_factory.mktemp("today")) as bot:
        yield bot


def ask(bot: Served) -> None:
    """Two questions, one of them answered badly."""
    headers = {"authorization": f"Bearer {TOKEN}"}
    with httpx2.Client(base_url=bot.address, headers=headers, timeout=60) as script:
        script.post("/api/ask", json={"question": "reset?"}).raise_for_status()
        turn = script.post("/api/ask", json={"question": "reset it?"}).json()["turn"]
        script.post("/api/feedback", json={"turn": turn, "rating": "down"}).raise_for_status()


def signed_in(
    chromium: playwright.Browser,
    bot: Served,
    size: dict[str, int],
    scheme: str = "light",
    *,
    fenced: bool = False,
) -> playwright.Page:
    """Today, open; ``fenced``: under the policy of the page, which lets no axe in."""
    context = chromium.new_context(
        viewport=size, base_url=bot.address, color_scheme=scheme, bypass_csp=not fenced,
        timezone_id="Asia/Tokyo",
    )  # fmt: skip
    page = context.new_page()
    page.set_default_timeout(60_000)
    page.goto("/console")
    page.get_by_label("Console token").fill(TOKEN)
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Today", level=1, exact=True).wait_for()
    return page


def faults(page: playwright.Page) -> list[str]:
    """What axe has to say, and what is wider than the screen."""
    page.evaluate(AXE.read_text())
    told = page.evaluate("tags => axe.run({runOnly: tags})", RULES)
    found = [f"{page.url}: {v['id']}: {v['nodes'][0]['html'][:120]}" for v in told["violations"]]
    if not page.evaluate("document.documentElement.scrollWidth <= innerWidth"):
        found.append(f"{page.url} is wider than the screen")
    return found


def test_from_an_empty_console_to_the_morning(chromium: playwright.Browser, bot: Served) -> None:
    """An empty console leads through the first run by keyboard; after the first questions it opens
    with their figures, in the reader's days, and what waits leads to where it is done. At both
    sizes, light and dark."""
    page = signed_in(chromium, bot, DESK, "light")
    found = faults(page)
    page.get_by_role("link", name="Set it up step by step").focus()
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="First run", level=1).wait_for()
    playwright.expect(page.locator(".step")).to_have_count(6)
    for fold in page.locator(".step summary").all():
        fold.press("Enter")
    playwright.expect(page.get_by_text("SLACK_BOT_TOKEN=xoxb-")).to_be_visible()
    found += faults(page)
    page.context.close()

    page = signed_in(chromium, bot, PHONE, "dark")
    page.goto("/console/first-run")
    found += faults(page)
    page.goto("/console/settings")
    page.get_by_role("heading", name="Settings", level=1).wait_for()
    found += faults(page)
    ask(bot)
    page.goto("/console")
    page.get_by_role("heading", name="What needs a look").wait_for()
    found += faults(page)
    page.get_by_text("Figures", exact=False).last.click()
    playwright.expect(page.get_by_role("columnheader", name="Questions")).to_be_visible()
    page.context.close()

    page = signed_in(chromium, bot, DESK, "dark")
    playwright.expect(page.get_by_text("Days are those of Asia/Tokyo.")).to_be_visible()
    playwright.expect(page.get_by_role("definition").first).to_have_text("2")
    found += faults(page)
    page.locator(".looks").get_by_role("link", name="Review").click()
    page.get_by_role("heading", name="Review", level=1).wait_for()
    page.context.close()
    assert found == []


def test_today_is_light_and_stays_where_it_is(chromium: playwright.Browser, bot: Served) -> None:
    """With all that it loads it is under 150 KB, nothing on it moves, and no script is missing
    from what its policy allows."""
    page = signed_in(chromium, bot, DESK, fenced=True)
    sizes: list[int] = []
    wrong: list[str] = []
    page.on("console", lambda said: wrong.append(said.text) if said.type == "error" else None)
    page.on("response", lambda answer: sizes.append(len(answer.body())))
    page.context.clear_cookies(name="wellspoken_zone")
    page.goto("/console", wait_until="networkidle")
    moved = page.evaluate(SHIFTS)
    page.context.close()
    assert 0 < sum(sizes) < MOST_BYTES
    assert moved == 0
    assert wrong == []
