"""What the bot's own records say on retrieval and fine-tuning; nothing is written."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from bot.advisor.evidence import Duties, Traffic
from bot.conversation import Rating
from bot.store.base import Database
from bot.store.chat_tables import consent
from bot.store.cost_tables import is_repeated
from bot.store.costs import CostBook, Costs
from bot.store.remembered import Remembered
from bot.store.review_tables import rewrites
from bot.store.standing import Standing, standing, stands
from bot.store.tables import audit, audit_contents, feedback, reviews, turns
from bot.store.timing import utc_now

_DAYS = 30
_TURNS = 2000
"""The latest turns whose sentences are counted: their rows are wide."""

_RATINGS = 5000
"""The latest ratings that are counted: as large a share of a year's is known to two points."""

_ABOUT_STYLE = re.compile(
    r"\b(?:tone|style|voice|rude|hard to read|unfriendly|friendly|wordy|too (?:long|short|formal|"
    r"casual|stiff)|wording|phras\w*|off.brand|cold|robotic|jargon|polite\w*|impolite|unclear|"
    r"confusing|format\w*)\b"
)
_ABOUT_FACTS = re.compile(
    r"\b(?:wrong|out of date|outdated|incomplete|not correct|incorrect|false|missing|mistaken|"
    r"untrue|not true|inaccurate|made up|invented|old|error|stale)\b"
)

_newest = (
    sa.select(
        feedback.c.turn_id,
        feedback.c.rating,
        feedback.c.correction,
        sa.func.lower(feedback.c.reason).label("reason"),
    )
    .order_by(feedback.c.updated_at.desc(), feedback.c.turn_id.desc())
    .limit(sa.bindparam("most", type_=sa.Integer))
    .subquery("newest")
)
_reasons = (
    sa.select(_newest.c.reason, sa.func.count().label("n"))
    .where(
        sa.or_(
            _newest.c.rating == Rating.DOWN.value, _newest.c.correction != sa.literal_column("''")
        ),
        _newest.c.reason != sa.literal_column("''"),
    )
    .group_by(_newest.c.reason)
)
_latest = (
    sa.select(turns.c.route, turns.c.claims, turns.c.rejected)
    .where(~is_repeated)
    .order_by(turns.c.at.desc(), turns.c.id.desc())
    .limit(_TURNS)
)
_rated = sa.select(_newest.c.turn_id, _newest.c.rating).where(
    _newest.c.rating.in_([Rating.UP.value, Rating.DOWN.value])
)
_taken_by_all = sa.select(turns.c.id, turns.c.route).select_from(
    _newest.join(turns, turns.c.id == _newest.c.turn_id)
)
_taken_by = sa.select(turns.c.id, turns.c.route).where(
    turns.c.id.in_(sa.bindparam("ids", expanding=True))
)
_LOOKED_UP = 400
"""Turns that are looked up by their ids; of more, all are read again."""

_erasures = (
    sa.select(sa.func.count())
    .select_from(
        audit.join(
            audit_contents,
            (audit_contents.c.workspace == audit.c.workspace)
            & (audit_contents.c.sequence == audit.c.sequence),
        )
    )
    .where(
        audit.c.kind == sa.literal_column("'operator'"),
        audit_contents.c.content.contains('"action":"person forgotten"', autoescape=True),
    )
)
"""Deeds, not entries of kind ``erasure``: of these one person leaves many, and retention too."""
_later = consent.alias("later")
_last_word = ~sa.exists().where(
    _later.c.author == consent.c.author,
    _later.c.id > consent.c.id,
    # One for everywhere takes back those for channels.
    sa.or_(_later.c.channel == consent.c.channel, _later.c.channel == sa.literal_column("''")),
)
_opted_out = sa.select(sa.func.count(consent.c.author.distinct())).where(
    ~consent.c.allowed, _last_word
)
_kept_back = (
    sa.select(turns.c.withheld).order_by(turns.c.at.desc(), turns.c.id.desc()).limit(_TURNS)
)
_approved = (
    sa.select(rewrites.c.turn_id)
    .where(rewrites.c.verdict == "approved")
    .union(
        sa.select(reviews.c.turn_id).where(reviews.c.verdict == "approved"),
        sa.select(feedback.c.turn_id).where(feedback.c.expert, feedback.c.correction != ""),
    )
)


_WORDS = (feedback.c.updated_at, reviews.c.at, rewrites.c.at)
"""What readers and operators said, each with the moment that changes with it."""


@dataclass
class _Memory:
    """The routes of rated turns, which do not change; and how many examples there were of which
    words."""

    routes: dict[str, str] = field(default_factory=dict)
    examples: tuple[Standing, int] | None = None


_memories = Remembered(_Memory)


@dataclass(frozen=True, slots=True)
class Checked:
    """Sentences of one route that the check looked at; ``failed`` did not pass it, shown or not."""

    claims: int = 0
    failed: int = 0


def kind_of_reason(reason: str) -> str | None:
    """``style`` or ``facts``: what an unhappy reader's reason is about; ``None``: neither."""
    folded = reason.casefold()
    if _ABOUT_FACTS.search(folded):
        return "facts"
    return "style" if _ABOUT_STYLE.search(folded) else None


class AdvisingBook:
    """The records in a database, as the advisor reads them."""

    def __init__(
        self,
        db: Database,
        ratings: int = _RATINGS,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self._db = db
        self._clock = clock
        self._ratings = {"most": ratings}
        self._memory = _memories.of(db)

    async def reasons(self) -> tuple[int, int]:
        """Of the latest ratings those unhappy with a telling reason: about style, about facts."""

        def op(connection: sa.Connection) -> tuple[int, int]:
            found = {"style": 0, "facts": 0}
            for row in connection.execute(_reasons, self._ratings):
                kind = kind_of_reason(row.reason)
                if kind is not None:
                    found[kind] += row.n
            return found["style"], found["facts"]

        return await self._db.read(op)

    async def latest_ratings(self) -> int | None:
        """How many ratings are counted, the latest, where there are older ones; ``None``: all."""
        most = self._ratings["most"]
        more = sa.select(feedback.c.turn_id).limit(most + 1).subquery()
        there = await self._count(sa.select(sa.func.count()).select_from(more))
        return most if there > most else None

    async def checked(self) -> dict[str, Checked]:
        """Sentences of the latest turns by route: how many were checked, how many failed, be it
        that they were shown or left out."""

        def op(connection: sa.Connection) -> dict[str, Checked]:
            return _counted(
                (row.route, row.claims, row.rejected) for row in connection.execute(_latest)
            )

        return await self._db.read(op)

    async def thumbs(self) -> dict[str, tuple[int, int]]:
        """Thumbs up and all thumbs of the latest ratings, by the route of the answer."""

        known = self._memory.routes

        def op(connection: sa.Connection) -> tuple[Counter[tuple[str, str]], dict[str, str]]:
            rated = [(turn, rating) for turn, rating in connection.execute(_rated, self._ratings)]
            ids = {turn for turn, _ in rated}
            routes = {id_: known[id_] for id_ in ids if id_ in known}
            if missing := sorted(ids - routes.keys()):
                query: sa.Select[Any] = _taken_by
                of: Mapping[str, Any] = {"ids": missing}
                if len(missing) > _LOOKED_UP:
                    query, of = _taken_by_all, self._ratings
                routes.update((id_, route) for id_, route in connection.execute(query, of))
            return Counter((routes[id_], rating) for id_, rating in rated if id_ in routes), routes

        counted, self._memory.routes = await self._db.read(op)
        up, down = Rating.UP.value, Rating.DOWN.value
        return {
            route: (counted[route, up], counted[route, up] + counted[route, down])
            for route in sorted({route for route, _ in counted})
        }

    async def traffic(self, now: datetime) -> tuple[Traffic, Mapping[str, Costs]]:
        """The last 30 days, or as many as there are turns of, at least one; with the tokens of each
        model."""
        report = await CostBook(self._db).report(now, _DAYS, beside=False)
        first = next((day for day, costs in report.by_day.items() if costs.turns), None)
        if first is None:
            return Traffic(), {}
        total = report.total
        days = (now.date() - first).days + 1
        traffic = Traffic(total.turns, total.tokens, total.cost_usd, float(days))
        return traffic, report.by_model

    async def examples(self) -> int:
        """Turns with an answer that an operator or an expert approved."""
        before, now = self._memory.examples, self._clock()
        query = sa.select(sa.func.count()).select_from(_approved.subquery())

        def op(connection: sa.Connection) -> tuple[Standing, int]:
            if before and stands(connection, _WORDS, now, before[0]):
                return before
            words = standing(connection, _WORDS, now)
            return words, connection.execute(query).scalar_one()

        self._memory.examples = found = await self._db.read(op)
        return found[1]

    async def duties(self) -> Duties:
        """People who were forgotten or opted out, and of the latest answers those for which rights
        kept documents back."""

        def op(connection: sa.Connection) -> Duties:
            kept_back = [bool(found) for found in connection.scalars(_kept_back)]
            return Duties(
                forgotten=connection.execute(_erasures).scalar_one(),
                opted_out=connection.execute(_opted_out).scalar_one(),
                withheld=sum(kept_back),
                answers=len(kept_back),
            )

        return await self._db.read(op)

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
