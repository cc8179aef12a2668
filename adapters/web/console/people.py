"""The people room of the console: who asks, their consent, their data given out, erasure."""

from __future__ import annotations

from collections.abc import Iterator
from http import HTTPStatus
from typing import IO, TYPE_CHECKING, Annotated
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse, StreamingResponse

from adapters.web.console.conversations import cursor_of, place_of
from adapters.web.texts import checked
from bot.errors import UsageError, WellspokenError
from bot.store.consent import NoChannelError, is_channel
from bot.store.forgetting import Person
from bot.store.people_list import PeopleLook
from bot.store.turn_list import MOST_COUNTED

if TYPE_CHECKING:
    from adapters.web.console.base import Console

_ROOM = "/console/people"
_LONGEST = 300
_PIECE = 1 << 16


def person_url(author: str) -> str:
    """The room of a person."""
    return f"{_ROOM}/person?author={quote(author, safe='')}"


def _following(look: PeopleLook, words: str) -> str:
    """The address of the next look; empty where there is none."""
    if look.following is None:
        return ""
    if isinstance(look.following, str):
        return f"{_ROOM}?{urlencode({'words': words, 'behind': look.following})}"
    return f"{_ROOM}?{urlencode({'before': cursor_of(look.following)})}"


def add_people(router: APIRouter, console: Console) -> None:
    """The room."""
    _add_pages(router, console)
    _add_consent(router, console)
    _add_deeds(router, console)


async def _person(
    request: Request,
    console: Console,
    author: str,
    *,
    wrong: str = "",
    done: str = "",
    choice: str = "",
    channel: str = "",
) -> Response:
    """The page; ``choice`` and ``channel`` as they stand in the form of consent."""
    key = Person.of(checked(author, "person", _LONGEST)).key
    desk = console.application.governance.people
    page = console.render(
        request,
        "console/person.html",
        "people",
        author=key,
        known=await desk.person(key),
        choices=await desk.consents(key),
        channels=[name for name in await desk.channels(key) if is_channel(name)],
        choice=choice,
        channel=channel,
        wrong=wrong,
        done=done,
    )
    if wrong:
        page.status_code = HTTPStatus.UNPROCESSABLE_ENTITY
    return page


def _add_pages(router: APIRouter, console: Console) -> None:
    @router.get("/people")
    async def people(
        request: Request, words: str = "", before: str = "", behind: str = ""
    ) -> Response:
        console.operator(request)
        desk = console.application.governance.people
        wanted = checked(words, "search", _LONGEST).strip()
        if wanted:
            look = await desk.search(wanted, checked(behind, "person", _LONGEST))
        else:
            look = await desk.latest(place_of(before))
        return console.render(
            request,
            "console/people.html",
            "people",
            people=look.lines,
            most=MOST_COUNTED,
            words=wanted,
            first=not (behind if wanted else before),
            following=_following(look, wanted),
            reached=look.following if look.cut else None,
            choices=await desk.consents(limit=10),
            person_url=person_url,
        )

    @router.get("/people/person")
    async def person(request: Request, author: str = "", chosen: str = "") -> Response:
        console.operator(request)
        done = "The choice is kept." if chosen else ""
        return await _person(request, console, author, done=done)


def _pieces(archive: IO[bytes]) -> Iterator[bytes]:
    with archive:
        while piece := archive.read(_PIECE):
            yield piece


def _add_consent(router: APIRouter, console: Console) -> None:
    @router.post("/people/consent")
    async def consent(
        request: Request,
        author: Annotated[str, Form()] = "",
        choice: Annotated[str, Form()] = "",
        channel: Annotated[str, Form()] = "",
        csrf: Annotated[str, Form()] = "",
    ) -> Response:
        operator = console.form(request, csrf)
        if choice not in ("opt-in", "opt-out"):
            told = "Choose one of both."
            return await _person(request, console, author, wrong=told, channel=channel)
        try:
            await console.application.governance.people.choose(
                checked(author, "person", _LONGEST),
                choice == "opt-in",
                by=operator.author.key,
                source="console",
                channel=checked(channel, "channel", _LONGEST),
            )
        except NoChannelError as error:
            return await _person(
                request, console, author, wrong=str(error), choice=choice, channel=channel
            )
        return RedirectResponse(f"{person_url(author)}&chosen=yes", HTTPStatus.SEE_OTHER)


def _add_deeds(router: APIRouter, console: Console) -> None:
    @router.post("/people/export")
    async def export(
        request: Request,
        author: Annotated[str, Form()] = "",
        csrf: Annotated[str, Form()] = "",
    ) -> Response:
        operator = console.form(request, csrf)
        try:
            archive = await console.application.governance.people.archive(
                checked(author, "person", _LONGEST), by=operator.author.key
            )
        except UsageError as error:
            return await _person(request, console, author, wrong=str(error))
        headers = {
            "content-disposition": 'attachment; filename="person.zip"',
            "cache-control": "no-store",
        }
        return StreamingResponse(_pieces(archive), media_type="application/zip", headers=headers)

    @router.post("/people/erase")
    async def erase(
        request: Request,
        author: Annotated[str, Form()] = "",
        confirmed: Annotated[str, Form()] = "",
        csrf: Annotated[str, Form()] = "",
    ) -> Response:
        operator = console.form(request, csrf)
        if confirmed.strip() != author:
            told = "Nothing was erased: write the person’s id into the field to confirm."
            return await _person(request, console, author, wrong=told)
        try:
            gone = await console.application.governance.forget(author, by=operator.author.key)
        except WellspokenError as error:
            return await _person(request, console, author, wrong=str(error))
        return console.render(request, "console/erased.html", "people", gone=gone)
