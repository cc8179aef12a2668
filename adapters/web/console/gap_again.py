"""The gaps room, after publishing: the original questions asked again, one after the other."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse

from adapters.gap_again import Line, Now, ask_again, in_words, lines_of
from adapters.gap_story import Story as GapStory
from adapters.web.failures import sentence_of
from adapters.web.pages import is_fragment
from adapters.web.texts import checked
from bot.errors import UsageError, WellspokenError

if TYPE_CHECKING:
    from adapters.gap_story import Story
    from adapters.web.console.base import Console

WORDS = {
    Now.CITED: "Answered from this document",
    Now.ELSEWHERE: "Answered, without this document",
    Now.UNKNOWN: "Still not known",
    Now.HANDOFF: "For a person",
    Now.FAILED: "Failed",
}


@dataclass(frozen=True, slots=True)
class Row:
    """A question on the page: ``waits`` until it is asked, ``wrong`` says why it was not."""

    line: Line
    waits: bool = False
    wrong: str = ""


async def asked_again(console: Console, story: Story, *, begun: bool = False) -> dict[str, Any]:
    """What the panel of a gap needs; ``begun``: its questions are about to be asked."""
    lines = await lines_of(console.application, story.gap, story.asked) if story.record else []
    return {
        "rows": [Row(line, waits=begun) for line in lines],
        "again_words": "" if begun else in_words(lines),
        "now_words": WORDS,
        "gap_id": story.gap.id,
        "all_turns": story.gap.turns,
    }


def add_gap_again(router: APIRouter, console: Console) -> None:
    """All questions in one go without a script, else each by itself as the page asks for it."""
    _add_all(router, console)
    _add_each(router, console)


def _add_all(router: APIRouter, console: Console) -> None:
    desk = console.application.gaps

    @router.post("/gaps/{gap}/again")
    async def ask_all(request: Request, gap: str, csrf: Annotated[str, Form()] = "") -> Response:
        operator = console.form(request, csrf)
        story = await desk.story(checked(gap, "gap", 200))
        _answered(story)
        if is_fragment(request):
            shown = await asked_again(console, story, begun=True)
            return console.render(request, "console/_gap_again.html", "gaps", **shown)
        for line in await lines_of(console.application, story.gap, story.asked):
            console.sessions.take_trial(operator)
            turn = line.asked.turn
            await ask_again(console.application, story.gap, story.asked, turn, operator.author)
        address = f"/console/gaps/{story.gap.id}#again"
        return RedirectResponse(address, HTTPStatus.SEE_OTHER)


def _answered(story: GapStory) -> None:
    """Raises UsageError where no document answers it yet."""
    if story.record is None:
        raise UsageError("No document answers this gap; publish an answer first.")


def _add_each(router: APIRouter, console: Console) -> None:
    desk = console.application.gaps

    @router.post("/gaps/{gap}/again/{turn}")
    async def ask_one(
        request: Request, gap: str, turn: str, csrf: Annotated[str, Form()] = ""
    ) -> Response:
        operator = console.form(request, csrf)
        story = await desk.story(checked(gap, "gap", 200))
        _answered(story)
        name = checked(turn, "turn", 200)
        lines = await lines_of(console.application, story.gap, story.asked)
        before = next((line for line in lines if line.asked.turn == name), None)
        try:
            console.sessions.take_trial(operator)
            line = await ask_again(
                console.application, story.gap, story.asked, name, operator.author
            )
            row = Row(line)
        except WellspokenError as error:
            if before is None:
                raise
            row = Row(before, wrong=sentence_of(error))
        now = [row.line if line.asked.turn == name else line for line in lines]
        return console.render(
            request,
            "console/_gap_question.html",
            "gaps",
            row=row,
            again_words=in_words(now),
            now_words=WORDS,
            gap_id=story.gap.id,
        )
