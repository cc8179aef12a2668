"""The gaps room of the console: what could not be answered, by topic, and an editor for answers."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse

from adapters.gap_owners import wanted_owner
from adapters.gap_story import in_words, since_answered
from adapters.web.console.called import operators_called
from adapters.web.console.gap_again import add_gap_again, asked_again
from adapters.web.console.gap_answer import Typed, add_gap_answer, editor_of, with_status
from adapters.web.console.gap_owner import add_gap_owner, owning
from adapters.web.console.gap_questions import alike
from adapters.web.console.gap_said import said
from adapters.web.console.gap_tabs import Asked, filters
from adapters.web.texts import checked
from bot.errors import UsageError, WellspokenError
from bot.store.gaps import Gap
from bot.telemetry import log

if TYPE_CHECKING:
    from adapters.web.console.base import Console
    from bot.store.gap_owners import HeldError

_ROOM = "/console/gaps"
_AT_ONCE = 12
"""Questions that are grouped while somebody waits for the page; the worker does the others."""


def _asked_line(gap: Gap) -> str:
    return _begun(in_words(gap))


def _answered_line(gap: Gap) -> str:
    return _begun(since_answered(gap))


def _begun(words: str) -> str:
    """Words as the beginning of a line."""
    return words[:1].upper() + words[1:]


def add_gaps(router: APIRouter, console: Console, page: int) -> None:
    """The room, with at most ``page`` gaps on a page."""
    _add_list(router, console, page)
    _add_story(router, console)
    _add_verdicts(router, console)
    add_gap_answer(router, console, _told)
    add_gap_owner(router, console, _told)
    add_gap_again(router, console)


def _add_list(router: APIRouter, console: Console, size: int) -> None:
    @router.get("/gaps")
    async def gaps(
        request: Request, state: str = "open", q: str = "", owner: str = "", page: int = 0
    ) -> Response:
        me = console.operator(request).author.key
        asked = Asked.of(state, q, owner, page)
        desk = console.application.gaps
        try:
            await desk.gather(_AT_ONCE)
        except WellspokenError as error:  # what was gathered before is shown all the same
            log.warning("gaps were not gathered", error=str(error))
        listing = await desk.listing(
            asked.wanted,
            asked.search,
            owner=wanted_owner(asked.owner, me),
            limit=size,
            offset=asked.page * size,
        )
        return console.render(
            request,
            "console/gaps.html",
            "gaps",
            listing=listing,
            asked=asked,
            **await filters(console, request, asked),
            me=me,
            older=asked.address(page=asked.page + 1) if listing.more else "",
            newer=asked.address(page=asked.page - 1) if asked.page else "",
            in_words=_asked_line,
            since_answered=_answered_line,
        )


def _add_story(router: APIRouter, console: Console) -> None:
    @router.get("/gaps/{gap}")
    async def story(request: Request, gap: str) -> Response:
        console.operator(request)
        return await _told(request, console, gap)


async def _told(
    request: Request,
    console: Console,
    gap: str,
    *,
    write: bool = False,
    typed: Typed | None = None,
    failure: WellspokenError | None = None,
    held: HeldError | None = None,
) -> Response:
    """The page of a gap; with what was typed, and what kept it from being published, or who has the
    gap by now where that was refused."""
    story = await console.application.gaps.story(checked(gap, "gap", 200), write=write)
    editor = editor_of(story, typed, drafted=write, failure=failure)
    shown: dict[str, Any] = {
        "story": story,
        "alike": alike(story.asked),
        **editor,
        "said": said(story.told, editor["source"]),
        "called": await operators_called(console),
        "in_words": _asked_line,
        "since_answered": _answered_line,
        **await asked_again(console, story),
        **await owning(console, request, story.gap, held),
    }
    page = console.render(request, "console/gap.html", "gaps", **shown)
    if held is not None:
        page.status_code = HTTPStatus.CONFLICT
    return with_status(page, failure)


def _add_verdicts(router: APIRouter, console: Console) -> None:
    @router.post("/gaps/{gap}/verdict")
    async def judge(
        request: Request,
        gap: str,
        verdict: Annotated[str, Form()],
        csrf: Annotated[str, Form()] = "",
    ) -> Response:
        operator = console.form(request, csrf)
        desk, name = console.application.gaps, checked(gap, "gap", 200)
        if verdict == "dismiss":
            await desk.dismiss(name, operator.author.key)
            return RedirectResponse(_ROOM, HTTPStatus.SEE_OTHER)
        if verdict != "reopen":
            raise UsageError("A gap can be dismissed or reopened; choose one of the buttons.")
        found = await desk.reopen(name, operator.author.key)
        return RedirectResponse(f"{_ROOM}/{found.id}", HTTPStatus.SEE_OTHER)
