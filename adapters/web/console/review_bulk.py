"""Several cards of the review room judged together: one verdict, one undo, an entry for each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Form, Request, Response

from adapters.web.console.review_cards import card_id, seat_of
from adapters.web.console.review_changes import MOST, back_to, changed, key_of, place_in_queue
from adapters.web.pages import is_fragment
from adapters.web.texts import checked
from bot.errors import UsageError
from bot.store.rewrites import Verdict

if TYPE_CHECKING:
    from adapters.web.console.base import Console

UNASKED = 5
"""So many are judged together without being asked whether that is meant."""
_BETWEEN = "|"


@dataclass(frozen=True, slots=True)
class Ticked:
    """What was ticked, as the form sent it, and as pairs of turn and author's key."""

    items: tuple[str, ...]
    pairs: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Question:
    """Whether so many are meant: ``sure`` is what the button sends."""

    count: int
    verdict: Verdict
    sure: str


def ticked_of(items: Sequence[str]) -> Ticked:
    """What a form sent. Raises UsageError where nothing is ticked, or too much."""
    once = tuple(dict.fromkeys(items))
    if not once:
        raise UsageError("Nothing is ticked; tick the answers that get this verdict.")
    if len(once) > MOST:
        raise UsageError(f"At most {MOST} can be judged together; tick fewer.")
    pairs = []
    for item in once:
        turn, _, author = checked(item, "answer", 1_300).partition(_BETWEEN)
        pairs.append((turn, author))
    return Ticked(once, tuple(pairs))


def question_of(ticked: Ticked, verdict: str, sure: str) -> tuple[Verdict, Question | None]:
    """The verdict, and what has to be asked first. ``sure`` names verdict and number that were
    confirmed. Raises UsageError for a word that is no verdict."""
    confirmed, _, number = sure.partition(":")
    said = confirmed if sure else verdict
    if said not in set(Verdict):
        raise UsageError("Choose one of the buttons: approve, gap or reject.")
    meant, count = Verdict(said), len(ticked.items)
    if count <= UNASKED or number == str(count):
        return meant, None
    return meant, Question(count, meant, f"{meant.value}:{count}")


def outcome_words(count: int, left: int, verdict: Verdict) -> str:
    """What came of it: ``4 rejected. One was left: somebody judged it before.``"""
    done = {Verdict.APPROVED: "approved", Verdict.REJECTED: "rejected", Verdict.GAP: "marked"}
    words = f"{count} {done[verdict]}." if count else "Nothing was changed."
    if not left:
        return words
    why = "judged before"
    if verdict is Verdict.GAP:
        why += ", or without a thumb down"
    return f"{words} {'One was' if left == 1 else f'{left} were'} left: {why}."


def add_judging_many(router: APIRouter, console: Console) -> None:
    """The one form of the ticks."""
    application = console.application

    @router.post("/review/bulk")
    async def judge_many(
        request: Request,
        item: Annotated[list[str] | None, Form()] = None,
        verdict: Annotated[str, Form()] = "",
        sure: Annotated[str, Form()] = "",
        show: Annotated[str, Form()] = "",
        page: Annotated[int, Form(ge=1, le=100_000)] = 1,
        seat: Annotated[str, Form()] = "",
        csrf: Annotated[str, Form()] = "",
    ) -> Response:
        operator = console.form(request, csrf)
        by, liked = key_of(operator), show == "liked"
        ticked = ticked_of(item or ())
        meant, question = question_of(ticked, verdict, sure)
        if question is not None:
            return _asked(request, console, ticked, question, show=show, page=page)
        done = await _judged(console, ticked, meant, by, liked=liked)
        place = seat_of(operator, seat)
        await application.handing_out.judged(place, [turn for turn, _ in ticked.pairs])
        if not is_fragment(request):
            return back_to(place_in_queue(liked=liked, page=page))
        left = len(ticked.items) - len(done)
        return await changed(
            request,
            console,
            place,
            liked=liked,
            more=len(ticked.items),
            gone=[card_id(*pair) for pair in done],
            told=outcome_words(len(done), left, meant),
        )


async def _judged(
    console: Console, ticked: Ticked, verdict: Verdict, by: str, *, liked: bool
) -> list[tuple[str, str]]:
    """Those of the ticked that got the verdict."""
    review = console.application.review
    if not liked:
        return list(await review.judge_words_of_all(ticked.pairs, verdict, by))
    turns = [turn for turn, _ in ticked.pairs]
    done = set(await review.judge_liked_of_all(turns, verdict, by))
    return [pair for pair in ticked.pairs if pair[0] in done]


def _asked(
    request: Request, console: Console, ticked: Ticked, question: Question, *, show: str, page: int
) -> Response:
    """The question: in its place on the page, or as a page of its own."""
    values = {"question": question, "items": ticked.items, "liked": show == "liked", "page": page}
    if is_fragment(request):
        return console.render(request, "console/_review_sure.html", "review", **values)
    back = place_in_queue(liked=show == "liked", page=page)
    answer = console.render(request, "console/review_sure.html", "review", back=back, **values)
    answer.status_code = HTTPStatus.OK
    return answer
