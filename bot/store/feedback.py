"""Ratings, reasons and corrections: one entry for each turn and author."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from bot.conversation import Author, Feedback, Platform, Rating
from bot.errors import NotFoundError, UsageError
from bot.store.base import Database, insert
from bot.store.review_queue import latest_first, next_in
from bot.store.review_tables import rewrites
from bot.store.tables import feedback, is_unhappy, reviews, to_look_at, turns
from bot.store.timing import utc_now
from bot.store.turns import author_of, texts_in


@dataclass(frozen=True, slots=True)
class RatedTurn:
    """One rating with what it was given for; ``author`` is the key, like ``slack:U024BE7LH``."""

    turn: str
    platform: Platform
    author: str
    rating: Rating
    reason: str
    correction: str
    question: str
    answer: str
    created_at: datetime
    updated_at: datetime
    expert: bool

    @property
    def place(self) -> Place:
        """Where a page ends that it is the last one of."""
        return Place(self.updated_at, self.turn, self.author)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page of ratings ends: the last one on it."""

    at: datetime
    turn: str
    author: str


_later = feedback.alias("later")
_liked = sa.and_(
    feedback.c.rating == Rating.UP.value,
    feedback.c.correction == "",
    ~sa.exists().where(
        _later.c.turn_id == feedback.c.turn_id, _later.c.rating == Rating.DOWN.value
    ),
    ~sa.exists().where(rewrites.c.turn_id == feedback.c.turn_id),
)
_unhappy = sa.select(sa.func.count()).select_from(feedback).where(is_unhappy).scalar_subquery()
_judged = (
    sa.select(sa.func.count())
    .select_from(reviews)
    .where(  # begun with the verdicts, which are fewer
        sa.exists().where(
            feedback.c.turn_id == reviews.c.turn_id,
            feedback.c.author == reviews.c.author,
            feedback.c.updated_at <= reviews.c.at,
            is_unhappy,
        )
    )
    .scalar_subquery()
)
_waiting = sa.select(_unhappy - _judged)
"""Of all feedback what waits: an index is counted, and what operators judged taken off, so that
nobody looks for a verdict on every thumb."""


def _of(turn: str, which: sa.ColumnElement[bool], without: Collection[str] = ()) -> sa.Select[Any]:
    """Feedback of a kind, of all turns but some, or of one."""
    query = sa.select(feedback).where(which)
    if without:
        query = query.where(feedback.c.turn_id.not_in(sorted(without)))
    return query.where(feedback.c.turn_id == turn) if turn else query


def _feedback_of(row: sa.Row[Any]) -> Feedback:
    return Feedback(
        turn=row.turn_id,
        author=author_of(row.author, row.author_name),
        rating=Rating(row.rating),
        reason=row.reason,
        correction=row.correction,
        expert=row.expert,
    )


LONGEST_CORRECTION = 20_000
"""Characters of a better answer."""


class FeedbackBook:
    """The feedback in a database."""

    def __init__(self, db: Database, clock: Callable[[], datetime] = utc_now) -> None:
        self._db = db
        self._clock = clock

    async def rate(self, feedback_: Feedback) -> None:
        """Keep what an author thinks of a turn; the last word counts. Raises NotFoundError.

        The same thumb again without words changes nothing: a reaction after a form is no taking
        back, and nothing new to review. Raises UsageError for a better answer that is too long.
        """
        if len(feedback_.correction) > LONGEST_CORRECTION:
            raise UsageError(
                f"The better answer has {len(feedback_.correction):,} characters; write at most"
                f" {LONGEST_CORRECTION:,}."
            )
        given = {
            "turn_id": feedback_.turn,
            "author": feedback_.author.key,
            "author_name": feedback_.author.name,
            "rating": feedback_.rating.value,
            "reason": feedback_.reason,
            "correction": feedback_.correction,
            "expert": feedback_.expert,
            "updated_at": self._clock(),
        }

        def op(connection: sa.Connection) -> None:
            known = sa.select(turns.c.cached_from).where(turns.c.id == feedback_.turn)
            first = connection.scalar(known)
            if first is None:
                raise NotFoundError(kind="turn", id=feedback_.turn)
            new = insert(connection, feedback)
            again = new.excluded
            silent = sa.and_(
                feedback.c.rating == again.rating, again.reason == "", again.correction == ""
            )
            changed: dict[str, sa.ColumnElement[Any]] = {
                name: again[name] for name in given if name not in ("turn_id", "author")
            }
            for name in ("reason", "correction", "expert", "updated_at"):
                changed[name] = sa.case((silent, feedback.c[name]), else_=again[name])
            upsert = new.on_conflict_do_update(index_elements=["turn_id", "author"], set_=changed)
            row = {**given, "created_at": given["updated_at"], "origin": first or feedback_.turn}
            connection.execute(upsert, row)

        await self._db.write(op)

    async def take_back(self, turn: str, author: Author) -> None:
        """Forget what an author said of a turn; nothing to forget is no error."""
        gone = sa.delete(feedback).where(
            feedback.c.turn_id == turn, feedback.c.author == author.key
        )
        await self._db.write(lambda connection: connection.execute(gone).rowcount)

    async def of(self, turn: str) -> list[Feedback]:
        """All feedback on a turn, oldest first."""
        return (await self.of_many([turn]))[turn]

    async def of_many(self, turns: Sequence[str]) -> dict[str, list[Feedback]]:
        """All feedback on each of some turns, oldest first, in one query; every turn has an
        entry. Meant for a page of them: databases bound the number of values in a query."""
        query = (
            sa.select(feedback)
            .where(feedback.c.turn_id.in_(turns))
            .order_by(feedback.c.created_at, feedback.c.author)
        )

        def op(connection: sa.Connection) -> dict[str, list[Feedback]]:
            found: dict[str, list[Feedback]] = {turn: [] for turn in turns}
            for row in connection.execute(query):
                found[row.turn_id].append(_feedback_of(row))
            return found

        return await self._db.read(op) if turns else {}

    async def downs_in_thread(self, conversation: str) -> int:
        """How many turns of a thread ended with a thumb down: the last word of anybody on them."""
        query = (
            sa.select(sa.func.count(sa.distinct(feedback.c.turn_id)))
            .join(turns, turns.c.id == feedback.c.turn_id)
            .where(
                turns.c.thread_id == conversation,
                feedback.c.rating == Rating.DOWN.value,
                ~sa.exists().where(
                    _later.c.turn_id == feedback.c.turn_id,
                    _later.c.updated_at > feedback.c.updated_at,
                ),
            )
        )
        return await self._db.read(lambda connection: connection.scalar(query)) or 0

    async def listing(
        self, limit: int | None = None, after: Place | None = None
    ) -> list[RatedTurn]:
        """All ratings with their turn, the latest word first: those behind the place ``after``."""
        query = sa.select(feedback).order_by(*latest_first).limit(limit)
        if after is not None:
            same = feedback.c.turn_id == after.turn
            query = query.where(
                feedback.c.updated_at <= after.at,
                sa.or_(
                    feedback.c.updated_at < after.at,
                    feedback.c.turn_id < after.turn,
                    sa.and_(same, feedback.c.author > after.author),
                ),
            )
        return await self._rated(query)

    async def to_review(
        self,
        limit: int | None = None,
        offset: int = 0,
        turn: str = "",
        without: Collection[str] = (),
    ) -> list[RatedTurn]:
        """What a reviewer looks at, as long as it has no verdict: better answers by experts first,
        then thumbs down, then corrections that came with a thumb up, the latest word first in
        each; with ``turn`` what was said of that one, never of those in ``without``."""
        return await self._db.read(lambda c: _rated_in(c, next_in(c, limit, offset, turn, without)))

    async def liked(
        self,
        limit: int | None = None,
        offset: int = 0,
        turn: str = "",
        without: Collection[str] = (),
    ) -> list[RatedTurn]:
        """Thumbs up on answers that no operator has judged and nobody found wanting, the latest
        first: what may be approved as it is; with ``turn`` those of that one, never of those in
        ``without``."""
        query = _of(turn, _liked, without).order_by(*latest_first)
        return await self._rated(query.limit(limit).offset(offset))

    async def waiting(self) -> int:
        """How many wait for a reviewer."""
        return await self._db.read(lambda connection: connection.scalar(_waiting)) or 0

    async def counts(self, of: Collection[str] | None = None) -> tuple[int, int]:
        """How many wait for a reviewer, and how many are liked; ``of`` some turns alone."""
        here = sa.true() if of is None else feedback.c.turn_id.in_(sorted(of))
        waiting, liked = (
            sa.select(sa.func.count()).select_from(feedback).where(which, here).scalar_subquery()
            for which in (to_look_at, _liked)
        )
        query = sa.select(_waiting.scalar_subquery() if of is None else waiting, liked)
        row = await self._db.read(lambda connection: connection.execute(query).one())
        return row[0], row[1]

    async def still_wait(self, of: Collection[str]) -> set[str]:
        """Those of some turns that wait for a reviewer, or are liked."""
        query = sa.select(feedback.c.turn_id).where(
            feedback.c.turn_id.in_(sorted(of)), sa.or_(to_look_at, _liked)
        )
        return await self._db.read(lambda connection: set(connection.scalars(query)))

    async def _rated(self, query: sa.Select[Any]) -> list[RatedTurn]:
        return await self._db.read(lambda c: _rated_in(c, c.execute(query).all()))


def _rated_in(connection: sa.Connection, rows: Sequence[sa.Row[Any]]) -> list[RatedTurn]:
    """Ratings with what they were given for."""
    said = texts_in(connection, list({row.turn_id for row in rows}))
    return [
        RatedTurn(
            turn=row.turn_id,
            platform=author_of(row.author).platform,
            author=row.author,
            rating=Rating(row.rating),
            reason=row.reason,
            correction=row.correction,
            question=said[row.turn_id][0],
            answer=said[row.turn_id][1],
            created_at=row.created_at,
            updated_at=row.updated_at,
            expert=row.expert,
        )
        for row in rows
    ]
