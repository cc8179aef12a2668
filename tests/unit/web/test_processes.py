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


async def test_the_rail_marks_the_page_itself(browser: httpx2.AsyncClient) -> None:
    """Processes among the operations, and not Watch, which leads there."""
    await sign_in(browser)
    page = (await browser.get("/console/processes")).text
    assert '<a href="/console/processes" aria-current="page">Processes</a>' in page
    assert '<a href="/console/watch">Watch</a>' in page
