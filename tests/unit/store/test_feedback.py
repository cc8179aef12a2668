"""Feedback: the last word of an author on a turn counts."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from bot.conversation import Author, Feedback, Platform, Rating, Turn
from bot.errors import NotFoundError
from bot.store.base import Database
from bot.store.feedback import FeedbackBook
from bot.store.history import History

MakeTurn = Callable[..., Turn]
ANN = Author(Platform.SLACK, "U024BE7LH", "Ann")
BEN = Author(Platform.DISCORD, "80351110224678912")


@pytest.fixture
async def turn(database: Database, make_turn: MakeTurn) -> Turn:
    """A turn that is there to be rated."""
    turn = make_turn()
    await History(database).record(turn)
    return turn


async def test_the_last_word_counts(database: Database, turn: Turn) -> None:
    """One entry for each author, and it is the latest."""
    book = FeedbackBook(database)
    await book.rate(Feedback(turn.id, ANN, Rating.DOWN, "wrong", "every 300 hours"))
    await book.rate(Feedback(turn.id, BEN, Rating.UP))
    await book.rate(Feedback(turn.id, ANN, Rating.UP, expert=True))
    assert await book.of(turn.id) == [
        Feedback(turn.id, ANN, Rating.UP, expert=True),
        Feedback(turn.id, BEN, Rating.UP),
    ]


async def test_the_same_thumb_again_keeps_the_reason(database: Database, turn: Turn) -> None:
    """A reaction that follows a form does not erase what the form said; new words do."""
    book = FeedbackBook(database)
    await book.rate(Feedback(turn.id, ANN, Rating.DOWN, "wrong", "300"))
    await book.rate(Feedback(turn.id, ANN, Rating.DOWN))
    assert await book.of(turn.id) == [Feedback(turn.id, ANN, Rating.DOWN, "wrong", "300")]
    await book.rate(Feedback(turn.id, ANN, Rating.DOWN, "outdated"))
    assert await book.of(turn.id) == [Feedback(turn.id, ANN, Rating.DOWN, "outdated")]


async def test_what_is_taken_back_is_gone(database: Database, turn: Turn) -> None:
    """A rating that was taken back appears nowhere; taking back nothing is no error."""
    book = FeedbackBook(database)
    await book.rate(Feedback(turn.id, ANN, Rating.UP))
    await book.take_back(turn.id, BEN)
    assert len(await book.listing()) == 1
    await book.take_back(turn.id, ANN)
    await book.take_back(turn.id, ANN)
    assert await book.listing() == []


async def test_the_listing_shows_what_was_rated(
    database: Database, make_turn: MakeTurn, turn: Turn
) -> None:
    """The listing names author, platform, question and answer, the latest word first."""
    other = make_turn(question="Where is it?", answer="In the box.")
    await History(database).record(other)
    book = FeedbackBook(database)
    await book.rate(Feedback(turn.id, ANN, Rating.DOWN, "wrong", "300\0 \ud800"))
    await book.rate(Feedback(other.id, BEN, Rating.UP))
    newest, oldest = await book.listing()
    assert (newest.question, newest.answer, newest.rating) == (
        "Where is it?",
        "In the box.",
        Rating.UP,
    )
    assert (oldest.author, oldest.platform) == ("slack:U024BE7LH", Platform.SLACK)
    assert (oldest.reason, oldest.correction) == ("wrong", "300\ufffd \ufffd")
    assert oldest.created_at <= oldest.updated_at <= newest.updated_at
    assert [r.turn for r in await book.listing(limit=1)] == [other.id]


async def test_a_page_of_turns_is_read_at_once(
    database: Database, make_turn: MakeTurn, turn: Turn
) -> None:
    """Every turn asked for has an entry, with its own feedback only."""
    other = make_turn()
    await History(database).record(other)
    book = FeedbackBook(database)
    await book.rate(Feedback(turn.id, ANN, Rating.DOWN))
    await book.rate(Feedback(turn.id, BEN, Rating.UP))
    found = await book.of_many([other.id, turn.id])
    assert found == {other.id: [], turn.id: await book.of(turn.id)}
    assert [f.author.key for f in found[turn.id]] == [ANN.key, BEN.key]
    assert await book.of_many([]) == {}


async def test_thumbs_down_are_reviewed_first(database: Database, make_turn: MakeTurn) -> None:
    """Then corrections that came with a thumb up; a mere thumb up is no work for anybody."""
    book, given = FeedbackBook(database), []
    for rating, correction in (
        (Rating.DOWN, ""),
        (Rating.UP, "ok"),
        (Rating.UP, ""),
        (Rating.DOWN, "x"),
    ):
        rated = make_turn()
        await History(database).record(rated)
        await book.rate(Feedback(rated.id, ANN, rating, "", correction))
        given.append(rated.id)
    assert [r.turn for r in await book.to_review()] == [given[3], given[0], given[1]]
    assert [r.turn for r in await book.to_review(limit=1)] == [given[3]]
    assert [r.turn for r in await book.to_review(limit=1, offset=1)] == [given[0]]
    assert [r.turn for r in await book.to_review(turn=given[1])] == [given[1]]
    assert await book.to_review(turn=given[2]) == []
    assert [r.turn for r in await book.liked(turn=given[2])] == [given[2]]
    assert await book.liked(offset=1) == []
    assert await book.counts() == (3, 1)


async def test_turns_of_a_thread_that_ended_with_a_thumb_down_are_counted(
    database: Database, make_turn: MakeTurn
) -> None:
    """The last word of anybody on a turn counts, each turn once, other threads not at all."""
    book = FeedbackBook(database)
    given = (
        ("thread-1", ((ANN, Rating.DOWN), (BEN, Rating.DOWN))),
        ("thread-1", ((ANN, Rating.UP), (BEN, Rating.DOWN))),
        ("thread-1", ((ANN, Rating.DOWN), (BEN, Rating.UP))),
        ("thread-1", ()),
        ("thread-2", ((ANN, Rating.DOWN),)),
    )
    for thread, ratings in given:
        rated = make_turn(thread=thread)
        await History(database).record(rated)
        for author, rating in ratings:
            await book.rate(Feedback(rated.id, author, rating))
    assert await book.downs_in_thread("thread-1") == 2
    assert await book.downs_in_thread("thread-2") == 1
    assert await book.downs_in_thread("thread-3") == 0


async def test_an_unknown_turn_cannot_be_rated(database: Database) -> None:
    """Rating a turn that does not exist says so in one sentence."""
    with pytest.raises(NotFoundError, match='no turn "t0"'):
        await FeedbackBook(database).rate(Feedback("t0", ANN, Rating.UP))
