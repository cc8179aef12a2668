"""The review room at speed: verdicts without a page load, many at once, and two people in it."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator

import httpx2
import pytest
import pytest_asyncio

from adapters.chat.base import ChannelKind
from adapters.web.app import create_app
from bot.conversation import Author, Feedback, Platform, Question, Rating
from bot.store.audit import Wanted
from tests.platforms.web_application import RESET_ANSWER, WebApplication, stand_in_turn
from tests.unit.web.test_chat import sign_in
from tests.unit.web.test_review import fields, proposed

READER = Author(Platform.SLACK, "U7", "Ben")
HTMX = {"hx-request": "true"}


@pytest_asyncio.fixture
async def other(application: WebApplication) -> AsyncIterator[httpx2.AsyncClient]:
    """A second browser."""
    transport = httpx2.ASGITransport(create_app(application), raise_app_exceptions=False)
    async with httpx2.AsyncClient(
        transport=transport, base_url="http://bot.test", headers={"accept": "text/html"}
    ) as client:
        yield client


async def waiting(application: WebApplication, count: int, rating: Rating) -> list[str]:
    """So many rated turns, the first of the queue first."""
    turns = []
    for number in range(count):
        turn = stand_in_turn(Question(f"reset {number}?", READER), RESET_ANSWER)
        await application.history.record(turn)
        await application.feedback.rate(Feedback(turn.id, READER, rating))
        turns.append(turn.id)
    return turns[::-1]


async def at_review(browser: httpx2.AsyncClient, show: str = "") -> str:
    await sign_in(browser)
    return (await browser.get(f"/console/review?show={show}")).text


def turns_in(page: str) -> list[str]:
    return re.findall(r'data-turn="(\w+)"', page)


def seat_in(page: str) -> str:
    return re.search(r"hx-vals='{\"seat\": \"([\w-]+)\"", page)[1]


async def test_a_verdict_answers_with_what_changed(
    browser: httpx2.AsyncClient, application: WebApplication
) -> None:
    """The next card of the queue, the undo line and the counters; no page."""
    turns = await waiting(application, 22, Rating.DOWN)
    page = await at_review(browser)
    assert turns_in(page) == turns[:20]
    sent = {**fields(page, "/console/review/words"), "seat": seat_in(page), "verdict": "gap"}
    done = await browser.post("/console/review/words", data=sent, headers=HTMX)
    assert done.status_code == 200
    assert "<html" not in done.text
    assert turns_in(done.text) == [turns[20]]
    assert "Marked as a gap: " in done.text and '<span class="muted">21</span>' in done.text
    undo = {**fields(done.text, "/console/review/undo"), "seat": seat_in(page)}
    back = await browser.post("/console/review/undo", data=undo, headers=HTMX)
    assert turns_in(back.text) == [turns[0]]
    assert "data-back" in back.text and '<span class="muted">22</span>' in back.text


@pytest.mark.parametrize("show", ["", "liked"])
async def test_two_people_get_no_card_twice(
    browser: httpx2.AsyncClient,
    other: httpx2.AsyncClient,
    application: WebApplication,
    show: str,
) -> None:
    """The second sees what the first has not, and how much that is; a verdict on what has one
    already says whose it was and does nothing; who leaves gives back what was open."""
    turns = await waiting(application, 25, Rating.UP if show else Rating.DOWN)
    mine, theirs = await at_review(browser, show), await at_review(other, show)
    assert (turns_in(mine), turns_in(theirs)) == (turns[:20], turns[20:])
    assert "20 are open in another browser." in theirs
    action = f"/console/review/{show or 'words'}"
    sent = {**fields(mine, action), "seat": seat_in(mine), "verdict": "rejected"}
    assert (await browser.post(action, data=sent, headers=HTMX)).status_code == 200
    csrf = fields(theirs, action)["csrf"]
    late = {**sent, "csrf": csrf, "seat": seat_in(theirs), "verdict": "approved"}
    answer = await other.post(action, data=late, headers=HTMX)
    assert answer.headers["hx-reswap"] == "outerHTML"
    assert "rejected by web:operator before, and nothing was changed" in answer.text
    assert (await other.post(action, data=late)).status_code == 409
    leave = {"csrf": sent["csrf"], "seat": seat_in(mine)}
    assert (await browser.post("/console/review/leave", data=leave)).status_code == 204
    again = (await other.get(f"/console/review?show={show}")).text
    assert turns_in(again) == turns[1:21]
    assert "open in another" not in again


async def test_a_page_keeps_its_cards_and_hears_of_those_it_lost(
    browser: httpx2.AsyncClient, other: httpx2.AsyncClient, application: WebApplication
) -> None:
    """What is not on the page any more is free; of what somebody else has it is said who."""
    turns = await waiting(application, 2, Rating.DOWN)
    page = await at_review(browser)
    form = {"csrf": fields(page, "/console/review/words")["csrf"], "seat": seat_in(page)}
    await browser.post("/console/review/open", data={**form, "turns": turns[0]}, headers=HTMX)
    theirs = await at_review(other)
    assert turns_in(theirs) == turns[1:]
    kept = await browser.post(
        "/console/review/open", data={**form, "turns": " ".join(turns)}, headers=HTMX
    )
    assert f"[data-turn='{turns[1]}'] .wrong" in kept.text
    assert "has this open now" in kept.text
    assert "One is open in another browser." in kept.text


async def test_many_get_one_verdict_and_one_undo(
    browser: httpx2.AsyncClient, application: WebApplication
) -> None:
    """More than five are asked for first; each has its entry of the trail; without a script the
    form works as well."""
    turns = await waiting(application, 7, Rating.DOWN)
    page = await at_review(browser)
    form = {**fields(page, "/console/review/bulk"), "seat": seat_in(page)}
    items = [f"{turn}|{READER.key}" for turn in turns]
    asked = {**form, "item": items, "verdict": "rejected"}
    question = await browser.post("/console/review/bulk", data=asked, headers=HTMX)
    assert "Reject 7 answers at once?" in question.text
    assert (await application.review.queue()).counts.corrections == 7
    alone = await browser.post("/console/review/bulk", data=asked)
    assert "Are you sure?" in alone.text and alone.text.count('name="item"') == 7
    other_number = {**asked, "sure": "rejected:6"}
    again = await browser.post("/console/review/bulk", data=other_number, headers=HTMX)
    assert "Reject 7 answers at once?" in again.text
    sure = {**form, "item": items, "sure": "rejected:7"}
    done = await browser.post("/console/review/bulk", data=sure, headers=HTMX)
    assert "7 rejected." in done.text
    assert done.text.count('hx-swap-oob="delete"') == 7
    wanted = Wanted("operator", action="correction rejected")
    assert len(await application.audit.listing(wanted=wanted)) == 7
    late = await browser.post("/console/review/bulk", data={**sure, "item": items[:2]})
    assert late.status_code == 303
    page = (await browser.get("/console/review")).text
    assert "Undo all 7" in page
    undone = await browser.post(
        "/console/review/undo",
        data={"csrf": form["csrf"], "turn": turns, "seat": seat_in(page)},
        headers=HTMX,
    )
    assert sorted(turns_in(undone.text)) == sorted(turns)


async def test_nonsense_in_a_form_of_many_is_refused(
    browser: httpx2.AsyncClient, application: WebApplication
) -> None:
    """Nothing ticked, too much ticked, a word that is no verdict: one sentence each."""
    await waiting(application, 1, Rating.DOWN)
    page = await at_review(browser)
    form = fields(page, "/console/review/bulk")
    for more, why in (
        ({"verdict": "rejected"}, "Nothing is ticked"),
        ({"item": [f"t{n}|x" for n in range(101)], "verdict": "gap"}, "At most 100"),
        ({"item": ["t1|x"], "verdict": "maybe"}, "Choose one of the buttons"),
    ):
        refused = await browser.post("/console/review/bulk", data={**form, **more}, headers=HTMX)
        assert (refused.status_code, why in refused.text) == (422, True)


async def test_what_is_written_is_compared_with_the_answer(
    browser: httpx2.AsyncClient, application: WebApplication
) -> None:
    """Words removed and added are marked, and named for those who do not see the marks."""
    (turn,) = await waiting(application, 1, Rating.DOWN)
    page = await at_review(browser)
    csrf = fields(page, "/console/review/words")["csrf"]
    text = RESET_ANSWER.text.replace("ten seconds", "12 seconds <now>")
    sent = {"csrf": csrf, "turn": turn, "text": text}
    told = (await browser.post("/console/review/changes", data=sent, headers=HTMX)).text
    assert '<del><span class="hidden">removed: </span>ten</del>' in told
    assert '<ins><span class="hidden">added: </span>12</ins>' in told
    assert "&lt;now&gt;" in told and "<now>" not in told


async def test_a_card_whose_reader_took_it_back_says_so(
    browser: httpx2.AsyncClient, application: WebApplication
) -> None:
    """There is nothing to judge, and the card says why."""
    (turn,) = await waiting(application, 1, Rating.DOWN)
    page = await at_review(browser)
    sent = {**fields(page, "/console/review/words"), "seat": seat_in(page), "verdict": "gap"}
    await application.feedback.take_back(turn, READER)
    told = await browser.post("/console/review/words", data=sent, headers=HTMX)
    assert "It does not wait any more" in told.text


async def test_a_persons_answer_is_judged_once(
    browser: httpx2.AsyncClient, application: WebApplication
) -> None:
    """Its card goes without a page load; the second verdict is told whose the first one was."""
    turn = (await waiting(application, 1, Rating.UP))[0]
    await proposed(application, turn, ChannelKind.CHANNEL)
    page = await at_review(browser)
    sent = {**fields(page, "/console/review/answer"), "seat": seat_in(page), "verdict": "rejected"}
    done = await browser.post("/console/review/answer", data=sent, headers=HTMX)
    assert done.status_code == 200 and "Waiting" in done.text and "<html" not in done.text
    late = {**sent, "verdict": "approved", "readers": "everybody"}
    again = await browser.post("/console/review/answer", data=late, headers=HTMX)
    assert again.status_code == 409
    assert "rejected by web:operator before" in again.text
    assert await application.ledger.listing("answers") == []
