"""The review room of the console: what waits for a verdict, and the verdicts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Query, Request, Response
from fastapi.responses import RedirectResponse
from markupsafe import Markup

from adapters.rendering.claims import claims_html
from adapters.teaching.reviewing import Proposal
from adapters.web.pages import source_url
from adapters.web.texts import checked
from bot.conversation import Turn
from bot.errors import UsageError
from bot.evidence import Citation
from bot.store.feedback import RatedTurn
from bot.store.rewrites import Draft, Verdict
from knowledge.access import normal_groups

if TYPE_CHECKING:
    from adapters.web.auth import Operator
    from adapters.web.console import Console
    from adapters.web.ports import Application

_ROOM = "/console/review"
_CARDS = 20
"""Cards of each kind on a page."""
_UNDO = timedelta(minutes=30)
"""How long the last verdict is offered to be taken back."""
_EVERYBODY = "everybody"
_GROUP = "group:"


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


class Word(StrEnum):
    """What an operator may say of a reader's words: the buttons of a card."""

    APPROVED = "approved"
    RIGHT = "right"
    GAP = "gap"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class Card:
    """A rated turn with what it stands on: the answer with its claims marked, and its sources."""

    rated: RatedTurn
    answer: Markup
    sources: tuple[Citation, ...]
    unheld: tuple[str, ...]


async def cards_of(application: Application, rated: Sequence[RatedTurn]) -> tuple[Card, ...]:
    """The cards of a page, their turns in one read."""
    turns = await application.history.turns([each.turn for each in rated])
    return tuple(_card(turns[each.turn], each) for each in rated if each.turn in turns)


def _card(turn: Turn, rated: RatedTurn) -> Card:
    answer = claims_html(turn, lambda n: source_url(turn.id, n))
    unheld = tuple(c.finding for c in turn.grounding.claims if not c.supported and c.finding)
    return Card(rated, Markup(answer), turn.citations, unheld)  # noqa: S704 - made safe there


def add_review(router: APIRouter, console: Console) -> None:
    """The room: what waits, page by page, or what waits of one turn."""
    review = console.application.review

    @router.get("/review")
    async def queue(
        request: Request,
        show: str = "",
        turn: str = "",
        page: Annotated[int, Query(ge=1, le=100_000)] = 1,
    ) -> Response:
        operator = console.operator(request)
        one = checked(turn, "turn", 200) if turn else ""
        waiting = await review.queue(_CARDS, (page - 1) * _CARDS, one)
        liked = show == "liked" or bool(one and waiting.liked and not waiting.corrections)
        rated = waiting.liked if liked else waiting.corrections
        proposals = () if liked else waiting.proposals
        if page > 1 and not rated and not proposals:  # the last one of the page was judged
            return _judged(place_in_queue(liked=liked, page=page - 1))
        groups = await console.application.ledger.groups() if proposals else ()
        counts = waiting.counts
        every = (max(counts.corrections, counts.proposals), counts.liked)[liked]
        return console.render(
            request,
            "console/review.html",
            "review",
            cards=await cards_of(console.application, rated),
            answers=[waiting_answer(p, groups) for p in proposals],
            liked=liked,
            counts=(counts.corrections + counts.proposals, counts.liked),
            page=page,
            pages=1 if one else max(1, -(-every // _CARDS)),
            place_in_queue=place_in_queue,
            one=await console.application.history.turn(one) if one else None,
            standing=await review.standing(one) if one else None,
            last=await review.last(_key(operator), datetime.now(UTC) - _UNDO),
        )

    _add_words(router, console)
    _add_liked(router, console)


def place_in_queue(*, liked: bool = False, page: int = 1) -> str:
    """The address of a page of the queue."""
    asked = {"show": "liked"} if liked else {}
    if page > 1:
        asked["page"] = str(page)
    return f"{_ROOM}?{urlencode(asked)}" if asked else _ROOM


def _judged(address: str = _ROOM) -> Response:
    return RedirectResponse(address, HTTPStatus.SEE_OTHER)


def _add_words(router: APIRouter, console: Console) -> None:
    """Verdicts on what readers said, and taking them back."""
    review = console.application.review

    @router.post("/review/words")
    async def judge_words(
        request: Request,
        turn: Annotated[str, Form()],
        author: Annotated[str, Form()],
        verdict: Annotated[Word, Form()],
        text: Annotated[str, Form()] = "",
        prompt: Annotated[str, Form()] = "",
        page: Annotated[int, Form(ge=1, le=100_000)] = 1,
        csrf: Annotated[str, Form()] = "",
    ) -> Response:
        by = _key(console.form(request, csrf))
        named = checked(turn, "turn", 200), checked(author, "author", 1000)
        if verdict is Word.RIGHT:
            await review.was_right(*named, by)
        else:
            await review.judge_words(*named, Verdict(verdict.value), by, _draft(text, prompt))
        return _judged(place_in_queue(page=page))

    @router.post("/review/undo")
    async def undo(
        request: Request,
        turn: Annotated[str, Form()],
        show: Annotated[str, Form()] = "",
        page: Annotated[int, Form(ge=1, le=100_000)] = 1,
        csrf: Annotated[str, Form()] = "",
    ) -> Response:
        by = _key(console.form(request, csrf))
        await review.take_back(checked(turn, "turn", 200), by)
        return _judged(place_in_queue(liked=show == "liked", page=page))


def _add_liked(router: APIRouter, console: Console) -> None:
    """Verdicts on answers that were liked, and on people's answers."""
    review = console.application.review

    @router.post("/review/liked")
    async def judge_liked(
        request: Request,
        turn: Annotated[str, Form()],
        verdict: Annotated[Word, Form()],
        text: Annotated[str, Form()] = "",
        prompt: Annotated[str, Form()] = "",
        page: Annotated[int, Form(ge=1, le=100_000)] = 1,
        csrf: Annotated[str, Form()] = "",
    ) -> Response:
        by = _key(console.form(request, csrf))
        named = checked(turn, "turn", 200)
        if verdict is Word.REJECTED:
            await review.keep_out(named, by)
        else:
            await review.teach(named, by, _draft(text, prompt))
        return _judged(place_in_queue(liked=True, page=page))

    @router.post("/review/answer")
    async def judge_answer(
        request: Request,
        turn: Annotated[str, Form()],
        verdict: Annotated[Verdict, Form()],
        readers: Annotated[str, Form()] = "",
        csrf: Annotated[str, Form()] = "",
    ) -> Response:
        by = _key(console.form(request, csrf))
        groups = chosen_groups(checked(readers, "readers", 300) if readers else "")
        await review.judge_answer(checked(turn, "turn", 200), verdict, by, groups=groups)
        return _judged()


def _draft(text: str, prompt: str) -> Draft:
    """What the operator wrote; a browser sends lines with carriage returns."""
    return Draft(text.replace("\r\n", "\n"), " ".join(prompt.split()))


def _key(operator: Operator) -> str:
    return operator.author.key
