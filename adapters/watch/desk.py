"""The watch of one home, shared by command line, console, metrics and worker."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from bot.store.alerts import Alert, AlertBook
from bot.store.schedules import ScheduleBook, Scheduled
from bot.store.watch_figures import ALL, WEEK, Measure, Tally, Week, monday
from bot.store.watching import WatchBook
from bot.watching import Drop, Figure, Rules, drops, figures
from bot.watching.drops import BEFORE
from bot.watching.figures import places

if TYPE_CHECKING:
    from datetime import datetime

    from bot.ports import Clock
    from bot.settings import Settings
    from bot.settings.watch import WatchSection
    from bot.store.base import Database

WEEKS = 8
"""Weeks that are shown, unless somebody asks for more."""
MOST_WEEKS = 104

LOOK = "watch"
"""The schedule of the daily look; that of a suite is ``suite:NAME``."""
SUITE = "suite:"


class Application(Protocol):
    """What the watch needs of the application."""

    @property
    def settings(self) -> Settings: ...
    @property
    def database(self) -> Database: ...
    @property
    def clock(self) -> Clock: ...


@dataclass(frozen=True, slots=True)
class WatchedWeek:
    """The figures of a week, of all turns or of a part; ``running``: it is not over."""

    start: datetime
    scope: str
    turns: int
    figures: Mapping[Measure, Figure]
    running: bool


@dataclass(frozen=True, slots=True)
class Report:
    """Weeks in the order of time, by scope: all turns first, then the parts, the largest first;
    and what got worse. ``alerts`` are those that nobody has seen."""

    scopes: Mapping[str, Sequence[WatchedWeek]]
    drops: Sequence[Drop]
    alerts: Sequence[Alert]

    @property
    def all(self) -> Sequence[WatchedWeek]:
        """The weeks of all turns."""
        return self.scopes[ALL]


class WatchDesk:
    """What operators see of live turns."""

    def __init__(self, section: WatchSection, database: Database, clock: Clock) -> None:
        self.section = section
        self._book = WatchBook(database)
        self._clock = clock
        self.alerts = AlertBook(database)
        self.schedules = ScheduleBook(database, clock)

    async def report(self, weeks: int = WEEKS, by: str = "") -> Report:
        """So many weeks, the running one included; ``by`` is ``route`` or ``model``, or ``""`` for
        all turns alone."""
        now = self._clock()
        found = await self._book.weeks(now, max(weeks, BEFORE + 2))
        shown = found[-weeks:]
        parts = {s for week in shown for s in week.scopes if by and s.startswith(f"{by}:")}
        turns = {s: sum(week.tally(s).turns for week in shown) for s in parts}
        order = [ALL, *sorted(parts, key=lambda scope: (-turns[scope], scope))]
        return Report(
            {scope: [_watched(week, scope, now) for week in shown] for scope in order},
            self._judged(found, now),
            await self.alerts.listing(unseen=True),
        )

    async def drops(self) -> Sequence[Drop]:
        """What got worse, in the last week that is over and in the running one."""
        now = self._clock()
        return self._judged(await self._book.weeks(now, BEFORE + 2), now)

    async def running(self) -> Week:
        """The running week."""
        return (await self._book.weeks(self._clock(), 1))[0]

    async def over(self) -> Week:
        """The last week that is over."""
        now = self._clock()
        return (await self._book.of(now, [monday(now) - WEEK]))[0]

    async def unseen(self) -> Sequence[Alert]:
        """The alerts that nobody has seen, the newest first."""
        return await self.alerts.listing(unseen=True)

    async def listing(self, limit: int | None = None) -> Sequence[Alert]:
        """All alerts, the newest first."""
        return await self.alerts.listing(limit=limit)

    async def see(self, id: str, by: str) -> None:  # noqa: A002 - the field's word
        """Note who saw an alert. Raises NotFoundError."""
        await self.alerts.see(id, by)

    async def planned(self) -> Sequence[Scheduled]:
        """What runs by itself, and how it went."""
        return await self.schedules.listing()

    def _judged(self, weeks: Sequence[Week], now: datetime) -> Sequence[Drop]:
        """The drops; of a part only where the whole does not say the same."""
        found = drops(weeks, now, Rules(least=self.section.least))
        whole = {(drop.week, drop.measure) for drop in found if drop.scope == ALL}
        return [d for d in found if d.scope == ALL or (d.week, d.measure) not in whole]


def _watched(week: Week, scope: str, now: datetime) -> WatchedWeek:
    tally: Tally = week.tally(scope)
    return WatchedWeek(week.start, scope, tally.turns, figures(tally), week.start == monday(now))


def desk_of(app: Application) -> WatchDesk:
    """The watch of an application."""
    return WatchDesk(app.settings.watch, app.database, app.clock)


def report_json(report: Report) -> dict[str, Any]:
    """The watch as ``watch --json`` prints it."""
    return {
        "weeks": [_week_json(week) for week in report.all],
        "by": {
            scope: [_week_json(week) for week in weeks]
            for scope, weeks in report.scopes.items()
            if scope != ALL
        },
        "drops": [
            {
                "week": drop.week.date().isoformat(),
                "measure": drop.measure.value,
                "scope": drop.scope,
                "why": drop.why,
                **drop.figures(),
            }
            for drop in report.drops
        ],
        "alerts": [alert_json(alert) for alert in report.alerts],
    }


def _week_json(week: WatchedWeek) -> dict[str, Any]:
    told: dict[str, Any] = {
        "week": week.start.date().isoformat(),
        "running": week.running,
        "turns": week.turns,
    }
    for measure, figure in week.figures.items():
        found = figure.json(places(measure))
        told[measure.value] = found["value"]
        told[f"{measure.value}_ci95"] = found["ci95"]
        told[f"{measure.value}_n"] = found["n"]
    return told


def alert_json(alert: Alert) -> dict[str, Any]:
    """An alert as ``watch alerts --json`` prints it."""
    return {
        "id": alert.id,
        "at": alert.at.isoformat(),
        "week": alert.week.date().isoformat(),
        "measure": alert.measure,
        "scope": alert.scope,
        "why": alert.why,
        "figures": alert.figures,
        "seen_by": alert.seen_by or None,
        "seen_at": alert.seen_at.isoformat() if alert.seen_at else None,
    }
