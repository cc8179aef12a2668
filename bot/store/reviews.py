"""Reviews: an operator's verdicts on what readers found wanting."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from bot.errors import NotFoundError
from bot.store.audit import AuditTrail
from bot.store.base import Database, insert
from bot.store.review_tables import rewrites
from bot.store.rewrites import Draft, JudgedBeforeError, RewriteBook, Verdict, word_of
from bot.store.tables import feedback, reviews, to_look_at
from bot.store.timing import utc_now

__all__ = ["ReviewBook", "Verdict"]


class ReviewBook:
    """The verdicts in a database. Each is an entry of the audit trail, in the same transaction."""

    def __init__(
        self, db: Database, audit: AuditTrail, clock: Callable[[], datetime] = utc_now
    ) -> None:
        self._db = db
        self._audit = audit
        self._clock = clock
        self._rewrites = RewriteBook(db, audit, clock)

    async def waiting(self, turn: str) -> int:
        """How many readers' words on a turn wait for a verdict."""
        query = sa.select(sa.func.count()).select_from(feedback).where(_waits(turn, None))
        return await self._db.read(lambda connection: connection.scalar(query)) or 0

    async def liked(self, turn: str) -> bool:
        """Whether a turn has a thumb up and no operator's word yet."""
        query = (
            sa.select(feedback.c.turn_id)
            .where(
                feedback.c.turn_id == turn,
                feedback.c.rating == "up",
                ~sa.exists().where(rewrites.c.turn_id == turn),
            )
            .limit(1)
        )
        return await self._db.read(lambda connection: connection.scalar(query)) is not None

    async def judge(
        self,
        turn: str,
        verdict: Verdict,
        by: str,
        *,
        author: str | None = None,
        draft: Draft | None = None,
    ) -> int:
        """Judge what waits on a turn, of all its readers or of one (the author's key); of how many.

        ``by`` is the operator's key. A better answer that is approved may be taught: as ``draft``
        has it, else as the reader wrote it (an expert's before others', then the latest). What a
        reader says afterwards waits again. Raises NotFoundError where nothing waits,
        JudgedBeforeError where that is because it was judged, UsageError for a draft that is too
        long.
        """
        at = self._clock()
        draft = (draft or Draft()).checked()

        def op(connection: sa.Connection) -> int:
            found = _locked(connection, turn, author)
            if not found:
                raise _why_not(connection, turn, author)
            last = max(at, *(row.updated_at for row in found))
            return self._judge_in(connection, found, verdict, by, draft, last)

        return await self._db.write(op)

    async def judge_all(
        self, words: Sequence[tuple[str, str]], verdict: Verdict, by: str
    ) -> list[tuple[str, str]]:
        """Judge words (turn, author's key) in one go, with an audit entry for each; those that
        still waited. Nothing but a thumb down can be a gap."""
        at = self._clock()

        def op(connection: sa.Connection) -> list[tuple[str, str]]:
            waiting = [(pair, _locked(connection, *pair)) for pair in sorted(set(words))]
            if verdict is Verdict.GAP:
                waiting = [(p, [r for r in rows if r.rating == "down"]) for p, rows in waiting]
            last = max((at, *(row.updated_at for _, rows in waiting for row in rows)))
            for _, rows in waiting:
                if rows:
                    self._judge_in(connection, rows, verdict, by, Draft(), last)
            return [pair for pair, rows in waiting if rows]

        return await self._db.write(op)

    def _judge_in(
        self,
        connection: sa.Connection,
        found: Sequence[sa.Row[Any]],
        verdict: Verdict,
        by: str,
        draft: Draft,
        at: datetime,
    ) -> int:
        """Judge words on one turn, with the entry of the audit trail; how many."""
        turn = found[0].turn_id
        rows: list[dict[str, Any]] = [
            {"turn_id": turn, "author": row.author, "verdict": verdict.value, "by": by, "at": at}
            for row in found
        ]
        new = insert(connection, reviews)
        upsert = new.on_conflict_do_update(
            index_elements=["turn_id", "author"],
            set_={name: new.excluded[name] for name in ("verdict", "by", "at")},
        )
        connection.execute(upsert, rows)
        if verdict is Verdict.APPROVED:
            self._teach_in(connection, turn, by, found, draft, at)
        told = {"action": f"correction {verdict}", "actor": by, "subject": turn}
        authors = [row["author"] for row in rows]
        self._audit.append_in(connection, "operator", {**told, "authors": authors})
        return len(rows)

    def _teach_in(
        self,
        connection: sa.Connection,
        turn: str,
        by: str,
        said: Sequence[sa.Row[Any]],
        draft: Draft,
        at: datetime,
    ) -> None:
        """Keep the better answer, where there is one."""
        better = [row for row in said if row.correction]
        best = max(better, key=lambda row: (row.expert, row.updated_at), default=None)
        if draft.text and (best is None or draft.text != best.correction.strip()):
            self._rewrites.put_in(connection, turn, Verdict.APPROVED, by, draft, at=at)
        elif best is not None:
            taught = Draft(best.correction.strip(), draft.prompt)
            approved, whose = Verdict.APPROVED, best.author
            self._rewrites.put_in(connection, turn, approved, by, taught, whose, at=at)


def _waits(turn: str, author: str | None) -> sa.ColumnElement[bool]:
    here = sa.and_(feedback.c.turn_id == turn, to_look_at)
    return here if author is None else sa.and_(here, feedback.c.author == author)


def _locked(connection: sa.Connection, turn: str, author: str | None) -> Sequence[sa.Row[Any]]:
    """What waits on a turn. Locked first and read then: who waited for the lock sees what the other
    one said meanwhile."""
    here = feedback.c.turn_id == turn
    connection.execute(sa.select(feedback.c.turn_id).where(here).with_for_update())
    return connection.execute(sa.select(feedback).where(_waits(turn, author))).all()


def _why_not(connection: sa.Connection, turn: str, author: str | None) -> NotFoundError:
    """Why nothing of a turn waits."""
    query = sa.select(reviews.c.verdict, reviews.c.by).where(reviews.c.turn_id == turn)
    if author is not None:
        query = query.where(reviews.c.author == author)
    row = connection.execute(query.order_by(reviews.c.at.desc()).limit(1)).one_or_none()
    if row is None:
        return NotFoundError(kind="turn that waits for review", id=turn)
    return JudgedBeforeError(turn=turn, verdict=word_of(Verdict(row.verdict)), by=row.by)
