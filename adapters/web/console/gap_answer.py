"""The gaps room, the editor of an answer: typed, drafted, published; what was typed is not lost."""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated, Any, Protocol

from fastapi import APIRouter, Depends, Form, Request, Response
from fastapi.responses import RedirectResponse

from adapters.gap_marks import Change, ChangedError, mark_of
from adapters.web.console.review_cards import Readers, chosen_groups
from adapters.web.failures import headers_of, sentence_of, status_of
from adapters.web.security import StaleFormError
from adapters.web.texts import MAX_CORRECTION, checked
from bot.errors import NotFoundError, UsageError, WellspokenError
from bot.telemetry import log
from knowledge.gaps.drafting import CHECK, Draft, Kind, said_already

if TYPE_CHECKING:
    from adapters.gap_story import Story
    from adapters.web.auth.sessions import Operator
    from adapters.web.console.base import Console

_ROOM = "/console/gaps"
_EVERYBODY = "everybody"
_GROUP = "group:"
_SOURCES = {
    Kind.REPLY: "A colleague’s reply, to be checked before it is published.",
    Kind.CORRECTION: "A reader’s better answer, to be checked before it is published.",
    Kind.MODEL: CHECK,
}


@dataclass(frozen=True, slots=True)
class Typed:
    """What stands in the editor. ``seen`` is the mark of the gap as it was shown with it;
    ``beside`` a draft that was written while there was something in it already."""

    title: str
    text: str
    readers: tuple[str, ...]
    seen: str = ""
    beside: str = ""


class SignedInAnewError(StaleFormError):
    """You signed in anew after you opened this page, and nothing was done; press the button
    again."""


class Page(Protocol):
    """Shows a gap's page, with what was typed and what kept it from being published."""

    def __call__(
        self,
        request: Request,
        console: Console,
        gap: str,
        *,
        write: bool = False,
        typed: Typed | None = None,
        failure: WellspokenError | None = None,
    ) -> Awaitable[Response]: ...


# -- what stands in it ------------------------------------------------------------------------


def _choices(story: Story, typed: Typed) -> tuple[Readers, ...]:
    """Who may read the answer: the groups of those who asked first, then the others, then all."""
    asked = sorted({group for audience in story.gap.audiences for group in audience})
    return _named((*asked, *story.groups, *_ticked(typed)))


def _ticked(typed: Typed) -> list[str]:
    return [value.removeprefix(_GROUP) for value in typed.readers if value.startswith(_GROUP)]


def _named(groups: Sequence[str]) -> tuple[Readers, ...]:
    named = (Readers(f"{_GROUP}{name}", name) for name in dict.fromkeys(groups))
    return (*named, Readers(_EVERYBODY, "Everybody"))


def prefilled(story: Story) -> Typed:
    """What the editor holds at first: the draft, else what answered it last."""
    readers: tuple[str, ...] = ()
    if story.readers is not None:
        readers = tuple(f"{_GROUP}{name}" for name in sorted(story.readers)) or (_EVERYBODY,)
    # What people said before does not take the place of what was published since.
    published = story.record is not None and story.draft.kind is not Kind.MODEL
    text = (story.text if published else "") or story.draft.text or story.text
    return Typed(story.title, text, readers, str(mark_of(story.gap, story.record)))


def editor_of(
    story: Story, typed: Typed | None, *, drafted: bool, failure: WellspokenError | None
) -> dict[str, Any]:
    """What the editor on a gap's page needs. ``drafted``: a draft was asked for, which takes the
    place of nothing that somebody wrote: then it stands beside that."""
    begun = prefilled(story)
    shown = typed or begun
    if typed is not None and drafted:
        shown = _with_draft(story, typed, begun)
    if isinstance(failure, ChangedError):  # the page tells what was changed: now it was seen
        shown = replace(shown, seen=begun.seen)
    own = shown.text != begun.text
    source = Draft(Kind.NONE) if own or begun.text != story.draft.text else story.draft
    return {
        "typed": shown,
        "wrong": "" if failure is None else sentence_of(failure),
        "change": failure.change if isinstance(failure, ChangedError) else None,
        "changes": Change,
        "source": source,
        "source_words": _SOURCES.get(source.kind, ""),
        "choices": _choices(story, shown),
    }


def _with_draft(story: Story, typed: Typed, begun: Typed) -> Typed:
    """The editor after a draft was asked for: with the draft, where nobody had written in it."""
    without = prefilled(replace(story, draft=said_already(story.told)))
    readers = _still_fit(story, typed.readers)
    if _same(typed.text, "") or _same(typed.text, without.text):
        return replace(
            begun,
            title=typed.title.strip() or begun.title,
            readers=readers or begun.readers,
            seen=typed.seen or begun.seen,
        )
    drafted = story.draft.kind is Kind.MODEL
    return replace(typed, readers=readers, beside=story.draft.text if drafted else typed.beside)


def _still_fit(story: Story, ticked: tuple[str, ...]) -> tuple[str, ...]:
    """Who was ticked, unless a draft was written that they may not all read: it is made of what
    those who asked may see, so that an operator has to say anew who reads it."""
    if story.draft.kind is not Kind.MODEL:
        return ticked
    if story.readers is None:
        return ()
    fit = {f"{_GROUP}{name}" for name in story.readers} if story.readers else set(ticked)
    return ticked if fit.issuperset(ticked) else ()


def _same(one: str, other: str) -> bool:
    """Whether two texts are the same but for how a browser sends the ends of lines."""
    return one.strip().splitlines() == other.strip().splitlines()


def groups_of(readers: Sequence[str]) -> frozenset[str]:
    """The groups that were ticked; empty: everybody. Raises UsageError."""
    if not readers:
        raise UsageError("Choose who may read the answer.")
    if _EVERYBODY in readers and len(readers) > 1:
        raise UsageError("Choose everybody, or some groups; not both.")
    chosen = [chosen_groups(checked(value, "readers", 300)) or frozenset() for value in readers]
    return frozenset[str]().union(*chosen)


# -- what is sent -----------------------------------------------------------------------------


def add_gap_answer(router: APIRouter, console: Console, page: Page) -> None:
    """One form: published, or a draft of it asked for."""
    _add_answer(router, console, page)
    _add_draft(router, console, page)


async def _typed(
    title: Annotated[str, Form()] = "",
    text: Annotated[str, Form()] = "",
    readers: Annotated[list[str] | None, Form()] = None,
    seen: Annotated[str, Form()] = "",
    beside: Annotated[str, Form()] = "",
) -> Typed:
    """The editor as it was sent."""
    return Typed(title, text, tuple(readers or ()), seen, beside)


def _add_answer(router: APIRouter, console: Console, page: Page) -> None:
    @router.post("/gaps/{gap}/answer")
    async def answer(
        request: Request,
        gap: str,
        typed: Annotated[Typed, Depends(_typed)],
        csrf: Annotated[str, Form()] = "",
    ) -> Response:
        name = checked(gap, "gap", 200)
        try:
            operator = _sender(console, request, csrf)
            done = await console.application.gaps.answer(
                name,
                checked(typed.text, "answer", MAX_CORRECTION),
                operator.author.key,
                title=checked(typed.title, "title", 200),
                groups=groups_of(typed.readers),
                seen=checked(typed.seen, "mark", 300),
            )
        except WellspokenError as error:
            return await _kept(request, console, page, name, typed, error)
        return RedirectResponse(f"{_ROOM}/{done.gap.id}", HTTPStatus.SEE_OTHER)


def _add_draft(router: APIRouter, console: Console, page: Page) -> None:
    @router.post("/gaps/{gap}/draft")
    async def draft(
        request: Request,
        gap: str,
        typed: Annotated[Typed, Depends(_typed)],
        add: Annotated[str, Form()] = "",
        csrf: Annotated[str, Form()] = "",
    ) -> Response:
        name = checked(gap, "gap", 200)
        try:
            _sender(console, request, csrf)
            if add:  # the draft that stands beside it
                both = f"{typed.text.rstrip()}\n\n{typed.beside.strip()}"
                typed = replace(typed, text=both, beside="")
            return await page(request, console, name, typed=typed, write=not add)
        except WellspokenError as error:
            return await _kept(request, console, page, name, typed, error)


def _sender(console: Console, request: Request, csrf: str) -> Operator:
    """Who sent the editor. Raises SignInRequiredError, SignedInAnewError."""
    try:
        return console.form(request, csrf)
    except StaleFormError as error:
        raise SignedInAnewError from error


async def _kept(
    request: Request,
    console: Console,
    page: Page,
    gap: str,
    typed: Typed,
    failure: WellspokenError,
) -> Response:
    """The page again, with what was typed and why it was not published; where not even the page can
    be made, as the stores are away or the gap is gone, the editor alone."""
    status = status_of(failure)
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        log.error("what was wanted of a gap could not be done", gap=gap, error=str(failure))
    try:
        return await page(request, console, gap, typed=typed, failure=failure)
    except WellspokenError as error:
        alone = console.render(
            request,
            "console/gap_kept.html",
            "gaps",
            gap=gap,
            gone=isinstance(error, NotFoundError),
            typed=typed,
            wrong=sentence_of(failure),
            choices=_named(_ticked(typed)),
        )
        return with_status(alone, failure)


def with_status(page: Response, failure: WellspokenError | None) -> Response:
    """A page with the status that fits what went wrong."""
    if failure is not None:
        conflict = isinstance(failure, ChangedError)
        page.status_code = HTTPStatus.CONFLICT if conflict else status_of(failure)
        page.headers.update(headers_of(failure))
    return page
