"""The feedback room of the console: who rated what, newest first."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from fastapi import APIRouter, Request, Response

from adapters.web.texts import checked
from bot.errors import NotFoundError
from bot.store.feedback import Place

if TYPE_CHECKING:
    from adapters.web.console.base import Console

_ROOM = "/console/feedback"
_LONGEST = 500


def add_feedback(router: APIRouter, console: Console, size: int) -> None:
    """The room, with at most ``size`` ratings on a page."""

    @router.get("/feedback")
    async def feedback(request: Request, before: str = "") -> Response:
        console.operator(request)
        found = await console.application.feedback.listing(size + 1, _place_of(before))
        more = found[size:] and cursor_of(found[size - 1].place)
        return console.render(
            request,
            "console/feedback.html",
            "feedback",
            rated=found[:size],
            newest=_ROOM if before else "",
            older=f"{_ROOM}?{urlencode({'before': more})}" if more else "",
        )


def cursor_of(place: Place) -> str:
    """Where a page ends, as its address has it."""
    return f"{place.at.isoformat()}~{place.turn}~{place.author}"


def _place_of(cursor: str) -> Place | None:
    """The place of an address. Raises NotFoundError for one that is none."""
    if not cursor:
        return None
    at, turn, author = (*checked(cursor, "page", _LONGEST).split("~", 2), "", "")[:3]
    try:
        moment = datetime.fromisoformat(at)
        utc = moment.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise NotFoundError(kind="page", id=cursor[:60]) from error
    if moment.tzinfo is None or not turn or not author:
        raise NotFoundError(kind="page", id=cursor[:60])
    return Place(utc, turn, author)
