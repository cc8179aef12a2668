"""The routing of one home, for operators: how it does, what is learned from it, and back again.

The command line and the console share this.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from bot.conversation import Route
from bot.errors import UsageError
from bot.routing.confusion import Confusion
from bot.routing.learning import ENOUGH, Learned, learn, lessons_of
from bot.routing.signs import Source, sign_of
from bot.routing.thresholds import Thresholds
from bot.store.route_book import DoubtfulTurn, RouteBook, RouteShare
from bot.store.routing import RoutingVersion, RoutingVersions
from bot.store.timing import utc_now

if TYPE_CHECKING:
    from bot.store.base import Database

ROUTES = tuple(route.value for route in Route)
_LONGEST_DAYS = 3650


@dataclass(frozen=True, slots=True)
class Lesson:
    """What came of learning: ``version`` is its number where it was kept, ``signs`` counts what
    was known by where it is from, ``left_out`` turns that an older classifier decided."""

    learned: Learned
    signs: Mapping[Source, int]
    left_out: int
    version: int | None = None


def named_route(name: str) -> Route:
    """The route of a word. Raises UsageError."""
    try:
        return Route(name)
    except ValueError as error:
        raise UsageError(f'"{name}" is no route; write one of {", ".join(ROUTES)}.') from error


class RoutingDesk:
    """Routes, labels, thresholds and their versions."""

    def __init__(
        self,
        book: RouteBook,
        versions: RoutingVersions,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self._book = book
        self._versions = versions
        self._clock = clock

    async def live(self) -> Thresholds:
        """The thresholds in force."""
        return await self._versions.live()

    async def versions(self) -> Sequence[RoutingVersion]:
        """Every learned version, the newest first."""
        return await self._versions.listing()

    async def shares(self, days: int) -> Sequence[RouteShare]:
        """How turns of the last days went, by route."""
        return await self._book.shares(self._since(days))

    async def doubtful(self, days: int = 30, limit: int = 20) -> Sequence[DoubtfulTurn]:
        """The closest decisions of the last days without a label."""
        return await self._book.doubtful(self._since(days), limit)

    async def confusion(self) -> Confusion:
        """Labelled turns: right route by decided route."""
        return Confusion.of(await self._book.confusion(), ROUTES)

    async def label(self, turn: str, route: str, by: str) -> None:
        """Say which route a turn should have taken. Raises UsageError, NotFoundError."""
        await self._book.label(turn, named_route(route), by)

    async def learn(self, by: str, *, dry_run: bool = False) -> Lesson:
        """Learn thresholds from the home's turns; they become live where they are better.

        Kept with their figures, live or not; nothing is kept with ``dry_run``, nor where there is
        too little to learn from.
        """
        happened = await self._book.happened()
        known = [(h, sign) for h in happened if (sign := sign_of(h)) is not None]
        lessons = lessons_of(known)
        learned = learn(lessons, await self._versions.live())
        signs = Counter(sign.source for _, sign in known)
        version = None
        if learned.fitted is not None and not dry_run:
            version = await self._versions.add(
                learned.fitted.values(), learned.figures(), by, adopt=learned.adopt
            )
        return Lesson(learned, signs, len(known) - len(lessons), version)

    async def roll_back(self, by: str, to: int | None = None) -> Thresholds:
        """Back to the version before, or to one by its number (0: as shipped).

        Raises UsageError, NotFoundError."""
        return await self._versions.roll_back(by, to)

    def _since(self, days: int) -> datetime:
        return self._clock() - timedelta(days=min(max(days, 1), _LONGEST_DAYS))


def routing_desk(database: Database) -> RoutingDesk:
    """The routing of the home behind a database."""
    return RoutingDesk(RouteBook(database), RoutingVersions(database))


def lesson_json(lesson: Lesson) -> dict[str, Any]:
    """What came of learning, for scripts."""
    learned = lesson.learned
    fitted = learned.fitted
    return {
        "adopted": learned.adopt and lesson.version is not None,
        "better": learned.adopt,
        "version": lesson.version,
        "needed": ENOUGH,
        "signs": {source.value: n for source, n in lesson.signs.items()},
        "left_out": lesson.left_out,
        "learned": None if fitted is None else fitted.values(),
        **learned.figures(),
    }


def share_json(share: RouteShare) -> dict[str, Any]:
    """How turns of a route went, for scripts."""
    return {
        "route": share.route.value,
        "turns": share.turns,
        "share": round(share.share, 4),
        "confidence": round(share.confidence, 4),
        "outcomes": {outcome.value: n for outcome, n in share.outcomes.items()},
        "up": share.up,
        "down": share.down,
    }


def confusion_json(confusion: Confusion) -> dict[str, Any]:
    """A matrix, for scripts: ``rows[right][decided]``."""
    named = zip(confusion.names, confusion.rows, strict=True)
    return {
        "n": confusion.n,
        "right": confusion.right,
        "macro_f1": confusion.macro_f1,
        "rows": {name: dict(zip(confusion.names, row, strict=True)) for name, row in named},
        "scores": {
            s.name: {"n": s.n, "precision": s.precision, "recall": s.recall, "f1": s.f1}
            for s in confusion.scores
        },
    }


def version_json(version: RoutingVersion) -> dict[str, Any]:
    """A learned version, for scripts."""
    return {
        "version": version.number,
        "live": version.live,
        "thresholds": dict(version.values),
        "figures": dict(version.figures),
        "by": version.by,
        "at": version.at.isoformat(),
        "before": version.before,
        "fits": version.fits,
    }
