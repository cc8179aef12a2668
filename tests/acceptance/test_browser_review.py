"""The review in a real browser: by keyboard alone, with somebody else, and many at once."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from adapters.web.auth.sessions import Access
from bot.conversation import Author, Feedback, Platform, Question, Rating
from bot.store.base import Database
from bot.store.feedback import FeedbackBook
from bot.store.history import History
from tests.platforms.browsing import (
    BROWSER,
    DESK,
    PHONE,
    aside,
    faults,
    playwright,
    sign_in,
    visit,
)
from tests.platforms.rated_bot import sample_in
from tests.platforms.served_bot import serving
from tests.platforms.web_application import RESET_ANSWER, TOKEN, Served, served, stand_in_turn

REVIEWER = "the-reviewer's-token"
READER = Author(Platform.SLACK, "U7", "Ben")
ANSWER = replace(RESET_ANSWER, text="Hold the button for 10 seconds until the ring blinks [1].")
BETTER = "Hold the reset button for 12 seconds until the ring blinks white [1]."

pytestmark = BROWSER


@pytest.fixture
def bot(tmp_path: Path) -> Iterator[Served]:
    """A bot with nothing to review."""
    with served(tmp_path, access=Access(reviewer_token=REVIEWER)) as bot:
        yield bot


def given(
    folder: Path, count: int, correction: str = BETTER, readers: Sequence[Author] = (READER,)
) -> list[str]:
    """So many answers that somebody found wanting, put into the bot's database; their questions,
    in the order of the queue."""

    async def put() -> list[str]:
        database = await Database.open(f"sqlite:///{folder / 'web.db'}")
        try:
            questions = [f"How do I reset hub {n}?" for n in range(count)]
            for question in questions:
                turn = stand_in_turn(Question(question, READER), ANSWER)
                await History(database).record(turn)
                for reader in readers:
                    rated = Feedback(turn.id, reader, Rating.DOWN, "incomplete", correction)
                    await FeedbackBook(database).rate(rated)
            return questions[::-1]
        finally:
            await database.close()

    return aside(put())


def at_review(
    chromium: playwright.Browser,
    bot: Served,
    token: str = TOKEN,
    size: dict[str, int] = DESK,
    scheme: str = "light",
) -> playwright.Page:
    page = visit(chromium, bot.address, size, scheme)
    sign_in(page, token, "/console/review")
    page.get_by_role("heading", name="Review", level=1, exact=True).wait_for()
    return page


def cards_on(page: playwright.Page) -> list[str]:
    return page.locator(".reviewing > .card h2").all_text_contents()


def test_ten_answers_are_reviewed_by_keyboard_alone(
    chromium: playwright.Browser, bot: Served, tmp_path: Path
) -> None:
    """Ten verdicts and one undo without touching the mouse or loading the page: each card goes, the
    next one has the focus, counter and undo line follow, and what was typed is kept."""
    questions = given(tmp_path, 12)
    page = at_review(chromium, bot)
    loaded = []
    page.on("framenavigated", lambda frame: loaded.append(frame.url))
    cards = page.locator(".reviewing > .card")
    playwright.expect(cards).to_have_count(12)
    assert cards_on(page) == questions
    assert faults(page) == []
    added = cards.first.locator(".changed ins")
    playwright.expect(added.filter(has_text="12")).to_be_visible()
    page.keyboard.press("j")
    left = list(questions)
    for number, key in enumerate("argcargcar", 1):
        playwright.expect(cards.first).to_be_focused()
        if number == 5:  # one of them in the operator's own words
            page.keyboard.press("e")
            page.keyboard.press("Control+a")
            page.keyboard.type("Hold it for 15 seconds [1].")
            page.keyboard.press("Escape")
            playwright.expect(added.filter(has_text="15")).to_be_visible()
        page.keyboard.press(key)
        left.pop(0)
        playwright.expect(cards).to_have_count(len(left))
        assert cards_on(page) == left
        if number == 3:  # that was a mistake
            page.keyboard.press("u")
            left.insert(0, questions[2])
            playwright.expect(cards).to_have_count(len(left))
            playwright.expect(cards.first).to_be_focused()
            assert cards_on(page) == left
            page.keyboard.press("r")
            left.pop(0)
            playwright.expect(cards).to_have_count(len(left))
    playwright.expect(page.get_by_role("navigation", name="What to review")).to_contain_text(
        "Waiting 2"
    )
    playwright.expect(page.locator(".undone")).to_contain_text(f"Rejected: {questions[9]}")
    assert loaded == []
    assert faults(page) == []
    page.keyboard.press("r")
    playwright.expect(cards).to_have_count(1)
    page.keyboard.press("r")
    page.get_by_role("heading", name="The queue is empty").wait_for()
    page.context.close()


def test_two_people_at_once_get_no_answer_twice(
    chromium: playwright.Browser, bot: Served, tmp_path: Path
) -> None:
    """Who comes second sees other cards and how many are open elsewhere; cards that come up for one
    never stand before the other; who leaves gives them back."""
    questions = given(tmp_path, 45)
    first = at_review(chromium, bot)
    second = at_review(chromium, bot, REVIEWER)
    mine, theirs = cards_on(first), cards_on(second)
    assert (mine, theirs) == (questions[:20], questions[20:40])
    playwright.expect(second.locator("#elsewhere")).to_have_text("20 are open at operator’s.")
    judged: dict[str, list[str]] = {"first": [], "second": []}
    for turn in range(4):
        for name, page in (("first", first), ("second", second)):
            page.keyboard.press("j")
            top = page.locator(".reviewing > .card").first
            question = top.locator("h2").text_content() or ""
            top.focus()
            page.keyboard.press("ar"[turn % 2])
            gone = page.locator(".reviewing > .card h2").get_by_text(question, exact=True)
            playwright.expect(gone).to_have_count(0)
            judged[name].append(question)
    assert not set(cards_on(first)) & set(cards_on(second))
    assert not set(judged["first"]) & set(judged["second"])
    assert len(cards_on(first)) + len(cards_on(second)) == 45 - 8
    first.goto("/console/today")
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:  # what a page says as it is left arrives when it arrives
        second.goto("/console/review")
        if second.locator("#elsewhere").text_content() == "":
            break
    playwright.expect(second.locator("#elsewhere")).to_have_text("")
    assert cards_on(second)[0] == questions[4]
    first.context.close()
    second.context.close()


def test_a_card_that_was_judged_meanwhile_says_so(
    chromium: playwright.Browser, bot: Served, tmp_path: Path
) -> None:
    """Nothing is changed, and it is said who was faster; what fails on the way is one sentence in
    the card, and nothing typed is lost."""
    given(tmp_path, 2)
    page = at_review(chromium, bot)
    cards = page.locator(".reviewing > .card")
    playwright.expect(cards).to_have_count(2)
    other = page.context.new_page()
    other.goto("/console/review")
    other.locator(".reviewing > .card").first.get_by_role("button", name="Reject").click()
    playwright.expect(other.locator(".reviewing > .card")).to_have_count(1)
    other.close()
    page.keyboard.press("j")
    page.keyboard.press("a")
    playwright.expect(cards.first).to_contain_text("rejected by web:operator before")
    playwright.expect(cards.first).to_be_focused()
    text = cards.nth(1).get_by_label("A better answer")
    text.fill("My own words.")
    page.context.set_offline(True)
    cards.nth(1).get_by_role("button", name="Approve").click()
    playwright.expect(cards.nth(1).get_by_role("alert")).to_contain_text("cannot be reached")
    playwright.expect(text).to_have_value("My own words.")
    page.context.set_offline(False)
    cards.nth(1).get_by_role("button", name="Approve").click()
    playwright.expect(cards).to_have_count(1)
    page.context.close()


def test_what_two_readers_said_of_one_answer_stands_once_after_undo(
    chromium: playwright.Browser, bot: Served, tmp_path: Path
) -> None:
    """The one that was judged comes back; the other stays as it is, with what is typed in it."""
    given(tmp_path, 1, readers=(READER, Author(Platform.SLACK, "U8", "Cleo")))
    page = at_review(chromium, bot)
    cards = page.locator(".reviewing > .card")
    playwright.expect(cards).to_have_count(2)
    cards.nth(1).get_by_label("A better answer").fill("My own words.")
    cards.first.get_by_role("button", name="Reject").click()
    playwright.expect(cards).to_have_count(1)
    page.get_by_role("button", name="Undo").click()
    playwright.expect(cards).to_have_count(2)
    playwright.expect(cards.first).to_be_focused()
    typed = cards.nth(1).get_by_label("A better answer")
    playwright.expect(typed).to_have_value("My own words.")
    page.context.close()


@pytest.mark.parametrize(("size", "scheme"), [(DESK, "light"), (PHONE, "dark")])
def test_many_are_judged_and_taken_back_together(
    chromium: playwright.Browser,
    bot: Served,
    tmp_path: Path,
    size: dict[str, int],
    scheme: str,
) -> None:
    """Two go at once, all of the page only after a question; one undo brings all of them back."""
    given(tmp_path, 8)
    page = at_review(chromium, bot, size=size, scheme=scheme)
    cards = page.locator(".reviewing > .card")
    bar = page.get_by_role("form", name="All that is ticked")
    playwright.expect(bar).to_be_hidden()
    page.keyboard.press("x")
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("x")
    playwright.expect(bar).to_contain_text("2 ticked")
    assert faults(page) == []
    page.keyboard.press("r")
    playwright.expect(cards).to_have_count(6)
    playwright.expect(page.locator("#bulk-words")).to_have_text("2 rejected.")
    playwright.expect(bar).to_be_hidden()
    page.get_by_label("Tick all of this page").check()
    bar.get_by_role("button", name="Approve", exact=True).click()
    playwright.expect(bar.get_by_role("button", name="Yes, all 6")).to_be_focused()
    playwright.expect(cards).to_have_count(6)
    assert faults(page) == []
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="The queue is empty").wait_for()
    page.get_by_role("button", name="Undo all 6").click()
    playwright.expect(cards).to_have_count(6)
    page.get_by_role("button", name="Undo all 2").click()
    playwright.expect(cards).to_have_count(8)
    page.context.close()


def test_a_gap_is_closed_end_to_end(chromium: playwright.Browser, tmp_path: Path) -> None:
    """Asked in the chat and not known, it is a gap; answered and published in the console, the
    question is asked again, answered from the new document, and answered in the chat as well."""
    question = "Who holds the key of the pump house?"
    sample_in(tmp_path)
    with serving(tmp_path, {}) as api:
        page = visit(chromium, api.address)
        page.goto("/")
        page.get_by_label("Your question").fill(question)
        page.keyboard.press("Enter")
        answers = page.locator(".answer")
        playwright.expect(answers.last).to_contain_text("rather not guess")
        sign_in(page, api.token, "/console/gaps")
        page.get_by_role("link", name=question).click()
        page.get_by_label("Answer, in Markdown").fill("Tom in the workshop holds the key.")
        page.get_by_label("Title, as it is asked").fill(question)
        page.get_by_label("Everybody").check()
        page.get_by_role("button", name="Publish the answer").click()
        again = page.get_by_role("region", name="The original questions")
        ask, told = again.get_by_role("button", name="Ask the original"), page.locator("#unreached")
        page.route("**/again", lambda route: route.abort())
        ask.click()
        playwright.expect(told).to_contain_text("could not be reached. Try again")
        page.unroute("**/again")
        asking = re.compile(r"/console/gaps/[^/]+/again/[^/]+$")
        page.route(asking, lambda route: route.abort())
        ask.click()
        line = again.locator(".again-question")
        playwright.expect(line.get_by_role("alert")).to_contain_text("cannot be reached")
        playwright.expect(line).not_to_have_attribute("aria-busy", "true")
        assert faults(page) == []
        page.unroute(asking)
        page.route(asking, lambda route: route.fulfill(status=502, body="<h1>Bad gateway</h1>"))
        line.get_by_role("button", name="Ask it again").click()
        playwright.expect(line.get_by_role("alert")).to_contain_text("the server answered 502")
        playwright.expect(line).not_to_have_attribute("aria-busy", "true")
        page.unroute(asking)
        session = page.context.cookies()
        page.context.clear_cookies()
        line.get_by_role("button", name="Ask it again").click()
        playwright.expect(line.get_by_role("alert")).to_contain_text("you are signed out")
        playwright.expect(line).not_to_have_attribute("aria-busy", "true")
        page.context.add_cookies(session)
        line.get_by_role("button", name="Ask it again").click()
        playwright.expect(
            again.get_by_text("Answered from this document", exact=True)
        ).to_be_visible()
        playwright.expect(again.get_by_role("status")).to_have_text(
            "1 of 1 is answered from this document."
        )
        again.get_by_text("The answer").click()
        playwright.expect(again.get_by_text("Tom in the workshop holds the key.")).to_be_visible()
        playwright.expect(told).to_have_text("")
        assert faults(page) == []
        page.reload()
        playwright.expect(
            again.get_by_text("Answered from this document", exact=True)
        ).to_be_visible()
        page.goto("/")
        page.get_by_label("Your question").fill(question)
        page.keyboard.press("Enter")
        playwright.expect(answers.last).to_contain_text("Tom in the workshop holds the key")
        page.context.close()


def test_two_people_take_a_gap_and_one_of_them_knows(
    chromium: playwright.Browser, bot: Served
) -> None:
    """By keyboard and without loading the page: the first has it and keeps the focus; the second is
    told so, takes it over only by saying it again, and the first finds out."""
    first = at_review(chromium, bot)
    first.goto("/")
    first.get_by_label("Your question").fill("Who holds the key of the pump house?")
    first.keyboard.press("Enter")
    playwright.expect(first.locator(".answer .prose").last).not_to_be_empty()
    second = at_review(chromium, bot, REVIEWER, PHONE, "dark")
    for page in (first, second):
        page.goto("/console/gaps")
        page.get_by_role("button", name="I take it").focus()
    loaded: list[str] = []
    for page in (first, second):
        page.on("framenavigated", lambda frame: loaded.append(frame.url))
    tabs = first.get_by_role("navigation", name="Whose")
    first.keyboard.press("Enter")
    playwright.expect(first.get_by_role("button", name="Give it back")).to_be_focused()
    playwright.expect(tabs.get_by_role("link", name="Mine")).to_have_text("Mine 1")
    second.keyboard.press("Enter")
    playwright.expect(second.get_by_role("alert")).to_contain_text("operator has it since")
    over = second.get_by_role("button", name="Take it over")
    playwright.expect(over).to_be_focused()
    assert faults(second) == []
    second.keyboard.press("Enter")
    playwright.expect(second.get_by_role("button", name="Give it back")).to_be_focused()
    first.keyboard.press("Enter")
    playwright.expect(first.get_by_role("alert")).to_contain_text("reviewer-token has it since")
    assert faults(first) == []
    assert loaded == []
    first.locator(".gap-rows a.row").click()
    playwright.expect(first.locator(".owner-who")).to_contain_text("reviewer-token has it")
    first.get_by_text("Give it to a colleague").focus()
    first.keyboard.press("Enter")
    assert faults(first) == []
    first.get_by_label("Who shall have it").select_option("Nobody")
    first.get_by_role("button", name="Give it").press("Enter")
    playwright.expect(first.locator(".owner-who")).to_be_focused()
    playwright.expect(first.get_by_role("button", name="I take it")).to_be_visible()
    second.reload()
    playwright.expect(second.get_by_role("button", name="I take it")).to_be_visible()
    for page in (first, second):
        page.context.close()
