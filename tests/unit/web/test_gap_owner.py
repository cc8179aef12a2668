"""Whose a gap is, in the console: from the list and from its page, with scripts and without."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import httpx2
import pytest
import pytest_asyncio
from fastapi import FastAPI

from adapters.web.app import create_app
from adapters.web.auth.sessions import Access
from tests.platforms.web_application import TOKEN, WebApplication
from tests.unit.web.test_chat import ask
from tests.unit.web.test_gaps_room import QUESTION, gap_page
from tests.unit.web.test_review import fields

VIEWER, REVIEWER = "the-viewer's-token", "the-reviewer's-token"
HTMX = {"hx-request": "true"}


@pytest.fixture
def app(application: WebApplication) -> FastAPI:
    return create_app(application, access=Access(VIEWER, REVIEWER))


@asynccontextmanager
async def inside(app: FastAPI, token: str) -> AsyncIterator[httpx2.AsyncClient]:
    """A browser of somebody who signed in."""
    transport = httpx2.ASGITransport(app, raise_app_exceptions=False)
    async with httpx2.AsyncClient(
        transport=transport, base_url="http://bot.test", headers={"accept": "text/html"}
    ) as client:
        await ask(client, QUESTION)
        assert (await client.post("/console/login", data={"token": token})).status_code == 303
        yield client


@pytest_asyncio.fixture
async def operator(app: FastAPI) -> AsyncIterator[httpx2.AsyncClient]:
    entered: AbstractAsyncContextManager[httpx2.AsyncClient] = inside(app, TOKEN)
    async with entered as client:
        yield client


@pytest_asyncio.fixture
async def reviewer(app: FastAPI, operator: httpx2.AsyncClient) -> AsyncIterator[httpx2.AsyncClient]:
    async with inside(app, REVIEWER) as client:
        yield client


def tab(page: str, words: str) -> int:
    """The count in a tab."""
    found = re.search(rf">{words} <span>([\d,]+)</span></a>", page)
    assert found is not None, words
    return int(found[1])


async def test_a_gap_is_taken_and_given_back_from_the_list(
    operator: httpx2.AsyncClient, application: WebApplication
) -> None:
    """Without a script the list comes back as it was asked for; with one the row's line and the
    tabs come, with counts that are true."""
    address = await gap_page(operator)
    page = (await operator.get("/console/gaps?state=all")).text
    assert "I take it" in page and (tab(page, "Mine"), tab(page, "Nobody’s")) == (0, 1)
    form = fields(page, f"{address}/owner")
    taken = await operator.post(f"{address}/owner", data=form)
    assert (taken.status_code, taken.headers["location"]) == (303, "/console/gaps?state=all")
    page = (await operator.get("/console/gaps?owner=me")).text
    assert "Yours" in page and "Give it back" in page
    assert (tab(page, "Mine"), tab(page, "Nobody’s"), tab(page, "Open")) == (1, 0, 1)
    assert "Each has somebody" in (await operator.get("/console/gaps?owner=nobody")).text
    form = fields(page, f"{address}/owner")
    back = await operator.post(f"{address}/owner", data=form, headers=HTMX)
    assert back.status_code == 200 and "<html" not in back.text
    assert "I take it" in back.text and 'hx-swap-oob="true"' in back.text
    assert (tab(back.text, "Mine"), tab(back.text, "Nobody’s"), tab(back.text, "Open")) == (0, 1, 0)
    assert "None of yours" in (await operator.get("/console/gaps?owner=me")).text
    actions = [e.content["action"] for e in await application.audit.listing(kind="operator")]
    assert actions[-2:] == ["gap taken", "gap given back"]


@pytest.mark.parametrize("headers", [{}, HTMX])
async def test_who_comes_second_is_told_and_asked(
    operator: httpx2.AsyncClient, reviewer: httpx2.AsyncClient, headers: dict[str, str]
) -> None:
    """It stays with the first until the second, who reads the name, says so again."""
    address = await gap_page(operator)
    mine = fields((await operator.get(address)).text, f"{address}/owner")
    late = fields((await reviewer.get(address)).text, f"{address}/owner")
    await operator.post(f"{address}/owner", data=mine)
    held = await reviewer.post(f"{address}/owner", data=late, headers=headers)
    assert held.status_code == (200 if headers else 409)
    assert "operator has it since" in held.text and "Take it over" in held.text
    assert "You have it" in (await operator.get(address)).text
    over = fields(held.text, f"{address}/owner")
    assert over["seen"] == "web:operator"
    await reviewer.post(f"{address}/owner", data=over, headers=headers)
    assert "You have it" in (await reviewer.get(address)).text
    page = (await operator.get(address)).text
    assert "reviewer-token</span>" in page and "may be writing the answer just now" in page


async def test_a_colleague_is_chosen_never_typed(
    operator: httpx2.AsyncClient, reviewer: httpx2.AsyncClient, application: WebApplication
) -> None:
    """Those who opened the console and may answer gaps are offered; a key that is none of them is
    refused in one sentence, and so is a viewer's."""
    await application.audit.operator("console opened", "web:oidc:1", name="Vi", role="viewer")
    await application.audit.operator("console opened", "web:oidc:2", name="Kim", role="reviewer")
    address = await gap_page(operator)
    page = (await operator.get(address)).text
    offered = re.findall(r'<option value="([^"]+)">([^<]+)</option>', page)
    assert offered == [("web:oidc:2", "Kim"), ("web:reviewer-token", "reviewer-token")]
    form = fields(page, f"{address}/owner")
    for key in ("web:oidc:1", "web:oidc:3", "kim"):
        refused = await operator.post(f"{address}/owner", data={**form, "owner": key})
        assert refused.status_code == 422 and "is nobody who could have a gap" in refused.text
    given = await operator.post(f"{address}/owner", data={**form, "owner": "web:oidc:2"})
    assert (given.status_code, given.headers["location"]) == (303, address)
    page = (await operator.get(address)).text
    assert "Kim</span>" in page and '<option value="nobody">Nobody</option>' in page
    listed = (await operator.get("/console/gaps?owner=web:oidc:2")).text
    assert tab(listed, "Kim") == 1 and "Asked " in listed


async def test_viewers_see_and_change_nothing(app: FastAPI, operator: httpx2.AsyncClient) -> None:
    """Who has it is said; no button is shown, and a form that is sent all the same is refused; so
    is one without its token."""
    address = await gap_page(operator)
    form = fields((await operator.get(address)).text, f"{address}/owner")
    assert (await operator.post(f"{address}/owner", data={"owner": "me"})).status_code == 403
    async with inside(app, VIEWER) as viewer:
        page = (await viewer.get(address)).text
        assert "Nobody has it yet" in page and "I take it" not in page
        await operator.post(f"{address}/owner", data=form)
        for where in (address, "/console/gaps?state=all"):
            page = (await viewer.get(where)).text
            assert "operator</span>" in page and 'class="has">has it' in page
            for words in ("I take it", "Give it", "Take it over"):
                assert words not in page
        sent = {"csrf": fields(page, "/console/logout")["csrf"], "owner": "me"}
        assert (await viewer.post(f"{address}/owner", data=sent)).status_code == 403
    assert "You have it" in (await operator.get(address)).text


async def test_today_says_how_many_are_ones_own(operator: httpx2.AsyncClient) -> None:
    """And leads to them."""
    address = await gap_page(operator)
    page = (await operator.get("/console/today")).text
    assert "One gap is open" in page and "yours" not in page
    form = fields((await operator.get(address)).text, f"{address}/owner")
    await operator.post(f"{address}/owner", data=form)
    page = (await operator.get("/console/today")).text
    assert "It is yours." in page and 'href="/console/gaps?owner=me"' in page


async def test_a_search_stays_with_the_owner_and_the_tabs(operator: httpx2.AsyncClient) -> None:
    """What was chosen goes along; an owner that nobody is shows an empty list, and the way out."""
    page = (await operator.get("/console/gaps?q=pump&owner=nobody&state=all")).text
    assert '<input type="hidden" name="owner" value="nobody">' in page
    assert "/console/gaps?state=all&amp;q=pump&amp;owner=me" in page
    assert "/console/gaps?q=pump&amp;owner=nobody" in page
    lost = await operator.get("/console/gaps?owner=web:gone")
    assert lost.status_code == 200 and "None of theirs" in lost.text
    assert 'href="/console/gaps">Show anybody’s.' in lost.text
