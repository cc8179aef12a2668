"""Handoffs: once for each turn, answered by people, knowledge only when judged so."""

from __future__ import annotations

import pytest

from bot.conversation import Author, Outcome, Platform
from bot.errors import NotFoundError
from bot.handoff import Handoff, HandoffBook
from bot.store.base import Database
from bot.store.history import History
from bot.store.ids import new_id
from tests.platforms.turns import turn_of

ANN = Author(Platform.SLACK, "U024BE7LH", "Ann")
HELPER = "slack:U0HELPER1"
PLACE = {"platform": "slack", "workspace": "T1", "channel": "C1", "thread": "171.1"}
CARD = {"platform": "slack", "workspace": "T1", "channel": "C0HUMANS", "thread": "172.5"}


async def _turn(database: Database, thread: str = "thread-1") -> str:
    turn = turn_of(
        "I do not know.", id=new_id(), thread=thread, author=ANN, outcome=Outcome.ABSTAINED
    )
    await History(database).record(turn)
    return turn.id


@pytest.fixture
def book(database: Database) -> HandoffBook:
    """The handoffs of a fresh database."""
    return HandoffBook(database)


@pytest.fixture
async def handoff(database: Database, book: HandoffBook) -> Handoff:
    """A question that went to a person."""
    return await book.open(await _turn(database), ANN, PLACE, "Why does it leak?")


async def test_a_question_is_handed_over_once(
    database: Database, book: HandoffBook, handoff: Handoff
) -> None:
    """A second press of the button gives the same handoff, whoever presses."""
    ben = Author(Platform.SLACK, "U0BEN0001", "Ben")
    assert await book.open(handoff.turn, ben, {}, "?") == handoff
    assert (handoff.status, handoff.asker, handoff.place) == ("open", ANN, PLACE)
    assert (handoff.card_place, handoff.answer, handoff.proposal) == (None, "", "none")
    assert await book.get(handoff.id) == handoff
    assert await book.of_turn(handoff.turn) == handoff
    assert await book.of_turn("t0") is None


async def test_it_is_remembered_where_the_question_was_posted(
    book: HandoffBook, handoff: Handoff
) -> None:
    """The thread of the people who answer is kept with the handoff."""
    posted = await book.posted(handoff.id, CARD)
    assert posted.card_place == CARD
    assert await book.get(handoff.id) == posted


async def test_handoffs_of_a_thread_are_listed(
    database: Database, book: HandoffBook, handoff: Handoff
) -> None:
    """Those of its turns, oldest first; other threads have their own."""
    second = await book.open(await _turn(database), ANN, PLACE, "And now?")
    await book.open(await _turn(database, "thread-2"), ANN, PLACE, "Elsewhere?")
    assert await book.of_thread("thread-1") == [handoff, second]
    assert await book.of_thread("thread-3") == []


async def test_several_replies_make_one_answer(book: HandoffBook, handoff: Handoff) -> None:
    """They are joined by a blank line; the last who spoke is named."""
    await book.answered(handoff.id, "Tighten the nut.", HELPER, message="172.6")
    answered = await book.answered(handoff.id, "Then it holds.", "slack:U0OTHER01")
    assert answered.answer == "Tighten the nut.\n\nThen it holds."
    assert (answered.status, answered.answered_by) == ("answered", "slack:U0OTHER01")
    assert answered.answered_at is not None
    assert await book.get(handoff.id) == answered


async def test_a_reply_delivered_twice_counts_once(book: HandoffBook, handoff: Handoff) -> None:
    """After a crash the same message is carried again, and the answer stays as it is."""
    first = await book.answered(handoff.id, "Tighten the nut.", HELPER, message="172.6")
    assert await book.answered(handoff.id, "Tighten the nut.", HELPER, message="172.6") == first


async def test_a_closed_handoff_takes_no_answer(book: HandoffBook, handoff: Handoff) -> None:
    """What comes too late is not kept, and is no error for the one who replied."""
    closed = await book.close(handoff.id)
    assert await book.answered(handoff.id, "Tighten the nut.", HELPER) == closed
    assert (closed.status, closed.answer) == ("closed", "")


async def test_an_answer_is_proposed_and_judged(book: HandoffBook, handoff: Handoff) -> None:
    """Only what was answered can be proposed; it waits for judgement in the order of asking."""
    with pytest.raises(NotFoundError, match="no answered handoff"):
        await book.propose(handoff.id, HELPER)
    await book.answered(handoff.id, "Tighten the nut.", HELPER)
    proposed = await book.propose(handoff.id, HELPER)
    assert proposed.proposal == "proposed"
    assert await book.propose(handoff.id, "slack:U0OTHER01") == proposed
    assert await book.proposals() == [proposed]
    approved = await book.judge(handoff.id, True, "operator")
    assert (approved.proposal, approved.answer) == ("approved", "Tighten the nut.")
    assert await book.proposals() == []


async def test_a_proposal_is_judged_once(book: HandoffBook, handoff: Handoff) -> None:
    """Neither what waits for nothing nor what was judged can be judged, or proposed anew."""
    await book.answered(handoff.id, "Tighten the nut.", HELPER)
    with pytest.raises(NotFoundError, match="no proposal"):
        await book.judge(handoff.id, True, "operator")
    await book.propose(handoff.id, HELPER)
    rejected = await book.judge(handoff.id, False, "operator")
    assert rejected.proposal == "rejected"
    with pytest.raises(NotFoundError, match="rejected by operator before"):
        await book.judge(handoff.id, True, "operator")
    assert await book.propose(handoff.id, HELPER) == rejected


async def test_unknown_ids_are_said_so(book: HandoffBook) -> None:
    """Every operation on a handoff that does not exist says so in one sentence."""
    for attempt in (
        book.get("h0"),
        book.posted("h0", CARD),
        book.answered("h0", "text", HELPER),
        book.close("h0"),
        book.propose("h0", HELPER),
        book.judge("h0", True, "operator"),
    ):
        with pytest.raises(NotFoundError, match='no handoff "h0"'):
            await attempt
    with pytest.raises(NotFoundError, match='no turn "t0"'):
        await book.open("t0", ANN, PLACE, "?")
