"""The review room: buttons that judge, only from the page's own forms."""

from __future__ import annotations

import re
from dataclasses import asdict

import httpx2
import pytest

from adapters.chat.base import ChannelKind, Place
from bot.conversation import Author, Feedback, Platform, Question, Rating
from bot.store.rewrites import RewriteBook, Verdict
from tests.platforms.web_application import RESET_ANSWER, WebApplication, stand_in_turn
from tests.unit.web.test_chat import ask, sign_in

COLLEAGUE = Author(Platform.SLACK, "U2", "Tom")


async def proposed(application: WebApplication, turn: str, kind: ChannelKind) -> str:
    """Propose a person's answer to a turn; the handoff's id."""
    place = asdict(Place(Platform.SLACK, "T1", "C1", "171.1", kind=kind))
    handoff = await application.handoffs.open(turn, COLLEAGUE, place, "Who holds the key?")
    await application.handoffs.answered(handoff.id, "<b>Tom</b> holds the key.", COLLEAGUE.key)
    await application.handoffs.propose(handoff.id, COLLEAGUE.key)
    return handoff.id


def fields(page: str, action: str) -> dict[str, str]:
    """The hidden fields of the first form that is sent to ``action``."""
    form = page[page.index(f'action="{action}"') :]
    form = form[: form.index("</form>")]
    return dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', form))


async def test_words_of_readers_are_judged_by_buttons(
    browser: httpx2.AsyncClient, application: WebApplication
) -> None:
    """Approved or rejected, they leave the room; the verdict is audited as the operator's."""
    turn = await ask(browser, "reset one?")
    await browser.post(f"/turns/{turn}/correction", data={"correction": "Hold it 12 s."})
    await sign_in(browser)
    page = (await browser.get("/console/review")).text
    assert "Approve" in page and "Reject" in page
    form = fields(page, "/console/review/words")
    assert form["turn"] == turn
    done = await browser.post("/console/review/words", data={**form, "verdict": "approved"})
    assert (done.status_code, done.headers["location"]) == (303, "/console/review")
    assert "The queue is empty" in (await browser.get("/console/review")).text
    again = await browser.post("/console/review/words", data={**form, "verdict": "approved"})
    assert again.status_code == 409
    assert "approved by web:operator before, and nothing was changed" in again.text
    assert "Approve" not in (await browser.get("/console/feedback")).text


async def test_an_approved_answer_becomes_a_document(
    browser: httpx2.AsyncClient, application: WebApplication
) -> None:
    """With its readers as offered; it is shown as text, and is in the ledger at once."""
    turn = await ask(browser, "who holds the key?")
    handoff = await proposed(application, turn, ChannelKind.CHANNEL)
    await sign_in(browser)
    page = (await browser.get("/console/review")).text
    assert "Answers by people" in page
    assert "<b>Tom</b>" not in page
    assert re.search(r'<select name="readers"><option value="everybody">Everybody', page)
    form = fields(page, "/console/review/answer")
    sent = {**form, "verdict": "approved", "readers": "group:staff"}
    assert (await browser.post("/console/review/answer", data=sent)).status_code == 303
    record, _ = await application.ledger.show(handoff, "answers")
    assert record.groups == frozenset({"staff"})
    assert "The queue is empty" in (await browser.get("/console/review")).text


async def test_a_private_answer_needs_its_readers_chosen(
    browser: httpx2.AsyncClient, application: WebApplication
) -> None:
    """Without a choice it stays where it is, and the page says why."""
    turn = await ask(browser, "who holds the key?")
    await proposed(application, turn, ChannelKind.DIRECT)
    await sign_in(browser)
    page = (await browser.get("/console/review")).text
    assert "It was given in private." in page
    form = fields(page, "/console/review/answer")
    for readers in ("", "group:", "group:\n"):
        sent = {**form, "verdict": "approved", "readers": readers}
        assert (await browser.post("/console/review/answer", data=sent)).status_code == 422
    assert await application.ledger.listing("answers") == []
    rejected = await browser.post("/console/review/answer", data={**form, "verdict": "rejected"})
    assert rejected.status_code == 303
    assert await application.ledger.listing("answers") == []


@pytest.mark.parametrize("action", ["/console/review/words", "/console/review/answer"])
async def test_verdicts_need_a_session_and_the_pages_own_form(
    browser: httpx2.AsyncClient, action: str
) -> None:
    """Closed to strangers, to other sites' forms, and to nonsense."""
    sent = {"turn": "t0", "author": "web:x", "verdict": "approved"}
    assert (await browser.post(action, data=sent)).status_code == 303
    await sign_in(browser)
    assert (await browser.post(action, data={**sent, "csrf": "made up"})).status_code == 403
    foreign = await browser.post(action, data=sent, headers={"sec-fetch-site": "cross-site"})
    assert foreign.status_code == 403
    page = (await browser.get("/console")).text
    csrf = re.search(r'name="csrf" value="([0-9a-f]+)"', page)
    assert csrf is not None
    sent["csrf"] = csrf[1]
    assert (await browser.post(action, data={**sent, "verdict": "maybe"})).status_code == 422
    assert (await browser.post(action, data=sent)).status_code == 404


async def test_an_operator_edits_approves_and_takes_back(
    browser: httpx2.AsyncClient, application: WebApplication
) -> None:
    """The edited answer and the neutral question are kept; undo brings the card back."""
    turn = await ask(browser, "reset one?")
    await browser.post(f"/turns/{turn}/correction", data={"correction": "Hold it 12 s."})
    await sign_in(browser)
    form = fields((await browser.get("/console/review")).text, "/console/review/words")
    sent = {**form, "verdict": "approved", "text": "Hold it\r\nfor 12 s [1].", "prompt": "How?"}
    assert (await browser.post("/console/review/words", data=sent)).status_code == 303
    rewrites = RewriteBook(application.database, application.audit)
    kept = await rewrites.of(turn)
    assert kept is not None
    assert (kept.text, kept.prompt, kept.author) == ("Hold it\nfor 12 s [1].", "How?", "")
    page = (await browser.get("/console/review")).text
    assert "Undo" in page
    assert "The queue is empty" in page
    undo = fields(page, "/console/review/undo")
    assert (await browser.post("/console/review/undo", data=undo)).status_code == 303
    assert await rewrites.of(turn) is None
    assert "Hold it 12 s." in (await browser.get("/console/review")).text


async def test_an_answer_that_was_right_may_be_taught_as_it_was(
    browser: httpx2.AsyncClient, application: WebApplication
) -> None:
    """The reader's thumb down is rejected, the bot's own answer approved."""
    turn = await ask(browser, "reset one?")
    await browser.post(f"/turns/{turn}/rating", data={"rating": "down"})
    await sign_in(browser)
    form = fields((await browser.get("/console/review")).text, "/console/review/words")
    sent = {**form, "verdict": "right"}
    assert (await browser.post("/console/review/words", data=sent)).status_code == 303
    kept = await RewriteBook(application.database, application.audit).of(turn)
    assert kept is not None
    assert (kept.verdict, kept.text) == (Verdict.APPROVED, "")


async def test_liked_answers_are_approved_or_kept_out(
    browser: httpx2.AsyncClient, application: WebApplication
) -> None:
    """Thumbs up have a tab of their own; kept out, nothing of the turn is taught."""
    turn = await ask(browser, "reset one?")
    await browser.post(f"/turns/{turn}/rating", data={"rating": "up"})
    await sign_in(browser)
    page = (await browser.get("/console/review?show=liked")).text
    assert "Keep out" in page
    form = fields(page, "/console/review/liked")
    done = await browser.post("/console/review/liked", data={**form, "verdict": "rejected"})
    assert done.headers["location"] == "/console/review?show=liked"
    kept = await RewriteBook(application.database, application.audit).of(turn)
    assert kept is not None
    assert kept.verdict is Verdict.REJECTED
    assert "Nothing to approve" in (await browser.get("/console/review?show=liked")).text


async def rated(application: WebApplication, count: int, rating: Rating) -> list[str]:
    """Turns with one rating each, the first one rated first."""
    question = Question("reset?", COLLEAGUE)
    turns = [stand_in_turn(question, RESET_ANSWER) for _ in range(count)]
    for turn in turns:
        await application.history.record(turn)
        await application.feedback.rate(Feedback(turn.id, COLLEAGUE, rating))
    return [turn.id for turn in turns]


@pytest.mark.parametrize("show", ["", "liked"])
async def test_a_long_queue_has_pages(
    browser: httpx2.AsyncClient, application: WebApplication, show: str
) -> None:
    """The tab says how many wait in all; a verdict comes back to its page, and where that was the
    page's last card to the one before."""
    await rated(application, 21, Rating.UP if show else Rating.DOWN)
    await sign_in(browser)
    asked = f"?show={show}" if show else ""
    page = (await browser.get(f"/console/review{asked}")).text
    assert page.count('class="judge"') == 20
    assert '<span class="muted">21</span>' in page
    assert "1 of 2" in page
    there = f"/console/review?{'show=liked&' if show else ''}page=2"
    action = f"/console/review/{show or 'words'}"
    form = fields((await browser.get(there)).text, action)
    done = await browser.post(action, data={**form, "verdict": "rejected"})
    assert done.headers["location"] == there
    undo = fields((await browser.get(f"/console/review{asked}")).text, "/console/review/undo")
    taken = await browser.post("/console/review/undo", data={**undo, "page": "2"})
    assert taken.headers["location"] == there
    await browser.post(action, data={**form, "verdict": "rejected"})
    back = await browser.get(there)
    assert (back.status_code, back.headers["location"]) == (303, f"/console/review{asked}")


async def test_the_review_of_one_turn(
    browser: httpx2.AsyncClient, application: WebApplication
) -> None:
    """Only what was said of it; judged, its verdict stands there and can be taken back."""
    turn, _ = await rated(application, 2, Rating.DOWN)
    await sign_in(browser)
    room = f"/console/review?turn={turn}"
    page = (await browser.get(room)).text
    assert page.count('class="judge"') == 1
    form = fields(page, "/console/review/words")
    await browser.post("/console/review/words", data={**form, "verdict": "right"})
    page = (await browser.get(room)).text
    assert "Nothing of it waits" in page
    assert "Approved by operator" in page
    assert "Take the verdict back" in page
    assert (await browser.get("/console/review?turn=t0")).status_code == 404
