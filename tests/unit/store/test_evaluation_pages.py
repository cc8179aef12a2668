"""Runs of evaluations by pages, one case of a run, and a run deleted, on both databases."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from bot.errors import NotFoundError
from bot.store.audit import OPERATOR, AuditTrail
from bot.store.base import Database
from bot.store.evaluation import EvaluationBook, Place, RunLine

AT = datetime(2026, 5, 4, 9, 30, 0, 123456, tzinfo=UTC)


def run_of(name: str, suite: str = "pumps", hour: int = 9) -> RunLine:
    at = AT.replace(hour=hour)
    return RunLine(name, suite, "p.jsonl", "d", "J@1", {"rag": {"n": 1}}, None, "p.html", "me", at)


async def test_pages_lose_and_repeat_nothing(database: Database) -> None:
    """Runs of the same moment are told apart by their ids; a suite's are its own."""
    book = EvaluationBook(database)
    for name in ("a", "b", "c"):
        await book.add(run_of(name), {})
    await book.add(run_of("d", "hoses", 10), {})
    seen: list[str] = []
    after = None
    while page := await book.page(2, after):
        seen += [line.id for line in page]
        after = Place(page[-1].at, page[-1].id)
    assert seen == ["d", "c", "b", "a"]
    assert [line.id for line in await book.page(9, suite="pumps")] == ["c", "b", "a"]
    assert list(await book.suites()) == [("hoses", 1), ("pumps", 3)]


async def test_a_case_and_the_end_of_a_run(database: Database) -> None:
    """A case by its id in every mode; deleted, the run and its cases are gone and it is audited."""
    book, audit = EvaluationBook(database), AuditTrail(database)
    cases = {mode: [{"id": "1", "said": mode}, {"id": "2", "said": ""}] for mode in ("rag", "auto")}
    await book.add(run_of("a"), cases)
    await book.add(run_of("b"), cases)
    assert await book.case("a", "1") == {
        "rag": {"id": "1", "said": "rag"}, "auto": {"id": "1", "said": "auto"}
    }  # fmt: skip
    assert await book.cases("a", lambda case: {"id": case["id"]}) == {
        "rag": [{"id": "1"}, {"id": "2"}], "auto": [{"id": "1"}, {"id": "2"}]
    }  # fmt: skip
    with pytest.raises(NotFoundError):
        await book.case("a", "3")
    await book.remove("a", by="web:operator", audit=audit)
    for gone in (book.get("a"), book.remove("a", by="x", audit=audit), book.case("a", "1")):
        with pytest.raises(NotFoundError):
            await gone
    assert set(await book.cases("b")) == {"rag", "auto"}
    (entry,) = await audit.listing()
    assert (entry.kind, entry.content["subject"]) == (OPERATOR, "a")
