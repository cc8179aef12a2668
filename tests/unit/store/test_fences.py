"""Somebody who is forgotten while they are being answered: nothing of the answer is kept."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from bot.conversation import Author, Feedback, Platform, Rating, Turn
from bot.errors import NotFoundError
from bot.handoff import HandoffBook
from bot.store import fences
from bot.store.audit import AuditTrail
from bot.store.base import Database
from bot.store.erasure import Erasure
from bot.store.feedback import FeedbackBook
from bot.store.history import History
from bot.store.rewrites import RewriteBook

MakeTurn = Callable[..., Turn]
ANN = Author(Platform.SLACK, "U024BE7LH", "Ann Zwetschge")
BEN = Author(Platform.SLACK, "U0G9QF9C6", "Ben")
WEB = Author(Platform.WEB, "kX3-_9aQzP", "")
WORDS = ("U024BE7LH", "kX3-_9aQzP", "Zwetschge", "quince", "plum")


async def words_in(db: Database) -> list[str]:
    """The words that are in any table."""

    def op(connection: sa.Connection) -> str:
        names = sa.inspect(connection).get_table_names()
        return str([connection.execute(sa.text(f'SELECT * FROM "{n}"')).all() for n in names])

    told = await db.read(op)
    return [word for word in WORDS if word in told]


@pytest.mark.parametrize("author", [ANN, WEB])
async def test_what_was_begun_before_is_kept_without_words(
    database: Database, make_turn: MakeTurn, author: Author
) -> None:
    """Its figures stay, under nobody's name; what is asked afterwards is new."""
    history, audit = History(database), AuditTrail(database)
    begun = datetime.now(UTC)
    await Erasure(database, audit).forget(author.key)
    asked = make_turn(
        author=author,
        thread=f"{author.platform}:{author.id}-1",
        question="quince?",
        query="quince",
        answer="plum",
        begun=begun,
    )
    await history.record(asked, "event:1")
    assert await words_in(database) == []
    kept = await history.turn(asked.id)
    assert (kept.question, kept.answer, kept.author.id) == ("", "", "forgotten")
    assert kept.outcome is asked.outcome
    assert await audit.verify() is None
    new = replace(asked, id="turn-new", begun=datetime.now(UTC))
    await history.record(new, "event:2")
    assert (await history.turn(new.id)).question == "quince?"


async def test_others_in_the_thread_keep_their_own_words(
    database: Database, make_turn: MakeTurn
) -> None:
    """What another one's follow-up borrowed while it was being answered is not stored."""
    history = History(database)
    await history.record(make_turn(author=ANN, thread="t", question="quince?", query="quince"))
    begun = datetime.now(UTC)
    await Erasure(database, AuditTrail(database)).forget(ANN.key)
    theirs = make_turn(author=BEN, thread="t", question="And red?", query="red quince", begun=begun)
    await history.record(theirs)
    kept = await history.turn(theirs.id)
    assert (kept.author, kept.question, kept.query) == (BEN, "And red?", "And red?")
    assert await words_in(database) == []


async def test_a_fence_stands_for_an_hour(database: Database) -> None:
    """It names nobody, and is taken down by itself."""
    await Erasure(database, AuditTrail(database)).forget(ANN.key)
    assert await words_in(database) == []
    now = datetime.now(UTC)
    assert await database.write(lambda c: fences.clear(c, now)) == 0
    assert await database.write(lambda c: fences.clear(c, now + timedelta(hours=2))) == 1


async def test_operators_who_had_read_it_write_nothing_about_it(
    database: Database, make_turn: MakeTurn
) -> None:
    """A rewrite or a handoff that comes just after the erasure is refused."""
    audit = AuditTrail(database)
    turn = make_turn(author=ANN)
    await History(database).record(turn)
    await Erasure(database, audit).forget(ANN.key)
    with pytest.raises(NotFoundError):
        await RewriteBook(database, audit).approve(turn.id, by="web:operator", text="plum")
    with pytest.raises(NotFoundError):
        await HandoffBook(database).open(turn.id, ANN, {}, "quince?")
    assert await words_in(database) == []


async def test_what_comes_in_meanwhile_goes_too(database: Database, make_turn: MakeTurn) -> None:
    """A rating and a turn that are stored while others are erased are found by the next pass."""
    history, book = History(database), FeedbackBook(database)
    first, late = make_turn(author=ANN, question="quince?"), make_turn(author=ANN, question="plum?")
    await history.record(first)

    class Busy(AuditTrail):
        """Others write while the trail is looked through for the first time."""

        disturbed = False

        async def mentioning(self, text: str) -> list[int]:
            if not self.disturbed:
                self.disturbed = True
                await history.record(late)
                await book.rate(Feedback(first.id, ANN, Rating.DOWN, "quince", "plum"))
            return await super().mentioning(text)

    busy = Busy(database)
    await Erasure(database, busy).forget(ANN.key)
    assert busy.disturbed
    assert await words_in(database) == []
