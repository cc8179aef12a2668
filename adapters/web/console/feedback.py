"""The feedback room of the console: who rated what, newest first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Query, Request, Response

if TYPE_CHECKING:
    from adapters.web.console.base import Console


def add_feedback(router: APIRouter, console: Console, size: int) -> None:
    """The room, with at most ``size`` ratings on a page."""

    @router.get("/feedback")
    async def feedback(
        request: Request, page: Annotated[int, Query(ge=1, le=100_000)] = 1
    ) -> Response:
        console.operator(request)
        found = await console.application.feedback.listing(size + 1, (page - 1) * size)
        return console.render(
            request,
            "console/feedback.html",
            "feedback",
            rated=found[:size],
            page=page,
            older=len(found) > size,
        )
