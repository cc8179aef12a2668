"""The turns of a canary's time: whose they are, and what went wrong in them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zlib import crc32

from bot.conversation import Author, Feedback, Outcome, Platform, Rating
from bot.evidence import Claim, Grounding, Rejected
from bot.store.base import Database
from bot.store.feedback import FeedbackBook
from bot.store.history import History
from persona.canary import Side, takes_part
from persona.canary_figures import CanaryTurns
from persona.canary_reading import (
    ERRORS,
    PERSON,
    THUMBS,
    UNKNOWN,
    UNSUPPORTED,
    Finding,
    Limits,
    TurnSeen,
    reading,
)
from persona.registry import Registry, Trial
from tests.platforms.turns import turn_of

BY = "console:operator"
GENERAL = "general-1"


async def canary_of(database: Database, share: float = 0.5) -> Trial:
    """Version 1 (model one) live, version 2 (model two) the canary."""
    registry = Registry(database)
    for model in ("one", "two"):
        await registry.register(model=model, by=BY)
    await registry.promote("v1", by=BY, force=True, reason="x")
    return await registry.start_canary("v2", share, by=BY)


async def answered(database: Database, number: int, **changes: Any) -> str:
    """A stored turn in a thread of its own, a moment after the one before."""
    at = datetime.now(UTC) + timedelta(milliseconds=number)
    made = {"id": f"t{number:05d}", "thread": f"thread{number}", "at": at} | changes
    await History(database).record(turn_of("Fine.", **made))
    return str(made["id"])


async def test_turn_belongs_to_the_side_whose_model_spoke(database: Database) -> None:
    """Turns from before, repeated ones, those of other models and what operators tried out are
    left out."""
    before = datetime.now(UTC) - timedelta(hours=1)
    trial = await canary_of(database)
    for number, model in enumerate(("one", "two", "cheap", "two")):
        await answered(database, number, model=model)
    await answered(database, 8, model="two", at=before)
    await answered(database, 9, model="two", cached_from="t00001")
    await answered(database, 10, model="two", channel="playground")
    seen = await CanaryTurns(database, GENERAL).of(trial)
    assert [turn.side for turn in seen] == [Side.LIVE, Side.CANARY, Side.CANARY]


async def test_who_steps_in_counts_for_the_side_of_the_thread(database: Database) -> None:
    """A canary that does not answer has the turns that others answered for it."""
    trial = await canary_of(database)
    for number in range(40):
        model = GENERAL if number % 2 else "extractive"
        await answered(database, number, model=model, error="two did not answer")
    seen = await CanaryTurns(database, GENERAL, page=7).of(trial)
    sides = {turn.thread: turn.side is Side.CANARY for turn in seen}
    assert sides == {t: takes_part(t, trial.id, 0.5) for t in sides}
    assert len(seen) == 40
    assert {turn.bad[ERRORS] for turn in seen} == {1.0}


async def test_share_that_grew_counts_from_its_moment(database: Database) -> None:
    """What was answered before belongs to the side that the thread had then."""
    trial = await canary_of(database, 0.01)
    thread = next(t for t in map(str, range(999)) if not takes_part(t, trial.id, 0.3))
    await answered(database, 1, model="extractive", thread=thread, at=datetime.now(UTC))
    grown = await Registry(database).start_canary("v2", 1.0, by=BY)
    await answered(database, 2, model="extractive", thread=thread)
    seen = await CanaryTurns(database).of(grown)
    assert [turn.side for turn in seen] == [Side.LIVE, Side.CANARY]


async def test_what_went_wrong_is_told_apart(database: Database) -> None:
    """Thumbs of all readers, unsupported sentences before repair, unknown, persons, time."""
    trial = await canary_of(database)
    claims = tuple(Claim(0, 5, "Fine.", True, 0.9, 0) for _ in range(3))
    rejected = (Rejected("Wrong.", ""), Rejected("Bad.", "", became="Fine."))
    turn = await answered(
        database, 1, model="two", grounding=Grounding(claims, rejected),
        timings_ms={"speak": 900.0, "store": 100.0, "first_sentence": 400.0},
    )  # fmt: skip
    await answered(database, 2, model="two", outcome=Outcome.ABSTAINED)
    await answered(database, 3, model="two", outcome=Outcome.HANDOFF)
    for name, rating in (("U1", Rating.UP), ("U2", Rating.DOWN)):
        author = Author(Platform.SLACK, name)
        await FeedbackBook(database).rate(Feedback(turn, author, rating))
    first, second, third = await CanaryTurns(database).of(trial)
    assert first.bad == {UNSUPPORTED: 0.5, THUMBS: 0.5, UNKNOWN: 0.0, PERSON: 0.0, ERRORS: 0.0}
    assert first.ms == 1000.0
    assert (second.bad[UNKNOWN], second.ms, THUMBS in second.bad) == (1.0, None, False)
    assert third.bad[PERSON] == 1.0


def turns_of(side: Side, n: int, bad: float = 0.0, ms: float = 800.0) -> list[TurnSeen]:
    """Turns in threads of their own, of which a share has thumbs down."""
    return [
        TurnSeen(f"{side}{k}", side, {THUMBS: float(k < bad * n), ERRORS: 0.0}, ms)
        for k in range(n)
    ]


def mixed(*sides: list[TurnSeen]) -> list[TurnSeen]:
    """Turns of both sides in turns."""
    return sorted((t for side in sides for t in side), key=lambda t: crc32(t.thread.encode()))


def test_verdict_waits_then_finds_harm_or_none() -> None:
    """Too few turns: it waits; worse: it says on what; enough without harm: promote it."""
    limits = Limits(least=50)
    few = reading(mixed(turns_of(Side.CANARY, 49, 1.0), turns_of(Side.LIVE, 80)), limits)
    assert few.finding is Finding.WAITING
    worse = reading(mixed(turns_of(Side.CANARY, 60, 0.5), turns_of(Side.LIVE, 80, 0.02)), limits)
    assert worse.finding is Finding.WORSE
    assert "thumbs down 50.0% against 2.5%" in worse.why
    same = reading(mixed(turns_of(Side.CANARY, 60, 0.1), turns_of(Side.LIVE, 80, 0.1)), limits)
    assert same.finding is Finding.OPEN
    fine = reading(mixed(turns_of(Side.CANARY, 200, 0.1), turns_of(Side.LIVE, 210, 0.1)), limits)
    assert (fine.finding, fine.why) == (
        Finding.FINE,
        "no harm found after 200 turns; promote it",
    )


def test_slow_canary_is_worse() -> None:
    """A median time that is surely longer than allowed is harm, in seconds."""
    slow = reading(
        mixed(turns_of(Side.CANARY, 60, ms=2400.0), turns_of(Side.LIVE, 80)), Limits(least=50)
    )
    assert slow.finding is Finding.WORSE
    assert "time 2.40 s against 0.80 s" in slow.why


def test_turns_of_one_thread_are_one_observation() -> None:
    """One angry thread of sixty turns is no evidence against a canary."""
    angry = [TurnSeen("angry", Side.CANARY, {THUMBS: 1.0, ERRORS: 0.0}, 800.0)] * 60
    found = reading([*turns_of(Side.LIVE, 80), *angry], Limits(least=50))
    assert found.finding is Finding.OPEN
