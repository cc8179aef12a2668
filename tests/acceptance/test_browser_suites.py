"""The suites room in a real browser: cases are judged by keyboard."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.store.audit import AuditTrail
from bot.store.base import Database
from bot.store.suites import CaseDraft, Origin, Proposal, SuiteCaseBook
from tests.platforms.browsing import (
    BROWSER,
    DESK,
    PHONE,
    aside,
    faults,
    picture,
    playwright,
    sign_in,
    visit,
)
from tests.platforms.web_application import TOKEN, Served, served

pytestmark = BROWSER


@pytest.fixture
def bot(tmp_path: Path) -> Iterator[Served]:
    """A bot with four cases that wait."""

    async def propose() -> None:
        database = await Database.open(f"sqlite:///{tmp_path / 'web.db'}")
        draft = ("10 seconds",), ("hub.md",)
        cases = [CaseDraft(f"hub-{n}", f"How long is reset {n}?", *draft) for n in range(4)]
        quote = "Hold the button for 10 seconds."
        book = SuiteCaseBook(database, AuditTrail(database))
        await book.propose(
            "support", [Proposal(c, Origin.DOCUMENT, "hub.md", quote) for c in cases]
        )
        await database.close()

    with served(tmp_path) as bot:
        aside(propose())
        yield bot


@pytest.mark.parametrize(("size", "scheme"), [(PHONE, "dark"), (DESK, "light")])
def test_cases_are_judged_by_keyboard_alone(
    chromium: playwright.Browser, bot: Served, size: dict[str, int], scheme: str
) -> None:
    """Keys move, edit, approve and reject, the next case has the focus each time, and the last
    verdict is taken back; where cases are decided on, no key does anything."""
    page = sign_in(visit(chromium, bot.address, size, scheme), TOKEN, "/console/suites/support")
    cards, question = page.locator(".card"), page.get_by_label("Question", exact=True)
    playwright.expect(cards).to_have_count(4)
    shown = [question.nth(n).input_value() for n in range(4)]
    if size is DESK:
        playwright.expect(page.get_by_text("next and previous")).to_be_visible()
    assert faults(page) == []
    picture(page, f"suite-{scheme}")
    page.keyboard.press("j")
    page.keyboard.press("j")
    playwright.expect(cards.nth(1)).to_be_focused()
    page.keyboard.press("e")
    page.keyboard.press("End")
    page.keyboard.type(" In seconds.")
    page.keyboard.press("Escape")
    page.keyboard.press("a")
    playwright.expect(page.locator(".undone")).to_contain_text(f"Approved: {shown[1]} In seconds.")
    playwright.expect(cards).to_have_count(3)
    playwright.expect(cards.nth(1)).to_be_focused()
    playwright.expect(page.get_by_role("button", name="Undo")).to_be_in_viewport(ratio=1)
    picture(page, f"suite-judged-{scheme}")
    page.keyboard.press("r")
    playwright.expect(page.locator(".undone")).to_contain_text(f"Rejected: {shown[2]}")
    playwright.expect(cards).to_have_count(2)
    playwright.expect(cards.nth(1)).to_be_focused()
    page.keyboard.press("u")
    playwright.expect(cards).to_have_count(3)
    assert faults(page) == []
    page.get_by_role("link", name="Approved").click()
    playwright.expect(page.get_by_role("button", name="Save")).to_be_visible()
    assert page.locator("[data-key], [aria-keyshortcuts], .keys").count() == 0
    page.context.close()


def test_a_slow_button_says_what_it_does_and_is_sent_once(
    chromium: playwright.Browser, bot: Served
) -> None:
    """Until another page stands there; pressed once more, nothing is asked a second time."""
    page = sign_in(visit(chromium, bot.address), TOKEN, "/console/suites")
    sent: list[str] = []

    def stay(route: playwright.Route) -> None:
        """An answer that leaves the page as it is."""
        if route.request.method == "POST":
            sent.append(route.request.post_data or "")
            route.fulfill(status=204)
        else:
            route.continue_()

    page.route("**/console/suites", stay)
    page.get_by_role("button", name="Propose", exact=True).click()
    busy = page.get_by_role("button", name="Proposing…")
    playwright.expect(busy).to_have_attribute("aria-disabled", "true")
    busy.press("Enter")
    page.reload()
    playwright.expect(page.get_by_role("button", name="Propose", exact=True)).to_be_enabled()
    assert len(sent) == 1 and "name=" in sent[0]
    page.context.close()
