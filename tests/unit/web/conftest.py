from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path

import httpx2
import pytest
import pytest_asyncio

from adapters.web.app import create_app
from bot.conversation import Author, Platform, Question, Turn
from bot.evidence import Claim, Grounding
from bot.sentences import split
from tests.platforms.web_application import (
    TOKEN,
    Scripted,
    WebApplication,
    stand_in_turn,
    web_application,
)


@pytest_asyncio.fixture
async def application(tmp_path: Path) -> AsyncIterator[WebApplication]:
    async with web_application(tmp_path) as application:
        yield application


@pytest_asyncio.fixture
async def browser(application: WebApplication) -> AsyncIterator[httpx2.AsyncClient]:
    """A client that keeps cookies and follows nothing by itself."""
    transport = httpx2.ASGITransport(create_app(application), raise_app_exceptions=False)
    async with httpx2.AsyncClient(
        transport=transport, base_url="http://bot.test", headers={"accept": "text/html"}
    ) as client:
        yield client


@pytest_asyncio.fixture
async def api(application: WebApplication) -> AsyncIterator[httpx2.AsyncClient]:
    """A script that holds the token."""
    transport = httpx2.ASGITransport(create_app(application), raise_app_exceptions=False)
    async with httpx2.AsyncClient(
        transport=transport,
        base_url="http://bot.test",
        headers={"authorization": f"Bearer {TOKEN}"},
    ) as client:
        yield client


@pytest.fixture
def make_turn() -> Callable[..., Turn]:
    """A turn with an answer of two claims, one of them perhaps not supported."""

    def make(answer: str, *, unsupported: str = "") -> Turn:
        claims = tuple(
            Claim(s.start, s.end, s.text, supported=s.text != unsupported, score=0.5)
            for s in split(answer)
        )
        question = Question("q", Author(Platform.WEB, "a"))
        return replace(stand_in_turn(question, Scripted(answer)), grounding=Grounding(claims))

    return make
