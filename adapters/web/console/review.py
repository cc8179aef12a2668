"""The review room of the console: what waits for a verdict, handed out to who looks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from adapters.teaching.handing_out import Elsewhere, Handed
from adapters.web.auth.roles import Role
from adapters.web.console.called import operators_called
from adapters.web.console.review_bulk import add_judging_many
from adapters.web.console.review_cards import cards_of, new_page, seat_of, waiting_answer
from adapters.web.console.review_changes import back_to, last_verdict, place_in_queue
from adapters.web.console.review_verdicts import add_judging
from adapters.web.texts import checked
from bot.work.open_cards import Seat

if TYPE_CHECKING:
    from adapters.web.console.base import Console

CARDS = 20
"""Cards of each kind on a page."""


def add_review(router: APIRouter, console: Console) -> None:
    """The room: what waits, page by page, or what waits of one turn."""

    @router.get("/review")
    async def queue(
        request: Request,
        show: str = "",
        turn: str = "",
        page: Annotated[int, Query(ge=1, le=100_000)] = 1,
    ) -> Response:
        operator = console.operator(request)
        seat = seat_of(operator, new_page())
        if turn:
            one = checked(turn, "turn", 200)
            return await _of_one(request, console, seat, one)
        liked = show == "liked"
        handed = await _handed(
            console, seat, page, liked=liked, hands=operator.role >= Role.REVIEWER
        )
        waiting = handed.queue
        if page > 1 and not (waiting.corrections or waiting.proposals or waiting.liked):
            return back_to(place_in_queue(liked=liked, page=page - 1))  # its last one was judged
        counts = waiting.counts
        every = (max(counts.corrections, counts.proposals), counts.liked)[liked]
        pages = max(page, -(-max(1, every - handed.elsewhere.count) // CARDS))
        return await _page(request, console, seat, handed, liked=liked, page=page, pages=pages)

    add_judging(router, console)
    add_judging_many(router, console)


async def _handed(console: Console, seat: Seat, page: int, *, liked: bool, hands: bool) -> Handed:
    """The queue for somebody who judges; for others all of it, and nothing is kept from anybody."""
    offset = (page - 1) * CARDS
    if hands:
        handing = console.application.handing_out
        return await handing.page(seat, CARDS, offset, liked=liked)
    queue = await console.application.review.queue(CARDS, offset, liked=liked)
    return Handed(queue, Elsewhere(), {})


async def _of_one(request: Request, console: Console, seat: Seat, turn: str) -> Response:
    application = console.application
    asked = await application.history.turn(turn)
    if console.operator(request).role >= Role.REVIEWER:
        handed = await application.handing_out.one(seat, turn)
    else:
        handed = Handed(await application.review.queue(turn=turn), Elsewhere(), {})
    waiting = handed.queue
    liked = bool(waiting.liked and not waiting.corrections)
    standing = await application.review.standing(turn)
    return await _page(request, console, seat, handed, liked=liked, one=asked, standing=standing)


async def _page(
    request: Request,
    console: Console,
    seat: Seat,
    handed: Handed,
    *,
    liked: bool,
    page: int = 1,
    pages: int = 1,
    one: Any = None,
    standing: Any = None,
) -> Response:
    waiting, counts = handed.queue, handed.queue.counts
    rated = waiting.liked if liked else waiting.corrections
    proposals = () if liked else waiting.proposals
    groups = await console.application.ledger.groups() if proposals else ()
    operator = console.operator(request)
    return console.render(
        request,
        "console/review.html",
        "review",
        cards=await cards_of(console.application, rated),
        answers=[waiting_answer(p, groups) for p in proposals],
        liked=liked,
        counts=(counts.corrections + counts.proposals, counts.liked),
        page=page,
        pages=pages,
        place_in_queue=place_in_queue,
        one=one,
        standing=standing,
        called=await operators_called(console),
        seat=seat,
        judges=operator.role >= Role.REVIEWER,
        elsewhere=handed.elsewhere,
        holder=handed.holders.get(one.id, "") if one else "",
        last=await last_verdict(console, operator.author.key),
    )
