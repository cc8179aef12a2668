"""What is stored of a message that was deleted or edited: on both databases."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import bot.attaching
from bot.conversation import Author, Platform, Turn
from bot.handoff import HandoffBook
from bot.store.audit import AuditTrail
from bot.store.base import Database
from bot.store.history import History
from bot.store.rewrites import RewriteBook, Verdict
from bot.store.taken_back import TakenBack

MakeTurn = Callable[..., Turn]
ANN = Author(Platform.SLACK, "U1", "Ann")
NAMES = ("slack:T1:C1:1", "slack:T1:C1:1:edited")


async def _told(trail: AuditTrail) -> list[str]:
    entries = reversed(await trail.newest(50))
    return [e.content["action"] for e in entries if e.kind == "operator"]


async def test_a_deleted_question_leaves_its_figures(
    database: Database, make_turn: MakeTurn
) -> None:
    """Words, files and what follow-ups borrowed go, once; others in the thread keep theirs."""
    trail = AuditTrail(database)
    history, taken = History(database, trail), TakenBack(database, trail)
    turn = make_turn(author=ANN, thread="t", question="quince jelly?", query="quince jelly")
    file = replace(turn.passages[0].chunk, source=bot.attaching.SOURCE, document="sloe.txt")
    passages = (*turn.passages, replace(turn.passages[0], chunk=file))
    turn = replace(turn, passages=passages)
    later = make_turn(author=ANN, thread="t", question="and plums?", query="and plums quince")
    await history.record(turn, NAMES[0])
    await history.record(later, "slack:T1:C1:2")
    handoff = await HandoffBook(database).open(turn.id, ANN, {}, "quince jelly?")
    for words in (["quince jelly?"], []):
        gone = await database.write(lambda c: taken.erase_in(c, NAMES, "slack"))
        assert gone == words
    after = await history.turn(turn.id)
    assert (after.question, after.answer, after.query, after.passages) == ("", "", "", ())
    assert (after.author.id, after.usage, after.outcome) == ("U1", turn.usage, turn.outcome)
    other = await history.turn(later.id)
    assert (other.question, other.query) == ("and plums?", "and plums?")
    closed = await HandoffBook(database).get(handoff.id)
    assert (closed.question, closed.status) == ("", "closed")
    content = (await trail.show(turn.id)).content
    assert content["evidence"]
    assert "sloe.txt" not in str(content)
    assert await trail.verify() is None
    assert await _told(trail) == ["message deleted"]
    await taken.scrub(["quince jelly?" * 20])


async def test_an_edited_question_has_its_new_words(
    database: Database, make_turn: MakeTurn
) -> None:
    """Once; the answer stays, and what was deleted gets no words again."""
    trail = AuditTrail(database)
    history, taken = History(database, trail), TakenBack(database, trail)
    turn = make_turn(author=ANN, question="quince jelly?")
    await history.record(turn, NAMES[1])
    for words in (["quince jelly?"], []):
        gone = await database.write(lambda c: taken.replace_in(c, NAMES, "plum jelly?", "slack"))
        assert gone == words
    after = await history.turn(turn.id)
    assert (after.question, after.query, after.answer) == ("plum jelly?",) * 2 + (turn.answer,)
    await database.write(lambda c: taken.erase_in(c, NAMES, "slack"))
    assert await database.write(lambda c: taken.replace_in(c, NAMES, "again", "slack")) == []
    assert await _told(trail) == ["message edited", "message deleted"]


async def test_a_deleted_reply_of_a_colleague_goes(database: Database, make_turn: MakeTurn) -> None:
    """Out of the handoff; the others' replies stay."""
    trail = AuditTrail(database)
    taken, book = TakenBack(database, trail), HandoffBook(database)
    turn = make_turn(author=ANN)
    await History(database, trail).record(turn)
    handoff = await book.open(turn.id, ANN, {}, "jelly?")
    await book.answered(handoff.id, "medlar", "slack:U2", message="7.1")
    await book.answered(handoff.id, "plum", "slack:U3", message="7.2")
    gone = await database.write(lambda c: taken.erase_reply_in(c, "7.1", "slack"))
    assert gone == ["medlar"]
    assert (await book.get(handoff.id)).answer == "plum"


async def test_an_answer_that_was_deleted_is_not_taught(
    database: Database, make_turn: MakeTurn
) -> None:
    """Nor the one that it repeated; what an operator judged stays as it was judged."""
    trail = AuditTrail(database)
    history, taken, book = (
        History(database),
        TakenBack(database, trail),
        RewriteBook(database, trail),
    )
    first, again, judged = make_turn(), make_turn(), make_turn()
    for turn in (first, replace(again, cached_from=first.id), judged):
        await history.record(turn)
    await book.approve(judged.id, by="terminal:operator")
    for turn in (again, again, judged):
        await database.write(partial(taken.not_again_in, turn=turn.id, by="slack"))
    for turn in (first, again):
        kept = await book.of(turn.id)
        assert kept is not None
        assert (kept.verdict, kept.by) == (Verdict.REJECTED, "slack")
    kept = await book.of(judged.id)
    assert kept is not None
    assert kept.verdict is Verdict.APPROVED
    told = await _told(trail)
    assert told == ["answer approved as an example", "answer deleted"]
