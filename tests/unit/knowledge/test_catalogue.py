"""The catalogue: documents by words of their names, by rights, and how far a look goes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import cast

from bot.conversation import Principal
from bot.store.base import Database
from knowledge.catalogue import Catalogue, Wanted
from knowledge.ledger import DocumentRecord, Ledger
from tests.unit.store.test_turn_list_plans import Explained

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def record(
    document: str, title: str = "", source: str = "docs", groups: Sequence[str] = ()
) -> DocumentRecord:
    return DocumentRecord(
        source, document, title or document, document, frozenset(groups), "h", "r1", 1, 4, NOON
    )


async def kept(database: Database, *records: DocumentRecord) -> None:
    await Ledger(database).record([(r, "text") for r in records])


async def test_all_words_must_stand_in_title_or_name(database: Database) -> None:
    """In either case, anywhere in them; signs mean themselves, and a source narrows it."""
    await kept(
        database,
        record("care/filter.md", "Changing the Filter"),
        record("care/100%.md", "Capacity"),
        record("lawn.md", "Lawn"),
        record("filter.md", "Filter", source="other"),
    )
    book = Catalogue(database)

    async def found(words: str, source: str | None = None) -> list[str]:
        return [r.document for r in (await book.look(Wanted(source, words), 9)).records]

    assert await found("FILTER") == ["care/filter.md", "filter.md"]
    assert await found("filter care") == ["care/filter.md"]
    assert await found("filter", "other") == ["filter.md"]
    assert await found("%") == ["care/100%.md"]
    assert await found("nothing") == []
    assert len(await found("  ")) == await book.count() == 4
    assert [r.source for r in await book.named(["filter.md", "gone"])] == ["other"]


async def test_a_look_through_much_goes_on_where_it_ended(database: Database) -> None:
    """It stops after so many documents, says where, and finds the others from there: each once."""
    names = [f"{n:02}.md" for n in range(10)]
    await kept(database, *(record(n, "odd" if int(n[:2]) % 2 else "even") for n in names))
    book, found, looks, after = Catalogue(database, far=3), [], 0, None
    while True:
        look = await book.look(Wanted(words="odd"), 9, after)
        found += [r.document for r in look.records]
        looks += 1
        if look.reached is None:
            break
        after = look.reached
    assert (found, looks) == (names[1::2], 4)
    full = await book.look(Wanted(words="even"), 1)
    assert (len(full.records), full.reached) == (1, None), "a full page goes on behind itself"
    assert len((await book.look(Wanted(), 10)).records) == 10, "without a search all is at hand"


async def test_rights_narrow_the_list(database: Database) -> None:
    """To what the groups open, whatever their order; without groups to what is for everybody."""
    await kept(
        database,
        record("open"),
        record("staff", groups=["staff", "board"]),
        record("board", groups=["board"]),
    )
    book = Catalogue(database)

    async def seen(*groups: str) -> list[str]:
        look = await book.look(Wanted(principal=Principal(frozenset(groups))), 9)
        return [r.document for r in look.records]

    assert await seen() == ["open"]
    assert await seen("staff") == ["open", "staff"]
    assert await seen("board", "other") == ["board", "open", "staff"]


async def test_a_page_is_found_along_the_key(database: Database) -> None:
    """No look reads all documents or puts them in order, on both databases."""
    await kept(database, *(record(f"{n}.md") for n in range(8)))
    explained = Explained(database)
    book = Catalogue(cast(Database, explained), far=3)
    for wanted in (Wanted(), Wanted("docs"), Wanted(words="md"), Wanted("docs", "md")):
        for after in (None, ("docs", "3.md")):
            explained.plans.clear()
            await book.look(wanted, 2, after)
            assert explained.plans
            for plan in explained.plans:
                lines = [line.strip(" ->") for line in plan.splitlines()]
                assert not any(
                    line.startswith(("Seq Scan", "Sort ")) or "TEMP B-TREE" in line
                    for line in lines
                ), (wanted, plan)
                assert "SCAN documents" not in lines, (wanted, plan)
