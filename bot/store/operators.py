"""Operators that are known: who opened the console lately, and may do more than look."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import sqlalchemy as sa

from bot.store.audit_chain import parsed
from bot.store.tables import audit, audit_contents

if TYPE_CHECKING:
    from bot.store.audit import AuditTrail

OPENED = "console opened"
"""The deed in the audit trail that gives a key its name and its role."""

FAR = 2_000
"""Deeds of operators that are looked through at most, the newest."""

VIEWER = "viewer"


@dataclass(frozen=True, slots=True)
class KnownOperator:
    """Somebody who opened the console: their key, what people call them, their role then."""

    key: str
    name: str
    role: str


async def known_operators(trail: AuditTrail, since: datetime) -> list[KnownOperator]:
    """Who opened the console since a moment, as they came the last time, the latest first."""

    def op(connection: sa.Connection, workspace: str) -> list[KnownOperator]:
        latest = (
            sa.select(audit.c.sequence, audit.c.at)
            .where(audit.c.workspace == workspace, _of_operators)
            .order_by(audit.c.sequence.desc())
            .limit(FAR)
            .subquery()
        )
        query = (
            sa.select(audit_contents.c.content)
            .join_from(latest, audit_contents, audit_contents.c.sequence == latest.c.sequence)
            .where(audit_contents.c.workspace == workspace, latest.c.at >= since)
            .where(audit_contents.c.content.contains(f'"action":"{OPENED}"', autoescape=True))
            .order_by(latest.c.sequence.desc())
        )
        found: dict[str, KnownOperator] = {}
        for content in connection.scalars(query):
            told = parsed(content) or {}
            key, name, role = (str(told.get(each, "")) for each in ("actor", "name", "role"))
            if name:  # nobody is left of who was forgotten
                found.setdefault(key, KnownOperator(key, name, role))
        return list(found.values())

    return await trail.read(op)


_of_operators = audit.c.kind == sa.literal_column("'operator'")
