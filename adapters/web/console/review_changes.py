"""What a verdict of the review room changes on its page, and where it leads without a script."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from fastapi import Request, Response
from fastapi.responses import RedirectResponse

from adapters.web.console.review_cards import Card, card_id, cards_of
from adapters.web.pages import is_fragment
from bot.errors import NotFoundError
from bot.store.rewrites import JudgedBeforeError

if TYPE_CHECKING:
    from adapters.web.auth.sessions import Operator
    from adapters.web.console.base import Console
    from bot.store.rewrites import LastVerdict
    from bot.work.open_cards import Seat

ROOM = "/console/review"
MOST = 100
"""Cards that are judged or taken back in one go."""
_GONE = "It does not wait any more: what was said of it was taken back, or it was erased."
_UNDO = timedelta(minutes=30)
"""How long the last verdict is offered to be taken back."""


def place_in_queue(*, liked: bool = False, page: int = 1) -> str:
    """The address of a page of the queue."""
    asked = {"show": "liked"} if liked else {}
    if page > 1:
        asked["page"] = str(page)
    return f"{ROOM}?{urlencode(asked)}" if asked else ROOM


def back_to(address: str) -> Response:
    """The page as it is now."""
    return RedirectResponse(address, HTTPStatus.SEE_OTHER)


def key_of(operator: Operator) -> str:
    """An operator as the books know one."""
    return operator.author.key


async def last_verdict(console: Console, by: str) -> LastVerdict | None:
    """What an operator may take back."""
    return await console.application.review.last(by, datetime.now(UTC) - _UNDO)


async def changed(
    request: Request,
    console: Console,
    seat: Seat,
    *,
    liked: bool,
    more: int = 0,
    gone: Sequence[str] = (),
    restored: Sequence[Card] = (),
    told: str = "",
    late: Mapping[str, str] | None = None,
) -> Response:
    """What a verdict changed on a page besides its own card: the undo line, the counters, ``more``
    cards that take the place of those that are ``gone``, and those that came back."""
    application = console.application
    handed = await application.handing_out.more(seat, more, liked=liked)
    queue, counts = handed.queue, handed.queue.counts
    rated = queue.liked if liked else queue.corrections
    return console.render(
        request,
        "console/_judged.html",
        "review",
        liked=liked,
        page=1,
        one=None,
        judges=True,
        counts=(counts.corrections + counts.proposals, counts.liked),
        last=await last_verdict(console, key_of(console.operator(request))),
        elsewhere=handed.elsewhere,
        seat=seat,
        gone=gone,
        next_cards=await cards_of(application, rated),
        restored=restored,
        told=told,
        late=late,
    )


async def too_late(
    request: Request,
    console: Console,
    seat: Seat,
    named: tuple[str, str],
    error: NotFoundError,
    *,
    liked: bool,
) -> Response:
    """A card that has a verdict already, or of which nothing waits: it says so where it stood."""
    if not is_fragment(request):
        raise error
    await console.application.handing_out.judged(seat, [named[0]])
    sentence = str(error) if isinstance(error, JudgedBeforeError) else _GONE
    late = {"id": card_id(*named), "turn": named[0], "sentence": sentence}
    response = await changed(request, console, seat, liked=liked, late=late)
    response.headers["hx-reswap"] = "outerHTML"
    return response
