"""The gaps room: what could not be answered is listed, told and answered by forms of its own."""

from __future__ import annotations

import re

import httpx2

from bot.conversation import Author, Feedback, Platform, Rating
from bot.handoff import HandoffBook
from tests.platforms.web_application import WebApplication
from tests.unit.web.test_chat import ask, sign_in
from tests.unit.web.test_review import fields

QUESTION = "Who holds the <b>key</b> of the pump house?"


async def gap_page(browser: httpx2.AsyncClient) -> str:
    """The address of the first gap in the list."""
    page = (await browser.get("/console/gaps?state=all")).text
    found = re.search(r'href="(/console/gaps/gap\w+)"', page)
    assert found is not None
    return found[1]


async def test_an_empty_room_says_what_will_be_in_it(browser: httpx2.AsyncClient) -> None:
    """Only for who signed in."""
    assert (await browser.get("/console/gaps")).status_code == 303
    await sign_in(browser)
    page = await browser.get("/console/gaps")
    assert page.status_code == 200
    assert "No gaps" in page.text and "could not answer" in page.text


async def test_a_question_that_was_not_answered_is_listed(browser: httpx2.AsyncClient) -> None:
    """With how often and by whom; it is found by its words, and its words are text."""
    await ask(browser, QUESTION)
    await sign_in(browser)
    page = (await browser.get("/console/gaps")).text
    assert "Asked once by 1 person, last on " in page
    assert "<b>key</b>" not in page
    assert "Asked once" in (await browser.get("/console/gaps?q=PUMP house")).text
    assert "Nothing found" in (await browser.get("/console/gaps?q=garden")).text
    assert "None dismissed" in (await browser.get("/console/gaps?state=dismissed")).text
    assert (await browser.get("/console/gaps?state=lost")).status_code == 422


async def test_a_published_answer_is_a_document(
    browser: httpx2.AsyncClient, application: WebApplication
) -> None:
    """For who was ticked, with the title as it was written; the gap says so, the trail too."""
    await ask(browser, QUESTION)
    await sign_in(browser)
    address = await gap_page(browser)
    page = (await browser.get(address)).text
    assert "Resetting the hub" in page
    assert re.search(r'value="everybody" checked', page)
    form = fields(page, f"{address}/answer")
    sent = {**form, "title": "The key", "text": "Tom holds it.", "readers": "group:staff"}
    done = await browser.post(f"{address}/answer", data=sent)
    assert (done.status_code, done.headers["location"]) == (303, address)
    record, text = await application.ledger.show(address.rpartition("/")[2], "answers")
    assert (record.title, record.groups) == ("The key", frozenset({"staff"}))
    assert "Tom holds it." in text
    page = (await browser.get(address)).text
    assert "Answered on " in page and "for staff" in page
    assert "No gaps" in (await browser.get("/console/gaps")).text


async def test_what_was_typed_is_not_lost(browser: httpx2.AsyncClient) -> None:
    """Where it is refused the page says why, and holds it still."""
    await ask(browser, QUESTION)
    await sign_in(browser)
    address = await gap_page(browser)
    form = fields((await browser.get(address)).text, f"{address}/answer")
    for readers, why in (([], "Choose who"), (["everybody", "group:staff"], "not both")):
        sent = {**form, "title": "The key", "text": "Tom <holds> it.", "readers": readers}
        refused = await browser.post(f"{address}/answer", data=sent)
        assert refused.status_code == 422
        assert why in refused.text and "Tom &lt;holds&gt; it." in refused.text


async def test_a_readers_better_answer_is_the_draft(
    browser: httpx2.AsyncClient, application: WebApplication
) -> None:
    """It stands in the editor, and it is said whose it is."""
    turn = await ask(browser, QUESTION)
    ben = Author(Platform.SLACK, "U2", "Ben")
    await application.feedback.rate(Feedback(turn, ben, Rating.DOWN, "", "Tom has it."))
    await sign_in(browser)
    page = (await browser.get(await gap_page(browser))).text
    assert "A reader’s better answer, to be checked" in page
    assert re.search(r"<textarea[^>]*>Tom has it.</textarea>", page)


async def test_of_many_better_answers_the_newest_are_shown(
    browser: httpx2.AsyncClient, application: WebApplication
) -> None:
    """Twenty of them, and that there are older ones is said; up to so many nothing is."""
    turn = await ask(browser, QUESTION)
    await sign_in(browser)
    address = await gap_page(browser)
    for many, shown, told in ((20, 20, False), (22, 20, True)):
        for n in range(many):
            reader = Author(Platform.SLACK, f"U{n}", "")
            await application.feedback.rate(Feedback(turn, reader, Rating.DOWN, "", f"Said {n}."))
        page = (await browser.get(address)).text
        assert page.count("A reader’s better answer</a>") == shown
        assert ("These are the newest 20 better answers." in page) is told


async def test_replies_and_better_answers_are_cut_each_by_itself(
    browser: httpx2.AsyncClient, application: WebApplication
) -> None:
    """However many colleagues replied, a reader's better answer is shown as well; each kind says
    of itself how many are shown."""
    turns = [await ask(browser, QUESTION) for _ in range(21)]
    await application.gaps.gather()
    book, ben = HandoffBook(application.database), Author(Platform.SLACK, "U2", "Ben")
    for n, turn in enumerate(turns):
        handoff = await book.open(turn, ben, {"kind": "channel"}, QUESTION)
        await book.answered(handoff.id, f"Reply {n}.", "slack:U9")
    await application.feedback.rate(Feedback(turns[0], ben, Rating.DOWN, "", "Tom has it."))
    await sign_in(browser)
    address = await gap_page(browser)
    page = (await browser.get(address)).text
    assert page.count("A colleague’s reply</a>") == 20
    assert "Tom has it." in page
    assert "These are the newest 20 replies." in page
    assert "better answers" not in page


async def test_what_the_editor_is_filled_from_is_always_shown(
    browser: httpx2.AsyncClient, application: WebApplication
) -> None:
    """An operator's better answer that is older than the newest twenty stands behind them, once,
    and the sentence names it; once another one is published it is left out like others."""
    turn = await ask(browser, QUESTION)
    await sign_in(browser)
    address = await gap_page(browser)
    ann = Author(Platform.WEB, "ann", "Ann")
    mine = Feedback(turn, ann, Rating.DOWN, "", "Tom has it.", expert=True)
    await application.feedback.rate(mine)
    for n in range(22):
        reader = Author(Platform.SLACK, f"U{n}", "")
        await application.feedback.rate(Feedback(turn, reader, Rating.DOWN, "", f"Said {n}."))
    page = (await browser.get(address)).text
    assert page.count("A reader’s better answer</a>") == 20
    assert page.count("An operator’s better answer</a>") == 1
    assert re.search(r"<textarea[^>]*>Tom has it.</textarea>", page)
    assert (
        "These are the newest 20 better answers and an older one, from which the editor is filled."
        in page
    )
    form = fields(page, f"{address}/answer")
    sent = {**form, "title": "The key", "text": "Ann holds it.", "readers": "everybody"}
    await browser.post(f"{address}/answer", data=sent)
    page = (await browser.get(address)).text
    assert "An operator’s better answer</a>" not in page
    assert "These are the newest 20 better answers." in page


async def test_what_was_published_stands_in_the_editor(
    browser: httpx2.AsyncClient, application: WebApplication
) -> None:
    """A reader's better answer from before does not take its place, and is still told beside it."""
    turn = await ask(browser, QUESTION)
    ben = Author(Platform.SLACK, "U2", "Ben")
    await application.feedback.rate(Feedback(turn, ben, Rating.DOWN, "", "Tom has it."))
    await sign_in(browser)
    address = await gap_page(browser)
    form = fields((await browser.get(address)).text, f"{address}/answer")
    sent = {**form, "title": "The key", "text": "Ann holds it.", "readers": "everybody"}
    await browser.post(f"{address}/answer", data=sent)
    page = (await browser.get(address)).text
    assert re.search(r"<textarea[^>]*>Ann holds it\.", page)
    assert "to be checked before it is published" not in page
    assert "Tom has it." in page


async def test_published_again_as_it_stands_it_stays_whose_it_is(
    browser: httpx2.AsyncClient, application: WebApplication
) -> None:
    """Asked in public and answered for staff: the page has staff ticked, not everybody."""
    await ask(browser, QUESTION)
    await sign_in(browser)
    address = await gap_page(browser)
    form = fields((await browser.get(address)).text, f"{address}/answer")
    sent = {**form, "title": "The key", "text": "Ann holds it.", "readers": "group:staff"}
    await browser.post(f"{address}/answer", data=sent)
    page = (await browser.get(address)).text
    ticked = re.findall(r'name="readers" value="([^"]+)" checked', page)
    assert ticked == ["group:staff"]
    await browser.post(f"{address}/answer", data={**sent, "readers": ticked})
    record, _ = await application.ledger.show(address.rpartition("/")[2], "answers")
    assert record.groups == frozenset({"staff"})


async def test_the_same_question_is_one_line(browser: httpx2.AsyncClient) -> None:
    """It says how often it was asked, and opens to each asking."""
    turns = [await ask(browser, QUESTION), await ask(browser, QUESTION.upper())]
    await sign_in(browser)
    page = (await browser.get(await gap_page(browser))).text
    assert "2 times" in page
    assert all(f"/console/turns/{turn}" in page for turn in turns)


async def test_buttons_dismiss_and_reopen(browser: httpx2.AsyncClient) -> None:
    """Only from the page's own forms."""
    await ask(browser, QUESTION)
    await sign_in(browser)
    address = await gap_page(browser)
    form = fields((await browser.get(address)).text, f"{address}/verdict")
    forged = await browser.post(f"{address}/verdict", data={"verdict": "dismiss"})
    assert forged.status_code == 403
    await browser.post(f"{address}/verdict", data={**form, "verdict": "dismiss"})
    assert "No gaps" in (await browser.get("/console/gaps")).text
    await browser.post(f"{address}/verdict", data={**form, "verdict": "reopen"})
    assert "Asked once" in (await browser.get("/console/gaps")).text


async def test_an_unknown_gap_is_no_page(browser: httpx2.AsyncClient) -> None:
    """One sentence, no traceback."""
    await sign_in(browser)
    missing = await browser.get("/console/gaps/gap0")
    assert missing.status_code == 404
    assert "no gap" in missing.text
