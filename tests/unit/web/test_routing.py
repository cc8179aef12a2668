"""The routing room: figures, labels and versions, only from the page's own forms."""

from __future__ import annotations

from dataclasses import replace

import httpx2

from bot.conversation import Author, Platform, Question, Route, RouteDecision
from bot.routing import SHIPPED
from bot.store.routing import RoutingVersions
from tests.platforms.web_application import UNKNOWN, WebApplication, stand_in_turn
from tests.unit.web.test_chat import ask, sign_in
from tests.unit.web.test_review import fields

CLOSE = (("voice", 0.48), ("handoff", 0.02), ("question", 0.5))


async def close_turn(application: WebApplication, text: str = "<b>you</b> lot again?") -> str:
    """Keep a turn whose route was close; its id."""
    turn = stand_in_turn(Question(text, Author(Platform.WEB, "v")), UNKNOWN)
    route = RouteDecision(Route.HYBRID, 0.5, ("a question",), CLOSE)
    await application.history.record(replace(turn, route=route))
    return turn.id


async def test_room_is_for_operators(browser: httpx2.AsyncClient) -> None:
    """Without the token it asks for it; with an empty home it says what is not there."""
    assert (await browser.get("/console/routing")).status_code in (303, 307, 401)
    await sign_in(browser)
    page = (await browser.get("/console/routing")).text
    for sentence in ("No turns in the last 30 days", "No turn is labelled yet", "As shipped"):
        assert sentence in page
    assert 'aria-current="page">Routing</a>' in page


async def test_turns_are_shown_by_route(
    browser: httpx2.AsyncClient, application: WebApplication
) -> None:
    """Share, confidence, how they ended and thumbs, for a period."""
    turn = await ask(browser, "reset one?")
    await browser.post(f"/turns/{turn}/rating", data={"rating": "up"})
    await sign_in(browser)
    page = (await browser.get("/console/routing?days=7")).text
    assert "Routes of the last 7 days" in page
    assert '<th scope="row">Documents</th>' in page
    assert (await browser.get("/console/routing?days=5000000")).status_code == 200
    assert (await application.routing.shares(7))[0].turns == 1


async def test_close_decision_is_labelled_by_a_button(
    browser: httpx2.AsyncClient, application: WebApplication
) -> None:
    """It leaves the list and joins the matrix; the deed is audited as the operator's."""
    turn = await close_turn(application)
    await sign_in(browser)
    page = (await browser.get("/console/routing")).text
    assert "&lt;b&gt;you&lt;/b&gt; lot again?" in page
    form = fields(page, "/console/routing/label")
    assert form["turn"] == turn
    done = await browser.post("/console/routing/label", data={**form, "route": "voice"})
    assert (done.status_code, done.headers["location"]) == (303, "/console/routing#doubtful")
    page = (await browser.get("/console/routing")).text
    assert "None of the last 30 days was close" in page
    assert "0 of 1 took the right route" in page
    assert (await application.routing.confusion()).rows[1][2] == 1


async def test_label_must_be_a_route_of_a_turn_from_the_own_form(
    browser: httpx2.AsyncClient, application: WebApplication
) -> None:
    """A word that is no route, an unknown turn and a foreign form change nothing."""
    turn = await close_turn(application)
    await sign_in(browser)
    form = fields((await browser.get("/console/routing")).text, "/console/routing/label")
    send = "/console/routing/label"
    assert (await browser.post(send, data={**form, "route": "moon"})).status_code == 422
    unknown = {**form, "turn": "nobody", "route": "voice"}
    assert (await browser.post(send, data=unknown)).status_code == 404
    foreign = {"turn": turn, "route": "voice", "csrf": "x"}
    assert (await browser.post(send, data=foreign)).status_code == 403
    assert (await application.routing.confusion()).n == 0


async def test_version_is_rolled_back_by_a_button(
    browser: httpx2.AsyncClient, application: WebApplication
) -> None:
    """A learned version shows its figures; back to the shipped ones and forth again."""
    versions: RoutingVersions = application.routing._versions
    figures = {"n": 40, "reason": "The learned thresholds are better: +0.050.",
               "before": {"macro_f1": 0.9}, "after": {"macro_f1": 0.95}}  # fmt: skip
    values = SHIPPED.values() | {"voice": 0.7}
    await versions.add(values, figures, "terminal:operator", adopt=True)
    await sign_in(browser)
    page = (await browser.get("/console/routing")).text
    assert "Version 1, learned on" in page
    assert "0.900" in page and "0.950" in page
    form = fields(page, "/console/routing/rollback")
    done = await browser.post("/console/routing/rollback", data={**form, "to": "0"})
    assert done.status_code == 303
    page = (await browser.get("/console/routing")).text
    assert "As shipped" in page and "Make version 1 live" in page
    again = await browser.post("/console/routing/rollback", data={**form, "to": "0"})
    assert "live already" in again.text
