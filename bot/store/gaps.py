"""Gaps: topics that could not be answered, as an operator sees and judges them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa

from bot.conversation import Role
from bot.errors import NotFoundError
from bot.store.audit import OPERATOR, AuditTrail
from bot.store.base import Database
from bot.store.gap_figures import MERGED, batches, refresh_in
from bot.store.gap_reasons import Why
from bot.store.gap_said import better_in, private_in, replies_in
from bot.store.gap_tables import gap_turns, gaps
from bot.store.tables import messages, turns
from bot.store.timing import utc_now
from bot.store.turns import texts_in


class GapState(StrEnum):
    """What an operator made of a gap."""

    OPEN = "open"
    ANSWERED = "answered"
    DISMISSED = "dismissed"


@dataclass(frozen=True, slots=True)
class Owner:
    """Who has a gap: an operator's ``key``, what people call them, since when."""

    key: str
    name: str
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Gap:
    """A topic that could not be answered.

    ``audiences`` are the groups of those who asked, each set once, the most frequent first.
    ``document`` is what answered it last, at ``answered_at``; ``again`` counts questions since.
    ``owner``: who sees to it, ``None``: nobody.
    """

    id: str
    state: GapState
    turns: int
    askers: int
    first_at: datetime | None
    last_at: datetime | None
    audiences: tuple[frozenset[str], ...]
    document: str
    answered_at: datetime | None
    again: int
    judged_by: str
    owner: Owner | None = None

    @property
    def common(self) -> frozenset[str]:
        """The groups that everybody who asked has."""
        return frozenset.intersection(*self.audiences) if self.audiences else frozenset()

    @property
    def mixed(self) -> bool:
        """Whether those who asked have different groups."""
        return len(self.audiences) > 1


@dataclass(frozen=True, slots=True)
class Asked:
    """One question of a gap; ``query`` is how it was searched for."""

    turn: str
    at: datetime
    why: Why
    platform: str
    audience: frozenset[str]
    question: str
    query: str


@dataclass(frozen=True, slots=True)
class Sample:
    """What names a gap: some of its queries, the newest first, and title and headings of the
    passages that came nearest to the first of them."""

    queries: tuple[str, ...]
    headings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Told:
    """What a person said to a question of a gap: a colleague's reply to a handoff (``handoff`` is
    its id), or a reader's better answer. ``place`` is where a reply was given."""

    turn: str
    at: datetime
    text: str
    handoff: str = ""
    proposal: str = ""
    place: Mapping[str, Any] | None = None
    expert: bool = False


_QUERIES = 8
_hottest = (gaps.c.heat.desc(), gaps.c.id)


def gap_of(row: Any) -> Gap:
    """A gap from its row."""
    return Gap(
        id=row.id,
        state=GapState(row.state),
        turns=row.turns,
        askers=row.askers,
        first_at=row.first_at,
        last_at=row.last_at,
        audiences=tuple(frozenset(groups) for groups in row.audiences),
        document=row.document,
        answered_at=row.answered_at,
        again=row.again,
        judged_by=row.judged_by,
        owner=Owner(row.owner, row.owner_name or row.owner, row.taken_at) if row.owner else None,
    )


class GapBook:
    """The gaps in a database. Each verdict is an entry of the audit trail."""

    def __init__(
        self, db: Database, audit: AuditTrail, clock: Callable[[], datetime] = utc_now
    ) -> None:
        self._db = db
        self._audit = audit
        self._clock = clock

    # -- looking --------------------------------------------------------------------------------

    async def listing(
        self,
        state: GapState | None = None,
        words: Sequence[str] = (),
        *,
        owner: str | None = None,
        limit: int | None = None,
        offset: int = 0,
    ) -> list[Gap]:
        """Gaps, the most asked for first; those with a question that holds all the words.
        ``owner``: the key of who has them, empty for nobody, ``None``: whoever has them."""
        query = sa.select(*_shown).where(gaps.c.state != MERGED)
        if state is not None:
            query = query.where(gaps.c.state == state.value)
        if owner is not None:
            query = query.where(gaps.c.owner == owner)
        if words:
            query = query.where(gaps.c.id.in_(_holding(words)))
        query = query.order_by(*_hottest).limit(limit).offset(offset)
        return await self._db.read(lambda c: [gap_of(row) for row in c.execute(query)])

    async def get(self, id: str) -> Gap:  # noqa: A002 - the word of the store
        """A gap by its id, also by that of one it took in. Raises NotFoundError."""
        return await self._db.read(lambda connection: gap_of(row_in(connection, id)))

    async def of_turn(self, turn: str) -> str:
        """The id of the gap that a turn belongs to; empty: it belongs to none."""
        query = sa.select(gap_turns.c.gap_id).where(gap_turns.c.turn_id == turn)
        return await self._db.read(lambda connection: connection.scalar(query)) or ""

    async def asked(self, id: str, limit: int | None = None) -> list[Asked]:  # noqa: A002
        """The questions of a gap, newest first."""
        query = (
            sa.select(
                gap_turns.c.turn_id, gap_turns.c.at, gap_turns.c.why,
                turns.c.author, turns.c.audience, turns.c.query,
            )
            .join(turns, turns.c.id == gap_turns.c.turn_id)
            .where(gap_turns.c.gap_id == id)
            .order_by(gap_turns.c.at.desc(), gap_turns.c.turn_id.desc())
            .limit(limit)
        )  # fmt: skip

        def op(connection: sa.Connection) -> list[Asked]:
            rows = connection.execute(query).all()
            said = texts_in(connection, [row.turn_id for row in rows])
            return [
                Asked(
                    turn=row.turn_id,
                    at=row.at,
                    why=Why(row.why),
                    platform=row.author.partition(":")[0],
                    audience=frozenset(row.audience),
                    question=said[row.turn_id][0],
                    query=row.query,
                )
                for row in rows
            ]

        return await self._db.read(op)

    async def samples(self, ids: Sequence[str]) -> dict[str, Sample]:
        """What names some gaps; every one has an entry."""

        def op(connection: sa.Connection) -> dict[str, Sample]:
            chosen = {id_: _newest(connection, id_) for id_ in ids}
            queries: dict[str, str] = {}
            for batch in batches(sorted({t for few in chosen.values() for t in few})):
                query = sa.select(turns.c.id, turns.c.query).where(turns.c.id.in_(batch))
                queries.update((row.id, row.query) for row in connection.execute(query))
            near: dict[str, tuple[str, ...]] = {}
            for batch in batches(sorted({few[0] for few in chosen.values() if few})):
                query = sa.select(turns.c.id, turns.c.passages).where(turns.c.id.in_(batch))
                near.update((row.id, _headings(row.passages)) for row in connection.execute(query))
            return {
                id_: Sample(
                    tuple(queries[t] for t in few if queries.get(t)),
                    near.get(few[0], ()) if few else (),
                )
                for id_, few in chosen.items()
            }

        return await self._db.read(op)

    async def told(self, id: str) -> list[Told]:  # noqa: A002
        """What people said to the newest questions of a gap: replies first, then better answers,
        the newest first in each; some of these (:data:`bot.store.gap_said.BETTER`) where they are
        many. Who said "I want a person" after a question got the reply to that."""

        def op(connection: sa.Connection) -> list[Told]:
            return [_reply(row) for row in replies_in(connection, id)] + [
                Told(row.turn_id, row.updated_at, row.correction, expert=row.expert)
                for row in better_in(connection, id)
            ]

        return await self._db.read(op)

    async def told_in_private(self, id: str) -> bool:  # noqa: A002
        """Whether a colleague replied in private to any question of a gap, also where that is too
        long ago to be among what people said."""
        return await self._db.read(lambda connection: private_in(connection, id))

    # -- judging --------------------------------------------------------------------------------

    async def answered(self, id: str, document: str, by: str, groups: Iterable[str]) -> Gap:  # noqa: A002
        """Note that a document answers a gap now; ``by`` is the operator's key, ``groups`` are the
        document's. Raises NotFoundError."""
        values = {"state": GapState.ANSWERED.value, "document": document}
        details = {"document": document, "groups": sorted(groups)}
        return await self._judged(
            id, "gap answered", by, values | {"answered_at": self._clock()}, details
        )

    async def dismissed(self, id: str, by: str) -> Gap:  # noqa: A002
        """Put a gap aside; it is still counted. Raises NotFoundError."""
        return await self._judged(id, "gap dismissed", by, {"state": GapState.DISMISSED.value}, {})

    async def reopened(self, id: str, by: str) -> Gap:  # noqa: A002
        """Take a gap up again, with all its questions: its answer, if it has one, was none.
        Raises NotFoundError."""
        values = {"state": GapState.OPEN.value, "answered_at": None}
        return await self._judged(id, "gap reopened", by, values, {})

    async def _judged(
        self,
        id_: str,
        action: str,
        by: str,
        values: Mapping[str, Any],
        details: Mapping[str, object],
    ) -> Gap:
        def op(connection: sa.Connection) -> Gap:
            found = row_in(connection, id_, lock=True)
            change = sa.update(gaps).where(gaps.c.id == found.id)
            connection.execute(change.values(**values, judged_by=by))
            refresh_in(connection, [found.id])
            changed = gap_of(row_in(connection, found.id))
            content = {"action": action, "actor": by, "subject": found.id, **details}
            self._audit.append_in(connection, OPERATOR, content)
            return changed

        return await self._db.write(op)


_shown = [column for column in gaps.c if column.name != "vector"]


def row_in(connection: sa.Connection, id_: str, *, lock: bool = False) -> Any:
    """The row of a gap, or of the one that took it in. Raises NotFoundError."""
    wanted = id_
    for _ in range(2):  # what was merged names the last one directly
        query = sa.select(*_shown).where(gaps.c.id == wanted)
        row = connection.execute(query.with_for_update() if lock else query).one_or_none()
        if row is None:
            break
        if row.state != MERGED:
            return row
        wanted = row.merged_into
    raise NotFoundError(kind="gap", id=id_)


def _holding(words: Sequence[str]) -> sa.Select[Any]:
    """The gaps with a question that holds all the words."""
    query = sa.select(gap_turns.c.gap_id).join(messages, messages.c.turn_id == gap_turns.c.turn_id)
    query = query.where(messages.c.role == Role.USER.value)
    return query.where(*(messages.c.text.icontains(word, autoescape=True) for word in words))


def _newest(connection: sa.Connection, id_: str) -> list[str]:
    query = sa.select(gap_turns.c.turn_id).where(gap_turns.c.gap_id == id_)
    newest = query.order_by(gap_turns.c.at.desc(), gap_turns.c.turn_id.desc())
    return list(connection.scalars(newest.limit(_QUERIES)))


def _headings(passages: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    found = [h for p in passages for h in (p["chunk"]["title"], *p["chunk"]["headings"]) if h]
    return tuple(dict.fromkeys(found))


def _reply(row: Any) -> Told:
    return Told(
        turn=row.turn_id,
        at=row.answered_at or row.created_at,
        text="\n\n".join(reply["text"] for reply in row.replies),
        handoff=row.id,
        proposal=row.proposal,
        place=row.place,
    )
