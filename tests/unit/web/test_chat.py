from __future__ import annotations

import json
import re

import httpx2
import pytest

from bot.conversation import Rating
from bot.errors import DatabaseUnavailableError
from tests.platforms.web_application import TOKEN, WebApplication, down

STREAM = {"accept": "text/event-stream"}


def streamed(body: str) -> list[tuple[str, dict]]:
    blocks = [block.split("\n") for block in body.strip().split("\n\n")]
    return [(n.removeprefix("event: "), json.loads(d.removeprefix("data: "))) for n, d in blocks]


async def ask(browser: httpx2.AsyncClient, question: str) -> str:
    """Ask without a script; the turn's id."""
    response = await browser.post("/ask", data={"question": question})
    assert response.status_code == 303
    return response.headers["location"].removeprefix("/#turn-")


async def sign_in(browser: httpx2.AsyncClient) -> None:
    response = await browser.post("/console/login", data={"token": TOKEN})
    assert response.status_code == 303


async def test_the_first_page_greets_and_suggests(browser: httpx2.AsyncClient) -> None:
    """Name, greeting, suggestions and a labelled field are there before any question."""
    page = (await browser.get("/")).text
    assert "I know the Mossgate documentation" in page
    assert 'value="How do I reset the hub?"' in page
    assert '<label class="hidden" for="question">Your question</label>' in page


async def test_the_form_works_without_a_script(browser: httpx2.AsyncClient) -> None:
    """A plain form post leads back to the page with the answer, its sources and thumbs."""
    turn = await ask(browser, "How do I reset the hub?")
    page = (await browser.get("/")).text
    assert f'id="turn-{turn}"' in page
    assert "<strong>power button</strong>" in page
    assert f'href="/sources/{turn}/1"' in page
    assert 'aria-label="Thumbs up"' in page


async def test_who_is_not_answered_is_told_whom_to_ask(browser: httpx2.AsyncClient) -> None:
    """A button under what is not known; none under an answer."""
    await ask(browser, "How do I reset the hub?")
    assert "Ask a person" not in (await browser.get("/")).text
    await ask(browser, "Who is the mayor?")
    page = (await browser.get("/")).text
    assert "<summary>Ask a person</summary>" in page
    assert "Please ask an admin." in page


async def test_an_answer_streams_as_html_that_grows(browser: httpx2.AsyncClient) -> None:
    """Pieces are rendered on the server, and the last event holds the finished turn."""
    response = await browser.post("/ask", data={"question": "reset?"}, headers=STREAM)
    *pieces, (name, answer) = streamed(response.text)
    assert name == "answer"
    assert [n for n, _ in pieces] == ["piece"] * len(pieces)
    assert len(pieces) > 2
    assert "<strong>power button</strong>" in pieces[0][1]["html"]
    assert 'aria-label="Thumbs down"' in answer["html"]


async def test_a_conversation_survives_a_reload_and_ends_with_a_new_one(
    browser: httpx2.AsyncClient, application: WebApplication
) -> None:
    """The thread is kept by the browser's cookie until a new conversation is begun."""
    await ask(browser, "reset?")
    await ask(browser, "and the lights?")
    first, second = application.engine.asked
    assert first.thread == second.thread
    assert (await browser.get("/")).text.count('class="turn') == 3  # two and the template
    await browser.post("/new")
    assert (await browser.get("/")).text.count('class="turn') == 1
    await ask(browser, "reset?")
    assert application.engine.asked[-1].thread != first.thread
    assert application.engine.asked[-1].author == first.author


async def test_two_tabs_keep_two_conversations(
    browser: httpx2.AsyncClient, application: WebApplication
) -> None:
    """A question belongs to the conversation that its page shows; the name reaches no other."""
    old = re.search('name="conversation" value="([^"]+)"', (await browser.get("/")).text)[1]
    await ask(browser, "reset?")
    await browser.post("/new")
    await browser.post("/ask", data={"question": "lights?", "conversation": old})
    first, second = application.engine.asked
    assert first.thread == second.thread
    for forged in ("../x", "a+staff", "x" * 33, "a:b", "\u0661"):
        await browser.post("/ask", data={"question": "lights?", "conversation": forged})
        assert application.engine.asked[-1].thread == first.thread


async def test_visitors_are_apart(
    browser: httpx2.AsyncClient, api: httpx2.AsyncClient, application: WebApplication
) -> None:
    """Another browser sees neither the conversation nor its sources, and cannot rate."""
    turn = await ask(browser, "reset?")
    assert 'id="turn-' not in (await api.get("/")).text
    assert (await api.get(f"/sources/{turn}/1")).status_code == 404
    assert (await api.post(f"/turns/{turn}/rating", data={"rating": "up"})).status_code == 404
    assert await application.feedback.of(turn) == []


async def test_a_forged_cookie_is_a_stranger(browser: httpx2.AsyncClient) -> None:
    """A cookie that we did not sign opens nothing."""
    await ask(browser, "reset?")
    browser.cookies.set("wellspoken_visitor", "WyJhIiwiYiIsW11d.aaaa.bbbb", domain="bot.test")
    browser.cookies.set("wellspoken_console", "InNlc3Npb24i.aaaa.bbbb", domain="bot.test")
    assert 'id="turn-' not in (await browser.get("/")).text
    assert (await browser.get("/console")).status_code == 303


async def test_a_visitor_cannot_widen_what_it_sees(
    browser: httpx2.AsyncClient, application: WebApplication
) -> None:
    """Groups in a form count only together with a console session."""
    await browser.get("/")
    await browser.post("/audience", data={"groups": "staff"})
    await browser.post("/ask", data={"question": "How are nights paid?", "groups": "staff"})
    assert application.engine.asked[-1].principal.groups == frozenset()


async def test_an_operator_may_ask_as_a_group_until_signed_out(
    browser: httpx2.AsyncClient, application: WebApplication
) -> None:
    """The choice opens a thread of its own, and is gone with the console session."""
    await sign_in(browser)
    await ask(browser, "reset?")
    await browser.post("/audience", data={"groups": ["staff", "made-up"]})
    turn = await ask(browser, "How are nights paid?")
    public, staff = application.engine.asked
    assert staff.principal.groups == {"staff"}
    assert staff.thread != public.thread
    del browser.cookies["wellspoken_console"]
    assert (await browser.get(f"/sources/{turn}/1")).status_code == 404
    assert "1.5 times" not in (await browser.get("/")).text
    await ask(browser, "How are nights paid?")
    assert application.engine.asked[-1].principal.groups == frozenset()


async def test_a_source_shows_its_quote_in_its_surroundings(browser: httpx2.AsyncClient) -> None:
    """The quoted sentence is marked inside the passage that it was taken from."""
    turn = await ask(browser, "reset?")
    page = (await browser.get(f"/sources/{turn}/1")).text
    quote = "Hold the power button for ten seconds until the light turns amber."
    assert f"<mark>{quote}</mark> Release it" in page
    assert "Before you start" in page
    fragment = (await browser.get(f"/sources/{turn}/2", headers={"hx-request": "true"})).text
    assert "<html" not in fragment
    assert 'href="https://docs.example.com/lights"' in fragment
    assert (await browser.get(f"/sources/{turn}/9")).status_code == 404
    assert (await browser.get(f"/sources/{turn}/x")).status_code == 422


async def test_a_source_that_was_closed_shows_its_quote_alone(
    browser: httpx2.AsyncClient, application: WebApplication
) -> None:
    """What stands around a quote is shown only as long as its document is for that reader."""
    turn = await ask(browser, "reset?")
    application.store.closed = True
    page = (await browser.get(f"/sources/{turn}/1")).text
    assert "Hold the power button for ten seconds until the light turns amber." in page
    assert "Before you start" not in page
    assert "Release it" not in page


async def test_thumbs_change_and_can_be_taken_back(
    browser: httpx2.AsyncClient, application: WebApplication
) -> None:
    """The last thumb counts, and the same thumb again takes it back."""
    turn = await ask(browser, "reset?")
    for rating, kept in (("up", [Rating.UP]), ("down", [Rating.DOWN]), ("down", [])):
        response = await browser.post(f"/turns/{turn}/rating", data={"rating": rating})
        assert response.status_code == 303
        assert [f.rating for f in await application.feedback.of(turn)] == kept


async def test_thumbs_down_asks_for_a_better_answer(
    browser: httpx2.AsyncClient, application: WebApplication
) -> None:
    """The form opens with a thumb down, and what is sent is kept as the visitor's."""
    turn = await ask(browser, "reset?")
    script = {"hx-request": "true"}
    fragment = await browser.post(f"/turns/{turn}/rating", data={"rating": "down"}, headers=script)
    assert ">A better answer</label>" in fragment.text
    plain = await browser.post(f"/turns/{turn}/rating", data={"rating": "up"})
    plain = await browser.post(f"/turns/{turn}/rating", data={"rating": "down"})
    assert ">A better answer</label>" in (await browser.get(plain.headers["location"])).text
    thanks = await browser.post(
        f"/turns/{turn}/correction",
        data={"reason": "Out of date", "correction": "Hold it 12 s."},
        headers=script,
    )
    assert "Thank you" in thanks.text
    [kept] = await application.feedback.of(turn)
    assert (kept.rating, kept.reason, kept.correction) == (
        Rating.DOWN,
        "Out of date",
        "Hold it 12 s.",
    )
    assert kept.author.key.startswith("web:")
    assert not kept.expert


@pytest.mark.parametrize("question", ["", "   ", "a\0b", "x" * 9000])
async def test_a_question_that_cannot_be_asked_is_told_in_one_sentence(
    browser: httpx2.AsyncClient, question: str
) -> None:
    """People get a page, the page's script an object."""
    page = await browser.post("/ask", data={"question": question})
    assert page.status_code == 422
    assert "The question" in page.text
    script = await browser.post("/ask", data={"question": question}, headers=STREAM)
    assert script.json()["error"].startswith("The question")


async def test_a_question_survives_a_failure_without_a_script(
    browser: httpx2.AsyncClient, application: WebApplication
) -> None:
    """The page comes back with one sentence and the question still in its field."""
    application.engine.fails = down()
    page = await browser.post("/ask", data={"question": "How do I reset it?"})
    assert page.status_code == 503
    assert "cannot be reached" in page.text
    assert ">How do I reset it?</textarea>" in page.text


async def test_an_answer_that_could_not_be_stored_is_shown_and_said_so(
    browser: httpx2.AsyncClient, application: WebApplication
) -> None:
    """The words are not lost with the disk; thumbs and sources that lead nowhere are not shown."""
    application.engine.loses = "The disk is full."
    page = await browser.post("/ask", data={"question": "reset?"})
    assert page.status_code == 200
    streamed_html = streamed(
        (await browser.post("/ask", data={"question": "reset?"}, headers=STREAM)).text
    )[-1][1]["html"]
    for html in (page.text, streamed_html):
        assert "<strong>power button</strong>" in html
        assert "could not be stored" in html
        assert 'aria-label="Thumbs up"' not in html
        assert "/sources/" not in html


async def test_visitors_are_told_nothing_about_the_server(
    browser: httpx2.AsyncClient, application: WebApplication
) -> None:
    """Paths and addresses are for who holds the token."""
    application.engine.fails = DatabaseUnavailableError(url="postgresql://db", reason="refused")
    page = await browser.post("/ask", data={"question": "reset?"})
    assert page.status_code == 503
    assert "cannot be stored just now" in page.text
    assert "postgresql" not in page.text


async def test_forms_of_other_sites_are_refused(
    browser: httpx2.AsyncClient, application: WebApplication
) -> None:
    """A browser tells where a form came from; another site's is not taken."""
    for headers in (
        {"sec-fetch-site": "cross-site"},
        {"origin": "https://evil.example"},
        {"origin": "null"},
    ):
        response = await browser.post("/ask", data={"question": "reset?"}, headers=headers)
        assert response.status_code == 403
    assert application.engine.asked == []
    own = {"origin": "http://bot.test", "sec-fetch-site": "same-origin"}
    assert (await browser.post("/ask", data={"question": "reset?"}, headers=own)).status_code == 303


async def test_cookies_are_out_of_reach_of_scripts(browser: httpx2.AsyncClient) -> None:
    """Both cookies are HttpOnly and SameSite, the console's strictly so."""
    visitor = (await browser.get("/")).headers["set-cookie"]
    assert re.search("httponly", visitor, re.IGNORECASE)
    assert re.search("samesite=lax", visitor, re.IGNORECASE)
    console = (await browser.post("/console/login", data={"token": TOKEN})).headers["set-cookie"]
    assert re.search("httponly", console, re.IGNORECASE)
    assert re.search("samesite=strict", console, re.IGNORECASE)


async def test_what_a_reader_wrote_is_never_markup(browser: httpx2.AsyncClient) -> None:
    """A question with tags is shown as it was typed."""
    await ask(browser, "<script>alert(1)</script> reset?")
    page = (await browser.get("/")).text
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)" in page
