"""The pages in a real browser."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator

import pytest

from tests.platforms.browsing import (
    BROWSER,
    DESK,
    PHONE,
    faults,
    held,
    playwright,
    sign_in,
    visit,
)
from tests.platforms.web_application import TOKEN, Served, down, served

pytestmark = BROWSER


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("web"), pause=0.05) as bot:
        yield bot


@pytest.fixture
def bot(running: Served) -> Iterator[Served]:
    yield running
    running.application.engine.fails = None
    running.application.engine.hold = None
    running.application.engine.pause = 0.05


@pytest.fixture(params=[PHONE, DESK], ids=["phone", "desk"])
def page(
    request: pytest.FixtureRequest, chromium: playwright.Browser, bot: Served
) -> Iterator[playwright.Page]:
    """A fresh visitor on the chat page; a script error or a refused resource fails the test."""
    context = chromium.new_context(viewport=request.param, base_url=bot.address)
    page = context.new_page()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda m: faults.append(m.text) if "Content Security" in m.text else None)
    page.goto("/")
    yield page
    context.close()
    assert faults == []


def ask(page: playwright.Page, question: str) -> playwright.Locator:
    """Ask by keyboard alone; the finished answer."""
    before = page.locator(".answer").count()
    field = page.get_by_label("Your question")
    field.fill(question)
    field.press("Enter")  # wherever the focus went meanwhile
    answer = page.locator(".answer").nth(before)
    answer.wait_for()
    return answer


def fits(page: playwright.Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth <= innerWidth"))


def test_a_question_asked_by_keyboard_is_answered_and_kept(page: playwright.Page) -> None:
    """Enter sends, Shift+Enter does not, the field keeps the focus, a reload keeps the answer."""
    field = page.get_by_label("Your question")
    playwright.expect(field).to_be_focused()
    page.keyboard.type("How do I reset")
    page.keyboard.press("Shift+Enter")
    page.keyboard.type("the hub?")
    playwright.expect(field).to_have_value("How do I reset\nthe hub?")
    page.keyboard.press("Enter")
    answer = page.locator(".answer")
    answer.wait_for()
    playwright.expect(answer).to_contain_text("until the light turns amber")
    playwright.expect(field).to_be_focused()
    playwright.expect(field).to_have_value("")
    page.reload()
    playwright.expect(page.locator(".answer")).to_contain_text("until the light turns amber")
    assert fits(page)


def test_an_answer_grows_while_it_is_written(page: playwright.Page, bot: Served) -> None:
    """The first sentence is there while the rest is still on its way."""
    rest = bot.application.engine.hold = asyncio.Event()
    page.get_by_label("Your question").fill("reset?")
    with held(page, "**/ask"):
        page.get_by_role("button", name="Send").click()
        playwright.expect(page.get_by_text("Reading the documentation…")).to_be_visible()
    live = page.locator(".live")
    playwright.expect(live).to_contain_text("Hold the power button")
    assert "Wi-Fi" not in (live.text_content() or "")
    assert page.locator("[aria-busy=true]").count() == 1
    bot.loop.call_soon_threadsafe(rest.set)
    playwright.expect(page.locator(".answer")).to_contain_text("Wi-Fi", timeout=60_000)
    assert page.locator("[aria-busy=true]").count() == 0


def test_a_suggestion_is_asked_with_one_click(page: playwright.Page) -> None:
    """The welcome goes, the question and its answer come."""
    page.get_by_role("button", name="How do I reset the hub?").click()
    page.locator(".answer").wait_for()
    assert page.locator("#welcome").count() == 0
    playwright.expect(page.locator(".asked").first).to_contain_text("How do I reset the hub?")


def test_a_source_opens_at_the_quoted_sentence(page: playwright.Page) -> None:
    """A source shows its passage with the quote marked; Escape leads back to the link."""
    answer = ask(page, "reset?")
    link = answer.get_by_role("link", name=re.compile("Source 1")).first
    link.click()
    dialog = page.get_by_role("dialog")
    playwright.expect(dialog.locator("mark")).to_have_text(
        "Hold the power button for ten seconds until the light turns amber."
    )
    assert fits(page)
    page.keyboard.press("Escape")
    playwright.expect(dialog).to_be_hidden()
    playwright.expect(link).to_be_focused()


def test_thumbs_down_takes_a_better_answer(page: playwright.Page, bot: Served) -> None:
    """A thumb down opens the field, focused; what is written there is kept."""
    answer = ask(page, "reset?")
    answer.get_by_role("button", name="Thumbs down").click()
    field = answer.get_by_label("A better answer")
    playwright.expect(field).to_be_focused()
    playwright.expect(field).to_be_in_viewport()
    answer.get_by_text("Out of date").click()
    field.fill("Hold it for twelve seconds.")
    answer.get_by_role("button", name="Submit").click()
    playwright.expect(answer.get_by_text("Thank you.")).to_be_visible()
    page.reload()
    thumb = page.get_by_role("button", name="Thumbs down")
    playwright.expect(thumb).to_have_attribute("aria-pressed", "true")
    thumb_up = page.get_by_role("button", name="Thumbs up")
    thumb_up.click()
    playwright.expect(thumb_up).to_have_attribute("aria-pressed", "true")
    playwright.expect(thumb_up).to_be_focused()


def test_a_thumb_that_is_kept_late_leaves_the_next_question_alone(page: playwright.Page) -> None:
    """Who has gone on to type keeps the field; the thumb is pressed and its form is there."""
    thumb = ask(page, "reset?").get_by_role("button", name="Thumbs down")
    field = page.get_by_label("Your question")
    with held(page, "**/rating"):
        thumb.click()
        field.focus()
        page.keyboard.type("And after")
    page.get_by_label("A better answer").wait_for()
    playwright.expect(thumb).to_have_attribute("aria-pressed", "true")
    page.keyboard.type(" that?")
    playwright.expect(field).to_have_value("And after that?")


def test_an_answer_that_is_not_known_is_marked_as_such(page: playwright.Page) -> None:
    """The reader sees at a glance that the documentation does not say."""
    answer = ask(page, "Who won the cup?")
    playwright.expect(answer.get_by_text("Not in the documentation")).to_be_visible()


def test_a_failure_is_told_and_can_be_tried_again(page: playwright.Page, bot: Served) -> None:
    """One sentence and a button; the second try answers."""
    bot.application.engine.fails = down()
    page.get_by_label("Your question").fill("reset?")
    page.keyboard.press("Enter")
    playwright.expect(page.get_by_role("alert")).to_contain_text("cannot be reached")
    bot.application.engine.fails = None
    page.get_by_role("button", name="Try again").click()
    page.locator(".answer").wait_for()
    assert page.get_by_role("alert").count() == 0


def test_a_server_that_is_gone_is_told(page: playwright.Page) -> None:
    """Without a connection the page says so and keeps the question."""
    page.context.set_offline(True)
    page.get_by_label("Your question").fill("reset?")
    page.keyboard.press("Enter")
    playwright.expect(page.get_by_role("alert")).to_contain_text("Juniper could not be reached")
    page.context.set_offline(False)
    page.get_by_role("button", name="Try again").click()
    page.locator(".answer").wait_for()


def test_a_new_conversation_starts_empty(page: playwright.Page) -> None:
    """The welcome is back and the old answers are gone."""
    ask(page, "reset?")
    page.get_by_role("button", name="New conversation").click()
    page.locator("#welcome").wait_for()
    assert page.locator(".answer").count() == 0


def test_the_console_opens_with_the_token(page: playwright.Page) -> None:
    """Field, Enter, and then the rooms; a turn's whole story is on one page."""
    ask(page, "reset?")
    sign_in(page, TOKEN)
    page.goto("/console/conversations")
    page.get_by_role("link", name="reset?").first.click()
    for heading in ("Answer", "Claims", "Time", "Citations", "Feedback"):
        playwright.expect(page.get_by_role("heading", name=heading, exact=True)).to_be_visible()
    for room in ("Feedback", "Conversations"):
        page.get_by_role("link", name=room, exact=True).click()
        page.get_by_role("heading", name=room, exact=True, level=1).wait_for()
        assert fits(page)
    page.get_by_role("button", name="Log out").click()
    page.goto("/console/knowledge")
    playwright.expect(page.get_by_label("Console token")).to_be_visible()


def test_pages_work_without_scripts(chromium: playwright.Browser, bot: Served) -> None:
    """Asking, a source, and a rating with a better answer need no script."""
    context = chromium.new_context(java_script_enabled=False, base_url=bot.address)
    page = context.new_page()
    page.goto("/")
    page.get_by_label("Your question").fill("reset?")
    page.get_by_role("button", name="Send").click()
    answer = page.locator(".answer")
    playwright.expect(answer).to_contain_text("amber")
    answer.get_by_role("button", name="Thumbs down").click()
    page.get_by_label("A better answer").fill("Twelve seconds.")
    page.get_by_role("button", name="Submit").click()
    turn = page.locator(".answer").get_attribute("data-turn")
    page.locator(".sources a").first.click()
    playwright.expect(page.locator("mark")).to_contain_text("Hold the power button")
    page.get_by_role("link", name="Back to the conversation").click()
    assert page.locator(".answer").get_attribute("data-turn") == turn
    context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_page_fails_an_accessibility_rule(
    chromium: playwright.Browser, bot: Served, scheme: str
) -> None:
    """axe finds nothing against WCAG A and AA, on any page, in both colour schemes."""
    page = visit(chromium, bot.address, PHONE, scheme)
    page.goto("/")
    found = faults(page)
    ask(page, "reset?").get_by_role("button", name="Thumbs down").click()
    ask(page, "unknown?")
    page.evaluate("Promise.all(document.getAnimations().map((each) => each.finished))")
    found += faults(page)
    page.locator(".sources a").first.click()
    page.get_by_role("dialog").wait_for()
    found += faults(page)
    page.goto("/console")
    found += faults(page)
    sign_in(page, TOKEN)
    for address in (
        *("/console", "/console/review", "/console/feedback", "/console/knowledge"),
        *("/api/docs", "/nowhere", "/"),
    ):
        page.goto(address)
        found += faults(page)
    page.goto("/console/conversations")
    page.locator(".row").first.click()
    page.get_by_role("heading", name="Claims").wait_for()
    found += faults(page)
    page.context.close()
    assert not found, "\n".join(found)


def test_ratings_of_the_browser_are_the_visitors_own(page: playwright.Page) -> None:
    """A thumb is shown as pressed, and pressing it again takes it back."""
    answer = ask(page, "reset?")
    thumb = answer.get_by_role("button", name="Thumbs up")
    thumb.click()
    playwright.expect(thumb).to_have_attribute("aria-pressed", "true")
    thumb.click()
    playwright.expect(thumb).to_have_attribute("aria-pressed", "false")
