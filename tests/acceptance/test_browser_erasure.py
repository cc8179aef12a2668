"""A visitor is erased in a real browser: what they said in the chat of the real service is found in
every room, given out, and afterwards nowhere."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING
from zipfile import ZipFile

import pytest

from tests.platforms.browsing import (
    BROWSER,
    PHONE,
    Album,
    aside,
    hidden_field,
    playwright,
    press_until,
    sign_in,
    visit,
)
from tests.platforms.served_bot import TOKEN, Api, Service
from tests.platforms.warranties import read_documents

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Browser, Page

REVIEWER = "a-reviewer's-token"
KNOWN = "Quillabee here: how long is the warranty of the PX-03 pump?"
UNKNOWN = "Does the vorpalorchard of Zorbton bloom in May?"
BETTER = "The PX-03 pump has a warranty of 15 months. It weighs 6 kg [1]."
OF_ANOTHER = "How long is the warranty of the PX-05 pump?"
OWN_WORDS = re.compile("quillabee|vorpalorchard|zorbton", re.IGNORECASE)

pytestmark = [*BROWSER, pytest.mark.slow, pytest.mark.timeout(600)]


@pytest.fixture
def api(tmp_path: Path) -> Iterator[Api]:
    """A bot that knows pumps, with a worker, and that nobody has asked anything: who tries again
    finds nobody of the last time."""
    aside(read_documents(tmp_path / "docs", tmp_path / ".wellspoken"))
    service = Service(tmp_path, {"WELLSPOKEN_CONSOLE_REVIEWER_TOKEN": REVIEWER}, "web,worker")
    try:
        yield service.start()
    finally:
        service.stop()


def ask(page: Page, question: str) -> None:
    """A question in the chat, by keyboard, and its answer."""
    answers = page.locator(".answer")
    before = answers.count()
    page.get_by_label("Your question").fill(question)
    page.keyboard.press("Enter")
    playwright.expect(answers).to_have_count(before + 1)
    playwright.expect(answers.last.get_by_role("button", name="Thumbs down")).to_be_visible()


def visited(chromium: Browser, address: str) -> str:
    """Somebody asks what is known and what is not, and knows one thing better; the first turn."""
    page = visit(chromium, address)
    page.goto("/")
    ask(page, KNOWN)
    answer = page.locator(".answer").last
    turn = answer.get_attribute("data-turn") or ""
    answer.get_by_role("button", name="Thumbs down").click()
    answer.get_by_label("A better answer").fill(BETTER)
    answer.get_by_role("button", name="Submit").click()
    playwright.expect(answer.get_by_text("Thank you.")).to_be_visible()
    ask(page, UNKNOWN)
    page.context.close()
    return turn


def rooms_with_own_words(page: Page, addresses: list[str]) -> list[str]:
    """The rooms of which the page, with every fold open, holds a word that only the visitor has."""
    found = []
    for address in addresses:
        page.goto(address)
        if OWN_WORDS.search(page.locator("main").inner_html()):
            found.append(address)
    return found


def data_set(page: Page) -> str:
    """The address of a data set that is built in its room."""
    page.goto("/console/datasets")
    page.get_by_role("button", name="Build a data set (sft)").click()
    playwright.expect(page.locator("#job .tag")).to_have_text("Succeeded")
    page.get_by_role("link", name="The data set").click()
    page.get_by_role("heading", name="Lineage").wait_for()
    return page.url


def test_a_visitor_is_erased_from_every_room(chromium: Browser, api: Api) -> None:
    """Found under People and given out as a file; erased behind their id, by keyboard, on a phone
    in the dark; then gone from conversations, search, feedback, review, gaps and data sets, while
    the audit trail is whole and names nobody."""
    album = Album("erasure")
    turn = visited(chromium, api.address)
    api.rate(str(api.ask(OF_ANOTHER)["turn"]), "up")
    page = sign_in(visit(chromium, api.address), TOKEN)
    rooms = [
        "/console/conversations",
        "/console/conversations?words=vorpalor",
        f"/console/turns/{turn}",
        "/console/feedback",
        "/console/review",
        "/console/gaps",
    ]
    assert rooms_with_own_words(page, rooms) == rooms

    page.goto("/console/people")
    page.get_by_label("Name or id").fill("web:")
    page.keyboard.press("Enter")
    page.locator("main .row").filter(has_text="2 questions").click()
    key = page.locator(".lead code").inner_text()
    assert key.startswith("web:")
    playwright.expect(page.locator(".lead")).to_contain_text("2 questions")
    person = page.url
    with page.expect_download() as download:
        page.get_by_role("button", name="Export as ZIP").click()
    with ZipFile(download.value.path()) as given:
        told = "".join(given.read(name).decode() for name in given.namelist())
    assert all(words in told for words in (KNOWN, UNKNOWN, BETTER))

    page.goto("/console/review")
    page.get_by_role("button", name="Approve", exact=True).first.click()
    page.get_by_role("heading", name="The queue is empty").wait_for()
    built = data_set(page)
    playwright.expect(page.get_by_role("row").filter(has_text=key)).to_have_count(1)

    page.set_viewport_size(PHONE)  # type: ignore[arg-type]  # width and height
    page.emulate_media(color_scheme="dark")
    page.goto(person)
    press_until(page, "Tab", f"Write {key} to confirm")
    page.keyboard.type("somebody else")
    page.keyboard.press("Enter")
    playwright.expect(page.get_by_role("alert")).to_contain_text("Nothing was erased")
    album.keep(page, "not-confirmed")
    press_until(page, "Tab", f"Write {key} to confirm")
    page.keyboard.type(key)
    press_until(page, "Tab", "Erase")
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Erased", level=1).wait_for()
    playwright.expect(page.locator(".figures")).to_contain_text("Messages")
    playwright.expect(page.locator("main").get_by_role("link", name="dataset")).to_be_visible()
    album.keep(page, "erased")

    page.set_viewport_size({"width": 1280, "height": 800})
    page.emulate_media(color_scheme="light")
    assert rooms_with_own_words(page, [*rooms, built, "/console/people", "/console/jobs"]) == []
    page.goto(built)
    assert key not in page.content()
    page.goto("/console/people?words=web:")
    playwright.expect(page.get_by_role("heading", name="Nobody fits")).to_be_visible()
    page.goto("/console/conversations")
    playwright.expect(page.get_by_role("link", name=OF_ANOTHER)).to_be_visible()
    page.goto("/console/audit")
    page.get_by_role("button", name="Check the whole trail").click()
    playwright.expect(page.get_by_text("The trail is whole:")).to_be_visible()
    playwright.expect(page.get_by_text("person forgotten")).to_be_visible()
    assert key not in page.content()
    album.keep(page, "audit")

    page.goto(person)
    page.get_by_label(re.compile("to confirm")).fill(key)
    page.get_by_role("button", name="Erase").click()
    page.get_by_role("heading", name="Nothing was kept").wait_for()
    album.keep(page, "nothing-kept")
    page.context.close()
    assert album.found == []


def test_a_reviewer_neither_erases_nor_gives_out(chromium: Browser, api: Api) -> None:
    """The person's page has no such form, and what is sent all the same is refused."""
    visitor = "/console/people/person?author=web%3Asomebody"
    page = sign_in(visit(chromium, api.address), REVIEWER, visitor)
    playwright.expect(page.get_by_role("heading", name="Consent")).to_be_visible()
    assert page.get_by_role("button", name=re.compile("Erase|Export|Keep")).count() == 0
    sent = {"csrf": hidden_field(page, "csrf"), "author": "web:somebody"}
    for deed in ("erase", "export", "consent"):
        more = {"confirmed": "web:somebody", "choice": "opt-out"}
        answer = page.request.post(f"/console/people/{deed}", form=sent | more)
        assert answer.status == 403, deed
    page.context.close()
