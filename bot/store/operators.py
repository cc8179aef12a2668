"""Operators that are known: who opened the console lately, and may do more than look.

Their deeds in the audit trail are looked through once in the life of a process, then the new ones
alone. What is remembered is where it says that somebody came: who that was is read each time, so
that whoever is forgotten is forgotten here as well.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import sqlalchemy as sa

from bot.store.audit_chain import parsed
from bot.store.remembered import Remembered
from bot.store.tables import audit, audit_contents

if TYPE_CHECKING:
    from bot.store.audit import AuditTrail

OPENED = "console opened"
"""The deed in the audit trail that gives a key its name and its role."""

VIEWER = "viewer"

_AT_ONCE = 2_000
"""Deeds that are looked through with one question, so that none holds the database for long."""
_BATCH = 400

_of_operators = audit.c.kind == sa.literal_column("'operator'")
_says_so = audit_contents.c.content.contains(f'"action":"{OPENED}"', autoescape=True)


@dataclass(frozen=True, slots=True)
class KnownOperator:
    """Somebody who opened the console: their key, what people call them, their role then."""

    key: str
    name: str
    role: str


@dataclass(frozen=True, slots=True)
class _Looked:
    """The deeds from a moment on up to the ``last``, and the ``places`` at which somebody came the
    last time they did, the latest first."""

    since: datetime
    last: int = 0
    places: Sequence[int] = ()


@dataclass
class _Memory:
    """What was looked through last."""

    looked: _Looked | None = None


_memories = Remembered(_Memory)


class Operators:
    """Who opened the console, as the audit trail says."""

    def __init__(self, trail: AuditTrail) -> None:
        self._trail = trail
        self._memory = _memories.of(trail)

    async def known(self, since: datetime) -> list[KnownOperator]:
        """Who opened the console since a moment, as they came the last time, the latest first."""
        before = self._memory.looked
        if before is None or since < before.since:
            before = _Looked(since)
        newer, last = await self._opened(since, before.last)
        found = await self._who([*newer, *before.places], since)
        self._memory.looked = _Looked(since, last, list(found))
        return list(found.values())

    async def _opened(self, since: datetime, after: int) -> tuple[list[int], int]:
        """Where behind a place, and since a moment, it says that somebody came, the latest first;
        and the place of the last deed."""
        places: list[int] = []
        last, before = after, None
        while True:
            page = await self._trail.read(
                lambda c, workspace, before=before: _page(c, workspace, since, after, before)  # type: ignore[misc]  # bound now
            )
            places += page.opened
            last = max(last, page.last)
            if not page.goes_on:
                return places, last
            before = page.first

    async def _who(self, places: Sequence[int], since: datetime) -> dict[int, KnownOperator]:
        """Who came the last time they did, by place."""
        found: dict[int, KnownOperator] = {}
        seen: set[str] = set()
        for begun in range(0, len(places), _BATCH):
            some = places[begun : begun + _BATCH]
            told = await self._trail.read(
                lambda c, workspace, some=some: _contents(c, workspace, since, some)  # type: ignore[misc]  # bound now
            )
            for place in some:
                content = parsed(told[place]) if place in told else None
                key, name, role = (
                    str((content or {}).get(each, "")) for each in ("actor", "name", "role")
                )
                if name and key not in seen:  # nobody is left of who was forgotten
                    seen.add(key)
                    found[place] = KnownOperator(key, name, role)
        return found


@dataclass(frozen=True, slots=True)
class _Page:
    """Deeds from ``first`` to ``last``, and where among them somebody came; ``goes_on``: there may
    be older ones that are wanted."""

    opened: Sequence[int]
    first: int
    last: int
    goes_on: bool


def _page(
    connection: sa.Connection, workspace: str, since: datetime, after: int, before: int | None
) -> _Page:
    deeds = sa.select(audit.c.sequence, audit.c.at).where(
        audit.c.workspace == workspace, _of_operators, audit.c.sequence > after
    )
    if before is not None:
        deeds = deeds.where(audit.c.sequence < before)
    latest = deeds.order_by(audit.c.sequence.desc()).limit(_AT_ONCE).subquery("latest")
    edges = sa.select(
        sa.func.min(latest.c.sequence).label("first"),
        sa.func.max(latest.c.sequence).label("last"),
        sa.func.count().label("deeds"),
        sa.func.count(sa.case((latest.c.at >= since, 1))).label("wanted"),
    )
    here = connection.execute(edges).one()
    if not here.wanted:
        return _Page((), 0, here.last or 0, goes_on=False)
    opened = (
        sa.select(latest.c.sequence)
        .join_from(latest, audit_contents, audit_contents.c.sequence == latest.c.sequence)
        .where(audit_contents.c.workspace == workspace, latest.c.at >= since, _says_so)
        .order_by(latest.c.sequence.desc())
    )
    places = list(connection.scalars(opened))
    return _Page(places, here.first, here.last, goes_on=here.deeds == _AT_ONCE)


def _contents(
    connection: sa.Connection, workspace: str, since: datetime, places: Sequence[int]
) -> dict[int, str]:
    """What the entries at some places say, of those since a moment."""
    query = (
        sa.select(audit.c.sequence, audit_contents.c.content)
        .join(
            audit_contents,
            (audit_contents.c.workspace == audit.c.workspace)
            & (audit_contents.c.sequence == audit.c.sequence),
        )
        .where(audit.c.workspace == workspace, audit.c.sequence.in_(places), audit.c.at >= since)
    )
    return {row.sequence: row.content for row in connection.execute(query)}
