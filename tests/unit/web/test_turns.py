"""The console's rooms of turns: found again, and told whole."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import httpx2
import pytest

from adapters.web.console.conversations import place_of
from adapters.web.console.turn import Checked, odds_of
from bot.conversation import (
    Author,
    Feedback,
    Outcome,
    Platform,
    Rating,
    Route,
    RouteDecision,
    Turn,
    Usage,
)
from bot.errors import NotFoundError
from bot.evidence import Claim, Grounding, Rejected
from persona.registry import Registry
from tests.platforms.turns import turn_of
from tests.platforms.web_application import RESET, WebApplication
from tests.unit.web.test_chat import ask, sign_in

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
KIM = Author(Platform.SLACK, "U1", "Kim")


def told(**changes: object) -> Turn:
    """A turn of a thread in Slack."""
    return replace(turn_of(author=KIM, at=NOON), **changes)  # type: ignore[arg-type]  # any field


async def shown(browser: httpx2.AsyncClient, address: str) -> list[str]:
    """The ids of the turns that a list shows."""
    page = await browser.get(address)
    assert page.status_code == 200
    return re.findall(r'class="row" href="/console/turns/([^"]+)"', page.text)


async def test_the_list_is_filtered_by_an_address(
    browser: httpx2.AsyncClient, application: WebApplication
) -> None:
    """Each filter alone and together; the form keeps what was chosen."""
    await sign_in(browser)
    voice = RouteDecision(Route.VOICE, 0.9, ())
    turns = {
        "a": told(id="a", question="Where is the valve?"),
        "b": told(id="b", route=voice, outcome=Outcome.CLARIFY, at=NOON + timedelta(seconds=1)),
        "c": told(
            id="c", grounding=Grounding((), (Rejected("No."),)), at=NOON + timedelta(seconds=2)
        ),
    }
    for turn in turns.values():
        await application.history.record(turn)
    await application.feedback.rate(Feedback("b", KIM, Rating.DOWN))

    for query, wanted in (
        ("", ["c", "b", "a"]),
        ("?route=voice", ["b"]),
        ("?outcome=clarify&platform=slack&rated=down", ["b"]),
        ("?platform=discord", []),
        ("?kept_back=yes", ["c"]),
        ("?words=VALVE", ["a"]),
        ("?words=c", ["c"]),
    ):
        assert await shown(browser, f"/console/turns{query}") == wanted
    page = (await browser.get("/console/turns?route=voice&words=valve")).text
    assert '<option value="voice" selected>' in page
    assert 'value="valve"' in page
    assert "Nothing fits" in page


async def test_the_last_rung_says_whose_tokens_it_lists(
    browser: httpx2.AsyncClient, application: WebApplication
) -> None:
    """The built-in reader takes none: they are those of models that were asked before it."""
    await sign_in(browser)
    turn = told(id="r", model="extractive", usage=Usage(2000, 16, 0.004))
    await application.history.record(turn)

    page = (await browser.get("/console/turns/r")).text

    assert "(the built-in reader)" in page
    assert "of models asked before it" in page


def test_a_row_of_a_table_is_a_claim_without_its_bars() -> None:
    """Its cells stand side by side."""
    assert Checked(Claim(0, 9, "| | Price | $1 |", True, 1.0), None).words == "Price · $1"
    assert Checked(Claim(0, 9, "a | b", True, 1.0), None).words == "a | b"


@pytest.mark.parametrize(
    "query",
    ["route=nowhere", "outcome=x", "platform=pigeon", "rated=sideways", "before=here",
     "before=2026-01-01~x"],
)  # fmt: skip
async def test_an_address_that_no_form_makes_is_not_found(
    browser: httpx2.AsyncClient, query: str
) -> None:
    """In words, not with a fault."""
    await sign_in(browser)
    assert (await browser.get(f"/console/turns?{query}")).status_code == 404


async def test_paging_keeps_the_filters_and_outlives_a_turn(
    browser: httpx2.AsyncClient, application: WebApplication
) -> None:
    """A page begins behind a place, whether its turn is still there or not."""
    await sign_in(browser)
    for n in range(52):
        at = NOON + timedelta(seconds=n // 4)
        await application.history.record(told(id=f"t{n:03}", thread=f"thread-{n}", at=at))
    first = (await browser.get("/console/turns?platform=slack")).text
    older = re.search(r'href="([^"]+)" rel="next"', first)
    assert older is not None
    address = older[1].replace("&amp;", "&")
    assert "platform=slack" in address
    assert await shown(browser, address) == ["t001", "t000"]

    gone = address.replace("t002", "t0019")
    assert await shown(browser, gone) == ["t001", "t000"]


async def test_the_story_tells_what_was_kept_back_and_what_went_otherwise(
    browser: httpx2.AsyncClient, application: WebApplication
) -> None:
    """Rejected sentences with what became of them, odds, notes, price, cache, audit."""
    await sign_in(browser)
    claims = (
        Claim(0, 5, "Fine.", supported=False, score=0.31, passage=None, finding="not in this way"),
    )
    rejected = (
        Rejected("It lasts 36 months.", "they say 24 months", 0.1, "It lasts 24 months [1]."),
        Rejected("We are the best!", "nothing about best", 0.04),
    )
    route = RouteDecision(
        Route.HYBRID, 0.83, ("a question",), (("question", 0.92), ("cosine", 0.7))
    )
    turn = told(
        id="told", grounding=Grounding(claims, rejected), route=route, cached_from="before",
        saved_usd=0.0021, notes=("The voice model was down.",),
    )  # fmt: skip
    await application.history.record(turn)
    page = (await browser.get("/console/turns/told")).text

    for words in (
        "It lasts 36 months.", "they say 24 months", "Said otherwise", "It became",
        "It lasts 24 months", "Removed", "Not supported", "not in this way",
        '<span class="claim unheld">Fine.</span>', "A question", "nearest meaning 0.70",
        "The voice model was down.", '/console/turns/before"', "$0.0021", "Holds",
    ):  # fmt: skip
        assert words in page


async def test_the_story_names_what_was_said_before_to_the_same_readers(
    browser: httpx2.AsyncClient, application: WebApplication
) -> None:
    """Earlier turns of the thread, without what these readers may not know."""
    await sign_in(browser)
    for n, audience in enumerate([frozenset[str](), frozenset({"staff"}), frozenset[str]()]):
        at = NOON + timedelta(seconds=n)
        turn = told(id=f"t{n}", question=f"Question {n}?", audience=audience, at=at)
        await application.history.record(turn)

    page = (await browser.get("/console/turns/t2")).text
    assert "Question 0?" in page
    assert "Question 1?" not in page


async def test_a_passage_opens_with_its_text(browser: httpx2.AsyncClient) -> None:
    """Every passage given to the voice can be read on the page."""
    await sign_in(browser)
    turn = await ask(browser, "reset?")
    page = (await browser.get(f"/console/turns/{turn}")).text
    assert 'id="passage-1"' in page
    assert page.count(RESET.text.split(".")[0]) >= 2


def test_odds_are_sorted_into_what_they_are() -> None:
    """Kinds of messages, other figures, and who gave them; unknown names stay as they are."""
    odds = odds_of(
        (("voice", 0.1), ("question", 0.9), ("cosine", 0.5), ("new", 0.2), ("classifier 1a", 1.0))
    )
    assert odds.kinds == (("A question", 0.9), ("Small talk", 0.1))
    assert odds.measures == (("nearest meaning", 0.5), ("new", 0.2))
    assert odds.by == "classifier 1a"


def test_a_place_that_is_none_is_not_found() -> None:
    """A moment without a zone, or without a turn."""
    for cursor in ("x", "2026-01-01T00:00:00~", "2026-01-01T00:00:00~t", "~t"):
        with pytest.raises(NotFoundError):
            place_of(cursor)


async def test_a_turn_tells_its_style_and_who_spoke(
    browser: httpx2.AsyncClient, application: WebApplication
) -> None:
    """The score of then, the phrases that leave the voice, the version that is the model; a turn
    without a score says so."""
    registry = Registry(application.database)
    version = await registry.register(
        model="juniper-7b", base="small", backend="external", by="web:operator"
    )
    off = told(id="off", answer="GREAT NEWS!!! It works!!!", style=0.42, model="juniper-7b")
    await application.history.record(off)
    await application.history.record(told(id="plain", style=None))
    await sign_in(browser)
    page = (await browser.get("/console/turns/off")).text
    assert "42%" in page
    assert "Exclamation mark" in page
    assert "The persona has changed since" in page
    assert f'<a href="/console/models/{version.version}">{version.version}</a>' in page
    plain = (await browser.get("/console/turns/plain")).text
    assert "It was not scored." in plain
    assert "<dt>Version</dt>" not in plain


async def test_a_turn_leads_to_its_review(
    browser: httpx2.AsyncClient, application: WebApplication
) -> None:
    """Rated, it has a link to what waits of it; judged, the verdict and its operator."""
    await application.history.record(told(id="a"))
    await sign_in(browser)
    assert "/console/review?turn=a" not in (await browser.get("/console/turns/a")).text
    await application.feedback.rate(Feedback("a", KIM, Rating.DOWN))
    assert "/console/review?turn=a" in (await browser.get("/console/turns/a")).text
    await application.review.was_right("a", KIM.key, "web:operator")
    page = (await browser.get("/console/turns/a")).text
    assert "Approved for the voice to learn from by operator" in page
