"""The knowledge room of the console: sources and how they stand, their runs, the documents."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse

from adapters.web.console.documents import listed, place_of
from adapters.web.console.uploads import uploads_shown
from adapters.web.texts import checked
from bot.errors import KnowledgeError
from bot.telemetry import log
from knowledge.catalogue import LONGEST_SEARCH
from knowledge.standing import State

if TYPE_CHECKING:
    from adapters.web.console.base import Console
    from knowledge.stores.base import StoreStats

_ROOM = "/console/knowledge"
_BUSY = frozenset({State.SYNCING, State.WAITING})
_RUNS = 50
_COUNTS = ("added", "changed", "unchanged", "removed")


def did(report: Mapping[str, Any]) -> str:
    """What a run did: ``12 added, 3 changed``."""
    counts = {name: report.get(name, 0) for name in _COUNTS}
    return ", ".join(f"{n:,} {name}" for name, n in counts.items() if n) or "nothing there"


async def _standings(console: Console) -> dict[str, Any]:
    found = await console.application.sources.standings()
    return {
        "standings": found,
        "busy": any(standing.state in _BUSY for standing in found),
        "now": datetime.now(UTC),
        "did": did,
    }


async def _stats(console: Console) -> StoreStats | None:
    """What the store holds; ``None`` while it cannot be asked, which stands above the page."""
    try:
        return await console.application.store.stats()
    except KnowledgeError as error:
        log.warning("the knowledge store cannot be asked", error=str(error))
        return None


async def _sources(request: Request, console: Console, *, first: bool) -> Response:
    """The sources as they stand. ``first``: nothing was read in when the page came; once something
    is, the page is loaded anew and shows it."""
    shown = await _standings(console)
    page = console.render(request, "console/_sources.html", "knowledge", first=first, **shown)
    if first and not shown["busy"]:
        page.headers["hx-refresh"] = "true"
    return page


def add_knowledge(router: APIRouter, console: Console, page: int) -> None:
    """The room, with ``page`` documents on a page."""

    @router.get("/knowledge")
    async def knowledge(
        request: Request,
        source: str = "",
        words: str = "",
        order: str = "",
        past: str = "",
        after: str = "",
    ) -> Response:
        console.operator(request)
        asked = {
            "source": checked(source, "source", 1000),
            "words": checked(words, "search", LONGEST_SEARCH).strip(),
        }
        place = place_of(past, after)
        return console.render(
            request,
            "console/knowledge.html",
            "knowledge",
            stats=await _stats(console),
            **await listed(console, asked, page, place, cited=order == "cited"),
            **await _standings(console),
            **await uploads_shown(console),
        )

    @router.get("/knowledge/sources")
    async def sources(request: Request, first: str = "") -> Response:
        console.operator(request)
        return await _sources(request, console, first=bool(first))

    @router.get("/knowledge/history")
    async def history(request: Request, source: str) -> Response:
        console.operator(request)
        name = checked(source, "source", 1000)
        return console.render(
            request,
            "console/history.html",
            "knowledge",
            source=name,
            runs=await console.application.sources.runs(name, _RUNS),
            did=did,
        )

    @router.post("/knowledge/sync")
    async def sync(
        request: Request, source: Annotated[str, Form()], csrf: Annotated[str, Form()] = ""
    ) -> Response:
        operator, name = console.form(request, csrf), checked(source, "source", 1000)
        await console.application.sources.want(name)
        await console.application.jobs.read_source(name, by=operator.author.key)
        return RedirectResponse(_ROOM, HTTPStatus.SEE_OTHER)

    @router.post("/knowledge/reindex")
    async def reindex(request: Request, csrf: Annotated[str, Form()] = "") -> Response:
        operator = console.form(request, csrf)
        line = await console.application.jobs.reindex(operator.author.key)
        return RedirectResponse(f"/console/jobs/{line.id}", HTTPStatus.SEE_OTHER)
