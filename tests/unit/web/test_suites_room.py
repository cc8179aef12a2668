"""The suites room: proposed cases with their quotes, edited, decided on, taken back."""

from __future__ import annotations

import re
from dataclasses import replace

import httpx2

from bot.store.suites import CaseDraft, CaseState, Origin, Proposal, SuiteCaseBook
from tests.platforms.web_application import WebApplication
from tests.unit.web.test_chat import sign_in

ROOM = "/console/suites"
_CASE = CaseDraft("hub-1", "How long <b>is</b> the reset?", ("10 seconds",), ("hub.md",))


def _csrf(page: str) -> str:
    found = re.search(r'name="csrf" value="([^"]+)"', page)
    assert found
    return found[1]


async def _proposed(application: WebApplication, count: int = 2) -> SuiteCaseBook:
    book = SuiteCaseBook(application.database, application.audit)
    quote = "Hold the button for 10 seconds & wait."
    await book.propose(
        "support",
        [
            Proposal(replace(_CASE, id=f"hub-{n}", question=f"{_CASE.question} {n}"),
                     Origin.DOCUMENT, "hub.md", quote)
            for n in range(count)
        ],
    )  # fmt: skip
    return book


async def test_an_empty_room_offers_to_propose(browser: httpx2.AsyncClient) -> None:
    """Only for who signed in; where there are no documents it says so, and keeps the name."""
    assert (await browser.get(ROOM)).status_code == 303
    await sign_in(browser)
    page = (await browser.get(ROOM)).text
    assert "No suite yet" in page and "Propose cases" in page
    sent = {"csrf": _csrf(page), "name": "trial", "from": "turns", "count": "5"}
    done = await browser.post(ROOM, data=sent)
    assert "Nothing new could be made" in done.text and 'value="trial"' in done.text
    assert (await browser.get(f"{ROOM}/nothing")).status_code == 404


async def test_a_case_shows_its_quote_with_the_answer_marked(
    browser: httpx2.AsyncClient, application: WebApplication
) -> None:
    """Whatever documents hold is text, never markup."""
    await _proposed(application)
    await sign_in(browser)
    assert "2 to review" in (await browser.get(ROOM)).text
    page = (await browser.get(f"{ROOM}/support")).text
    assert "<mark>10 seconds</mark> &amp; wait" in page
    assert "How long &lt;b&gt;is&lt;/b&gt; the reset?" in page and "<b>is</b>" not in page
    assert 'data-key="a"' in page and 'class="cards reviewing"' in page


async def test_a_case_is_approved_as_edited_and_taken_back(
    browser: httpx2.AsyncClient, application: WebApplication
) -> None:
    """What the form holds is what the suite has; undo puts it back among those that wait."""
    book = await _proposed(application)
    await sign_in(browser)
    page = (await browser.get(f"{ROOM}/support")).text
    first = (await book.listing("support"))[0]
    sent = {
        "csrf": _csrf(page), "case": first.id, "verdict": "approved",
        "question": "How long do I hold it?", "answers": "10 seconds\r\nten seconds\r\n",
        "paraphrases": "", "gold": "hub.md",
    }  # fmt: skip
    done = await browser.post(f"{ROOM}/support/case", data=sent)
    assert (done.status_code, done.headers["location"]) == (303, f"{ROOM}/support")
    kept = await book.get(first.id)
    assert kept.state is CaseState.APPROVED
    assert kept.case.answers == ("10 seconds", "ten seconds")
    assert kept.by == "web:operator"
    page = (await browser.get(f"{ROOM}/support")).text
    assert "Approved: How long do I hold it?" in page
    undo = {"csrf": _csrf(page), "case": first.id, "verdict": "proposed"}
    await browser.post(f"{ROOM}/support/case", data=undo)
    assert (await book.get(first.id)).state is CaseState.PROPOSED


async def test_all_that_wait_are_approved_at_once(
    browser: httpx2.AsyncClient, application: WebApplication
) -> None:
    """Over the pages; a page that ran empty leads to the last one that has cases."""
    book = await _proposed(application, 23)
    await sign_in(browser)
    page = (await browser.get(f"{ROOM}/support?page=2")).text
    assert "2 of 2" in page
    done = await browser.post(
        f"{ROOM}/support/all", data={"csrf": _csrf(page), "verdict": "approved"}
    )
    assert done.headers["location"] == f"{ROOM}/support?show=approved"
    assert (await book.counts("support")).approved == 23
    assert (await browser.get(f"{ROOM}/support?page=2")).status_code == 303
    assert "Nothing waits" in (await browser.get(f"{ROOM}/support")).text
    assert "23 approved cases" in (await browser.get(f"{ROOM}/support?show=approved")).text


async def test_a_verdict_on_all_is_taken_back_as_one(
    browser: httpx2.AsyncClient, application: WebApplication
) -> None:
    """Undo brings back what the one click decided, and nothing else; a second click is refused."""
    book = await _proposed(application, 4)
    first, *rest = await book.listing("support")
    await book.reject(first.id, by="web:operator")
    await sign_in(browser)
    csrf = _csrf((await browser.get(f"{ROOM}/support")).text)
    await browser.post(f"{ROOM}/support/all", data={"csrf": csrf, "verdict": "approved"})
    for tab in ("support", "support?show=approved"):
        page = (await browser.get(f"{ROOM}/{tab}")).text
        assert "Approved: 3 cases at once" in page and "Undo all 3" in page
    undo = {"csrf": csrf, "verdict": "proposed", "case": rest[0].id}
    done = await browser.post(f"{ROOM}/support/all", data=undo)
    assert (done.status_code, done.headers["location"]) == (303, f"{ROOM}/support")
    states = [each.state.value for each in await book.listing("support")]
    assert states == ["rejected", "proposed", "proposed", "proposed"]
    again = await browser.post(f"{ROOM}/support/all", data=undo)
    assert again.status_code == 422
    assert "taken back or decided anew already" in again.text


async def test_what_is_no_form_of_ours_changes_nothing(
    browser: httpx2.AsyncClient, application: WebApplication
) -> None:
    """Without the form's token, for an unknown state, or without an answer: refused."""
    book = await _proposed(application)
    await sign_in(browser)
    page = (await browser.get(f"{ROOM}/support")).text
    first = (await book.listing("support"))[0]
    bare = {"case": first.id, "verdict": "approved", "question": "How?", "answers": "x"}
    assert (await browser.post(f"{ROOM}/support/case", data=bare)).status_code == 403
    empty = {**bare, "csrf": _csrf(page), "answers": " "}
    assert (await browser.post(f"{ROOM}/support/case", data=empty)).status_code == 422
    assert (await browser.get(f"{ROOM}/support?show=lost")).status_code == 422
    lost = {**bare, "csrf": _csrf(page), "case": "case0"}
    assert (await browser.post(f"{ROOM}/support/case", data=lost)).status_code == 404
    assert (await book.get(first.id)).state is CaseState.PROPOSED
