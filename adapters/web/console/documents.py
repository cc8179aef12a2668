"""The documents of the knowledge room: their list, and the page of one of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request, Response

from adapters.document_story import DocumentStory, Gone, Tally
from adapters.documents import PIECES
from adapters.web.auth.roles import Role
from adapters.web.pages import document_url
from adapters.web.texts import checked
from bot.errors import NotFoundError
from knowledge.catalogue import FAR, Place, Wanted

if TYPE_CHECKING:
    from adapters.web.console.base import Console

_ROOM = "/console/knowledge"
_LONGEST = 4_000
"""Characters of a name: an address may be one."""

_MANY = 1_000
"""Answers are counted no further than this; what is beyond says nothing more."""


def place_of(source: str, document: str) -> Place | None:
    """A place in the list as it stands in an address."""
    if not (source or document):
        return None
    return (
        checked(source, "cursor", _LONGEST),
        checked(document, "cursor", _LONGEST),
    )


def past(place: Place | None) -> dict[str, str]:
    """And back."""
    return {"past": place[0], "after": place[1]} if place else {}


def address_of(asked: Mapping[str, str], place: Place | None = None) -> str:
    """The list's address with the filters that are set, from a place on."""
    wanted = {name: value for name, value in asked.items() if value} | past(place)
    return f"{_ROOM}?{urlencode(wanted)}#documents" if wanted else f"{_ROOM}#documents"


def readers(groups: Iterable[str]) -> str:
    """Who may see a document, in plain words: ``anybody in board or staff``."""
    names = sorted(groups)
    if not names:
        return "everybody"
    listed = ", ".join(names[:-1])
    return f"anybody in {listed} or {names[-1]}" if listed else f"anybody in {names[0]}"


def answers(tally: Tally) -> str:
    """How many answers, in words: ``12 answers``."""
    return f"{times(tally.answers)} answer{'' if tally.answers == 1 else 's'}"


def times(count: int) -> str:
    """A count that goes to a limit: ``12``, ``1,000+``."""
    return f"{_MANY:,}+" if count > _MANY else f"{count:,}"


async def listed(
    console: Console, asked: Mapping[str, str], page: int, place: Place | None, *, cited: bool
) -> dict[str, Any]:
    """What the list of documents needs; ``cited``: the most cited, of all sources."""
    desk = console.application.documents
    if cited:
        found = await desk.most_cited(page)
    else:
        wanted = Wanted(asked["source"] or None, asked["words"])
        found = await desk.listing(wanted, page, place)
    return {
        "documents": found.page.records,
        "listing": found,
        "asked": asked,
        "source": asked["source"],
        "most_cited": cited,
        "times": times,
        "far": FAR,
        "first_page": address_of(asked) if place else "",
        "more": address_of(asked, found.page.more) if found.page.more else "",
        "further": address_of(asked, found.page.reached) if found.page.reached else "",
        "without_words": address_of({**asked, "words": ""}),
        "without_source": address_of({**asked, "source": ""}),
    }


def add_documents(router: APIRouter, console: Console) -> None:
    """The page of one document."""

    @router.get("/knowledge/document")
    async def document(
        request: Request,
        source: str = "",
        document: str = "",
        first: Annotated[int, Query(ge=0, le=10_000_000)] = 0,
    ) -> Response:
        operator = console.operator(request)
        place, name = named(source, document)
        desk = console.application.documents
        try:
            story = await desk.story(place, name, first)
        except NotFoundError:
            gone = await desk.gone(place, name)
            return _gone(console, request, gone)
        return console.render(
            request, "console/document.html", "knowledge", **_told(story, first, operator.role)
        )


def named(source: str, document: str) -> tuple[str, str]:
    """Source and name of a document as they stand in an address; raises BadTextError."""
    return checked(source, "source", _LONGEST), checked(document, "document", _LONGEST)


def _told(story: DocumentStory, first: int, role: Role) -> dict[str, Any]:
    here = document_url(story.record.source, story.record.document)
    last = first + len(story.pieces)
    audience = story.pieces[0].chunk.groups if story.pieces else story.record.groups
    return {
        "story": story,
        "readers": readers,
        "answers": answers,
        "times": times,
        "first": first,
        "last": last,
        "before": f"{here}&first={max(0, first - PIECES)}#chunks" if first else "",
        "beyond": f"{here}&first={last}#chunks" if last < story.chunks else "",
        "audience": audience,
        # A reviewer may look as any group, a viewer as none.
        "readable": not audience or role >= Role.REVIEWER,
    }


def _gone(console: Console, request: Request, gone: Gone) -> Response:
    page = console.render(request, "console/document_gone.html", "knowledge", gone=gone)
    page.status_code = HTTPStatus.NOT_FOUND
    return page
