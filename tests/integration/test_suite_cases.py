"""Cases of suites in a database: proposed once, decided by operators, erased with their author."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.errors import NotFoundError, UsageError
from bot.store.audit import AuditTrail
from bot.store.base import Database
from bot.store.suites import CaseDraft, CaseState, Origin, Proposal, SuiteCaseBook, erase_author_in

_GOLD = ("policies/warranty.md",)
_CASE = CaseDraft("warranty-1", "How long is the warranty?", ("24 months",), _GOLD)
_OTHER = CaseDraft("moon-1", "Does it work on the moon?", answerable=False)
_BY = "terminal:operator"


def _book(database: Database) -> SuiteCaseBook:
    return SuiteCaseBook(database, AuditTrail(database))


def _proposal(case: CaseDraft, author: str = "", place: str = "policies/warranty.md") -> Proposal:
    origin = Origin.TURN if author else Origin.DOCUMENT
    return Proposal(case, origin, place, "The warranty is 24 months.", author)


async def test_proposed_twice_is_there_once(database: Database) -> None:
    """The same case proposed again changes nothing, whatever was decided of it."""
    book = _book(database)
    assert await book.propose("support", [_proposal(_CASE), _proposal(_OTHER)]) == 2
    first, _ = await book.listing("support")
    await book.reject(first.id, by=_BY)
    assert await book.propose("support", [_proposal(_CASE), _proposal(_OTHER)]) == 0
    assert [c.state for c in await book.listing("support")] == ["rejected", "proposed"]
    assert await book.propose("other", [_proposal(_CASE)]) == 1


async def test_suites_are_counted(database: Database) -> None:
    """Every suite tells how many cases wait, are in it, and are not."""
    book = _book(database)
    await book.propose("support", [_proposal(_CASE), _proposal(_OTHER)])
    one, _ = await book.listing("support")
    await book.approve(one.id, by=_BY)
    (line,) = await book.suites()
    assert (line.name, line.proposed, line.approved, line.rejected) == ("support", 1, 1, 0)
    assert line.at.tzinfo is not None
    with pytest.raises(NotFoundError):
        await book.counts("nothing")


async def test_an_edited_case_is_kept_as_edited(database: Database) -> None:
    """What an operator makes of a case is what the suite has; undone, it waits with the edits."""
    book = _book(database)
    await book.propose("support", [_proposal(_CASE)])
    (one,) = await book.listing("support")
    edited = replace(_CASE, question=" How long is it? ", answers=("24 months", "two years"))
    done = await book.approve(one.id, by=_BY, edited=edited)
    assert (done.case.question, done.case.id) == ("How long is it?", "warranty-1")
    assert done.case.answers == ("24 months", "two years")
    assert (done.state, done.by) == (CaseState.APPROVED, _BY)
    undone = await book.undo(one.id, by=_BY)
    assert (undone.state, undone.decided_at) == (CaseState.PROPOSED, None)
    with pytest.raises(UsageError):
        await book.undo(one.id, by=_BY)


async def test_what_has_no_answer_is_not_approved(database: Database) -> None:
    """A case that can be answered says with what."""
    book = _book(database)
    await book.propose("support", [_proposal(_CASE)])
    (one,) = await book.listing("support")
    with pytest.raises(UsageError):
        await book.approve(one.id, by=_BY, edited=replace(_CASE, answers=(" ",)))
    assert (await book.get(one.id)).state is CaseState.PROPOSED


async def test_every_decision_is_audited_without_words(database: Database) -> None:
    """The audit trail names who decided on what, and none of the words of the case."""
    book, audit = _book(database), AuditTrail(database)
    await book.propose("support", [_proposal(_CASE), _proposal(_OTHER)])
    one, other = await book.listing("support")
    await book.decide_all([one.id, other.id], CaseState.APPROVED, by=_BY)
    await book.undo(one.id, by=_BY)
    await book.reject(one.id, by=_BY)
    await book.add("support", replace(_CASE, id="own"), by=_BY)
    entries = [e.content for e in await audit.listing(kind="operator")]
    assert [e["action"] for e in entries] == [
        "case approved", "case approved", "decision on a case taken back", "case rejected",
        "case added to a suite",
    ]  # fmt: skip
    assert {e["actor"] for e in entries} == {_BY}
    assert "warranty" not in str(entries)


async def test_decided_together_or_not_at_all(database: Database) -> None:
    """One unknown case keeps a decision on several from being taken."""
    book = _book(database)
    await book.propose("support", [_proposal(_CASE)])
    (one,) = await book.listing("support")
    with pytest.raises(NotFoundError):
        await book.decide_all([one.id, "case0"], CaseState.APPROVED, by=_BY)
    assert (await book.get(one.id)).state is CaseState.PROPOSED


async def test_the_last_decision_is_offered_back(database: Database) -> None:
    """An operator finds the own last decision, for as long as asked."""
    book = _book(database)
    await book.propose("support", [_proposal(_CASE)])
    (one,) = await book.listing("support")
    await book.reject(one.id, by=_BY)
    now = datetime.now(UTC)
    last = await book.last("support", _BY, now - timedelta(minutes=1))
    assert last is not None
    assert last.id == one.id
    assert await book.last("support", "web:another", now - timedelta(minutes=1)) is None
    assert await book.last("support", _BY, now + timedelta(minutes=1)) is None


async def test_an_authors_cases_are_erased(database: Database) -> None:
    """What holds somebody's words goes with them, and what was made from their turns."""
    book = _book(database)
    asked = [
        _proposal(_CASE, "slack:T1:U1", "t1"),
        _proposal(_OTHER),
        Proposal(replace(_OTHER, id="neutral"), Origin.TURN, "t2"),
    ]
    await book.propose("support", asked)
    gone = await database.write(lambda c: erase_author_in(c, "slack:T1:U1", ["t2"]))
    assert gone == 2
    assert [c.case.id for c in await book.listing("support")] == ["moon-1"]
    assert await database.write(lambda c: erase_author_in(c, "")) == 0


async def test_a_name_is_no_path(database: Database) -> None:
    """A suite's name cannot be taken for a file's path."""
    for name in ("", "a/b", "../x", ".hidden", "x" * 81):
        with pytest.raises(UsageError):
            await _book(database).propose(name, [_proposal(_CASE)])
    with pytest.raises(UsageError, match="another id"):
        book = _book(database)
        await book.add("support", _CASE, by=_BY)
        await book.add("support", _CASE, by=_BY)
