"""An answer to a gap: refused, or overtaken by a colleague's, what was typed is never lost."""

from __future__ import annotations

import asyncio
import re

import httpx2
import pytest
import pytest_asyncio
import sqlalchemy as sa
from fastapi import FastAPI

from bot.store.gap_tables import gaps
from tests.platforms.web_application import WebApplication
from tests.unit.web.test_chat import ask, sign_in
from tests.unit.web.test_gap_owner import (  # the fixtures of two who are signed in at once
    VIEWER,
    app,
    inside,
    operator,
    reviewer,
)
from tests.unit.web.test_gaps_room import QUESTION, gap_page
from tests.unit.web.test_review import fields

__all__ = ["app", "operator", "reviewer"]

MINE = {"title": "The key", "text": "Tom <holds> it.\r\n\r\nAsk him.", "readers": "group:staff"}
THEIRS = {"title": "Whose key", "text": "Ann has it.", "readers": "everybody"}
KEPT = "Tom &lt;holds&gt; it."


@pytest_asyncio.fixture
async def address(browser: httpx2.AsyncClient) -> str:
    """The page of a gap, for an operator who signed in."""
    await ask(browser, QUESTION)
    await sign_in(browser)
    return await gap_page(browser)


async def form_on(browser: httpx2.AsyncClient, address: str) -> dict[str, str]:
    """What the editor on a page sends beside what is typed."""
    return fields((await browser.get(address)).text, f"{address}/answer")


def held(page: str) -> bool:
    """Whether the editor of a page holds what was typed, with the ticks."""
    ticked = re.findall(r'name="readers" value="([^"]+)" checked', page)
    return KEPT in page and 'value="The key"' in page and ticked == ["group:staff"]


async def answer_of(application: WebApplication, address: str) -> str:
    """The document that answers a gap."""
    _, text = await application.ledger.show(address.rpartition("/")[2], "answers")
    return text


# -- refused ----------------------------------------------------------------------------------


async def test_an_answer_is_kept_where_the_knowledge_cannot_take_it(
    browser: httpx2.AsyncClient, application: WebApplication, address: str
) -> None:
    """The page comes again with the sentence and the text."""
    form = await form_on(browser, address)
    for file in application.home.glob("knowledge.db*"):
        file.unlink()
    refused = await browser.post(f"{address}/answer", data={**form, **MINE})
    assert refused.status_code == 503
    assert "was removed while it was in use" in refused.text and held(refused.text)
    assert "Questions</h2>" in refused.text


async def test_an_answer_is_kept_where_not_even_the_page_can_be_made(
    browser: httpx2.AsyncClient, application: WebApplication, address: str
) -> None:
    """The editor comes alone, and publishes as soon as the database is back."""
    form = await form_on(browser, address)

    async def rename(old: str, new: str) -> None:
        statement = sa.text(f"ALTER TABLE {old} RENAME TO {new}")
        await application.database.write(lambda c: c.execute(statement).rowcount)

    await rename("gaps", "away")
    refused = await browser.post(f"{address}/answer", data={**form, **MINE})
    drafted = await browser.post(f"{address}/draft", data={**form, **MINE})
    await rename("away", "gaps")
    for page in (refused, drafted):
        assert page.status_code == 503
        assert held(page.text) and "Your answer is kept here" in page.text
    again = fields(refused.text, f"{address}/answer")
    assert again == form
    done = await browser.post(f"{address}/answer", data={**again, **MINE})
    assert done.status_code == 303
    assert "Tom <holds> it." in await answer_of(application, address)


async def test_an_answer_is_kept_where_the_gap_is_gone(
    browser: httpx2.AsyncClient, application: WebApplication, address: str
) -> None:
    """Its words stand there to be copied; there is nothing to publish them to."""
    form = await form_on(browser, address)
    await application.database.write(lambda c: c.execute(sa.delete(gaps)).rowcount)
    gone = await browser.post(f"{address}/answer", data={**form, **MINE})
    assert gone.status_code == 404
    assert KEPT in gone.text and "The gap is gone" in gone.text
    assert f"{address}/answer" not in gone.text


async def test_an_answer_is_kept_where_its_operator_signed_in_anew(
    browser: httpx2.AsyncClient, application: WebApplication, address: str
) -> None:
    """Nothing is done for a form of before; the page comes with the words and one that holds."""
    form = await form_on(browser, address)
    browser.cookies.clear()
    await sign_in(browser)
    for action in ("answer", "draft"):
        stale = await browser.post(f"{address}/{action}", data={**form, **MINE})
        assert stale.status_code == 403
        assert "You signed in anew" in stale.text and held(stale.text)
    assert await application.ledger.find(address.rpartition("/")[2]) == []
    again = fields(stale.text, f"{address}/answer")
    done = await browser.post(f"{address}/answer", data={**again, **MINE})
    assert done.status_code == 303


# -- overtaken --------------------------------------------------------------------------------


async def test_who_answers_second_is_told_and_asked(
    operator: httpx2.AsyncClient, reviewer: httpx2.AsyncClient, application: WebApplication
) -> None:
    """Nothing of theirs is published unseen: they read who published what and when, keep their
    words, and replace it only by pressing once more."""
    address = await gap_page(operator)
    mine, theirs = await form_on(operator, address), await form_on(reviewer, address)
    await reviewer.post(f"{address}/answer", data={**theirs, **THEIRS})
    late = await operator.post(f"{address}/answer", data={**mine, **MINE})
    assert late.status_code == 409
    said = late.text[late.text.index('id="wrong"') :]
    assert "reviewer-token published an answer on <time datetime=" in said
    assert "Yours was not published" in said
    shown = late.text[late.text.index('class="cited published" open') :]
    assert "Ann has it." in shown[: shown.index("</details>")]
    assert held(late.text)
    assert "Ann has it." in await answer_of(application, address)
    over = fields(late.text, f"{address}/answer")
    assert over["seen"] != mine["seen"]
    done = await operator.post(f"{address}/answer", data={**over, **MINE})
    assert done.status_code == 303
    assert "Tom <holds> it." in await answer_of(application, address)


async def test_a_mark_is_renewed_only_where_the_change_is_told(
    operator: httpx2.AsyncClient, reviewer: httpx2.AsyncClient, application: WebApplication
) -> None:
    """An answer that is refused for something else first is still held up afterwards."""
    address = await gap_page(operator)
    mine, theirs = await form_on(operator, address), await form_on(reviewer, address)
    await reviewer.post(f"{address}/answer", data={**theirs, **THEIRS})
    unfit = await operator.post(f"{address}/answer", data={**mine, **MINE, "readers": []})
    assert unfit.status_code == 422
    again = fields(unfit.text, f"{address}/answer")
    late = await operator.post(f"{address}/answer", data={**again, **MINE})
    assert late.status_code == 409
    assert "Ann has it." in await answer_of(application, address)


async def test_of_two_who_publish_at_the_same_moment_one_is_told(
    operator: httpx2.AsyncClient, reviewer: httpx2.AsyncClient, application: WebApplication
) -> None:
    """Whoever it is, the document is the answer of the one who was not."""
    address = await gap_page(operator)
    mine, theirs = await form_on(operator, address), await form_on(reviewer, address)
    done = await asyncio.gather(
        operator.post(f"{address}/answer", data={**mine, **MINE}),
        reviewer.post(f"{address}/answer", data={**theirs, **THEIRS}),
    )
    assert sorted(page.status_code for page in done) == [303, 409]
    there = await answer_of(application, address)
    assert ("Tom <holds> it." in there) is (done[0].status_code == 303)


async def test_pressed_twice_an_answer_is_published_and_nobody_is_asked(
    browser: httpx2.AsyncClient, application: WebApplication, address: str
) -> None:
    """What stands there already replaces nothing."""
    form = await form_on(browser, address)
    for _ in range(2):
        done = await browser.post(f"{address}/answer", data={**form, **MINE})
        assert done.status_code == 303


@pytest.mark.parametrize(("verdict", "words"), [("dismiss", "dismissed"), ("reopen", "reopened")])
async def test_a_verdict_meanwhile_is_told(
    operator: httpx2.AsyncClient, reviewer: httpx2.AsyncClient, verdict: str, words: str
) -> None:
    """The gap stays as the colleague wanted it until the answer is published once more."""
    address = await gap_page(operator)
    if verdict == "reopen":
        first = await form_on(reviewer, address)
        await reviewer.post(f"{address}/answer", data={**first, **THEIRS})
    mine = await form_on(operator, address)
    form = fields((await reviewer.get(address)).text, f"{address}/verdict")
    await reviewer.post(f"{address}/verdict", data={**form, "verdict": verdict})
    late = await operator.post(f"{address}/answer", data={**mine, **MINE})
    assert late.status_code == 409 and held(late.text)
    assert f"reviewer-token {words} this gap after you opened this page" in late.text
    over = fields(late.text, f"{address}/answer")
    done = await operator.post(f"{address}/answer", data={**over, **MINE})
    assert done.status_code == 303
    assert "Answered on " in (await operator.get(address)).text


async def test_a_gap_that_became_another_is_told(
    browser: httpx2.AsyncClient, application: WebApplication, address: str
) -> None:
    """The one that is kept is shown, with the words that were typed; the next press answers it."""
    form, gap = await form_on(browser, address), address.rpartition("/")[2]
    await ask(browser, "How do I prune the roses in winter?")
    await application.gaps.gather()
    (other,) = {shown.gap.id for shown in (await application.gaps.listing()).gaps} - {gap}
    merge = sa.update(gaps).where(gaps.c.id == gap).values(state="merged", merged_into=other)
    await application.database.write(lambda c: c.execute(merge).rowcount)
    late = await browser.post(f"{address}/answer", data={**form, **MINE})
    assert late.status_code == 409 and held(late.text)
    assert "became one with another" in late.text
    kept = f"/console/gaps/{other}"
    over = fields(late.text, f"{kept}/answer")
    done = await browser.post(f"{kept}/answer", data={**over, **MINE})
    assert (done.status_code, done.headers["location"]) == (303, kept)


async def test_a_removed_document_and_a_form_without_a_mark_are_told(
    browser: httpx2.AsyncClient, application: WebApplication, address: str
) -> None:
    """Each in its own words; being asked again is no change."""
    form = await form_on(browser, address)
    await browser.post(f"{address}/answer", data={**form, **THEIRS})
    form = await form_on(browser, address)
    await ask(browser, QUESTION)
    await application.gaps.gather()
    assert (await form_on(browser, address))["seen"] == form["seen"]
    await application.ledger.remove("answers", [address.rpartition("/")[2]])
    late = await browser.post(f"{address}/answer", data={**form, **MINE})
    assert late.status_code == 409
    assert "The document that answered this gap was removed" in late.text and held(late.text)
    unmarked = await browser.post(f"{address}/answer", data={**form, **MINE, "seen": ""})
    assert unmarked.status_code == 409
    assert "may have been changed" in unmarked.text and held(unmarked.text)


# -- read -------------------------------------------------------------------------------------


async def test_a_viewer_reads_the_published_answer(
    app: FastAPI, operator: httpx2.AsyncClient
) -> None:
    """With the way to its document, and without an editor or a word about one."""
    address = await gap_page(operator)
    async with inside(app, VIEWER) as viewer:
        page = (await viewer.get(address)).text
        assert "Nobody has answered it yet." in page
        form = await form_on(operator, address)
        await operator.post(f"{address}/answer", data={**form, **THEIRS, "text": "**Ann** has it."})
        page = (await viewer.get(address)).text
        assert "<strong>Ann</strong> has it." in page
        assert 'class="cited published" open' in page
        assert "What you publish" not in page and "<textarea" not in page
        gap = address.rpartition("/")[2]
        link = f"/console/knowledge/document?source=answers&amp;document={gap}"
        assert f'<a href="{link}"><code>{gap}</code></a>' in page
        document = await viewer.get(link.replace("&amp;", "&"))
        assert document.status_code == 200 and "Whose key" in document.text
