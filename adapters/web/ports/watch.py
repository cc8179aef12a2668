"""What the watch room and the metrics need: fulfilled by :class:`adapters.watch.desk.WatchDesk`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from adapters.watch.desk import Report
from bot.store.alerts import Alert
from bot.store.schedules import Scheduled
from bot.store.watch_figures import Week


class Watch(Protocol):
    """How live turns do, week by week, and what got worse."""

    async def report(self, weeks: int = ..., by: str = ...) -> Report:
        """So many weeks, by ``route``, by ``model`` or of all turns alone."""
        ...

    async def running(self) -> Week: ...

    async def over(self) -> Week:
        """The last week that is over."""
        ...

    async def unseen(self) -> Sequence[Alert]:
        """Alerts that nobody has seen."""
        ...

    async def listing(self, limit: int | None = None) -> Sequence[Alert]:
        """All alerts, the newest first."""
        ...

    async def see(self, id: str, by: str) -> None:  # noqa: A002 - as there
        """Note who saw an alert; raises NotFoundError."""
        ...

    async def planned(self) -> Sequence[Scheduled]:
        """What runs by itself."""
        ...
