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
from bot.store.rewrites import Draft, RewriteBook, Verdict
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
        reader says afterwards waits again. Raises NotFoundError where nothing waits, UsageError
        for a draft that is too long.
        """
        at = self._clock()
        draft = (draft or Draft()).checked()

        def op(connection: sa.Connection) -> int:
            query = sa.select(feedback).where(_waits(turn, author))
            found = connection.execute(query.with_for_update()).all()
            if not found:
                raise NotFoundError(kind="turn that waits for review", id=turn)
            rows: list[dict[str, Any]] = [
                {
                    "turn_id": turn,
                    "author": row.author,
                    "verdict": verdict.value,
                    "by": by,
                    "at": max(at, row.updated_at),
                }
                for row in found
            ]
            new = insert(connection, reviews)
            upsert = new.on_conflict_do_update(
                index_elements=["turn_id", "author"],
                set_={name: new.excluded[name] for name in ("verdict", "by", "at")},
            )
            connection.execute(upsert, rows)
            if verdict is Verdict.APPROVED:
                self._teach_in(connection, turn, by, found, draft)
            self._audit.append_in(
                connection,
                "operator",
                {
                    "action": f"correction {verdict}",
                    "actor": by,
                    "subject": turn,
                    "authors": [row["author"] for row in rows],
                },
            )
            return len(rows)

        return await self._db.write(op)

    def _teach_in(
        self,
        connection: sa.Connection,
        turn: str,
        by: str,
        said: Sequence[sa.Row[Any]],
        draft: Draft,
    ) -> None:
        """Keep the better answer, where there is one."""
        better = [row for row in said if row.correction]
        best = max(better, key=lambda row: (row.expert, row.updated_at), default=None)
        if draft.text and (best is None or draft.text != best.correction.strip()):
            self._rewrites.put_in(connection, turn, Verdict.APPROVED, by, draft)
        elif best is not None:
            taught = Draft(best.correction.strip(), draft.prompt)
            self._rewrites.put_in(connection, turn, Verdict.APPROVED, by, taught, best.author)


def _waits(turn: str, author: str | None) -> sa.ColumnElement[bool]:
    here = sa.and_(feedback.c.turn_id == turn, to_look_at)
    return here if author is None else sa.and_(here, feedback.c.author == author)
