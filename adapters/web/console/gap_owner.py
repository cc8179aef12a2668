"""The gaps room, whose a gap is: taken, given to a colleague and given back, from list and page."""

from __future__ import annotations

from collections.abc import Awaitable
from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated, Any, Protocol

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse

from adapters.gap_owners import ME, NOBODY
from adapters.web.console.gap_tabs import Asked, filters
from adapters.web.pages import is_fragment
from adapters.web.texts import checked
from bot.store.gap_owners import HeldError
from bot.store.gaps import GapState

if TYPE_CHECKING:
    from adapters.gap_owners import OwnerDesk
    from adapters.web.auth.sessions import Operator
    from adapters.web.console.base import Console
    from bot.conversation import Author
    from bot.store.gaps import Gap, Owner

_ROOM = "/console/gaps"
_LIST = "list"


class Page(Protocol):
    """Shows a gap's page, with who has it by now where that kept something from being done."""

    def __call__(
        self, request: Request, console: Console, gap: str, *, held: HeldError | None
    ) -> Awaitable[Response]: ...


async def owning(
    console: Console, request: Request, gap: Gap, held: HeldError | None = None
) -> dict[str, Any]:
    """What the owner's line on a gap's page needs."""
    operator = console.operator(request)
    return {
        "gap": held.gap if held is not None else gap,
        "me": operator.author.key,
        "held": held,
        "place": "page",
        "colleagues": await _colleagues(console, operator, gap) if operator.reviews else [],
    }


async def _colleagues(console: Console, operator: Operator, gap: Gap) -> list[Owner]:
    """To whom an operator may give a gap: others than who has it."""
    has = {operator.author.key, gap.owner.key if gap.owner else ""}
    return [one for one in await console.application.gaps.owners.known() if one.key not in has]


def add_gap_owner(router: APIRouter, console: Console, page: Page) -> None:
    """One form for all of it: who shall have the gap, and who had it on the page."""
    desk = console.application.gaps

    @router.post("/gaps/{gap}/owner")
    async def owner(
        request: Request,
        gap: str,
        owner: Annotated[str, Form()] = ME,
        seen: Annotated[str, Form()] = "",
        csrf: Annotated[str, Form()] = "",
    ) -> Response:
        operator = console.form(request, csrf)
        name, whose = checked(gap, "gap", 200), checked(owner, "owner", 300)
        had, asked = checked(seen, "owner", 300), await _listed(request)
        held: HeldError | None = None
        try:
            found = await _put(desk.owners, name, whose, operator.author, had)
        except HeldError as error:
            found, held = error.gap, error
        if is_fragment(request):
            return await _fragment(request, console, found, held, asked)
        if held is not None:
            return await page(request, console, found.id, held=held)
        address = asked.address(page=asked.page) if asked else f"{_ROOM}/{found.id}"
        return RedirectResponse(address, HTTPStatus.SEE_OTHER)


async def _put(owners: OwnerDesk, gap: str, whose: str, by: Author, seen: str) -> Gap:
    if whose == ME:
        return await owners.take(gap, by, seen=seen)
    if whose == NOBODY:
        return await owners.give_back(gap, by.key, seen=seen)
    return await owners.give(gap, whose, by.key, seen=seen)


async def _listed(request: Request) -> Asked | None:
    """The list that a form stood in, as it was asked for; ``None``: the gap's own page."""
    form = {name: str(value) for name, value in (await request.form()).items()}
    if form.get("place") != _LIST:
        return None
    number = form.get("page", "")
    return Asked.of(
        form.get("state", GapState.OPEN.value),
        form.get("q", ""),
        form.get("whose", ""),
        int(number) if number.isdecimal() and len(number) < 10 else 0,
    )


async def _fragment(
    request: Request, console: Console, gap: Gap, held: HeldError | None, asked: Asked | None
) -> Response:
    """The owner's line anew, and with the list its tabs: others have others now."""
    shown = await owning(console, request, gap, held)
    if asked is not None:
        shown |= {"place": _LIST, "asked": asked, **await filters(console, request, asked)}
    return console.render(request, "console/_gap_owned.html", "gaps", **shown)
