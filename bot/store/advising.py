"""What the bot's own records say on retrieval and fine-tuning; nothing is written."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime

import sqlalchemy as sa

from bot.advisor.evidence import Checked, Traffic
from bot.store.base import Database
from bot.store.cost_tables import is_repeated
from bot.store.costs import CostBook
from bot.store.review_tables import rewrites
from bot.store.tables import audit, feedback, is_unhappy, reviews, turns

_DAYS = 30
_TURNS = 2000
"""The latest turns whose sentences are counted: their rows are wide."""

_ABOUT_STYLE = re.compile(
    r"\b(?:tone|style|voice|rude|hard to read|unfriendly|friendly|wordy|too (?:long|short|formal|"
    r"casual|stiff)|wording|phras\w*|off.brand|cold|robotic|jargon|polite\w*|impolite|unclear|"
    r"confusing|format\w*)\b"
)
_ABOUT_FACTS = re.compile(
    r"\b(?:wrong|out of date|outdated|incomplete|not correct|incorrect|false|missing|mistaken|"
    r"untrue|not true|inaccurate|made up|invented|old|error|stale)\b"
)

_reasons = (
    sa.select(sa.func.lower(feedback.c.reason).label("reason"), sa.func.count().label("n"))
    .where(is_unhappy, feedback.c.reason != sa.literal_column("''"))
    .group_by(sa.func.lower(feedback.c.reason))
)
_latest = (
    sa.select(turns.c.route, turns.c.claims, turns.c.rejected)
    .where(~is_repeated)
    .order_by(turns.c.at.desc(), turns.c.id.desc())
    .limit(_TURNS)
)
_approved = (
    sa.select(rewrites.c.turn_id)
    .where(rewrites.c.verdict == "approved")
    .union(
        sa.select(reviews.c.turn_id).where(reviews.c.verdict == "approved"),
        sa.select(feedback.c.turn_id).where(feedback.c.expert, feedback.c.correction != ""),
    )
)


def kind_of_reason(reason: str) -> str | None:
    """``style`` or ``facts``: what an unhappy reader's reason is about; ``None``: neither."""
    folded = reason.casefold()
    if _ABOUT_FACTS.search(folded):
        return "facts"
    return "style" if _ABOUT_STYLE.search(folded) else None


class AdvisingBook:
    """The records in a database, as the advisor reads them."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def reasons(self) -> tuple[int, int]:
        """Of all unhappy answers with a telling reason: about style, about facts."""

        def op(connection: sa.Connection) -> tuple[int, int]:
            found = {"style": 0, "facts": 0}
            for row in connection.execute(_reasons):
                kind = kind_of_reason(row.reason)
                if kind is not None:
                    found[kind] += row.n
            return found["style"], found["facts"]

        return await self._db.read(op)

    async def checked(self) -> dict[str, Checked]:
        """Sentences of the latest turns by route: how many were checked, how many failed, be it
        that they were shown or left out."""

        def op(connection: sa.Connection) -> dict[str, Checked]:
            return _counted(
                (row.route, row.claims, row.rejected) for row in connection.execute(_latest)
            )

        return await self._db.read(op)

    async def traffic(self, now: datetime) -> Traffic:
        """The last 30 days, or as many as there are turns of; at least one."""
        report = await CostBook(self._db).report(now, _DAYS)
        first = next((day for day, costs in report.by_day.items() if costs.turns), None)
        if first is None:
            return Traffic()
        total = report.total
        days = (now.date() - first).days + 1
        return Traffic(total.turns, total.tokens, total.cost_usd, float(days))

    async def examples(self) -> int:
        """Turns with an answer that an operator or an expert approved."""
        query = sa.select(sa.func.count()).select_from(_approved.subquery())
        return await self._count(query)

    async def forgotten(self) -> int:
        """Erasures that were carried out."""
        query = sa.select(sa.func.count()).where(audit.c.kind == "erasure")
        return await self._count(query)

    async def _count(self, query: sa.Select[int]) -> int:
        return await self._db.read(lambda connection: connection.execute(query).scalar_one())


def _counted(
    found: Iterable[tuple[str, list[dict[str, object]], list[object]]],
) -> dict[str, Checked]:
    sums: dict[str, Checked] = {}
    for route, claims, rejected in found:
        before = sums.get(route, Checked())
        failed = sum(not claim["supported"] for claim in claims) + len(rejected)
        sums[route] = Checked(before.claims + len(claims) + len(rejected), before.failed + failed)
    return sums
