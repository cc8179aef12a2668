"""History: threads, messages and turns come back as they were recorded."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import fields, is_dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.conversation import (
    Author,
    Outcome,
    Platform,
    Principal,
    Role,
    Route,
    RouteDecision,
    Turn,
    Usage,
)
from bot.errors import NotFoundError
from bot.evidence import Chunk, Citation, Claim, Grounding, Passage
from bot.store.audit import AuditTrail
from bot.store.base import Database
from bot.store.columns import clean
from bot.store.history import History
from bot.store.ids import new_id
from bot.store.tables import messages, threads

MakeTurn = Callable[..., Turn]

EVERYBODY = Principal(frozenset({"staff", "ops"}))

_text = st.text(st.characters(codec=None), max_size=40)
_offset = st.integers(0, 2**31 - 1)
_number = st.floats(allow_nan=False, allow_infinity=False)
_groups = st.frozensets(_text, max_size=3)
_chunks = st.builds(
    Chunk,
    id=_text,
    document=_text,
    source=_text,
    revision=_text,
    ordinal=_offset,
    title=_text,
    headings=st.lists(_text, max_size=3).map(tuple),
    text=_text,
    start=_offset,
    end=_offset,
    uri=_text,
    groups=_groups,
)
_passages = st.builds(
    Passage, chunk=_chunks, score=_number, lexical=_number, cosine=st.none() | _number
)
_citations = st.builds(
    Citation,
    n=_offset,
    document=_text,
    title=_text,
    uri=_text,
    quote=_text,
    chunk=_text,
    revision=_text,
    start=_offset,
    end=_offset,
)
_claims = st.builds(
    Claim,
    start=_offset,
    end=_offset,
    text=_text,
    supported=st.booleans(),
    score=_number,
    passage=st.none() | _offset,
    finding=_text,
)
_turns = st.builds(
    Turn,
    id=st.builds(new_id),
    thread=_text,
    question=_text,
    query=_text,
    author=st.builds(Author, platform=st.sampled_from(Platform), id=_text, name=_text),
    channel=_text,
    audience=_groups,
    route=st.builds(
        RouteDecision,
        route=st.sampled_from(Route),
        confidence=_number,
        reasons=st.lists(_text, max_size=2).map(tuple),
    ),
    answer=_text,
    outcome=st.sampled_from(Outcome),
    citations=st.lists(_citations, max_size=2).map(tuple),
    grounding=st.builds(Grounding, claims=st.lists(_claims, max_size=2).map(tuple)),
    passages=st.lists(_passages, max_size=2).map(tuple),
    withheld=st.lists(_text, max_size=2).map(tuple),
    model=_text,
    persona=_text,
    usage=st.builds(
        Usage,
        prompt_tokens=st.integers(0, 2**60),
        completion_tokens=st.integers(0, 2**60),
        cost_usd=_number,
    ),
    timings_ms=st.dictionaries(_text, _number, max_size=2),
    at=st.datetimes(datetime(1970, 1, 2), datetime(2200, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    error=_text,
)


def cleaned(value: Any) -> Any:
    """The value with every text cleaned as the database's door does it."""
    if isinstance(value, str) and type(value) is str:
        return clean(value)
    if isinstance(value, tuple | frozenset):
        return type(value)(cleaned(v) for v in value)
    if isinstance(value, dict):
        return {cleaned(k): cleaned(v) for k, v in value.items()}
    if is_dataclass(value) and not isinstance(value, type):
        return replace(value, **{f.name: cleaned(getattr(value, f.name)) for f in fields(value)})
    return value


@settings(
    max_examples=30,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(turn=_turns)
async def test_a_turn_comes_back_whole(database: Database, turn: Turn) -> None:
    """Every field of a turn survives the database, odd characters aside: those are replaced."""
    history = History(database)
    await history.record(turn)
    assert await history.turn(turn.id) == cleaned(turn)


async def test_numbers_that_are_none_do_no_harm(database: Database, make_turn: MakeTurn) -> None:
    """A score or a price that is not a number is stored as 0 instead of losing the turn."""
    nan, turn = float("nan"), make_turn()
    broken = replace(
        turn,
        usage=Usage(1, 1, nan),
        route=RouteDecision(Route.RAG, float("inf"), ()),
        timings_ms={"speak": nan},
        passages=(replace(turn.passages[0], score=nan, cosine=nan),),
    )
    await History(database).record(broken)
    found = await History(database).turn(turn.id)
    assert (found.usage.cost_usd, found.route.confidence) == (0.0, 0.0)
    assert found.timings_ms == {"speak": 0.0}
    assert (found.passages[0].score, found.passages[0].cosine) == (0.0, None)


async def test_messages_are_the_last_ones_oldest_first(
    database: Database, make_turn: MakeTurn
) -> None:
    """A thread's messages are its newest, in the order they were said, and nobody else's."""
    history = History(database)
    for number in range(4):
        await history.record(make_turn(question=f"q{number}", answer=f"a{number}"))
    await history.record(make_turn(thread="another", question="not this"))
    found = await history.messages("thread-1", EVERYBODY, limit=5)
    assert [m.text for m in found] == ["a1", "q2", "a2", "q3", "a3"]
    assert [m.role for m in found[1:3]] == [Role.USER, Role.ASSISTANT]
    assert found[1].author == "web:visitor"
    assert found[1].at is not None
    assert await history.messages("unknown", EVERYBODY) == ()


async def test_what_staff_were_told_does_not_come_back_to_others(
    database: Database, make_turn: MakeTurn
) -> None:
    """A thread shows each reader only the turns whose audience is within their own groups."""
    history = History(database)
    for groups in ((), ("staff",), ("staff", "board")):
        await history.record(make_turn(audience=frozenset(groups), answer=f"for {groups}"))

    async def answers(*groups: str) -> list[str]:
        said = await history.messages("thread-1", Principal(frozenset(groups)))
        return [m.text for m in said if m.role is Role.ASSISTANT]

    assert await answers() == ["for ()"]
    assert await answers("board") == ["for ()"]
    assert await answers("staff", "ops") == ["for ()", "for ('staff',)"]
    assert len(await answers("staff", "board")) == 3


async def test_the_first_turn_of_a_key_counts(database: Database, make_turn: MakeTurn) -> None:
    """A second turn under the same key, or the same turn again, leaves no trace."""
    history = History(database)
    first, second = make_turn(), make_turn()
    await history.record(first, key="event-1")
    await history.record(second, key="event-1")
    await history.record(first)
    assert await history.turn_for_key("event-1") == first
    assert await history.turn_for_key("event-2") is None
    assert await history.recent() == [first]
    assert len(await history.messages("thread-1", EVERYBODY)) == 2
    assert len(await AuditTrail(database).listing()) == 1


async def test_one_key_at_the_same_moment_gives_one_turn(
    database: Database, make_turn: MakeTurn
) -> None:
    """Of many turns recorded at once under one key exactly one is kept."""
    history = History(database)
    await asyncio.gather(*(history.record(make_turn(), key="event") for _ in range(8)))
    kept = await history.recent()
    assert [t.id for t in kept] == [(await history.turn_for_key("event") or make_turn()).id]


async def test_a_key_of_any_length_works(database: Database, make_turn: MakeTurn) -> None:
    """Keys longer than an index takes are told apart all the same."""
    history, turn = History(database), make_turn()
    await history.record(turn, key="k" * 9000)
    assert await history.turn_for_key("k" * 9000) == turn
    assert await history.turn_for_key("k" * 8999) is None


async def test_recent_turns_page_without_gaps(database: Database, make_turn: MakeTurn) -> None:
    """Pages of recent turns, newest first, together hold every turn once, equal times too."""
    history, now = History(database), datetime.now(UTC)
    made = [make_turn(at=now + timedelta(seconds=i // 3)) for i in range(10)]
    for turn in made:
        await history.record(turn)
    found: list[Turn] = []
    while page := await history.recent(3, before=found[-1].id if found else None):
        found += page
    assert found == sorted(made, key=lambda t: (t.at, t.id), reverse=True)


async def test_an_unknown_turn_is_named(database: Database) -> None:
    """Asking for a turn that does not exist says so in one sentence."""
    history = History(database)
    with pytest.raises(NotFoundError, match='no turn "t0"'):
        await history.turn("t0")
    with pytest.raises(NotFoundError):
        await history.recent(before="t0")


async def test_turns_of_a_thread_are_oldest_first(database: Database, make_turn: MakeTurn) -> None:
    """A thread's turns come in the order they were asked."""
    history, now = History(database), datetime.now(UTC)
    made = [make_turn(at=now + timedelta(seconds=i)) for i in range(3)]
    for turn in made:
        await history.record(turn)
    assert await history.of_thread("thread-1") == made
    assert await history.of_thread("thread-1", limit=2) == made[1:]


class _BrokenTrail(AuditTrail):
    """A trail that cannot be written to."""

    def turn_in(self, connection: sa.Connection, turn: Turn) -> str:
        raise RuntimeError("no trail")


async def test_a_turn_without_its_audit_record_is_not_kept(
    database: Database, make_turn: MakeTurn
) -> None:
    """When the last step fails, nothing of the turn is in the database."""
    history = History(database, _BrokenTrail(database))
    with pytest.raises(RuntimeError, match="no trail"):
        await history.record(make_turn())

    def count(connection: sa.Connection) -> int:
        query = sa.select(sa.func.count())
        rows = [connection.scalar(query.select_from(table)) for table in (threads, messages)]
        return sum(n or 0 for n in rows)

    assert await database.read(count) == 0
    assert await history.recent() == []
