"""Verdicts of the review room: a card goes, the next one comes, and nothing loads anew.

Sent by htmx the answer is what changed on the page; without a script the form leads back to it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from dataclasses import dataclass
from enum import StrEnum
from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Form, Request, Response

from adapters.rendering.changes import changes
from adapters.web.console.review_cards import cards_of, chosen_groups, seat_of
from adapters.web.console.review_changes import (
    MOST,
    back_to,
    changed,
    key_of,
    place_in_queue,
    too_late,
)
from adapters.web.pages import is_fragment
from adapters.web.texts import MAX_CORRECTION, checked
from bot.errors import NotFoundError
from bot.store.feedback import RatedTurn
from bot.store.rewrites import Draft, Verdict

if TYPE_CHECKING:
    from adapters.web.console.base import Console
    from bot.work.open_cards import Seat


class Word(StrEnum):
    """What an operator may say of a reader's words: the buttons of a card."""

    APPROVED = "approved"
    RIGHT = "right"
    GAP = "gap"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class _Card:
    """What a verdict is about: the words of ``author`` on a turn; ``None`` where it is an answer
    that is proposed. ``more`` cards take its place."""

    request: Request
    seat: Seat
    turn: str
    author: str | None = None
    liked: bool = False
    page: int = 1
    more: int = 1


async def _judged(console: Console, card: _Card, verdict: Awaitable[object]) -> Response:
    """Give a verdict, and answer what it changed on the page, or the way back to it."""
    request, liked = card.request, card.liked
    try:
        await verdict
    except NotFoundError as error:
        if card.author is None:
            raise
        named = card.turn, card.author
        return await too_late(request, console, card.seat, named, error, liked=liked)
    await console.application.handing_out.judged(card.seat, [card.turn])
    if is_fragment(request):
        return await changed(request, console, card.seat, liked=liked, more=card.more)
    return back_to(place_in_queue(liked=liked, page=card.page))


def _draft(text: str, prompt: str) -> Draft:
    """What the operator wrote; a browser sends lines with carriage returns."""
    return Draft(text.replace("\r\n", "\n"), " ".join(prompt.split()))


def add_judging(router: APIRouter, console: Console) -> None:
    """Verdicts on one card, taking them back, and what keeps cards open."""
    _add_words(router, console)
    _add_liked(router, console)
    _add_answer(router, console)
    _add_undo(router, console)
    _add_writing(router, console)
    _add_open(router, console)


def _add_words(router: APIRouter, console: Console) -> None:
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
        seat: Annotated[str, Form()] = "",
        csrf: Annotated[str, Form()] = "",
    ) -> Response:
        operator = console.form(request, csrf)
        by, place = key_of(operator), seat_of(operator, seat)
        named = checked(turn, "turn", 200), checked(author, "author", 1000)
        card = _Card(request, place, *named, page=page)
        if verdict is Word.RIGHT:
            return await _judged(console, card, review.was_right(*named, by))
        said = Verdict(verdict.value)
        draft = _draft(text, prompt)
        return await _judged(console, card, review.judge_words(*named, said, by, draft))


def _add_liked(router: APIRouter, console: Console) -> None:
    review = console.application.review

    @router.post("/review/liked")
    async def judge_liked(
        request: Request,
        turn: Annotated[str, Form()],
        verdict: Annotated[Word, Form()],
        author: Annotated[str, Form()] = "",
        text: Annotated[str, Form()] = "",
        prompt: Annotated[str, Form()] = "",
        page: Annotated[int, Form(ge=1, le=100_000)] = 1,
        seat: Annotated[str, Form()] = "",
        csrf: Annotated[str, Form()] = "",
    ) -> Response:
        operator = console.form(request, csrf)
        by, place = key_of(operator), seat_of(operator, seat)
        named = checked(turn, "turn", 200)
        card = _Card(request, place, named, author, liked=True, page=page)
        if verdict is Word.REJECTED:
            return await _judged(console, card, review.keep_out(named, by))
        return await _judged(console, card, review.teach(named, by, _draft(text, prompt)))


def _add_answer(router: APIRouter, console: Console) -> None:
    review = console.application.review

    @router.post("/review/answer")
    async def judge_answer(
        request: Request,
        turn: Annotated[str, Form()],
        verdict: Annotated[Verdict, Form()],
        readers: Annotated[str, Form()] = "",
        seat: Annotated[str, Form()] = "",
        csrf: Annotated[str, Form()] = "",
    ) -> Response:
        operator = console.form(request, csrf)
        by, place = key_of(operator), seat_of(operator, seat)
        groups = chosen_groups(checked(readers, "readers", 300) if readers else "")
        named = checked(turn, "turn", 200)
        card = _Card(request, place, named, more=0)
        judging = review.judge_answer(named, verdict, by, groups=groups)
        return await _judged(console, card, judging)


def _add_undo(router: APIRouter, console: Console) -> None:
    application = console.application

    @router.post("/review/undo")
    async def undo(
        request: Request,
        turn: Annotated[list[str], Form()],
        show: Annotated[str, Form()] = "",
        page: Annotated[int, Form(ge=1, le=100_000)] = 1,
        whole: Annotated[str, Form()] = "",
        seat: Annotated[str, Form()] = "",
        csrf: Annotated[str, Form()] = "",
    ) -> Response:
        operator = console.form(request, csrf)
        by, liked = key_of(operator), show == "liked"
        named = [checked(each, "turn", 200) for each in turn[:MOST]]
        if whole:  # of the page of one turn: whoever judged it
            await application.review.take_back(named[0], by)
        else:
            named = list(await application.review.take_back_own(named, by))
        if not is_fragment(request):
            return back_to(place_in_queue(liked=liked, page=page))
        place, rated = seat_of(operator, seat), list[RatedTurn]()
        for each in named:
            queue = (await application.handing_out.one(place, each)).queue
            rated += queue.liked if liked else queue.corrections
        restored = await cards_of(application, rated)
        return await changed(request, console, place, liked=liked, restored=restored)


def _add_writing(router: APIRouter, console: Console) -> None:
    @router.post("/review/changes")
    async def compared(
        request: Request,
        turn: Annotated[str, Form()],
        text: Annotated[str, Form()] = "",
        csrf: Annotated[str, Form()] = "",
    ) -> Response:
        console.form(request, csrf)
        answer = (await console.application.history.turn(checked(turn, "turn", 200))).answer
        written = checked(text.replace("\r\n", "\n"), "answer", MAX_CORRECTION)
        pieces = await asyncio.to_thread(changes, answer, written)
        return console.render(
            request, "console/_changes.html", "review", pieces=pieces, written=written
        )


def _add_open(router: APIRouter, console: Console) -> None:
    handing = console.application.handing_out

    @router.post("/review/open")
    async def keep(
        request: Request,
        turns: Annotated[str, Form()] = "",
        show: Annotated[str, Form()] = "",
        seat: Annotated[str, Form()] = "",
        csrf: Annotated[str, Form()] = "",
    ) -> Response:
        place = seat_of(console.form(request, csrf), seat)
        shown = checked(turns, "list of turns", MOST * 200).split()[:MOST]
        kept = await handing.keep(place, shown, liked=show == "liked")
        values = {"elsewhere": kept.elsewhere, "lost": kept.holders, "seat": place}
        return console.render(request, "console/_review_open.html", "review", **values)

    @router.post("/review/leave")
    async def leave(
        request: Request,
        seat: Annotated[str, Form()] = "",
        csrf: Annotated[str, Form()] = "",
    ) -> Response:
        await handing.leave(seat_of(console.form(request, csrf), seat))
        return Response(status_code=HTTPStatus.NO_CONTENT)
