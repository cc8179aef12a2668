"""Suites of a home: proposed from documents and from approved turns, and found by their name."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from adapters.excerpts import excerpt_of
from adapters.suites import SuiteDesk, Wish, kept_suite
from bot.conversation import (
    Author,
    Feedback,
    Outcome,
    Platform,
    Principal,
    Rating,
    Route,
    RouteDecision,
    Turn,
    Usage,
)
from bot.errors import UsageError
from bot.evidence import Chunk, Citation, Claim, Grounding, Passage, Retrieval
from bot.settings import Settings
from bot.settings.loop import TrainingSection
from bot.store.audit import AuditTrail
from bot.store.base import Database
from bot.store.consent import ConsentLedger
from bot.store.feedback import FeedbackBook
from bot.store.history import History
from bot.store.rewrites import RewriteBook
from bot.store.suites import CaseState
from knowledge.ledger import DocumentRecord, Ledger

_BY = "terminal:operator"
_DOCUMENTS = {
    "warranty.md": (
        "# Warranty\n\nThe warranty of the MG-200 is 24 months.\n\n"
        "## Do I need a receipt for the warranty?\n\nNo. The serial number is enough.\n",
        frozenset[str](),
    ),
    "staff.md": (
        "# Discounts\n\nThe P-20 costs $12 for staff.\n",
        frozenset({"staff"}),
    ),
}
_FACT = "The warranty of the MG-200 is 24 months."


class _Search:
    """Finds every document that the asker may see, each as one passage."""

    def __init__(self, *missing: str) -> None:
        self.missing = missing
        self.asked: list[frozenset[str]] = []

    async def retrieve(self, query: str, principal: Principal, k: int = 6) -> Retrieval:
        self.asked.append(principal.groups)
        return Retrieval(
            tuple(
                Passage(_chunk(name, text, groups), 1.0, 5.0, 0.6)
                for name, (text, groups) in _DOCUMENTS.items()
                if principal.may_see(groups) and name not in self.missing
            )[:k]
        )


def _chunk(name: str, text: str, groups: frozenset[str] = frozenset()) -> Chunk:
    title = name.removesuffix(".md").title()
    return Chunk(
        f"{name}#0", name, "docs", "r1", 0, title, (title,), text, 0, len(text), "", groups
    )


async def _desk(database: Database, folder: Path, search: _Search, **training: Any) -> SuiteDesk:
    ledger = Ledger(database)
    now = datetime.now(UTC)
    await ledger.record(
        [
            (DocumentRecord("docs", name, text[2:].partition("\n")[0], "", groups, name, "r1", 1,
                            len(text), now), text)
            for name, (text, groups) in _DOCUMENTS.items()
        ]
    )  # fmt: skip
    config = Settings().model_copy(
        update={"home": folder, "training": TrainingSection(**training), "model": None}
    )
    return SuiteDesk(
        settings=config, database=database, audit=AuditTrail(database), ledger=ledger,
        retriever=lambda: search, clock=lambda: datetime.now(UTC),
    )  # fmt: skip


async def _turn(database: Database, question: str, author: Author, answer: str = "") -> str:
    """An answered turn about the warranty."""
    made = Turn(
        id=f"turn-{author.key}-{len(question)}", thread="t", question=question, query=question,
        author=author, channel="web", audience=frozenset(),
        route=RouteDecision(Route.RAG, 0.9, ("a fact",)),
        answer=answer or f"{_FACT} [1]", outcome=Outcome.ANSWERED,
        citations=(Citation(1, "warranty.md", "Warranty", "", _FACT, "warranty.md#0", "r1"),),
        grounding=Grounding((Claim(0, len(_FACT), _FACT, True, 0.98, 0),)),
        passages=(Passage(_chunk("warranty.md", _DOCUMENTS["warranty.md"][0]), 1.0, 5.0, 0.6),),
        withheld=(), model="m", persona="Juniper@1", usage=Usage(), timings_ms={},
        at=datetime(2026, 1, 1, tzinfo=UTC),
    )  # fmt: skip
    await History(database).record(made)
    return made.id


async def test_documents_become_cases_once(database: Database, tmp_path: Path) -> None:
    """With gold, quote and the groups of their document; the same again adds nothing."""
    search = _Search()
    desk = await _desk(database, tmp_path, search)
    done = await desk.propose("support", Wish(count=20))
    cases = await desk.cases("support")
    by_question = {each.case.question: each for each in cases}
    assert done.new == len(cases) >= 4
    asked = by_question["What is the warranty of the MG-200?"]
    assert (asked.case.answers, asked.case.gold) == (("24 months",), ("warranty.md",))
    assert asked.quote == _FACT
    staff = [each for each in cases if each.place == "staff.md"]
    assert [each.case.groups for each in staff] == [("staff",)]
    assert frozenset({"staff"}) in search.asked
    missing = [each for each in cases if not each.case.answerable]
    assert missing and all(not each.case.answers and not each.quote for each in missing)
    await desk.propose("support", Wish(count=20))
    again = [each for each in await desk.cases("support") if each.case.answerable]
    assert again == [each for each in cases if each.case.answerable]
    excerpts = await desk.excerpts([asked])
    assert ("24 months", True) in excerpts[asked.id].pieces


async def test_what_the_search_does_not_find_is_dropped(database: Database, tmp_path: Path) -> None:
    """With the reason; without documents nothing is proposed."""
    desk = await _desk(database, tmp_path, _Search("warranty.md"))
    done = await desk.propose("support", Wish(count=20))
    assert done.dropped["the search does not find its document"] >= 2
    assert not [c for c in await desk.cases("support") if c.place == "warranty.md"]


async def test_an_approved_suite_is_found_by_its_name(database: Database, tmp_path: Path) -> None:
    """With the approved cases alone; nothing approved: there is none."""
    desk = await _desk(database, tmp_path, _Search())
    await desk.propose("support", Wish(count=20))
    assert await kept_suite(database, "support") is None
    with pytest.raises(UsageError, match="approved yet"):
        await desk.lines("support")
    first, second, *_ = await desk.cases("support")
    await desk.decide([first.id], CaseState.APPROVED, _BY)
    await desk.decide([second.id], CaseState.REJECTED, _BY)
    suite = await kept_suite(database, "support")
    assert suite is not None
    assert [case.id for case in suite.cases] == [first.case.id]
    (line,) = await desk.lines("support")
    assert (line["id"], line["question"]) == (first.case.id, first.case.question)


async def test_a_turn_that_was_approved_becomes_a_case(database: Database, tmp_path: Path) -> None:
    """With a neutral question and nobody's words, unless messages may be used; what nobody
    approved, and whose asker said no, is left out."""
    rewrites, feedback = RewriteBook(database, AuditTrail(database)), FeedbackBook(database)
    asked = "hey there my dear warranty folks whats the coverage time"
    jo, kim = Author(Platform.WEB, "jo"), Author(Platform.WEB, "kim")
    await rewrites.approve(await _turn(database, asked, jo), by=_BY)
    await feedback.rate(Feedback(await _turn(database, "unapproved", jo), jo, Rating.UP))
    await rewrites.approve(await _turn(database, asked + " please", kim), by=_BY)
    await ConsentLedger(database).choose(kim.key, allowed=False)
    desk = await _desk(database, tmp_path, _Search())
    done = await desk.propose("talk", Wish(documents=False, turns=True))
    (case,) = await desk.cases("talk")
    assert case.author == "" and "dear" not in case.case.question
    assert (case.case.answers, case.case.gold) == (("24 months",), ("warranty.md",))
    assert done.dropped == {"turn: nobody approved its answer": 2}
    told = await _desk(database, tmp_path, _Search(), use_user_messages=True)
    await told.propose("told", Wish(documents=False, turns=True))
    (own,) = await told.cases("told")
    assert (own.case.question, own.author) == (asked, jo.key)


def test_an_excerpt_is_cut_between_lines_or_words() -> None:
    """What stands around a quote begins with a line, or with a whole word, and ends with one."""
    table = "\n".join(f"| code {n} | a long meaning of it |" for n in range(20))
    quote = "The warranty is 24 months."
    cut = excerpt_of(f"{table}\n\n{quote} {'word ' * 90}", quote, ["24 months"])
    assert cut.before.startswith("| code ")
    assert cut.behind.endswith("word …")
    long = excerpt_of(f"{'another ' * 90}{quote}", quote, ["24 months"])
    assert long.before.startswith("… another ")
    assert excerpt_of(f"# Warranty\n\n{quote}", quote, []).before == "# Warranty\n\n"
