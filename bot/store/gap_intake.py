"""What gathers gaps: which turns are new to them, where they go, what has changed since.

A turn belongs to a gap where its question was looked for and not answered: it ended with "I do not
know", was handed to a person, or got a thumb down that nobody has dealt with. A turn with an error
is a fault and no gap; what was no question at all (the route ``voice``, a bare wish for a person)
never counts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from bot.store.base import Database, insert
from bot.store.gap_figures import ANSWERED, MERGED, OPEN, batches, refresh_in
from bot.store.gap_reasons import Why, abstained, handed, number_of, rated
from bot.store.gap_settling import Settled, settled, unsettled
from bot.store.gap_tables import gap_marks, gap_turns, gaps
from bot.store.remembered import Remembered
from bot.store.tables import messages, turns
from bot.store.timing import utc_now


@dataclass(frozen=True, slots=True)
class Unplaced:
    """A turn that belongs to a gap and has none yet."""

    turn: str
    at: datetime
    query: str
    why: Why


@dataclass(frozen=True, slots=True)
class News:
    """Turns to be placed, oldest first, and how far everything was looked through with them."""

    turns: tuple[Unplaced, ...]
    marks: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Vectored:
    """A gap as grouping needs it; ``vector`` is empty where it has to be made anew."""

    id: str
    vector: bytes
    weighed: int
    leader: str
    mergeable: bool


@dataclass(frozen=True, slots=True)
class Grown:
    """A gap that got turns: its vector now; ``leader`` is the turn that begins a new one."""

    id: str
    vector: bytes
    weighed: int
    leader: str = ""


@dataclass
class _Memory:
    settled: Settled | None = None


_memories = Remembered(_Memory)


class GapIntake:
    """Gathers gaps in a database. One process at a time: whoever calls this holds a lease."""

    def __init__(self, db: Database, clock: Callable[[], datetime] = utc_now) -> None:
        self._db = db
        self._clock = clock
        self._memory = _memories.of(db)

    # -- what is new ------------------------------------------------------------------------------

    async def news(self, limit: int) -> News:
        """Turns that belong to a gap and have none, ``limit`` at most of each kind."""
        now = number_of(self._clock())

        def op(connection: sa.Connection) -> News:
            marks = _marks(connection)
            last = connection.scalar(sa.select(sa.func.max(messages.c.id))) or 0
            ways = ((Why.ABSTAINED, abstained, last), (Why.HANDOFF, handed, now))
            found: dict[str, Unplaced] = {}
            for why, look, end in (*ways, (Why.DOWN, rated, now)):
                # Numbers may begin anew where every message was deleted.
                mark = marks.get(why, 0) if marks.get(why, 0) <= end else 0
                rows = connection.execute(look(mark).limit(limit)).all()
                for row in rows:
                    found.setdefault(row.id, Unplaced(row.id, row.at, row.query, why))
                marks[why] = number_of(rows[-1].mark) if len(rows) == limit else end
            return News(tuple(sorted(found.values(), key=lambda u: (u.at, u.turn))), marks)

        return await self._db.read(op)

    async def waiting(self) -> int:
        """How many turns that ended with "I do not know" have no gap yet."""

        def op(connection: sa.Connection) -> int:
            mark = _marks(connection).get(Why.ABSTAINED, 0)
            left = abstained(mark).order_by(None).subquery()
            return connection.scalar(sa.select(sa.func.count()).select_from(left)) or 0

        return await self._db.read(op)

    async def pending(self, model: str) -> bool:
        """Whether there is anything to do at all: who only looks should not have to wait."""
        lost = sa.select(gaps.c.id).where(gaps.c.state != MERGED, _vectorless(model)).limit(1)
        if (await self.news(1)).turns:
            return True
        before, now = self._memory.settled, self._clock()

        def op(connection: sa.Connection) -> tuple[Settled | None, bool]:
            standing = settled(connection, now, before)
            return standing, standing is None or connection.scalar(lost) is not None

        standing, found = await self._db.read(op)
        if standing is not None:
            self._memory.settled = standing
        return found

    async def mark(self, news: News) -> None:
        """Note how far it was looked, where nothing was found."""
        await self._db.write(lambda connection: _note(connection, news.marks))

    # -- placing ----------------------------------------------------------------------------------

    async def vectors(self, model: str) -> list[Vectored]:
        """Every gap that stands for itself; without vectors those that another model made."""
        query = sa.select(gaps).where(gaps.c.state != MERGED).order_by(gaps.c.id)

        def op(connection: sa.Connection) -> list[Vectored]:
            return [
                Vectored(
                    row.id,
                    (row.vector or b"") if row.model == model else b"",
                    row.weighed,
                    row.leader,
                    row.state == OPEN and not row.document,
                )
                for row in connection.execute(query)
            ]

        return await self._db.read(op)

    async def lost(self, model: str, limit: int) -> list[tuple[str, str]]:
        """Gaps whose vector has to be made anew, each with the document that answered it."""
        query = sa.select(gaps.c.id, gaps.c.document).where(gaps.c.state != MERGED)
        query = query.where(_vectorless(model)).order_by(gaps.c.id).limit(limit)
        return await self._db.read(lambda c: [(r.id, r.document) for r in c.execute(query)])

    async def queries(self, ids: Sequence[str]) -> dict[str, str]:
        """What turns were searched for; without those that were erased."""

        def op(connection: sa.Connection) -> dict[str, str]:
            query = sa.select(turns.c.id, turns.c.query).where(turns.c.query != "")
            return {
                row.id: row.query
                for batch in batches(ids)
                for row in connection.execute(query.where(turns.c.id.in_(batch)))
            }

        return await self._db.read(op)

    async def members(self, gap: str, limit: int) -> list[str]:
        """The newest turns of a gap."""
        query = sa.select(gap_turns.c.turn_id).where(gap_turns.c.gap_id == gap)
        newest = query.order_by(gap_turns.c.at.desc(), gap_turns.c.turn_id.desc()).limit(limit)
        return await self._db.read(lambda connection: list(connection.scalars(newest)))

    async def place(
        self,
        news: News,
        homes: Mapping[str, str],
        grown: Sequence[Grown],
        merged: Sequence[tuple[str, str]],
        model: str,
    ) -> None:
        """Keep where turns went (``homes``: turn to gap), and what became of the gaps."""

        def op(connection: sa.Connection) -> None:
            there: set[str] = set()
            for batch in batches(sorted(homes)):
                query = sa.select(turns.c.id).where(turns.c.id.in_(batch), turns.c.query != "")
                there.update(connection.scalars(query))
            _keep_gaps(connection, grown, model)
            rows = [
                {"turn_id": u.turn, "gap_id": homes[u.turn], "at": u.at, "why": u.why.value}
                for u in news.turns
                if u.turn in there
            ]
            if rows:
                connection.execute(insert(connection, gap_turns).on_conflict_do_nothing(), rows)
            erased = [gap for turn, gap in homes.items() if turn not in there]
            for gone, kept in merged:
                if not _merge(connection, gone, kept):
                    erased += [gone, kept]
            _unset(connection, erased)
            refresh_in(connection, [*(g.id for g in grown), *(gone for gone, _ in merged)])
            _note(connection, news.marks)

        await self._db.write(op)

    # -- what has changed -------------------------------------------------------------------------

    async def settle(self) -> int:
        """Bring gaps up to date with what was erased, taken back and approved; how many changed."""
        withdrawn, changed, approved = await self._db.read(unsettled)
        if not (withdrawn or changed or approved):
            return 0

        def op(connection: sa.Connection) -> int:
            for batch in batches([row.turn_id for row in withdrawn]):
                connection.execute(sa.delete(gap_turns).where(gap_turns.c.turn_id.in_(batch)))
            touched = {*changed, *(row.gap_id for row in withdrawn)}
            _unset(connection, sorted(touched))
            for row in approved:
                answered = sa.update(gaps).where(gaps.c.id == row.gap_id, gaps.c.state == OPEN)
                values = {"state": ANSWERED, "document": row.id, "judged_by": row.judged_by}
                connection.execute(answered.values(**values, answered_at=self._clock()))
            touched |= {row.gap_id for row in approved}
            refresh_in(connection, sorted(touched))
            return len(touched)

        return await self._db.write(op)

    async def weigh(self, gap: str, vector: bytes, weighed: int, leader: str, model: str) -> None:
        """Keep a gap's vector that was made anew; empty: there is nothing to make it from."""
        values = {"vector": vector or None, "weighed": weighed, "leader": leader, "model": model}
        change = sa.update(gaps).where(gaps.c.id == gap).values(**values)
        await self._db.write(lambda connection: connection.execute(change).rowcount)


def _marks(connection: sa.Connection) -> dict[str, int]:
    return {row.name: row.number for row in connection.execute(sa.select(gap_marks))}


def _vectorless(model: str) -> sa.ColumnElement[bool]:
    """Without a vector of this model; ``weighed`` is none where it was tried in vain."""
    without = sa.and_(gaps.c.vector.is_(None), gaps.c.weighed > 0)
    return sa.or_(without, gaps.c.model != model)


def _keep_gaps(connection: sa.Connection, grown: Sequence[Grown], model: str) -> None:
    begun = [g for g in grown if g.leader]
    if begun:
        connection.execute(sa.insert(gaps), [_row(g, model) for g in begun])
    change = sa.update(gaps).where(gaps.c.id == sa.bindparam("gap"))
    change = change.values(vector=sa.bindparam("mean"), weighed=sa.bindparam("count"))
    known = [{"gap": g.id, "mean": g.vector, "count": g.weighed} for g in grown if not g.leader]
    if known:
        connection.execute(change, known)


def _row(grown: Grown, model: str) -> dict[str, Any]:
    return {
        "id": grown.id,
        "state": OPEN,
        "merged_into": "",
        "leader": grown.leader,
        "model": model,
        "weighed": grown.weighed,
        "turns": 0,
        "askers": 0,
        "again": 0,
        "heat": 0.0,
        "audiences": [],
        "document": "",
        "judged_by": "",
        "vector": grown.vector,
    }


_owning = (gaps.c.owner, gaps.c.owner_name, gaps.c.taken_at)


def _merge(connection: sa.Connection, gone: str, kept: str) -> bool:
    """Move the turns of one gap into another; not where somebody judged one of them meanwhile.
    Whoever has one of them has what becomes of both; of two owners the kept gap's."""
    both = sa.select(gaps.c.id, *_owning).where(
        gaps.c.id.in_([gone, kept]), gaps.c.state == OPEN, gaps.c.document == ""
    )
    found = {row.id: row for row in connection.execute(both.with_for_update())}
    if len(found) < 2:
        return False
    if found[gone].owner and not found[kept].owner:
        owner = {column.name: getattr(found[gone], column.name) for column in _owning}
        connection.execute(sa.update(gaps).where(gaps.c.id == kept).values(**owner))
    into = sa.update(gap_turns).where(gap_turns.c.gap_id == gone).values(gap_id=kept)
    connection.execute(into)
    connection.execute(sa.update(gaps).where(gaps.c.merged_into == gone).values(merged_into=kept))
    nobody = {"owner": "", "owner_name": "", "taken_at": None}
    values = {"state": MERGED, "merged_into": kept, "vector": None, "leader": "", **nobody}
    connection.execute(sa.update(gaps).where(gaps.c.id == gone).values(**values))
    return True


def _unset(connection: sa.Connection, ids: Sequence[str]) -> None:
    """Drop vectors in which something is that is gone."""
    for batch in batches(ids):
        change = sa.update(gaps).where(gaps.c.id.in_(batch))
        connection.execute(change.values(vector=None, leader=""))


def _note(connection: sa.Connection, marks: Mapping[str, int]) -> None:
    rows = [{"name": str(name), "number": number} for name, number in marks.items()]
    new = insert(connection, gap_marks)
    upsert = new.on_conflict_do_update(
        index_elements=["name"], set_={"number": new.excluded.number}
    )
    connection.execute(upsert, rows)
