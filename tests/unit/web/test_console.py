from __future__ import annotations

import html
import re
from datetime import UTC, datetime, timedelta

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.web.console.base import PAGE
from adapters.web.console.turn import stages_of
from bot.conversation import Author, Feedback, Platform, Question, Rating
from knowledge.stores.base import StoreStats
from tests.platforms.web_application import RESET_ANSWER, TOKEN, WebApplication, stand_in_turn
from tests.unit.web.test_chat import ask, sign_in

ROOMS = [
    "/console",
    "/console/conversations",
    "/console/review",
    "/console/feedback",
    "/console/knowledge",
]


@pytest.mark.parametrize("room", [*ROOMS, "/console/turns/x", "/console/nowhere/else"])
async def test_a_closed_console_asks_for_the_token(browser: httpx2.AsyncClient, room: str) -> None:
    """Without a session every room leads to the token form, or is not there."""
    response = await browser.get(room)
    assert response.status_code in (303, 404)
    if response.status_code == 303:
        assert response.headers["location"].startswith("/console/login")


async def test_the_token_opens_the_console(browser: httpx2.AsyncClient) -> None:
    """A wrong token is told so; the right one leads to the room that was wanted."""
    wrong = await browser.post("/console/login", data={"token": "nope"})
    assert wrong.status_code == 401
    assert "does not open this console" in wrong.text
    right = await browser.post(
        "/console/login", data={"token": f" {TOKEN} ", "next": "/console/review"}
    )
    assert (right.status_code, right.headers["location"]) == (303, "/console/review")
    assert (await browser.get("/console/review")).status_code == 200


@pytest.mark.parametrize("wanted", ["https://evil.example", "//evil.example", "/console\\@evil"])
async def test_the_token_form_leads_nowhere_else(browser: httpx2.AsyncClient, wanted: str) -> None:
    """Only rooms of the console can follow the form."""
    response = await browser.post("/console/login", data={"token": TOKEN, "next": wanted})
    assert response.headers["location"] == "/console"


@pytest.mark.parametrize(
    ("address", "said", "room"),
    [
        ("turns/none", "There is no turn “none”: it was removed", "/console/conversations"),
        ("gaps/none", "There is no gap “none”: it was removed", "/console/gaps"),
        ("models/v9", "There is no version of the voice “v9”: it was", "/console/models"),
        ("suites/none", "There is no suite “none”: it was removed", "/console/suites"),
        ("nowhere", "Nothing lives at this address.", "/console"),
    ],
)
async def test_what_is_not_there_leads_to_its_room(
    browser: httpx2.AsyncClient, address: str, said: str, room: str
) -> None:
    """A page says what is gone, in words for a browser, and where to look for others."""
    await sign_in(browser)
    missing = await browser.get(f"/console/{address}", headers={"accept": "text/html"})
    assert missing.status_code == 404
    assert said in missing.text
    assert f'<a href="{room}">' in missing.text
    assert "wellspoken " not in missing.text


async def test_somebody_unknown_is_said_to_be(browser: httpx2.AsyncClient) -> None:
    """A search without a match says how ids are written; a person who asked nothing says so."""
    await sign_in(browser)
    assert "Ask the first question" in (await browser.get("/console/people")).text
    found = await browser.get("/console/people", params={"words": "nobody"})
    assert "Nobody fits" in found.text
    assert "slack:U024BE7LH" in found.text.partition("Nobody fits")[2]
    person = await browser.get("/console/people/person", params={"author": "slack:U9"})
    assert "Nobody of this id asked anything that is kept" in person.text


async def test_logging_out_needs_the_pages_own_form(browser: httpx2.AsyncClient) -> None:
    """Without the hidden value nothing happens; with it the session is over."""
    await sign_in(browser)
    assert (await browser.post("/console/logout", data={"csrf": "made up"})).status_code == 403
    page = (await browser.get("/console")).text
    csrf = re.search(r'name="csrf" value="([0-9a-f]+)"', page)[1]
    assert (await browser.post("/console/logout", data={"csrf": csrf})).status_code == 303
    assert (await browser.get("/console")).status_code == 303


@pytest.mark.parametrize("room", ROOMS)
async def test_an_empty_room_says_what_will_be_there(
    browser: httpx2.AsyncClient, application: WebApplication, room: str
) -> None:
    """Nothing to show is said in words, with what to do next."""
    application.store.found = StoreStats(0, 0, 0)
    await sign_in(browser)
    assert 'class="empty"' in (await browser.get(room)).text


async def test_conversations_are_paged(browser: httpx2.AsyncClient) -> None:
    """Newest first, a page at a time, and every question exactly once."""
    await sign_in(browser)
    for n in range(PAGE + 2):
        await ask(browser, f"Question number {n:03}?")
    first = (await browser.get("/console/conversations")).text
    link = re.search(r'href="(/console/conversations\?before=[^"]+)" rel="next"', first)
    older = html.unescape(link[1])
    second = (await browser.get(older)).text
    shown = re.findall(r"Question number (\d+)", first + second)
    assert shown == [f"{n:03}" for n in reversed(range(PAGE + 2))]
    assert 'rel="next"' not in second
    assert (await browser.get("/console/conversations?before=nowhere")).status_code == 404


async def test_a_turn_tells_its_whole_story(browser: httpx2.AsyncClient) -> None:
    """Query, route and reason, claims, stages, passages, citations and what was withheld."""
    await sign_in(browser)
    turn = await ask(browser, "reset?")
    page = (await browser.get(f"/console/turns/{turn}")).text
    for words in (
        "it asks for a fact",
        "Supported",
        "Retrieve",
        "9.4 ms",
        "812 in, 96 out",
        '<span class="claim held">',
        "<mark>Hold the power button",
        "cited as 1",
        "Nobody has rated",
    ):
        assert words in page
    unknown = await ask(browser, "who won?")
    assert "staff/pay.md" in (await browser.get(f"/console/turns/{unknown}")).text
    assert "staff/pay.md" not in (await browser.get("/")).text
    assert (await browser.get("/console/turns/nowhere")).status_code == 404


async def test_ratings_reach_feedback_and_review(browser: httpx2.AsyncClient) -> None:
    """Both thumbs are listed; the queue holds what somebody found wanting."""
    good, bad = await ask(browser, "reset one?"), await ask(browser, "reset two?")
    await browser.post(f"/turns/{good}/rating", data={"rating": "up"})
    await browser.post(f"/turns/{bad}/correction", data={"correction": "Hold it <b>12</b> s."})
    await sign_in(browser)
    feedback = (await browser.get("/console/feedback")).text
    assert "reset one?" in feedback
    assert "reset two?" in feedback
    review = (await browser.get("/console/review")).text
    assert "reset one?" not in review
    assert "Hold it &lt;b&gt;12&lt;/b&gt; s." in review
    assert 'href="/console/review"' in (await browser.get("/console")).text


async def test_older_ratings_are_a_link_away(
    browser: httpx2.AsyncClient, application: WebApplication
) -> None:
    """Each rating is on one page, also where newer ones come meanwhile; an address that is none
    has no page."""

    async def rated(number: int) -> None:
        turn = stand_in_turn(Question(f"q{number}?", Author(Platform.WEB, "a")), RESET_ANSWER)
        await application.history.record(turn)
        await application.feedback.rate(Feedback(turn.id, turn.author, Rating.UP))

    for number in range(51):
        await rated(number)
    await sign_in(browser)
    first = (await browser.get("/console/feedback")).text
    assert ">q50?<" in first
    assert ">q0?<" not in first
    (older,) = re.findall(r'href="([^"]+)" rel="next"', first)
    await rated(51)
    second = (await browser.get(html.unescape(older))).text
    assert ">q0?<" in second
    assert ">q1?<" not in second
    assert '<a href="/console/feedback">Newest</a>' in second
    for nowhere in (
        *("nowhere", "2026-01-01T00:00:00~t~a", "2026-01-01T00:00:00+00:00~t"),
        "0001-01-01T00:00:00+14:00~t~a",
    ):
        page = await browser.get("/console/feedback", params={"before": nowhere})
        assert page.status_code == 404


async def test_knowledge_shows_who_may_see_what(browser: httpx2.AsyncClient) -> None:
    """Documents with their groups, sources in figures, and how many vectors are still to come."""
    await sign_in(browser)
    page = (await browser.get("/console/knowledge?source=sample")).text
    assert "staff/pay.md" in page
    assert '<span class="tag">staff</span>' in page
    assert "One chunk waits for its vector" in page
    assert "67%" in page


async def test_sources_tell_how_they_stand(
    browser: httpx2.AsyncClient, application: WebApplication
) -> None:
    """Up to date with what the run did, syncing with its progress, down with the reason."""
    await sign_in(browser)
    page = (await browser.get("/console/knowledge")).text
    assert "Not read yet" in page
    assert "docs/handbook" in page
    now, failed = datetime.now(UTC), [{"document": "scan.pdf", "error": "It is <encrypted>."}]
    report = {"added": 1200, "changed": 3, "failed": failed}
    await application.ledger.record_run("handbook", report, now - timedelta(seconds=81), now)
    page = (await browser.get("/console/knowledge")).text
    assert "Up to date" in page
    assert "1,200 added, 3 changed" in page
    assert "81.0 s" in page
    assert "It is &lt;encrypted&gt;." in page
    await application.ledger.record_run("handbook", {}, now, now, "docs/handbook does not exist.")
    page = (await browser.get("/console/knowledge")).text
    assert "Down since" in page
    assert "does not exist" in page
    history = (await browser.get("/console/knowledge/history?source=handbook")).text
    assert history.index("does not exist") < history.index("1,200 added")


async def test_a_source_that_is_not_there_has_no_history(
    browser: httpx2.AsyncClient, application: WebApplication
) -> None:
    """Nor is one promised; one that is set up, was read in once or holds documents has its page."""
    await sign_in(browser)
    room = "/console/knowledge/history"
    nowhere = await browser.get(room, params={"source": "nowhere"})
    assert nowhere.status_code == 404
    assert "Nothing has been read yet" not in nowhere.text
    now = datetime.now(UTC)
    await application.ledger.record_run("once", {"removed": 3}, now, now)
    for name in ("handbook", "once", "sample"):
        assert (await browser.get(room, params={"source": name})).status_code == 200, name


async def test_a_source_is_read_when_an_operator_asks(
    browser: httpx2.AsyncClient, application: WebApplication
) -> None:
    """The button needs the page's own form; then a worker finds the wish, and the page waits."""
    await sign_in(browser)
    assert (await browser.post("/console/knowledge/sync", data={"source": "handbook"})).is_error
    page = (await browser.get("/console/knowledge")).text
    assert 'hx-trigger="every 2s"' not in page
    csrf = re.search(r'name="csrf" value="([0-9a-f]+)"', page)[1]
    form = {"source": "handbook", "csrf": csrf}
    assert (await browser.post("/console/knowledge/sync", data=form)).status_code == 303
    (wanted,) = [s for s in await application.sources.standings() if s.name == "handbook"]
    assert wanted.state == "asked for"
    assert 'hx-trigger="every 2s"' in (await browser.get("/console/knowledge")).text
    assert "Asked for" in (await browser.get("/console/knowledge/sources")).text
    unknown = await browser.post("/console/knowledge/sync", data={**form, "source": "sample"})
    assert unknown.status_code == 404


async def test_no_link_of_the_pages_is_dead(browser: httpx2.AsyncClient) -> None:
    """Every address that the pages name answers."""
    await sign_in(browser)
    turn = await ask(browser, "reset?")
    await browser.post(f"/turns/{turn}/rating", data={"rating": "down"})
    waiting, seen = ["/", "/console"], set()
    while waiting:
        address = waiting.pop()
        if address in seen:
            continue
        seen.add(address)
        response = await browser.get(address)
        assert response.status_code == 200, address
        if response.headers["content-type"].startswith("text/html"):
            found = re.findall(r'(?:href|src)="(/[^"#]*)', response.text)
            waiting += [link.replace("&amp;", "&") for link in found]
    assert any(address.startswith("/sources/") for address in seen)


@given(st.dictionaries(st.text(min_size=1), st.floats(0, 1e6), max_size=12))
def test_bars_of_stages_stay_inside_the_picture(timings: dict[str, float]) -> None:
    """Stages follow one another and never leave the whole."""
    at = 0.0
    for stage in stages_of(timings):
        assert stage.start == pytest.approx(at, abs=1e-6)
        at = stage.start + stage.width
        assert at <= 100.001


@pytest.mark.parametrize(
    ("room", "group", "title"),
    [
        ("/console", "Talk", "Today"),
        ("/console/turns", "Talk", "Conversations"),
        ("/console/gaps", "Facts", "Gaps"),
        ("/console/gates", "Voice", "Gate"),
        ("/console/watch", "Quality", "Watch"),
        ("/console/costs", "Operations", "Costs"),
        ("/console/advice", "Quality", "Advice"),
    ],
)
async def test_the_rooms_stand_in_groups(
    browser: httpx2.AsyncClient, room: str, group: str, title: str
) -> None:
    """The room that is open is marked, and so is the group that it belongs to, nothing else."""
    await sign_in(browser)
    page = (await browser.get(room)).text
    assert re.findall(r'aria-current="page">([^<]+)</a></li>', page) == [title]
    assert re.findall(r'group-tab" href="[^"]+" aria-current="true">([^<]+)<', page) == [group]
