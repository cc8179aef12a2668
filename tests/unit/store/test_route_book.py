"""What is known of routes: labels, figures, close decisions, and what became of turns."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import cast

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
from bot.errors import NotFoundError
from bot.handoff import HandoffBook
from bot.routing.signs import Kind, Sign, Source, sign_of
from bot.store.audit import AuditTrail
from bot.store.base import Database
from bot.store.feedback import FeedbackBook
from bot.store.history import History
from bot.store.route_book import RouteBook
from tests.unit.store.test_turn_list_plans import Explained

BY = "web:operator"
NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
LONG_AGO = NOW - timedelta(days=40)
Make = Callable[..., Turn]


def decided(route: Route, voice: float = 0.2, handoff: float = 0.1) -> RouteDecision:
    odds = (("voice", voice), ("handoff", handoff), ("question", 1 - voice - handoff))
    return RouteDecision(route, 0.8, ("a question",), odds)


async def keep(database: Database, *turns: Turn) -> None:
    for turn in turns:
        await History(database).record(turn)


async def test_label_is_kept_once_a_turn_and_audited(database: Database, make_turn: Make) -> None:
    """The last word of operators counts; each is an entry of the audit trail."""
    turn, book = make_turn(), RouteBook(database)
    await keep(database, turn)
    await book.label(turn.id, Route.VOICE, BY)
    await book.label(turn.id, Route.HYBRID, BY)
    assert await book.confusion() == {("hybrid", "rag"): 1}
    audit = AuditTrail(database)
    actions = [e.content for e in await audit.listing(kind="operator")]
    assert [(a["action"], a["route"], a["subject"]) for a in actions] == [
        ("route labelled", "voice", turn.id),
        ("route labelled", "hybrid", turn.id),
    ]
    assert await audit.verify() is None
    with pytest.raises(NotFoundError):
        await book.label("nobody", Route.VOICE, BY)


async def test_shares_count_turns_since_a_moment(database: Database, make_turn: Make) -> None:
    """By route: how many, how sure, how they ended, which thumbs; older turns do not count."""
    voice = make_turn(at=NOW, route=RouteDecision(Route.VOICE, 0.6, ("small talk",)))
    rag = [make_turn(at=NOW), make_turn(at=NOW, outcome=Outcome.ABSTAINED)]
    await keep(database, voice, *rag, make_turn(at=LONG_AGO))
    up = Feedback(rag[0].id, Author(Platform.WEB, "a"), Rating.UP)
    await FeedbackBook(database).rate(up)
    first, second = await RouteBook(database).shares(NOW - timedelta(days=7))
    assert (first.route, first.turns, first.up, first.down) == (Route.RAG, 2, 1, 0)
    assert first.share == pytest.approx(2 / 3)
    assert first.outcomes == {Outcome.ANSWERED: 1, Outcome.ABSTAINED: 1}
    assert second.route is Route.VOICE
    assert second.confidence == pytest.approx(0.6)


async def test_shares_are_found_by_the_period(database: Database, make_turn: Make) -> None:
    """Turns along their time and thumbs along theirs: a route's index would lead through all time;
    a thumb that came today for an older turn is none of the period."""
    old = make_turn(at=LONG_AGO)
    await keep(database, make_turn(at=NOW), old)
    await FeedbackBook(database).rate(Feedback(old.id, Author(Platform.WEB, "a"), Rating.DOWN))
    explained = Explained(database)
    book = RouteBook(cast(Database, explained), clock=lambda: NOW)
    for _ in range(2):  # the second time what was found is remembered, and counted
        (share,) = await book.shares(NOW - timedelta(days=7))
        assert (share.turns, share.down) == (1, 0)
    assert all("ix_turns_" in p or "ix_feedback_updated_at_turn_id" in p for p in explained.plans)
    assert any("ix_turns_costs" in plan for plan in explained.plans)
    for plan in explained.plans:
        assert not any(words in plan for words in ("SCAN", "Seq Scan", "ix_turns_route_at_id"))
        assert any(
            words in plan for words in ("at>?", "Cond: (at >=", "Cond: ((at >=", "updated_at")
        )


async def test_closest_decisions_come_first_until_they_are_labelled(
    database: Database, make_turn: Make
) -> None:
    """Only what the classifier decided can be close; a label takes it off the list."""
    close = make_turn(at=NOW, route=decided(Route.HYBRID, 0.45), question="you again")
    clear = make_turn(at=NOW, route=decided(Route.HYBRID, 0.15), question="warranty?")
    sure = make_turn(at=NOW, route=decided(Route.HYBRID, 0.01, 0.01), question="price?")
    await keep(database, clear, close, sure, make_turn(at=NOW))
    book = RouteBook(database)
    since = NOW - timedelta(days=1)
    found = await book.doubtful(since)
    assert [d.turn for d in found] == [close.id, clear.id]
    assert found[0].question == "you again"
    assert found[0].margin == pytest.approx(0.0)
    await book.label(close.id, Route.VOICE, BY)
    assert [d.turn for d in await book.doubtful(since)] == [clear.id]


async def test_what_became_of_turns_is_found(database: Database, make_turn: Make) -> None:
    """Labels, thumbs, a person asked for and the same question again, each on its turn."""
    labelled = make_turn(thread="a", route=decided(Route.RAG))
    rated = make_turn(thread="b", route=decided(Route.RAG))
    pressed = make_turn(thread="c", route=decided(Route.RAG, 0.1, 0.4))
    waved = make_turn(
        thread="d", at=NOW, route=decided(Route.VOICE, 0.7), question="warranty of the MG-200"
    )
    again = make_turn(
        thread="d",
        at=NOW + timedelta(minutes=1),
        route=decided(Route.HYBRID),
        question="how long is the MG-200 warranty?",
    )
    await keep(database, labelled, rated, pressed, waved, again)
    book = RouteBook(database)
    await book.label(labelled.id, Route.HANDOFF, BY)
    author = Author(Platform.WEB, "a")
    await FeedbackBook(database).rate(Feedback(rated.id, author, Rating.DOWN, "get me a human"))
    await HandoffBook(database).open(pressed.id, author, {}, "help")
    found = {h.turn: sign_of(h) for h in await book.happened()}
    assert found == {
        labelled.id: Sign(Kind.HANDOFF, Source.LABEL),
        rated.id: Sign(Kind.HANDOFF, Source.REASON),
        pressed.id: Sign(Kind.HANDOFF, Source.PERSON_ASKED),
        waved.id: Sign(Kind.QUESTION, Source.ASKED_AGAIN),
        again.id: None,
    }
