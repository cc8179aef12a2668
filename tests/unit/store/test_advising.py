"""What the records say to the advisor: reasons, checked sentences, traffic, examples, changes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from bot.advisor.evidence import Changes, Duties, Traffic
from bot.conversation import Author, Feedback, Platform, Rating, Turn, Usage
from bot.evidence import Claim, Grounding, Rejected
from bot.store.advising import AdvisingBook, Checked, kind_of_reason
from bot.store.audit import AuditTrail
from bot.store.base import Database
from bot.store.consent import ConsentLedger
from bot.store.feedback import FeedbackBook
from bot.store.history import History
from knowledge.changing import LedgerChanges
from knowledge.ledger import Ledger

Make = Callable[..., Turn]
NOW = datetime(2026, 3, 30, 15, tzinfo=UTC)


async def test_an_empty_home_says_nothing(database: Database) -> None:
    """Zeros, no error, no division."""
    book = AdvisingBook(database)
    assert await book.reasons() == (0, 0)
    assert await book.checked() == {}
    assert await book.traffic(NOW) == (Traffic(), {})
    assert await book.thumbs() == {}
    assert await book.examples() == 0
    assert await book.duties() == Duties()
    assert await LedgerChanges(database).changes(NOW) == Changes()


@pytest.mark.parametrize(
    ("reason", "kind"),
    [
        ("tone", "style"),
        ("Hard to read", "style"),
        ("far too long", "style"),
        ("wrong", "facts"),
        ("Out of date", "facts"),
        ("Not correct", "facts"),
        ("incomplete", "facts"),
        ("not what I asked", None),
        ("", None),
    ],
)
def test_reasons_are_about_style_or_facts(reason: str, kind: str | None) -> None:
    """Those that the chats offer, and some that people write."""
    assert kind_of_reason(reason) == kind


async def test_sentences_that_failed_count_whether_shown_or_left_out(
    database: Database, make_turn: Make
) -> None:
    """By route; an answer that was given again is not checked again."""
    claims = (Claim(0, 5, "Every", True, 0.9, 0), Claim(6, 9, "400", False, 0.1))
    first = make_turn(grounding=Grounding(claims, (Rejected("It is blue."),)))
    again = make_turn(grounding=Grounding(claims), cached_from=first.id)
    for turn in (first, again):
        await History(database).record(turn)
    assert await AdvisingBook(database).checked() == {"rag": Checked(3, 2)}


async def test_traffic_is_that_of_the_days_since_the_first_turn(
    database: Database, make_turn: Make
) -> None:
    """Two turns in three days are twenty in thirty."""
    for days in (0, 2):
        turn = make_turn(at=NOW - timedelta(days=days), usage=Usage(80, 20, 0.5))
        await History(database).record(turn)
    traffic, models = await AdvisingBook(database).traffic(NOW)
    assert sum(costs.tokens for costs in models.values()) == 200
    assert traffic == Traffic(2, 200, 1.0, 3.0)
    assert traffic.a_month() == pytest.approx((20, 2000, 10))
    assert traffic.a_month(200) == pytest.approx((200, 20_000, 100))


async def test_reasons_of_unhappy_answers_are_counted(database: Database, make_turn: Make) -> None:
    """Thumbs up have none that counts."""
    for rating, reason in (
        (Rating.DOWN, "tone"),
        (Rating.DOWN, "Wrong"),
        (Rating.DOWN, "wrong"),
        (Rating.UP, "wrong"),
        (Rating.DOWN, "not what I asked"),
    ):
        turn = make_turn()
        await History(database).record(turn)
        author = Author(Platform.WEB, "visitor", "Ann")
        await FeedbackBook(database).rate(Feedback(turn.id, author, rating, reason))
    assert await AdvisingBook(database).reasons() == (1, 2)


async def test_thumbs_are_counted_by_route(database: Database, make_turn: Make) -> None:
    """Up, and all of them."""
    for rating in (Rating.UP, Rating.UP, Rating.DOWN):
        turn = make_turn()
        await History(database).record(turn)
        author = Author(Platform.WEB, "visitor", "Ann")
        await FeedbackBook(database).rate(Feedback(turn.id, author, rating, ""))
    assert await AdvisingBook(database).thumbs() == {"rag": (2, 3)}


async def test_duties_count_people_and_what_rights_kept_back(
    database: Database, make_turn: Make
) -> None:
    """The newest choice of each person counts."""
    ledger = ConsentLedger(database)
    for author, allowed in (("web:a", False), ("web:b", False), ("web:b", True), ("web:c", True)):
        await ledger.choose(author, allowed)
    for withheld in (("secret.md",), ()):
        await History(database).record(make_turn(withheld=withheld))
    assert await AdvisingBook(database).duties() == Duties(opted_out=1, withheld=1, answers=2)


async def test_who_opted_out_in_one_channel_counts(database: Database) -> None:
    """Until they opt in there or everywhere; whoever opted out in two channels is one person."""
    ledger = ConsentLedger(database)
    for author, allowed, channel in (
        ("web:a", False, "slack:C1"),
        ("web:a", False, "slack:C2"),
        ("web:a", True, "slack:C1"),
        ("web:b", False, "slack:C1"),
        ("web:b", True, ""),
        ("web:c", False, ""),
        ("web:c", True, "slack:C1"),
        ("web:d", False, "slack:C1"),
        ("web:d", True, "slack:C1"),
    ):
        await ledger.choose(author, allowed, channel=channel)
    assert (await AdvisingBook(database).duties()).opted_out == 2


async def test_people_who_were_forgotten_are_counted_not_erasures(database: Database) -> None:
    """One erasure takes many entries, and retention makes some that are about nobody."""
    trail = AuditTrail(database)
    for _ in range(3):
        await trail.operator("gap answered", "web:operator")
    for entries in ({1: None}, {2: None}, {3: None}):
        await database.write(lambda c, e=entries: trail.redact_in(c, e))  # type: ignore[misc]  # bound now
    assert (await AdvisingBook(database).duties()).forgotten == 0
    await trail.operator("person forgotten", "terminal:operator", messages=1)
    assert (await AdvisingBook(database).duties()).forgotten == 1


async def test_a_first_reading_is_no_change(database: Database) -> None:
    """Nor is one that found nothing new, nor one that came to nothing."""
    ledger = Ledger(database)
    reports = (
        {"added": 9, "changed": 0, "unchanged": 0, "removed": 0},
        {"added": 0, "changed": 0, "unchanged": 9, "removed": 0},
        {"added": 1, "changed": 2, "unchanged": 6, "removed": 1},
    )
    for days, report in zip((20, 10, 5), reports, strict=True):
        at = NOW - timedelta(days=days)
        await ledger.record_run("handbook", report, at, at)
    await ledger.record_run("handbook", {}, NOW, NOW, "gone")
    changes = await LedgerChanges(database).changes(NOW)
    assert changes == Changes(0, 1, 4, timedelta(days=20))
    assert changes.pace == "monthly"
