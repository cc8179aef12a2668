"""The room of conversations: a search whose address can be shared."""

from __future__ import annotations

import html
import re
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import httpx2
import pytest

from adapters.web.console.conversations import address_of, counted_words, periods_of, wanted_of
from bot.conversation import Author, Outcome, Platform, Turn
from bot.errors import UsageError
from bot.store.turn_list import MOST_COUNTED, Look, Place, TurnList
from tests.platforms.turns import turn_of
from tests.platforms.web_application import TOKEN, WebApplication
from tests.unit.web.test_chat import sign_in

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
NOTHING = dict.fromkeys(
    ("words", "outcome", "route", "rated", "platform", "channel", "model", "from", "to",
     "kept_back", "ended"), "",
)  # fmt: skip
ROOM = "/console/conversations"


def told(name: str, **changes: object) -> Turn:
    """A turn of its own thread in Slack."""
    known = {"author": Author(Platform.SLACK, "U1", "Kim"), "at": NOON, "id": name}
    return replace(turn_of(), **{**known, "thread": f"thread-{name}", **changes})  # type: ignore[arg-type]  # any field


async def shown(browser: httpx2.AsyncClient, query: str) -> list[str]:
    page = await browser.get(f"{ROOM}{query}")
    assert page.status_code == 200
    return re.findall(r'class="row" href="/console/turns/([^"]+)"', page.text)


async def test_channel_model_and_period_narrow_the_list(
    browser: httpx2.AsyncClient, application: WebApplication
) -> None:
    """Each alone and with others; a day counts from its first to its last moment."""
    await sign_in(browser)
    for turn in (
        told("a", channel="slack:C1", model="grand"),
        told("b", channel="slack:C2", model="grand", at=NOON + timedelta(days=1)),
        told("c", channel="slack:C1", outcome=Outcome.ERROR, at=NOON + timedelta(days=2)),
    ):
        await application.history.record(turn)
    for query, wanted in (
        ("?channel=slack%3AC1", ["c", "a"]),
        ("?model=grand", ["b", "a"]),
        ("?model=grand&channel=slack%3AC1&outcome=answered", ["a"]),
        ("?from=2026-03-02", ["c", "b"]),
        ("?to=2026-03-02", ["b", "a"]),
        ("?from=2026-03-02&to=2026-03-02", ["b"]),
        ("?from=9999-12-31&to=9999-12-31", []),
        ("?words=b&model=grand", ["b"]),
        ("?words=b&outcome=error", []),
    ):
        assert await shown(browser, query) == wanted, query


async def test_what_is_set_stands_above_the_list_and_goes_with_one_step(
    browser: httpx2.AsyncClient, application: WebApplication
) -> None:
    """A chip for each filter leads to the list without it; the fold is open where it hides one."""
    await sign_in(browser)
    turn = told("a", channel="slack:C1", question="Which filter?")
    await application.history.record(turn)
    page = (await browser.get(f"{ROOM}?channel=slack%3AC1&outcome=answered&words=filter")).text
    chips = re.findall(r'class="set-chip" href="([^"]+)">([^<]+)', page)
    assert {words: html.unescape(href) for href, words in chips} == {
        "“filter”": f"{ROOM}?outcome=answered&channel=slack%3AC1",
        "Answered": f"{ROOM}?words=filter&channel=slack%3AC1",
        "Channel slack:C1": f"{ROOM}?words=filter&outcome=answered",
    }
    assert '<details class="more-filters" open>' in page
    assert "1 conversation<" in page
    assert '<option value="slack:C1">' in page
    assert '<details class="more-filters">' in (await browser.get(f"{ROOM}?outcome=answered")).text


async def test_a_search_that_went_far_says_where_it_stopped(
    browser: httpx2.AsyncClient, application: WebApplication
) -> None:
    """And offers to go on from there, filters and all, until it has seen everything."""
    await sign_in(browser)
    for n in range(7):
        at = NOON + timedelta(hours=n)
        await application.history.record(told(f"t{n}", question=f"Number {n}?", at=at))
    application.turn_list = TurnList(application.database, far=2)

    address, seen = f"{ROOM}?words=number+1%3F", []
    for _ in range(4):
        page = (await browser.get(address)).text
        seen += re.findall(r'class="row" href="/console/turns/([^"]+)"', page)
        further = re.search(r'href="([^"]+)" rel="next">Look further back', page)
        if further is None:
            break
        assert "back to <time" in page
        address = html.unescape(further[1])
        assert "words=number" in address
    assert seen == ["t1"]
    assert further is None


@pytest.mark.parametrize("query", ["?from=yesterday", "?from=2026-03-02&to=2026-03-01"])
async def test_a_day_that_is_none_is_said_in_words(browser: httpx2.AsyncClient, query: str) -> None:
    """No fault, and no list that means something else."""
    await sign_in(browser)
    assert (await browser.get(f"{ROOM}{query}")).status_code == 422


async def test_the_story_leads_to_its_entry_and_to_asking_again(
    browser: httpx2.AsyncClient, application: WebApplication
) -> None:
    """The audit hash is a link, stages stand in a table with their sum."""
    await sign_in(browser)
    turn = told("s", channel="slack:C1", timings_ms={"retrieve": 9.0, "speak": 30.0, "total": 40.0})
    await application.history.record(turn)
    page = (await browser.get("/console/turns/s")).text
    assert re.search(r'href="/console/audit/\d+"><code>[0-9a-f]{64}<', page)
    assert 'href="/console/turns/s/again"' in page
    assert 'href="/console/conversations?channel=slack%3AC1"' in page
    assert "begun after 9.0 ms" in page
    assert re.search(r'<tfoot>.*Whole.*<td class="num">40 ms</td>', page, re.DOTALL)


def test_periods_lead_to_the_same_filters_of_other_days() -> None:
    """The one that is shown is marked; another end is none of them."""
    asked = {**NOTHING, "outcome": "error", "from": "2026-02-23"}
    found = {p.words: p for p in periods_of(asked, date(2026, 3, 1))}
    assert found["7 days"].here
    assert found["Any time"].address == f"{ROOM}?outcome=error"
    assert found["Today"].address == f"{ROOM}?outcome=error&from=2026-03-01"
    assert not any(p.here for p in periods_of({**asked, "to": "2026-03-01"}, date(2026, 3, 1)))


def test_counts_are_bounded_and_claim_nothing_that_was_not_counted() -> None:
    """Over a thousand it says so; after a search that stopped on its way it says nothing."""
    assert counted_words(Look((), count=0)) == "0 conversations"
    assert counted_words(Look((), count=1)) == "1 conversation"
    assert counted_words(Look((), count=MOST_COUNTED + 1)) == "More than 1,000 conversations"
    assert counted_words(Look((), Place(NOON, "x"), 3)) == ""
    assert counted_words(Look(())) == ""


def test_an_address_holds_what_is_set_and_nothing_else() -> None:
    """Empty fields of the form leave no trace in it."""
    assert address_of(NOTHING) == ROOM
    assert address_of({**NOTHING, "words": "a b"}, "x") == f"{ROOM}?words=a+b&before=x"
    with pytest.raises(UsageError):
        wanted_of({**NOTHING, "from": "2026-13-01"}, UTC)


def test_days_are_those_of_the_reader() -> None:
    """A day in Berlin begins and ends an hour before one of UTC, and has an hour less in spring."""
    day = {**NOTHING, "from": "2026-03-29", "to": "2026-03-29"}
    wanted = wanted_of(day, ZoneInfo("Europe/Berlin"))
    assert wanted.since == datetime(2026, 3, 28, 23, tzinfo=UTC)
    assert wanted.until == datetime(2026, 3, 29, 22, tzinfo=UTC)


@pytest.mark.parametrize(
    "moment",
    ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "2026-03-01T12:00:00", "yesterday"],
)
async def test_a_place_that_is_none_is_not_found(browser: httpx2.AsyncClient, moment: str) -> None:
    """A moment beyond the calendar, too, is no fault of the server."""
    await sign_in(browser)
    page = await browser.get(ROOM, params={"before": f"{moment}~turn"})
    assert page.status_code == 404


async def test_a_shared_search_is_there_after_signing_in(browser: httpx2.AsyncClient) -> None:
    """Who opens it without a session is led back to it with all its filters."""
    shared = f"{ROOM}?words=50%25+off%26more&channel=slack%3AC1"
    led = (await browser.get(shared)).headers["location"]
    form = re.search(r'name="next" value="([^"]*)"', (await browser.get(led)).text)
    assert form is not None
    assert html.unescape(form[1]) == shared
    sent = {"token": TOKEN, "next": html.unescape(form[1])}
    assert (await browser.post("/console/login", data=sent)).headers["location"] == shared
    browser.cookies.clear()
    long = await browser.get(f"/console/playground?question={'a' * 4_000}")
    assert long.headers["location"] == "/console/login?next=/console/playground"
