"""Conversations in a real browser: found, read, asked again, and a question tried out."""

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

SHIFTS = """() => { window.shifts = 0; new PerformanceObserver(list => {
  for (const e of list.getEntries()) if (!e.hadRecentInput) window.shifts += e.value;
}).observe({type: "layout-shift", buffered: true}); }"""

pytestmark = BROWSER


@pytest.fixture(scope="module")
def bot(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A bot that was asked two things."""
    with served(tmp_path_factory.mktemp("talk")) as bot:
        headers = {"authorization": f"Bearer {TOKEN}"}
        with httpx2.Client(base_url=bot.address, headers=headers, timeout=60) as script:
            for question in ("How do I reset the hub?", "Who won the match?"):
                script.post("/api/ask", json={"question": question}).raise_for_status()
        yield bot


def looked_at(page: playwright.Page, found: list[str]) -> None:
    """Hold a page to the rules of accessibility, to its width, and to standing still."""
    page.evaluate(SHIFTS)
    found += faults(page)
    shifts = page.evaluate("window.shifts")
    if shifts > 0.1:
        found.append(f"{page.url}: it moved by {shifts}")


@pytest.mark.parametrize(("size", "scheme"), [(PHONE, "dark"), (DESK, "light")])
def test_a_conversation_is_found_read_asked_again_and_tried_out(
    chromium: playwright.Browser, bot: Served, size: dict[str, int], scheme: str
) -> None:
    """From the search to the story, to another model's answer beside the first, to the playground
    and its link: by names alone, and every page keeps the rules."""
    page, found = visit(chromium, bot.address, size, scheme), list[str]()
    sign_in(page, TOKEN, "/console/conversations")
    page.get_by_role("heading", name="Conversations", exact=True).wait_for()
    looked_at(page, found)

    page.get_by_label("Words or id").fill("hub")
    page.get_by_label("Outcome").select_option("answered")
    page.get_by_role("button", name="Search", exact=True).click()
    row = page.get_by_role("link", name="How do I reset the hub?")
    playwright.expect(row).to_have_count(1)
    playwright.expect(page.get_by_role("link", name="Who won the match?")).to_have_count(0)
    looked_at(page, found)
    page.get_by_role("link", name="“hub”").click()
    playwright.expect(page.get_by_label("Words or id")).to_have_value("")

    row.click()
    page.get_by_role("heading", name="How it was understood").wait_for()
    playwright.expect(page.get_by_role("table", name="Time").get_by_role("row")).to_have_count(8)
    looked_at(page, found)

    page.get_by_role("link", name="Ask again").click()
    page.get_by_label("Model").select_option("grand")
    page.get_by_role("button", name="Ask again").click()
    page.get_by_role("heading", name="In figures").wait_for()
    cells = page.get_by_role("row", name="Model").get_by_role("cell")
    playwright.expect(cells).to_have_text(["extractive", "grand (differs)"])
    looked_at(page, found)

    page.get_by_role("link", name="Playground", exact=True).click()
    page.get_by_label("Question").fill("How much are night shifts paid?")
    page.get_by_label("As in").select_option("Slack channel:C1")
    page.get_by_role("button", name="Ask", exact=True).click()
    page.get_by_role("heading", name="Passages given to the voice").wait_for()
    playwright.expect(page.get_by_text("sees staff")).to_be_visible()
    looked_at(page, found)
    page.get_by_role("link", name="Link to this question and its choices").click()
    question = page.get_by_label("Question")
    playwright.expect(question).to_have_value("How much are night shifts paid?")
    page.goto("/console/conversations")
    playwright.expect(page.locator(".talk-rows > li")).to_have_count(2)
    page.context.close()
    assert found == []
