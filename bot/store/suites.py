"""Cases that may become a suite: proposed from documents and turns or written by hand, reviewed.

Erasure: ``erase_author_in(connection, author, turns=())`` removes what holds somebody's words.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa

from bot.errors import NotFoundError, UsageError
from bot.guardrails import clean_question
from bot.store.audit import AuditTrail
from bot.store.base import Database, insert
from bot.store.ids import new_id
from bot.store.suite_tables import suite_cases
from bot.store.timing import utc_now

LONGEST_NAME = 80
"""Characters of a suite's name."""

LONGEST_ANSWER = 2_000
MOST_ANSWERS = 50
"""Answers, paraphrases, documents and groups of a case, at most."""

_MANY = 500  # rows of one statement


class CaseState(StrEnum):
    """What was decided of a case."""

    PROPOSED = "proposed"
    APPROVED = "approved"
    REJECTED = "rejected"


class Origin(StrEnum):
    """What a case was made from."""

    DOCUMENT = "document"
    TURN = "turn"
    HAND = "hand"


@dataclass(frozen=True, slots=True)
class CaseDraft:
    """What a case says, as a line of a suite does; see :class:`bot.evaluation.cases.Case`."""

    id: str
    question: str
    answers: tuple[str, ...] = ()
    gold: tuple[str, ...] = ()
    answerable: bool = True
    groups: tuple[str, ...] = ()
    paraphrases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Proposal:
    """A case that waits to be proposed. ``place`` is the document or turn that it was made from,
    ``quote`` the words that answer it, ``author`` the key of whose words it holds; empty: nobody's.
    """

    case: CaseDraft
    origin: Origin
    place: str = ""
    quote: str = ""
    author: str = ""


@dataclass(frozen=True, slots=True)
class SuiteCase:
    """A case as it is kept. ``by`` is the key of who decided, or wrote it by hand."""

    id: str
    suite: str
    case: CaseDraft
    origin: Origin
    place: str
    quote: str
    author: str
    state: CaseState
    by: str
    at: datetime
    decided_at: datetime | None


@dataclass(frozen=True, slots=True)
class SuiteLine:
    """A suite of the list: how many cases of each state it has, and when one was added last."""

    name: str
    proposed: int
    approved: int
    rejected: int
    at: datetime


def suite_name(name: str) -> str:
    """A name without space around. Raises UsageError for one that would be taken for a path."""
    name = name.strip()
    plain = name.replace("-", "").replace("_", "").replace(".", "")
    if not plain.isalnum() or name.startswith(".") or len(name) > LONGEST_NAME:
        raise UsageError(
            f"Name a suite with letters, digits, - and _, at most {LONGEST_NAME} of them."
        )
    return name


def checked_case(case: CaseDraft) -> CaseDraft:
    """A case without space around. Raises UsageError and QuestionError for what is no case."""
    answers = _texts(case.answers)
    if case.answerable and not answers:
        raise UsageError(
            "Write what a right answer contains, or say that the question has no answer."
        )
    paraphrases = tuple(clean_question(text) for text in _texts(case.paraphrases))
    return replace(
        case,
        question=clean_question(case.question),
        answers=answers if case.answerable else (),
        gold=_texts(case.gold),
        groups=_texts(case.groups),
        paraphrases=paraphrases,
    )


def _texts(found: Iterable[str]) -> tuple[str, ...]:
    texts = tuple(dict.fromkeys(text.strip() for text in found if text.strip()))
    if len(texts) > MOST_ANSWERS or any(len(text) > LONGEST_ANSWER for text in texts):
        raise UsageError(
            f"A case has at most {MOST_ANSWERS} texts of a kind, of {LONGEST_ANSWER:,} characters."
        )
    return texts


def erase_author_in(connection: sa.Connection, author: str, turns: Sequence[str] = ()) -> int:
    """Remove the cases that hold the words of ``author`` (a key), and those that were made from
    ``turns`` (ids), inside the transaction of a caller; how many."""
    mine = suite_cases.c.author == author if author else sa.false()
    gone = connection.execute(sa.delete(suite_cases).where(mine)).rowcount
    for at in range(0, len(turns), _MANY):
        made = sa.and_(
            suite_cases.c.origin == Origin.TURN.value,
            suite_cases.c.place.in_(turns[at : at + _MANY]),
        )
        gone += connection.execute(sa.delete(suite_cases).where(made)).rowcount
    return gone


class NoSuiteError(NotFoundError):
    """There is no {kind} "{id}"; `wellspoken suite list` names what there is."""


class SuiteCaseBook:
    """The cases in a database. Each decision is an entry of the audit trail, in the same
    transaction; the entry names the case, and holds none of its words."""

    def __init__(
        self, db: Database, audit: AuditTrail, clock: Callable[[], datetime] = utc_now
    ) -> None:
        self._db = db
        self._audit = audit
        self._clock = clock

    # -- looking --------------------------------------------------------------------------------

    async def suites(self) -> list[SuiteLine]:
        """Every suite with its counts, by name."""
        table = suite_cases
        counts = [
            sa.func.sum(sa.case((table.c.state == state.value, 1), else_=0)).label(state.value)
            for state in CaseState
        ]
        query = (
            sa.select(table.c.suite, *counts, sa.func.max(table.c.at).label("at"))
            .group_by(table.c.suite)
            .order_by(table.c.suite)
        )
        rows = await self._db.read(lambda connection: connection.execute(query).all())
        return [SuiteLine(r.suite, r.proposed, r.approved, r.rejected, _aware(r.at)) for r in rows]

    async def counts(self, suite: str) -> SuiteLine:
        """One line of :meth:`suites`. Raises NotFoundError."""
        found = next((line for line in await self.suites() if line.name == suite), None)
        if found is None:
            raise NoSuiteError(kind="suite", id=suite)
        return found

    async def listing(
        self,
        suite: str,
        state: CaseState | None = None,
        limit: int | None = None,
        offset: int = 0,
    ) -> list[SuiteCase]:
        """The cases of a suite in the order of their proposal."""
        query = sa.select(suite_cases).where(suite_cases.c.suite == suite)
        if state is not None:
            query = query.where(suite_cases.c.state == state.value)
        query = query.order_by(suite_cases.c.at, suite_cases.c.id).offset(offset)
        if limit is not None:
            query = query.limit(limit)
        rows = await self._db.read(lambda connection: connection.execute(query).all())
        return [_case_of(row) for row in rows]

    async def get(self, id: str) -> SuiteCase:  # noqa: A002 - the store's own word
        """One case. Raises NotFoundError."""
        query = sa.select(suite_cases).where(suite_cases.c.id == id)
        row = await self._db.read(lambda connection: connection.execute(query).one_or_none())
        if row is None:
            raise NotFoundError(kind="case", id=id)
        return _case_of(row)

    async def last(self, suite: str, by: str, since: datetime) -> SuiteCase | None:
        """What an operator decided last in a suite, not earlier than ``since``."""
        table = suite_cases
        query = (
            sa.select(table)
            .where(
                table.c.suite == suite,
                table.c.by == by,
                table.c.decided_at >= since,
                table.c.state != CaseState.PROPOSED.value,
                table.c.origin != Origin.HAND.value,
            )
            .order_by(table.c.decided_at.desc(), table.c.id)
            .limit(1)
        )
        row = await self._db.read(lambda connection: connection.execute(query).one_or_none())
        return None if row is None else _case_of(row)

    # -- adding ---------------------------------------------------------------------------------

    async def propose(self, suite: str, found: Sequence[Proposal]) -> int:
        """Keep proposals of which the suite has none with the same id; how many were new.

        What was decided of a case before stays. Raises UsageError for what is no case.
        """
        rows = [self._row(suite_name(suite), each, CaseState.PROPOSED, "") for each in found]

        def op(connection: sa.Connection) -> int:
            new = insert(connection, suite_cases).on_conflict_do_nothing(
                index_elements=["suite", "case_id"]
            )
            return sum(connection.execute(new, row).rowcount for row in rows)

        return await self._db.write(op)

    async def add(self, suite: str, case: CaseDraft, *, by: str, quote: str = "") -> SuiteCase:
        """Add a case by hand: approved at once. Raises UsageError where the suite has one of that
        id, and for what is no case."""
        proposal = Proposal(case, Origin.HAND, quote=quote)
        row = self._row(suite_name(suite), proposal, CaseState.APPROVED, by)

        def op(connection: sa.Connection) -> None:
            new = insert(connection, suite_cases).on_conflict_do_nothing(
                index_elements=["suite", "case_id"]
            )
            if not connection.execute(new, row).rowcount:
                raise UsageError(f'{suite} has a case "{case.id}"; give this one another id.')
            self._note(connection, "case added to a suite", by, row["id"], suite)

        await self._db.write(op)
        return await self.get(row["id"])

    # -- deciding -------------------------------------------------------------------------------

    async def approve(self, id: str, *, by: str, edited: CaseDraft | None = None) -> SuiteCase:  # noqa: A002
        """Take a case into its suite, as proposed or as ``edited`` (its id counts for nothing).

        Raises NotFoundError, and UsageError for what is no case.
        """
        changes: dict[str, Any] = {}
        if edited is not None:
            before = await self.get(id)
            case = checked_case(edited)
            if case != replace(before.case, id=case.id):
                changes = _columns(case)
        await self._decide([id], CaseState.APPROVED, by, changes)
        return await self.get(id)

    async def reject(self, id: str, *, by: str) -> None:  # noqa: A002
        """Keep a case out of its suite, and from being proposed again. Raises NotFoundError."""
        await self._decide([id], CaseState.REJECTED, by, {})

    async def decide_all(self, ids: Sequence[str], state: CaseState, *, by: str) -> None:
        """The same decision on several cases: all or none. Raises NotFoundError."""
        await self._decide(list(dict.fromkeys(ids)), state, by, {})

    async def undo(self, id: str, *, by: str) -> SuiteCase:  # noqa: A002
        """Take a decision back: the case waits again, with what was edited of it. Raises
        NotFoundError, and UsageError where nothing was decided."""
        if (await self.get(id)).state is CaseState.PROPOSED:
            raise UsageError(f"Nothing was decided of {id} yet.")
        await self._decide([id], CaseState.PROPOSED, by, {})
        return await self.get(id)

    async def _decide(
        self, ids: Sequence[str], state: CaseState, by: str, changes: dict[str, Any]
    ) -> None:
        decided = None if state is CaseState.PROPOSED else self._clock()
        values = {"state": state.value, "by": by, "decided_at": decided, **changes}

        def op(connection: sa.Connection) -> None:
            for id_ in ids:
                mine = suite_cases.c.id == id_
                suite = connection.scalar(sa.select(suite_cases.c.suite).where(mine))
                if suite is None:
                    raise NotFoundError(kind="case", id=id_)
                connection.execute(sa.update(suite_cases).where(mine).values(values))
                self._note(connection, _ACTIONS[state], by, id_, suite, edited=bool(changes))

        await self._db.write(op)

    # -- parts ----------------------------------------------------------------------------------

    def _note(
        self, connection: sa.Connection, action: str, by: str, subject: str, suite: str, **more: Any
    ) -> None:
        told = {"action": action, "actor": by, "subject": subject, "suite": suite, **more}
        self._audit.append_in(connection, "operator", told)

    def _row(self, suite: str, proposal: Proposal, state: CaseState, by: str) -> dict[str, Any]:
        case = checked_case(proposal.case)
        now = self._clock()
        return {
            "id": new_id("case"),
            "suite": suite,
            "case_id": case.id,
            **_columns(case),
            "origin": proposal.origin.value,
            "place": proposal.place,
            "quote": proposal.quote,
            "author": proposal.author,
            "state": state.value,
            "by": by,
            "at": now,
            "decided_at": None if state is CaseState.PROPOSED else now,
        }


_ACTIONS = {
    CaseState.APPROVED: "case approved",
    CaseState.REJECTED: "case rejected",
    CaseState.PROPOSED: "decision on a case taken back",
}


def _columns(case: CaseDraft) -> dict[str, Any]:
    """What of a case can be edited, as columns."""
    return {
        "question": case.question,
        "answers": list(case.answers),
        "gold": list(case.gold),
        "answerable": case.answerable,
        "groups": list(case.groups),
        "paraphrases": list(case.paraphrases),
    }


def _aware(at: datetime | str) -> datetime:
    """SQLite hands the greatest of several moments out as it keeps it."""
    found = datetime.fromisoformat(at) if isinstance(at, str) else at
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _case_of(row: sa.Row[Any]) -> SuiteCase:
    case = CaseDraft(
        row.case_id,
        row.question,
        tuple(row.answers),
        tuple(row.gold),
        row.answerable,
        tuple(row.groups),
        tuple(row.paraphrases),
    )
    return SuiteCase(
        row.id,
        row.suite,
        case,
        Origin(row.origin),
        row.place,
        row.quote,
        row.author,
        CaseState(row.state),
        row.by,
        row.at,
        row.decided_at,
    )
