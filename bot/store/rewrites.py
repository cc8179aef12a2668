"""Rewrites: what operators made of answers, so that the voice may learn from them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa

from bot.conversation import Role
from bot.errors import NotFoundError, UsageError
from bot.store.audit import AuditTrail
from bot.store.base import Database, insert
from bot.store.forgetting import FORGOTTEN
from bot.store.review_tables import rewrites
from bot.store.tables import messages, reviews, turns
from bot.store.timing import utc_now

LONGEST = 20_000
"""Characters of a rewrite: more is no answer in a chat."""


class Verdict(StrEnum):
    """What an operator makes of a reader's words, or of a person's answer.

    ``GAP``: the reader is right that the answer was wanting, and nobody knows it better yet.
    """

    APPROVED = "approved"
    REJECTED = "rejected"
    GAP = "gap"


@dataclass(frozen=True, slots=True)
class Draft:
    """What an operator writes with an approval: the answer as it should have been, and a neutral
    question for it. Empty: the reader's better answer, or the answer as it was; a made one."""

    text: str = ""
    prompt: str = ""

    def checked(self) -> Draft:
        """Without space around. Raises UsageError for what is too long."""
        if max(len(self.text), len(self.prompt)) > LONGEST:
            raise UsageError(f"An answer has at most {LONGEST} characters; shorten it.")
        return Draft(self.text.strip(), self.prompt.strip())


@dataclass(frozen=True, slots=True)
class Rewrite:
    """An operator's word on an answer.

    Approved, ``text`` is what should have been said; empty: what was said. ``prompt`` is a neutral
    question in the operator's words that stands for the asker's; empty: one is made. ``author`` is
    whose better answer it was, a key; empty: the operator's own. Rejected: nothing of the turn may
    be taught.
    """

    turn: str
    verdict: Verdict
    text: str
    prompt: str
    author: str
    by: str
    at: datetime


class JudgedBeforeError(NotFoundError):
    """It was {verdict} by {by} before, and nothing was changed; take that back to judge it anew."""


@dataclass(frozen=True, slots=True)
class LastVerdict:
    """What an operator did last, so that it can be taken back: the verdict on a ``turn``, and in
    ``turns`` all that got it together with that one."""

    turn: str
    verdict: Verdict
    question: str
    turns: tuple[str, ...] = ()


class RewriteBook:
    """The rewrites in a database, one a turn. Each change is an entry of the audit trail, in the
    same transaction."""

    def __init__(
        self, db: Database, audit: AuditTrail, clock: Callable[[], datetime] = utc_now
    ) -> None:
        self._db = db
        self._audit = audit
        self._clock = clock

    async def of(self, turn: str) -> Rewrite | None:
        """The last word of an operator on a turn."""
        query = sa.select(rewrites).where(rewrites.c.turn_id == turn)
        row = await self._db.read(lambda connection: connection.execute(query).one_or_none())
        if row is None:
            return None
        return Rewrite(
            row.turn_id, Verdict(row.verdict), row.text, row.prompt, row.author, row.by, row.at
        )

    async def last(self, by: str, since: datetime) -> LastVerdict | None:
        """The newest verdict of an operator that still stands, not older than ``since``, with all
        turns that were judged in the same go."""
        mine = sa.union_all(
            sa.select(reviews.c.turn_id, reviews.c.verdict, reviews.c.at, sa.literal(0).label("n"))
            .where(reviews.c.by == by, reviews.c.at >= since),
            sa.select(rewrites.c.turn_id, rewrites.c.verdict, rewrites.c.at, sa.literal(1))
            .where(rewrites.c.by == by, rewrites.c.at >= since),
        ).subquery()  # fmt: skip
        asked = sa.select(messages.c.text).where(
            messages.c.turn_id == mine.c.turn_id, messages.c.role == Role.USER.value
        )
        query = (
            sa.select(
                mine.c.turn_id, mine.c.verdict, mine.c.at,
                asked.scalar_subquery().label("question"),
            )
            .order_by(mine.c.at.desc(), mine.c.n, mine.c.turn_id)
            .limit(1)
        )  # fmt: skip

        def op(connection: sa.Connection) -> LastVerdict | None:
            row = connection.execute(query).one_or_none()
            if row is None:
                return None
            same = sa.select(mine.c.turn_id).where(mine.c.at == row.at).distinct()
            turns = tuple(connection.scalars(same.order_by(mine.c.turn_id)))
            return LastVerdict(row.turn_id, Verdict(row.verdict), row.question or "", turns)

        return await self._db.read(op)

    async def approve(
        self, turn: str, *, by: str, text: str = "", prompt: str = "", first: bool = False
    ) -> None:
        """Let the turn be taught, with another answer or as it was given.

        Raises NotFoundError for an unknown turn, UsageError for an answer that is too long;
        ``first``: JudgedBeforeError where it has an operator's word already.
        """
        draft = Draft(text, prompt).checked()
        at = self._clock()
        await self._db.write(
            lambda c: self._put(c, turn, Verdict.APPROVED, by, draft, at, first=first)
        )

    async def reject(self, turn: str, *, by: str, first: bool = False) -> None:
        """Keep everything of a turn out of training. Raises NotFoundError; ``first``:
        JudgedBeforeError where it has an operator's word already."""
        at = self._clock()
        await self._db.write(
            lambda c: self._put(c, turn, Verdict.REJECTED, by, Draft(), at, first=first)
        )

    async def judge_all(self, turns: Sequence[str], verdict: Verdict, by: str) -> list[str]:
        """Approve turns as they are, or keep them out, in one go with an audit entry for each;
        those that had no operator's word yet."""
        at = self._clock()

        def op(connection: sa.Connection) -> list[str]:
            done = []
            for turn in sorted(set(turns)):
                try:
                    self._put(connection, turn, verdict, by, Draft(), at, first=True)
                except NotFoundError:  # judged before, or gone
                    continue
                done.append(turn)
            return done

        return await self._db.write(op)

    def put_in(
        self,
        connection: sa.Connection,
        turn: str,
        verdict: Verdict,
        by: str,
        draft: Draft,
        author: str = "",
        *,
        at: datetime | None = None,
        first: bool = False,
    ) -> None:
        """Keep a word inside the transaction of a caller who keeps the audit entry;
        ``author`` is the key of the reader whose better answer it is. ``first``: raises
        JudgedBeforeError where there is one."""
        asker = connection.scalar(sa.select(turns.c.author).where(turns.c.id == turn))
        if asker is None or asker.endswith(f":{FORGOTTEN}"):
            raise NotFoundError(kind="turn", id=turn)
        row = {
            "turn_id": turn,
            "verdict": verdict.value,
            "text": draft.text,
            "prompt": draft.prompt,
            "author": author,
            "by": by,
            "at": at or self._clock(),
        }
        new = insert(connection, rewrites)
        if first:
            kept = new.values(row).on_conflict_do_nothing(index_elements=["turn_id"])
            if not connection.execute(kept).rowcount:
                raise _judged_before(connection, turn)
            return
        changed = {name: new.excluded[name] for name in row if name != "turn_id"}
        connection.execute(new.on_conflict_do_update(index_elements=["turn_id"], set_=changed), row)

    def _put(
        self,
        connection: sa.Connection,
        turn: str,
        verdict: Verdict,
        by: str,
        draft: Draft,
        at: datetime,
        *,
        first: bool,
    ) -> None:
        """With its entry of the audit trail."""
        self.put_in(connection, turn, verdict, by, draft, at=at, first=first)
        action = "answer approved as an example"
        if verdict is Verdict.REJECTED:
            action = "turn kept out of training"
        details = {"rewritten": bool(draft.text), "paraphrased": bool(draft.prompt)}
        told = {"action": action, "actor": by, "subject": turn, **details}
        self._audit.append_in(connection, "operator", told)

    async def undo(self, turn: str, *, by: str) -> None:
        """Take back every verdict on a turn: readers' words wait for review again.

        A document that was made of an answer stays; ``documents remove`` takes it back. Raises
        NotFoundError where there is no verdict.
        """

        def op(connection: sa.Connection) -> None:
            mine = rewrites.c.turn_id == turn
            gone = connection.execute(sa.delete(rewrites).where(mine)).rowcount
            words = connection.execute(sa.delete(reviews).where(reviews.c.turn_id == turn)).rowcount
            if not gone + words:
                raise NotFoundError(kind="verdict on turn", id=turn)
            told = {"action": "verdict taken back", "actor": by, "subject": turn}
            self._audit.append_in(connection, "operator", told)

        await self._db.write(op)

    async def undo_own(self, turns: Sequence[str], *, by: str) -> list[str]:
        """Take back what an operator said of some turns, in one go with an audit entry for each:
        readers' words wait again; of which turns. What others said of them stands.

        Raises NotFoundError where nothing of it stands any more.
        """

        def op(connection: sa.Connection) -> list[str]:
            done = []
            for turn in sorted(set(turns)):
                gone = 0
                for table in (rewrites, reviews):
                    own = sa.delete(table).where(table.c.turn_id == turn, table.c.by == by)
                    gone += connection.execute(own).rowcount
                if gone:
                    told = {"action": "verdict taken back", "actor": by, "subject": turn}
                    self._audit.append_in(connection, "operator", told)
                    done.append(turn)
            if not done:
                raise NotFoundError(kind="verdict of yours on turn", id=", ".join(turns)[:80])
            return done

        return await self._db.write(op)


def _judged_before(connection: sa.Connection, turn: str) -> JudgedBeforeError:
    query = sa.select(rewrites.c.verdict, rewrites.c.by).where(rewrites.c.turn_id == turn)
    row = connection.execute(query).one()
    return JudgedBeforeError(turn=turn, verdict=word_of(Verdict(row.verdict)), by=row.by)


def word_of(verdict: Verdict) -> str:
    """A verdict in a sentence: ``approved``, ``rejected``, ``marked as a gap``."""
    return "marked as a gap" if verdict is Verdict.GAP else verdict.value
