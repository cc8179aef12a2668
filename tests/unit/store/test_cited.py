"""How often documents were cited: counted along the newest citations, on both databases."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import cast

from bot.conversation import Author, Feedback, Platform, Rating, Turn
from bot.evidence import Citation
from bot.store.base import Database
from bot.store.cited import CitedBook, Reach, Thumbs
from bot.store.feedback import FeedbackBook
from bot.store.history import History
from tests.unit.store.test_turn_list_plans import Explained

MakeTurn = Callable[..., Turn]
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def citation(document: str, chunk: str = "c0", revision: str = "r1", n: int = 1) -> Citation:
    return Citation(n, document, "T", "u", "quote", chunk, revision, 0, 5)


async def recorded(
    database: Database, make_turn: MakeTurn, *cited: tuple[Citation, ...]
) -> list[str]:
    """Turns a second apart that cited these, oldest first; their ids."""
    ids = []
    for n, citations in enumerate(cited):
        turn = make_turn(
            question=f"question {n}", at=NOON + timedelta(seconds=n), citations=citations
        )
        await History(database).record(turn)
        ids.append(turn.id)
    return ids


async def test_uses_come_newest_first_with_their_thumbs(
    database: Database, make_turn: MakeTurn
) -> None:
    """Each citation of the document by its chunk and revision, the thumbs by turn; what has no
    revision is no document, and other documents count for themselves."""
    ids = await recorded(
        database,
        make_turn,
        (citation("a", "c0"), citation("a", "c1", n=2), citation("b", n=3)),
        (citation("b"), citation("a", revision="", n=2)),
        (citation("a", "c1", "r2"),),
    )
    ratings = FeedbackBook(database)
    for author, rating in (("1", Rating.UP), ("2", Rating.DOWN), ("3", Rating.UP)):
        await ratings.rate(Feedback(ids[0], Author(Platform.WEB, author), rating))
    await ratings.rate(Feedback(ids[1], Author(Platform.WEB, "1"), Rating.DOWN))
    book = CitedBook(database)

    found = await book.of("a")
    assert [(use.turn, use.chunk, use.revision) for use in found.uses] == [
        (ids[2], "c1", "r2"),
        (ids[0], "c1", "r1"),
        (ids[0], "c0", "r1"),
    ]
    assert (found.thumbs, found.reach) == ({ids[0]: Thumbs(2, 1)}, Reach())
    assert await book.counts(["a", "b", "c"]) == ({"a": 2, "b": 2}, Reach())
    assert [t.question for t in await book.turns([ids[2], "gone", ids[0]])] == [
        "question 2",
        "question 0",
    ]
    assert await book.turns([]) == ()
    assert (await book.of("c")).uses == ()


async def test_no_look_goes_beyond_the_newest_citations(
    database: Database, make_turn: MakeTurn
) -> None:
    """What is older is not counted, and how far back the look went is said."""
    await recorded(database, make_turn, *[(citation("a"), citation("b", n=2))] * 4)
    book = CitedBook(database, far=4)
    since = NOON + timedelta(seconds=1)
    assert len((await book.of("a")).uses) == 2
    assert await book.counts(["a", "b"]) == ({"a": 2, "b": 2}, Reach(since))
    assert (await CitedBook(database, far=8).counts(["a"]))[1] == Reach()


async def test_the_most_cited_stand_first(database: Database, make_turn: MakeTurn) -> None:
    """By answers, not by citations; names decide between equals."""
    await recorded(
        database,
        make_turn,
        tuple(citation("often in one", n=n) for n in range(1, 6)),
        (citation("twice"), citation("b", n=2)),
        (citation("twice"), citation("a", n=2)),
    )
    assert await CitedBook(database).most(3) == ("twice", "a", "b")


async def test_citations_are_read_along_their_key(database: Database, make_turn: MakeTurn) -> None:
    """Neither all citations, turns, messages or thumbs are read, nor are citations put in order:
    on both databases."""
    ids = await recorded(database, make_turn, *[(citation("a"), citation("b", n=2))] * 4)
    await FeedbackBook(database).rate(Feedback(ids[0], Author(Platform.WEB, "1"), Rating.UP))
    explained = Explained(database)
    book = CitedBook(cast(Database, explained), far=3)
    asked = {
        "of": lambda: book.of("a"),
        "counts": lambda: book.counts(["a", "b"]),
        "most": lambda: book.most(5),
        "turns": lambda: book.turns(ids),
    }
    for name, ask in asked.items():
        explained.plans.clear()
        await ask()
        assert explained.plans
        for plan in explained.plans:
            assert not reads_everything(plan), (name, plan)


def reads_everything(plan: str) -> bool:
    """Whether a table is read one and all. What the newest citations are grouped by is put in
    order, and may be: they are few."""
    lines = [line.strip(" ->") for line in plan.splitlines()]
    if any(line.startswith("Seq Scan") for line in lines):
        return True
    scans = [line for line in lines if line.startswith("SCAN ") and "INDEX" not in line]
    tables = ("citations", "turns", "messages", "feedback")
    if any(line.split()[1] in tables for line in scans):
        return True
    if any("Index" in line and "citations" in line for line in lines):  # PostgreSQL
        return not any(line.startswith("Limit") for line in lines)
    return False


def test_a_plan_that_reads_all_is_known_for_one_of_citations() -> None:
    """As both databases write it; along the key with a limit is none."""
    for plan in ("SCAN citations", "Limit\n  ->  Seq Scan on citations",
                 "Index Scan Backward using pk_citations on citations"):  # fmt: skip
        assert reads_everything(plan)
    for plan in ("SCAN citations USING INDEX sqlite_autoindex_citations_1",
                 "Limit\n  ->  Index Scan Backward using pk_citations on citations"):  # fmt: skip
        assert not reads_everything(plan)
