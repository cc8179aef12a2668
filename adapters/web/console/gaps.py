"""The gaps room of the console: what could not be answered, by topic, and an editor for answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse

from adapters.gap_owners import wanted_owner
from adapters.gap_story import Story, in_words, since_answered
from adapters.web.console.gap_again import add_gap_again, asked_again
from adapters.web.console.gap_owner import add_gap_owner, owning
from adapters.web.console.gap_questions import alike
from adapters.web.console.gap_said import said
from adapters.web.console.gap_tabs import Asked, filters
from adapters.web.console.review_cards import Readers, chosen_groups
from adapters.web.texts import MAX_CORRECTION, checked
from bot.errors import UsageError, WellspokenError
from bot.store.gaps import Gap
from bot.telemetry import log
from knowledge.gaps.drafting import CHECK, Draft, Kind

if TYPE_CHECKING:
    from adapters.web.console.base import Console
    from bot.store.gap_owners import HeldError

_ROOM = "/console/gaps"
_AT_ONCE = 12
"""Questions that are grouped while somebody waits for the page; the worker does the others."""

_EVERYBODY = "everybody"
_SOURCES = {
    Kind.REPLY: "A colleague’s reply, to be checked before it is published.",
    Kind.CORRECTION: "A reader’s better answer, to be checked before it is published.",
    Kind.MODEL: CHECK,
}


@dataclass(frozen=True, slots=True)
class Typed:
    """What an operator wrote into the editor, and what was wrong with it."""

    title: str
    text: str
    readers: tuple[str, ...]
    wrong: str = ""


def choices_of(story: Story) -> tuple[Readers, ...]:
    """Who may read the answer: the groups of those who asked first, then the others, then all."""
    asked = sorted({group for audience in story.gap.audiences for group in audience})
    names = dict.fromkeys([*asked, *story.groups])
    return (
        *(Readers(f"group:{name}", name) for name in names),
        Readers(_EVERYBODY, "Everybody"),
    )


def prefilled(story: Story) -> Typed:
    """What the editor holds at first: the draft, else what answered it last."""
    readers: tuple[str, ...] = ()
    if story.readers is not None:
        readers = tuple(f"group:{name}" for name in sorted(story.readers)) or (_EVERYBODY,)
    # What people said before does not take the place of what was published since.
    published = story.record is not None and story.draft.kind is not Kind.MODEL
    text = (story.text if published else "") or story.draft.text or story.text
    return Typed(story.title, text, readers)


def groups_of(readers: Sequence[str]) -> frozenset[str]:
    """The groups that were ticked; empty: everybody. Raises UsageError."""
    if not readers:
        raise UsageError("Choose who may read the answer.")
    if _EVERYBODY in readers and len(readers) > 1:
        raise UsageError("Choose everybody, or some groups; not both.")
    chosen = [chosen_groups(checked(value, "readers", 300)) or frozenset() for value in readers]
    return frozenset[str]().union(*chosen)


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

    @router.post("/gaps/{gap}/draft")
    async def draft(request: Request, gap: str, csrf: Annotated[str, Form()] = "") -> Response:
        console.form(request, csrf)
        return await _told(request, console, gap, write=True)

    @router.post("/gaps/{gap}/answer")
    async def answer(
        request: Request,
        gap: str,
        title: Annotated[str, Form()] = "",
        text: Annotated[str, Form()] = "",
        readers: Annotated[list[str] | None, Form()] = None,
        csrf: Annotated[str, Form()] = "",
    ) -> Response:
        operator = console.form(request, csrf)
        name = checked(gap, "gap", 200)
        try:
            done = await console.application.gaps.answer(
                name,
                checked(text, "answer", MAX_CORRECTION),
                operator.author.key,
                title=checked(title, "title", 200),
                groups=groups_of(readers or ()),
            )
        except UsageError as error:
            typed = Typed(title, text, tuple(readers or ()), str(error))
            return await _told(request, console, name, typed=typed)
        return RedirectResponse(f"{_ROOM}/{done.gap.id}", HTTPStatus.SEE_OTHER)


async def _told(
    request: Request,
    console: Console,
    gap: str,
    *,
    write: bool = False,
    typed: Typed | None = None,
    held: HeldError | None = None,
) -> Response:
    """The page of a gap; with what was typed, or who has it by now, where that was refused."""
    story = await console.application.gaps.story(checked(gap, "gap", 200), write=write)
    begun = prefilled(story)
    source = story.draft if begun.text == story.draft.text else Draft(Kind.NONE)
    shown: dict[str, Any] = {
        "story": story,
        "alike": alike(story.asked),
        "typed": typed or begun,
        "said": said(story.told, source),
        "source": "" if typed else _SOURCES.get(source.kind, ""),
        "choices": choices_of(story),
        "in_words": _asked_line,
        "since_answered": _answered_line,
        **await asked_again(console, story),
        **await owning(console, request, story.gap, held),
    }
    page = console.render(request, "console/gap.html", "gaps", **shown)
    if held is not None:
        page.status_code = HTTPStatus.CONFLICT
    if typed is not None:
        page.status_code = HTTPStatus.UNPROCESSABLE_ENTITY
    return page


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
