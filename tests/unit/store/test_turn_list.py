"""The list of turns: filtered, newest first, a page at a time."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.conversation import (
    Author,
    Feedback,
    Outcome,
    Platform,
    Rating,
    Route,
    RouteDecision,
    Turn,
)
from bot.evidence import Grounding, Rejected
from bot.store.base import Database
from bot.store.feedback import FeedbackBook
from bot.store.history import History
from bot.store.turn_list import TurnList, Wanted

MakeTurn = Callable[..., Turn]
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


async def keep(database: Database, make_turn: MakeTurn, *changes: dict[str, Any]) -> list[Turn]:
    """Turns a second apart, as they were asked."""
    turns = [
        make_turn(**{"thread": f"thread-{n}", "at": NOON + timedelta(seconds=n), **change})
        for n, change in enumerate(changes)
    ]
    for turn in turns:
        await History(database).record(turn)
    return turns


async def ids(database: Database, wanted: Wanted) -> list[str]:
    return [line.id for line in (await TurnList(database).look(wanted, 50)).lines]


async def test_turns_come_newest_first_a_page_at_a_time(
    database: Database, make_turn: MakeTurn
) -> None:
    """Each exactly once, also where several were asked in the same moment."""
    turns = await keep(database, make_turn, *({"at": NOON} for _ in range(5)))
    book = TurnList(database)

    seen = []
    page = (await book.look(Wanted(), 2)).lines
    while page:
        seen += [line.id for line in page]
        page = (await book.look(Wanted(), 2, page[-1].place)).lines

    assert seen == sorted((turn.id for turn in turns), reverse=True)


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (Wanted(), {0, 1, 2}),
        (Wanted(route=Route.HYBRID), {1}),
        (Wanted(outcome=Outcome.ABSTAINED), {2}),
        (Wanted(platform=Platform.SLACK), {1, 2}),
        (Wanted(rated=Rating.DOWN), {1}),
        (Wanted(kept_back=True), {2}),
        (Wanted(words="VALVE six"), {0}),
        (Wanted(words="100%"), {1}),
        (Wanted(words="valve nowhere"), set()),
        (Wanted(route=Route.HYBRID, outcome=Outcome.ABSTAINED), set()),
    ],
)
async def test_filters_narrow_the_list(
    database: Database, make_turn: MakeTurn, wanted: Wanted, found: set[int]
) -> None:
    """By route, outcome, platform, thumbs, words of question and answer, and what was kept back."""
    slack = Author(Platform.SLACK, "U1", "Kim")
    turns = await keep(
        database,
        make_turn,
        {"question": "When does the valve open?", "answer": "At six."},
        {"question": "100% sure?", "author": slack, "route": RouteDecision(Route.HYBRID, 0.9, ())},
        {
            "question": "And now?",
            "author": slack,
            "outcome": Outcome.ABSTAINED,
            "grounding": Grounding((), (Rejected("No."), Rejected("Yes.", became="Maybe."))),
        },
    )
    await FeedbackBook(database).rate(Feedback(turns[1].id, slack, Rating.DOWN))

    assert set(await ids(database, wanted)) == {turns[n].id for n in found}


async def test_a_turn_is_found_by_its_id(database: Database, make_turn: MakeTurn) -> None:
    """An id that was copied from a log."""
    turns = await keep(database, make_turn, {}, {})
    assert await ids(database, Wanted(words=f" {turns[0].id} ")) == [turns[0].id]


async def test_a_line_says_what_was_kept_back(database: Database, make_turn: MakeTurn) -> None:
    """How many sentences, and how many of them were said in other words."""
    rejected = (Rejected("No."), Rejected("Yes.", became="Maybe."))
    await keep(database, make_turn, {"grounding": Grounding((), rejected), "cached_from": "turn-0"})
    (line,) = (await TurnList(database).look(Wanted(), 5)).lines

    assert (line.kept_back, line.repaired, line.cached_from) == (2, 1, "turn-0")
    assert line.question == "How often does the filter change?"
    assert line.author.name == "Ann"
