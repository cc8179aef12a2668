"""Gaps in the database: which turns count, their figures, merging, erasing; on every database."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from bot.conversation import Author, Feedback, Outcome, Platform, Rating, Route, RouteDecision, Turn
from bot.errors import NotFoundError
from bot.handoff import HandoffBook
from bot.store.audit import AuditTrail
from bot.store.base import Database
from bot.store.feedback import FeedbackBook
from bot.store.gap_figures import HALF_LIFE, heat
from bot.store.gap_intake import GapIntake, Grown
from bot.store.gap_reasons import Why
from bot.store.gaps import GapBook, GapState
from bot.store.history import History
from bot.store.ids import new_id
from bot.store.tables import turns
from tests.platforms.turns import turn_of

ANN, BEN = Author(Platform.SLACK, "U1"), Author(Platform.SLACK, "U2")
BY = "web:operator"
NOW = datetime(2026, 6, 1, tzinfo=UTC)
MODEL = "m"


class World:
    """Turns and the gaps that a test puts them into."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.intake = GapIntake(database)
        self.book = GapBook(database, AuditTrail(database))
        self.history = History(database)

    async def turn(self, question: str = "Who has the key?", **changes: Any) -> Turn:
        turn = turn_of("I do not know.", id=new_id("turn"), thread=new_id("thread"), at=NOW)
        decision = RouteDecision(Route.RAG, 1.0, ())
        usual: dict[str, Any] = {"outcome": Outcome.ABSTAINED, "route": decision, "author": ANN}
        turn = replace(turn, question=question, query=question, **(usual | changes))
        await self.history.record(turn)
        return turn

    async def place(self, *ids: str, merged: tuple[tuple[str, str], ...] = ()) -> list[str]:
        """Put new turns into the named gaps, in turn; the turns."""
        news = await self.intake.news(100)
        known = {g.id for g in await self.intake.vectors(MODEL)}
        placed = [u.turn for u in news.turns]
        homes = dict(zip(placed, ids, strict=True))
        first: dict[str, str] = {}
        for turn, gap in homes.items():
            first.setdefault(gap, turn)
        grown = [
            Grown(gap, b"\0\0", 1, "" if gap in known else turn) for gap, turn in first.items()
        ]
        await self.intake.place(news, homes, grown, merged, MODEL)
        return placed


@pytest.fixture
def world(database: Database) -> World:
    return World(database)


async def test_a_turn_is_news_once(world: World) -> None:
    """What has a gap is not looked at again, and nothing is overlooked behind a limit."""
    made = [(await world.turn()).id for _ in range(5)]
    assert [u.turn for u in (await world.intake.news(2)).turns] == made[:2]
    assert await world.intake.waiting() == 5
    await world.place("gap1", "gap1", "gap2", "gap1", "gap2")
    assert (await world.intake.news(100)).turns == ()
    assert await world.intake.waiting() == 0
    old = await world.turn(at=NOW - timedelta(days=300))
    assert [u.turn for u in (await world.intake.news(100)).turns] == [old.id]


@pytest.mark.parametrize(
    ("changes", "counts"),
    [
        ({}, True),
        ({"route": RouteDecision(Route.LIVE, 1.0, ())}, True),
        ({"outcome": Outcome.HANDOFF}, True),
        ({"outcome": Outcome.HANDOFF, "route": RouteDecision(Route.HANDOFF, 1.0, ())}, False),
        ({"route": RouteDecision(Route.VOICE, 1.0, ())}, False),
        ({"outcome": Outcome.ERROR}, False),
        ({"error": "the model is down"}, False),
        ({"outcome": Outcome.ANSWERED}, False),
        ({"outcome": Outcome.CLARIFY}, False),
    ],
)
async def test_what_counts(world: World, changes: dict[str, Any], counts: bool) -> None:
    """Questions that were looked for and not answered; neither faults nor small talk."""
    await world.turn(**changes)
    assert bool((await world.intake.news(10)).turns) is counts


async def test_figures_tell_how_often_and_by_whom(world: World) -> None:
    """Askers once each, audiences by their questions, first and last time."""
    staff = frozenset({"staff"})
    await world.turn()
    await world.turn(at=NOW + timedelta(days=1))
    await world.turn(author=BEN, audience=staff, at=NOW + timedelta(days=2))
    await world.place("gap1", "gap1", "gap1")
    gap = await world.book.get("gap1")
    assert (gap.turns, gap.askers, gap.again) == (3, 2, 0)
    assert (gap.first_at, gap.last_at) == (NOW, NOW + timedelta(days=2))
    assert gap.audiences == (frozenset(), staff)
    assert (gap.mixed, gap.common) == (True, frozenset())


async def test_more_people_rank_above_more_questions(world: World) -> None:
    """One who asks again and again counts little more than once."""
    for _ in range(6):
        await world.turn()
    for author in (ANN, BEN):
        await world.turn(author=author)
    await world.place(*["gap1"] * 6, "gap2", "gap2")
    assert [gap.id for gap in await world.book.listing()] == ["gap2", "gap1"]


async def test_gaps_are_found_by_words_state_and_page(world: World) -> None:
    """Words in any case, all of them in one question; what people type is no pattern."""
    await world.turn("Where is the KEY of the pump house?")
    await world.turn("How much is 100% cotton?")
    await world.place("gap1", "gap2")
    assert [g.id for g in await world.book.listing(words=["key", "PUMP"])] == ["gap1"]
    assert await world.book.listing(words=["key", "cotton"]) == []
    assert [g.id for g in await world.book.listing(words=["100%"])] == ["gap2"]
    assert await world.book.listing(words=["_"]) == []
    assert len(await world.book.listing(limit=1, offset=1)) == 1
    await world.book.dismissed("gap2", BY)
    assert [g.id for g in await world.book.listing(GapState.OPEN)] == ["gap1"]
    assert [g.id for g in await world.book.listing(GapState.DISMISSED)] == ["gap2"]


async def test_a_gap_that_was_taken_in_is_found_by_its_old_id(world: World) -> None:
    """Links to it stay good, also when the other was taken in in turn."""
    for _ in range(3):
        await world.turn()
    await world.place("gap1", "gap2", "gap3")
    await world.turn()
    await world.place("gap1", merged=(("gap2", "gap1"),))
    await world.turn()
    await world.place("gap3", merged=(("gap1", "gap3"),))
    for id_ in ("gap1", "gap2", "gap3"):
        gap = await world.book.get(id_)
        assert (gap.id, gap.turns) == ("gap3", 5)
    assert [g.id for g in await world.book.listing()] == ["gap3"]


async def test_what_was_judged_meanwhile_is_not_taken_in(world: World) -> None:
    """An operator who answers a gap while it is grouped keeps it."""
    await world.turn()
    await world.turn()
    await world.place("gap1", "gap2")
    await world.book.answered("gap2", "doc", BY, ())
    await world.turn()
    await world.place("gap1", merged=(("gap2", "gap1"),))
    assert (await world.book.get("gap2")).id == "gap2"


async def test_an_answered_gap_opens_when_it_is_asked_again(world: World) -> None:
    """Not for questions from before the answer; dismissed it stays."""
    await world.turn()
    await world.place("gap1")
    answered = await world.book.answered("gap1", "doc", BY, ["staff"])
    assert answered.answered_at is not None
    await world.turn(at=answered.answered_at - timedelta(hours=1))
    await world.place("gap1")
    assert (await world.book.get("gap1")).state is GapState.ANSWERED
    await world.turn(at=answered.answered_at + timedelta(hours=1))
    await world.place("gap1")
    gap = await world.book.get("gap1")
    assert (gap.state, gap.again, gap.document) == (GapState.OPEN, 1, "doc")
    await world.book.dismissed("gap1", BY)
    await world.turn(at=answered.answered_at + timedelta(hours=2))
    await world.place("gap1")
    assert (await world.book.get("gap1")).state is GapState.DISMISSED


async def test_deleted_turns_leave_their_gap(world: World) -> None:
    """Figures follow, the vector is made anew, an empty gap goes, an answered one stays."""
    gone = [await world.turn() for _ in range(3)]
    await world.turn(author=BEN)
    await world.place("gap1", "gap2", "gap3", "gap1")
    await world.book.answered("gap3", "doc", BY, ())
    ids = [turn.id for turn in gone]
    await world.database.write(
        lambda c: c.execute(sa.delete(turns).where(turns.c.id.in_(ids))).rowcount
    )
    assert await world.intake.pending(MODEL)
    assert await world.intake.settle() == 3
    gap = await world.book.get("gap1")
    assert (gap.turns, gap.askers) == (1, 1)
    assert [id_ for id_, _ in await world.intake.lost(MODEL, 9)] == ["gap1", "gap3"]
    with pytest.raises(NotFoundError):
        await world.book.get("gap2")
    assert (await world.book.get("gap3")).turns == 0


async def test_ratings_and_handoffs_bring_turns_later(world: World) -> None:
    """A turn that was answered counts from the moment somebody found it wanting."""
    turn = await world.turn(outcome=Outcome.ANSWERED)
    other = await world.turn(outcome=Outcome.ANSWERED)
    await world.intake.mark(await world.intake.news(10))
    await FeedbackBook(world.database).rate(Feedback(turn.id, BEN, Rating.DOWN))
    await HandoffBook(world.database).open(other.id, ANN, {}, "q")
    found = {u.turn: u.why for u in (await world.intake.news(10)).turns}
    assert found == {turn.id: Why.DOWN, other.id: Why.HANDOFF}


async def test_a_reply_to_a_wish_for_a_person_is_one_to_the_question_before(world: World) -> None:
    """In the same thread, right before it; not to questions of others."""
    question = await world.turn()
    await world.turn(author=BEN)
    await world.place("gap1", "gap2")
    later = NOW + timedelta(minutes=1)
    route = RouteDecision(Route.HANDOFF, 1.0, ())
    wish = await world.turn(
        "A human!", thread=question.thread, at=later, route=route, outcome=Outcome.HANDOFF
    )
    book = HandoffBook(world.database)
    handoff = await book.open(wish.id, ANN, {"kind": "direct"}, "A human!")
    assert await world.book.told("gap1") == []
    await book.answered(handoff.id, "Tom has it.", BEN.key)
    (told,) = await world.book.told("gap1")
    assert (told.text, told.turn, told.handoff) == ("Tom has it.", wish.id, handoff.id)
    assert await world.book.told("gap2") == []


async def test_vectors_of_another_model_are_made_anew(world: World) -> None:
    """What is near cannot be said across models."""
    await world.turn()
    await world.place("gap1")
    assert not await world.intake.pending(MODEL)
    assert await world.intake.pending("another")
    (other,) = await world.intake.vectors("another")
    assert other.vector == b""
    assert await world.intake.lost("another", 9) == [("gap1", "")]


_days = st.floats(0, 3000)
_asker = st.tuples(st.integers(1, 50), _days.map(lambda days: NOW - timedelta(days=days)))


@given(st.lists(_asker, min_size=1, max_size=20), _asker)
def test_each_asker_makes_it_hotter(
    askers: list[tuple[int, datetime]], one: tuple[int, datetime]
) -> None:
    """Never less for one more person, one more question, or a later one."""
    before = heat(askers)
    assert heat([*askers, one]) >= before
    asked, last = askers[0]
    assert heat([(asked + 1, last), *askers[1:]]) >= before
    assert heat([(asked, last + timedelta(days=1)), *askers[1:]]) >= before


def test_a_half_life_halves() -> None:
    """One who asks today weighs as much as two who asked a half-life ago."""
    assert heat([(1, NOW)]) == pytest.approx(heat([(1, NOW - HALF_LIFE)] * 2))
