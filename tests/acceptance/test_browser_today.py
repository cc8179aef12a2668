"""Today, the first run and the settings in a real browser: on a phone, at a desk, in the dark."""

from __future__ import annotations

from collections.abc import Iterator

import httpx2
import pytest

from tests.platforms.browsing import (
    BROWSER,
    DESK,
    PHONE,
    faults,
    playwright,
    sign_in,
    visit,
)
from tests.platforms.web_application import TOKEN, Served, served

MOST_BYTES = 150_000
SHIFTS = """() => new Promise((done) => {
  let sum = 0;
  const seen = (list) => list.getEntries().forEach((entry) => { sum += entry.value; });
  new PerformanceObserver(seen).observe({type: "layout-shift", buffered: true});
  requestAnimationFrame(() => setTimeout(() => done(sum), 100));
})"""
"""How far what is on the page has moved since it was loaded."""

pytestmark = BROWSER


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


def today(
    chromium: playwright.Browser, bot: Served, size: dict[str, int], scheme: str = "light"
) -> playwright.Page:
    """Today, open."""
    page = sign_in(visit(chromium, bot.address, size, scheme), TOKEN)
    page.get_by_role("heading", name="Today", level=1, exact=True).wait_for()
    return page


def test_from_an_empty_console_to_the_morning(chromium: playwright.Browser, bot: Served) -> None:
    """An empty console leads through the first run by keyboard; after the first questions it opens
    with their figures, in the reader's days, and what waits leads to where it is done. At both
    sizes, light and dark."""
    page = today(chromium, bot, DESK, "light")
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

    page = today(chromium, bot, PHONE, "dark")
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

    page = today(chromium, bot, DESK, "dark")
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
    page = today(chromium, bot, DESK)
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
