"""The measures of live turns for Prometheus: looked at when they are asked for, once a minute at
most."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Protocol

from bot.errors import WellspokenError
from bot.store.watch_figures import ALL, Week
from bot.telemetry import log
from bot.watching import figures

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.metrics import Metrics
    from bot.store.alerts import Alert

FRESH_S = 60.0
_OVER_S = 900.0
"""A week that is over changes by late thumbs alone."""
_PATIENCE_S = 2.0
_ROUTE = "route:"


class Desk(Protocol):
    """What is looked at."""

    async def running(self) -> Week: ...
    async def over(self) -> Week: ...
    async def unseen(self) -> Sequence[Alert]: ...


class Gauges:
    """Keeps the gauges of one process fresh."""

    def __init__(
        self,
        desk: Desk,
        metrics: Metrics,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._desk = desk
        self._metrics = metrics
        self._clock = clock
        self._over: tuple[float, Week] | None = None
        self._looked: float | None = None
        self._look: asyncio.Task[None] | None = None

    async def refresh(self) -> None:
        """Look again where the last look is a minute old. What takes longer than a moment is there
        the next time; a database that is down leaves the gauges as they are."""
        now = self._clock()
        if self._looked is not None and now - self._looked < FRESH_S:
            return
        if self._look is None or self._look.done():
            self._looked = now
            self._look = asyncio.create_task(self._taken(now))
        await asyncio.wait({self._look}, timeout=_PATIENCE_S)

    async def aclose(self) -> None:
        """End a look that is still under way."""
        if self._look is not None:
            self._look.cancel()
            await asyncio.gather(self._look, return_exceptions=True)

    async def _taken(self, now: float) -> None:
        try:
            if self._over is None or now - self._over[0] >= _OVER_S:
                self._over = now, await self._desk.over()
            running = await self._desk.running()
            alerts = len(await self._desk.unseen())
        except WellspokenError as error:
            log.warning("the gauges of live turns are old", error=str(error))
            return
        weeks = (("last", self._over[1]), ("running", running))
        rows = [row for name, week in weeks for row in _rows(name, week)]
        self._metrics.observe_watch(rows, alerts)


def _rows(name: str, week: Week) -> Iterator[tuple[str, str, str, float | None, int]]:
    for scope, tally in week.scopes.items():
        if scope == ALL or scope.startswith(_ROUTE):
            route = scope.removeprefix(_ROUTE)
            for measure, figure in figures(tally).items():
                yield measure.value, route, name, figure.value, figure.n
