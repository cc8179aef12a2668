"""The original questions of a gap asked again, after an answer was published."""

from __future__ import annotations

import re
from dataclasses import replace

import httpx2

from bot.errors import ModelUnavailableError
from bot.store.audit import Wanted
from tests.platforms.web_application import RESET, Scripted, WebApplication
from tests.unit.web.test_chat import ask, sign_in
from tests.unit.web.test_gaps_room import QUESTION, gap_page
from tests.unit.web.test_review import fields

HTMX = {"hx-request": "true"}


async def published(browser: httpx2.AsyncClient) -> str:
    """The address of a gap with a document."""
    await ask(browser, QUESTION)
    await sign_in(browser)
    address = await gap_page(browser)
    assert "Ask the original questions again" not in (await browser.get(address)).text
    form = fields((await browser.get(address)).text, f"{address}/answer")
    sent = {**form, "title": "The key", "text": "Tom holds it.", "readers": "everybody"}
    assert (await browser.post(f"{address}/answer", data=sent)).status_code == 303
    return address


def answers_from(application: WebApplication, document: str) -> None:
    """Let the engine answer the gap's question from a document."""
    piece = replace(RESET, document=document, title="The key", text="Tom holds it.")
    said = Scripted("Tom holds it [1].", passages=(piece,), quotes=((piece, "Tom holds it."),))
    application.engine.script["pump house"] = said


async def test_each_question_is_asked_by_itself_and_shown(
    browser: httpx2.AsyncClient, application: WebApplication
) -> None:
    """First all wait; then each says what becomes of it, with its answer; the page keeps what came
    of it, the trail too, and neither of them the words. Nothing else was stored."""
    address = await published(browser)
    gap = address.rpartition("/")[2]
    page = (await browser.get(address)).text
    assert "Not asked again yet" in page
    form = fields(page, f"{address}/again")
    begun = await browser.post(f"{address}/again", data=form, headers=HTMX)
    (each,) = re.findall(rf'hx-post="({address}/again/\w+)" hx-trigger="load"', begun.text)
    unknown = await browser.post(each, data=form, headers=HTMX)
    assert "Still not known" in unknown.text
    assert "0 of 1 are answered from this document, 1 still not known." in unknown.text
    answers_from(application, gap)
    answered = await browser.post(each, data=form, headers=HTMX)
    assert "Answered from this document" in answered.text and "Tom holds it" in answered.text
    assert "1 of 1 is answered from this document." in answered.text
    page = (await browser.get(address)).text
    assert "1 of 1 is answered from this document." in page
    assert "Asked once by 1 person" in page
    wanted = Wanted("operator", action="gap question asked again")
    told = [entry.content["now"] for entry in await application.audit.listing(wanted=wanted)]
    assert told == ["unknown", "cited"]
    assert {trial.again for trial in application.trials.asked} == {each.rpartition("/")[2]}


async def test_it_works_without_a_script(
    browser: httpx2.AsyncClient, application: WebApplication
) -> None:
    """One form asks all of them and leads back to the page that tells what came of it."""
    address = await published(browser)
    form = fields((await browser.get(address)).text, f"{address}/again")
    done = await browser.post(f"{address}/again", data=form)
    assert (done.status_code, done.headers["location"]) == (303, f"{address}#again")
    assert "1 still not known." in (await browser.get(address)).text


async def test_what_cannot_be_asked_says_why(
    browser: httpx2.AsyncClient, application: WebApplication
) -> None:
    """A model that is gone, a question of another gap, a gap without a document: one sentence."""
    address = await published(browser)
    page = (await browser.get(address)).text
    form = fields(page, f"{address}/again")
    (turn,) = re.findall(r'id="again-(\w+)"', page.replace('id="again-title"', ""))[-1:]
    application.trials.fails = ModelUnavailableError(url="http://127.0.0.1:9")
    failed = await browser.post(f"{address}/again/{turn}", data=form, headers=HTMX)
    assert "127.0.0.1:9" in failed.text and "Ask it again" in failed.text
    application.trials.fails = None
    told = [
        (await browser.post(f"{address}/again/{turn}", data=form, headers=HTMX)).text
        for _ in range(20)
    ]
    assert "Ask it again" not in told[0] and "Ask it again" in told[-1]
    strange = await browser.post(f"{address}/again/turn0", data=form, headers=HTMX)
    assert strange.status_code in (404, 429)
    await application.ledger.remove("answers", [address.rpartition("/")[2]])
    gone = await browser.post(f"{address}/again", data=form)
    assert (gone.status_code, "publish an answer first" in gone.text) == (422, True)
