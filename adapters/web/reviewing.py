"""The review room of the console: what waits for a verdict, and the verdicts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse

from adapters.reviewing import Proposal
from adapters.web.texts import checked
from bot.errors import UsageError
from bot.store.reviews import Verdict
from knowledge.access import normal_groups

if TYPE_CHECKING:
    from adapters.web.auth import Operator
    from adapters.web.console import Console

_ROOM = "/console/review"
_EVERYBODY = "everybody"
_GROUP = "group:"
_STALE = "The form is out of date; load the page again and repeat."


@dataclass(frozen=True, slots=True)
class Readers:
    """A choice of who may read a document: what the form sends, and what the page says."""

    value: str
    words: str


@dataclass(frozen=True, slots=True)
class Waiting:
    """A proposed answer with the choices of its readers; ``unclear``: none is offered first."""

    proposal: Proposal
    choices: tuple[Readers, ...]
    unclear: bool


def waiting_answer(proposal: Proposal, groups: Sequence[str]) -> Waiting:
    """An answer for the page. Those who could read it come first, then the other ``groups`` that
    documents have, then everybody."""
    first = [] if proposal.readers is None else sorted(proposal.readers) or [_EVERYBODY]
    names = dict.fromkeys([*first, *sorted(proposal.audience), *groups, _EVERYBODY])
    choices = tuple(
        Readers(_EVERYBODY, "Everybody")
        if name == _EVERYBODY and name not in proposal.audience
        else Readers(f"{_GROUP}{name}", name)
        for name in names
    )
    return Waiting(proposal, choices, proposal.readers is None)


def chosen_groups(readers: str) -> frozenset[str] | None:
    """The groups that a form's choice stands for; ``None`` where nothing was chosen."""
    if not readers:
        return None
    if readers == _EVERYBODY:
        return frozenset()
    try:
        return normal_groups([readers.removeprefix(_GROUP)])
    except ValueError as error:
        raise UsageError(f"{error}; choose one from the list.") from error


def add_review(router: APIRouter, console: Console, page: int) -> None:
    """The room, with at most ``page`` of each kind."""
    review = console.application.review

    @router.get("/review")
    async def queue(request: Request) -> Response:
        console.operator(request)
        waiting = await review.queue(page)
        groups = await console.application.ledger.groups() if waiting.proposals else ()
        return console.render(
            request,
            "console/review.html",
            "review",
            queue=waiting.corrections,
            answers=[waiting_answer(proposal, groups) for proposal in waiting.proposals],
        )

    @router.post("/review/words")
    async def judge_words(
        request: Request,
        turn: Annotated[str, Form()],
        author: Annotated[str, Form()],
        verdict: Annotated[Verdict, Form()],
        csrf: Annotated[str, Form()] = "",
    ) -> Response:
        operator = console.operator(request)
        if not console.sessions.csrf_holds(operator, csrf):
            return console.pages.error(request, HTTPStatus.FORBIDDEN, _STALE)
        by = _key(operator)
        named = checked(turn, "turn", 200), checked(author, "author", 1000)
        await review.judge_words(*named, verdict, by)
        return RedirectResponse(_ROOM, HTTPStatus.SEE_OTHER)

    @router.post("/review/answer")
    async def judge_answer(
        request: Request,
        turn: Annotated[str, Form()],
        verdict: Annotated[Verdict, Form()],
        readers: Annotated[str, Form()] = "",
        csrf: Annotated[str, Form()] = "",
    ) -> Response:
        operator = console.operator(request)
        if not console.sessions.csrf_holds(operator, csrf):
            return console.pages.error(request, HTTPStatus.FORBIDDEN, _STALE)
        groups = chosen_groups(checked(readers, "readers", 300) if readers else "")
        await review.judge_answer(
            checked(turn, "turn", 200), verdict, _key(operator), groups=groups
        )
        return RedirectResponse(_ROOM, HTTPStatus.SEE_OTHER)


def _key(operator: Operator) -> str:
    return operator.author.key
