"""A draft of an answer: it fills an editor in which nobody wrote, and stands beside what was."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator
from html import unescape
from pathlib import Path

import httpx2
import pytest
import pytest_asyncio

from bot.conversation import Author, Feedback, Platform, Rating
from tests.platforms.openai_server import Behaviour, OpenAIServer
from tests.platforms.web_application import WebApplication, web_application
from tests.unit.web.test_chat import ask, sign_in
from tests.unit.web.test_gaps_room import QUESTION, gap_page
from tests.unit.web.test_review import fields

DRAFT = "The key hangs in the office."


@pytest.fixture
def server() -> Iterator[OpenAIServer]:
    with OpenAIServer(Behaviour(models=("big",), answer=DRAFT)) as server:
        yield server


@pytest_asyncio.fixture
async def application(
    tmp_path: Path, server: OpenAIServer, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[WebApplication]:
    """An application with a general model."""
    monkeypatch.setenv("OPENAI_BASE_URL", server.url)
    monkeypatch.setenv("WELLSPOKEN_MODEL", "big")
    async with web_application(tmp_path) as application:
        yield application


@pytest_asyncio.fixture
async def address(browser: httpx2.AsyncClient, application: WebApplication) -> str:
    """The page of a gap to which a reader had a better answer."""
    turn = await ask(browser, QUESTION)
    ben = Author(Platform.SLACK, "U2", "Ben")
    await application.feedback.rate(Feedback(turn, ben, Rating.DOWN, "", "Tom has it,\nI think."))
    await sign_in(browser)
    return await gap_page(browser)


def area(page: str, name: str) -> str | None:
    """What a text area of a page holds."""
    found = re.search(rf'<textarea id="{name}"[^>]*>([^<]*)</textarea>', page)
    return unescape(found[1]) if found else None


def ticked(page: str) -> list[str]:
    """Who may read what stands in the editor."""
    return re.findall(r'name="readers" value="([^"]+)" checked', page)


async def sent(browser: httpx2.AsyncClient, address: str) -> dict[str, str]:
    """All that the editor sends as it was shown, lines ended as browsers end them."""
    page = (await browser.get(address)).text
    assert re.search(rf'formaction="{address}/draft" formnovalidate data-busy="[^"]+"', page)
    text = (area(page, "text") or "").replace("\n", "\r\n")
    return {**fields(page, f"{address}/answer"), "title": "The key", "text": text}


@pytest.mark.parametrize("emptied", [False, True])
async def test_a_draft_fills_an_editor_in_which_nobody_wrote(
    browser: httpx2.AsyncClient, address: str, emptied: bool
) -> None:
    """It takes the place of what people said before, and is said to be a draft; a title that was
    typed stays."""
    form = await sent(browser, address)
    page = await browser.post(
        f"{address}/draft", data={**form, **({"text": ""} if emptied else {})}
    )
    assert page.status_code == 200
    assert area(page.text, "text") == DRAFT and area(page.text, "beside") is None
    assert "A draft, to be checked" in page.text and 'value="The key"' in page.text
    assert fields(page.text, f"{address}/answer")["seen"] == form["seen"]


async def test_a_draft_stands_beside_what_was_typed(
    browser: httpx2.AsyncClient, address: str, server: OpenAIServer
) -> None:
    """The words and the ticks stay; a button, no second call of the model, adds it below them."""
    form = await sent(browser, address)
    mine = {"text": "Tom <has> it.\r\nAsk.", "readers": "group:staff"}
    page = (await browser.post(f"{address}/draft", data={**form, **mine})).text
    assert area(page, "text") == "Tom <has> it.\r\nAsk." and area(page, "beside") == DRAFT
    assert ticked(page) == ["group:staff"]
    assert 'value="The key"' in page
    asked = len(server.requests)
    unfit = {**form, **mine, "readers": [], "beside": DRAFT}
    refused = (await browser.post(f"{address}/answer", data=unfit)).text
    assert area(refused, "beside") == DRAFT
    more = {**fields(page, f"{address}/answer"), **mine, "beside": DRAFT, "add": "yes"}
    added = (await browser.post(f"{address}/draft", data={**form, **more})).text
    assert area(added, "text") == f"Tom <has> it.\r\nAsk.\n\n{DRAFT}"
    assert area(added, "beside") is None and len(server.requests) == asked


@pytest.mark.parametrize("text", ["Tom has it, ask him.", ""])
async def test_a_draft_is_for_nobody_until_somebody_says_for_whom(
    browser: httpx2.AsyncClient, address: str, text: str
) -> None:
    """Where the document is not for those who asked: whoever was ticked before, nobody is once the
    draft is there, and it cannot be published so."""
    form = await sent(browser, address)
    published = {**form, "text": "Ann holds it.", "readers": "group:staff"}
    assert (await browser.post(f"{address}/answer", data=published)).status_code == 303
    form = await sent(browser, address)
    drafted = {**form, "text": text, "readers": "everybody"}
    page = (await browser.post(f"{address}/draft", data=drafted)).text
    assert DRAFT in (area(page, "text"), area(page, "beside"))
    assert ticked(page) == []
    more = {**drafted, **fields(page, f"{address}/answer"), "readers": [], "beside": DRAFT}
    added = (await browser.post(f"{address}/draft", data={**more, "add": "yes"})).text
    assert ticked(added) == []
    refused = await browser.post(f"{address}/answer", data={**more, "text": DRAFT})
    assert refused.status_code == 422 and "Choose who may read the answer." in refused.text


async def test_where_no_draft_is_written_what_was_typed_stays(
    browser: httpx2.AsyncClient, address: str, server: OpenAIServer
) -> None:
    """And it is said that the model found nothing to write it from."""
    form = await sent(browser, address)
    server.behaviour.answer = "NO_DRAFT"
    mine = {"text": "Tom has it.", "readers": "group:staff"}
    page = (await browser.post(f"{address}/draft", data={**form, **mine})).text
    assert area(page, "text") == "Tom has it." and area(page, "beside") is None
    assert ticked(page) == ["group:staff"]
    assert "The model found nothing" in page
