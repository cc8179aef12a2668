"""Documents in a real browser: the list, a document's page, and what others would see."""

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

pytestmark = BROWSER


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


@pytest.mark.parametrize(("size", "scheme"), [(DESK, "light"), (PHONE, "dark")])
def test_from_the_list_to_a_document_and_to_who_would_see_it(
    chromium: playwright.Browser, bot: Served, size: dict[str, int], scheme: str
) -> None:
    """Searched by words, opened, and looked at with the eyes of a group, by keyboard: each page
    says what it should, is no wider than the screen, and keeps the rules of accessibility."""
    page = sign_in(visit(chromium, bot.address, size, scheme), TOKEN, "/console/knowledge")
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
