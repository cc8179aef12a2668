"""What others would see: the knowledge base with the eyes of a channel, a role or some groups.

Who may see what is decided where it is for answers, in the store; nothing here knows a rule of its
own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request, Response

from adapters.document_story import Verdict
from adapters.web.console.documents import named, past, place_of, readers
from adapters.web.console.eyes import Eyes, eyes_of, known_groups
from adapters.web.console.other_eyes import choices_for
from adapters.web.console.playground import Typed as Asked
from adapters.web.failures import headers_of, sentence_of, status_of
from adapters.web.texts import checked
from bot.conversation import Principal
from bot.errors import WellspokenError
from knowledge.catalogue import FAR, LONGEST_SEARCH, Place

if TYPE_CHECKING:
    from adapters.web.console.base import Console

ROOM = "/console/knowledge/preview"


@dataclass(frozen=True, slots=True)
class Typed:
    """What stands in the form; ``document`` of ``source`` is the one that is asked about."""

    audience: str = ""
    groups: tuple[str, ...] = ()
    words: str = ""
    source: str = ""
    document: str = ""

    def address(self, place: Place | None = None, *, one: bool = True) -> str:
        """The page with the form filled in this way; ``one``: about the document too."""
        single = ("audience", "words", *(("source", "document") if one else ()))
        pairs = [(name, getattr(self, name)) for name in single]
        pairs += [("groups", group) for group in self.groups]
        pairs += past(place).items()
        filled = [(name, value) for name, value in pairs if value]
        return f"{ROOM}?{urlencode(filled)}" if filled else ROOM


def whose(eyes: Eyes) -> str:
    """Who looks, as the beginning of a sentence."""
    if eyes.audience is not None:
        return eyes.audience.words
    return "Somebody in " + _and(eyes.groups) if eyes.groups else "Somebody in no group"


def said(verdict: Verdict, eyes: Eyes) -> str:
    """Why a document may be seen or not, in one sentence."""
    if verdict.groups is None:
        return "The index holds nothing of it, so nobody sees it; have its source read again."
    if not verdict.groups:
        return "It is for everybody."
    why = f"It is for {readers(verdict.groups)}"
    if verdict.by:
        return f"{why}, which includes {_and(verdict.by)}."
    return f"{why}; they are in {_and(eyes.groups) if eyes.groups else 'no group'}."


def _and(groups: frozenset[str]) -> str:
    return " and ".join(sorted(groups))


def add_preview(router: APIRouter, console: Console, page: int) -> None:
    """The room, with ``page`` documents on a page."""

    @router.get("/knowledge/preview")
    async def preview(
        request: Request,
        audience: str = "",
        groups: Annotated[list[str] | None, Query()] = None,
        words: str = "",
        source: str = "",
        document: str = "",
        past: str = "",
        after: str = "",
    ) -> Response:
        operator = console.operator(request)
        searched = checked(words, "search", LONGEST_SEARCH).strip()
        about = named(source, document)
        typed = Typed(audience, tuple(groups or ()), searched, *about)
        choices = await choices_for(console, request)
        known = await known_groups(console, choices)
        shown: dict[str, Any] = {"typed": typed, "choices": choices, "known_groups": known}
        try:
            eyes = eyes_of(audience, typed.groups, choices, known)
            if searched:
                console.sessions.take_trial(operator)
            shown |= await _seen(console, typed, eyes, place_of(past, after), page)
        except WellspokenError as error:
            shown |= {"failure": sentence_of(error), "whose": ""}
            answer = console.render(request, "console/preview.html", "knowledge", **shown)
            answer.status_code = status_of(error)
            answer.headers.update(headers_of(error))
            return answer
        return console.render(request, "console/preview.html", "knowledge", failure="", **shown)


async def _seen(
    console: Console, typed: Typed, eyes: Eyes, place: Place | None, page: int
) -> dict[str, Any]:
    """What the page shows through these eyes."""
    desk, principal = console.application.documents, Principal(eyes.groups)
    verdict = None
    if typed.document:
        verdict = await desk.verdict(typed.source, typed.document, principal)
    found = await desk.found(typed.words, principal) if typed.words else None
    sight = await desk.seen(principal, page, place)
    return {
        "whose": whose(eyes),
        "eyes_groups": sorted(eyes.groups),
        "verdict": verdict,
        "why": said(verdict, eyes) if verdict else "",
        "found": found,
        "sight": sight,
        "far": FAR,
        "ask": Asked(typed.words, typed.audience, typed.groups).address,
        "everything": typed.address(one=False),
        "first_page": typed.address() if place else "",
        "more": typed.address(sight.page.more) if sight.page.more else "",
        "further": typed.address(sight.page.reached) if sight.page.reached else "",
    }
