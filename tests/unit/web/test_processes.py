"""The page about processes, and the banner where they differ."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import httpx2

from bot.store.processes import Process, ProcessBook
from tests.platforms.web_application import WebApplication
from tests.unit.web.test_chat import sign_in


def _process(name: str) -> Process:
    now = datetime.now(UTC)
    settings = {"[search] alpha": "aa"}
    return Process(name, name, 7, ("web", "worker"), "1.0", settings, 0.0, now, now)


async def test_the_page_lists_the_processes_and_what_differs(
    browser: httpx2.AsyncClient, application: WebApplication
) -> None:
    """Host, parts and version of each, and a sentence for a setting that is not the same."""
    await sign_in(browser)
    book = ProcessBook(application.database)
    await book.note(_process("north"))
    page = (await browser.get("/console/processes")).text
    assert "north/7" in page
    assert "web, worker" in page
    assert "What differs" not in page
    await book.note(replace(_process("south"), settings={"[search] alpha": "bb"}))
    page = (await browser.get("/console/processes")).text
    assert "The setting [search] alpha differs among processes" in page
    assert "/console/processes" in (await browser.get("/console/watch")).text


async def test_the_rail_does_not_take_the_page_for_another(browser: httpx2.AsyncClient) -> None:
    """Watch, from which it is reached, is not marked as open: it stands above, as the way back."""
    await sign_in(browser)
    page = (await browser.get("/console/processes")).text
    assert '<a href="/console/watch">Watch</a></p>' in page
    assert '<li><a href="/console/watch">Watch</a></li>' in page
    assert 'aria-current="page"' not in page
    watch = (await browser.get("/console/watch")).text
    assert '<li><a href="/console/watch" aria-current="page">Watch</a></li>' in watch
