"""Answers that may be given again: keys in a database that point to stored turns."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from bot.conversation import Turn
from bot.errors import NotFoundError, WellspokenError
from bot.ports import Clock
from bot.ports_costs import CachedAnswer
from bot.store.base import Database, upsert
from bot.store.cost_tables import answer_cache
from bot.store.history import History
from bot.store.tables import feedback, is_unhappy, turns
from bot.telemetry import log

_SWEPT = 1_000
"""Entries that are too old and removed at once: one sweep is done before anybody notices it."""

# By the answer, not by the turn: whoever got it from here may dislike it as well.
_disliked = sa.exists().where(feedback.c.origin == answer_cache.c.turn_id, is_unhappy)
GOOD = sa.select(answer_cache.c.turn_id).where(
    answer_cache.c.key == sa.bindparam("key"),
    answer_cache.c.kept_at >= sa.bindparam("oldest"),
    ~_disliked,
)
"""The turn under a key whose answer may be given again."""

_there = sa.select(turns.c.id).where(turns.c.id == sa.bindparam("id"))


class AnswerCache:
    """The answer cache in a database; implements :class:`bot.ports_costs.AnswerStore`.

    ``days`` is how long an answer may be given again; ``observe`` hears of each look-up whether it
    found one. Several processes may share it: whoever keeps an answer last is found.
    """

    def __init__(
        self,
        db: Database,
        clock: Clock,
        *,
        days: int = 30,
        observe: Callable[[bool], None] | None = None,
    ) -> None:
        self._db = db
        self._clock = clock
        self._kept_for = timedelta(days=days)
        self._observe = observe
        self._swept_on: datetime | None = None
        self._history = History(db)

    async def find(self, key: str) -> CachedAnswer | None:
        """The answer under a key: not too old, not disliked by anybody who got it, not erased.

        A database that fails is a miss.
        """
        try:
            found = await self._find(key)
        except WellspokenError as error:
            log.warning("the answer cache cannot be read", error=str(error))
            found = None
        if self._observe is not None:
            self._observe(found is not None)
        return found

    async def _find(self, key: str) -> CachedAnswer | None:
        wanted = {"key": key, "oldest": self._clock() - self._kept_for}
        id_ = await self._db.read(lambda connection: connection.scalar(GOOD, wanted))
        if id_ is None:
            return None
        try:
            turn = await self._history.turn(id_)
        except NotFoundError:  # removed this very moment
            return None
        if not turn.answer:  # its asker was forgotten
            return None
        return CachedAnswer(
            turn=turn.id,
            answer=turn.answer,
            citations=turn.citations,
            grounding=turn.grounding,
            model=turn.model,
            saved_usd=turn.usage.cost_usd,
        )

    async def keep(self, key: str, turn: Turn) -> None:
        """Point a key to a stored turn, in place of an older one. A database that fails keeps
        nothing."""
        row = {"key": key, "turn_id": turn.id, "kept_at": self._clock()}

        def op(connection: sa.Connection) -> None:
            if connection.scalar(_there, {"id": turn.id}) is None:
                return  # it could not be stored, or was known under its key already
            connection.execute(upsert(connection, answer_cache, "key", "turn_id", "kept_at"), row)

        try:
            await self._db.write(op)
            await self._sweep()
        except WellspokenError as error:
            log.warning("an answer could not be kept for the next asker", error=str(error))

    async def entries(self) -> int:
        """How many answers are kept, those too old or disliked included."""
        query = sa.select(sa.func.count()).select_from(answer_cache)
        return await self._db.read(lambda connection: connection.scalar(query)) or 0

    async def clear(self) -> int:
        """Forget all answers; how many there were. The turns stay."""
        return await self._db.write(lambda c: c.execute(sa.delete(answer_cache)).rowcount)

    async def _sweep(self) -> None:
        """Once a day, remove entries that are too old, some at a time."""
        now = self._clock()
        if self._swept_on is not None and now - self._swept_on < timedelta(days=1):
            return
        too_old: sa.Select[Any] = (
            sa.select(answer_cache.c.key)
            .where(answer_cache.c.kept_at < now - self._kept_for)
            .order_by(answer_cache.c.kept_at)
            .limit(_SWEPT)
        )
        sweep = sa.delete(answer_cache).where(answer_cache.c.key.in_(too_old))
        gone = await self._db.write(lambda connection: connection.execute(sweep).rowcount)
        if gone < _SWEPT:
            self._swept_on = now
