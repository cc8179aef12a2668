"""What takes long at the first look of a process is counted while an operator is still on the way.

The weeks of the watch and the records behind the advice are remembered once somebody saw them, and
templates once they were compiled. As soon as an operator opens any room, all three are made ready
in the background.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from bot.errors import WellspokenError
from bot.telemetry import log

if TYPE_CHECKING:
    from adapters.web.pages import Pages
    from adapters.web.ports.application import Application


_A_MOMENT_S = 0.5
"""The room that was opened comes first."""


class Ahead:
    """Makes the slowest rooms ready, once."""

    def __init__(self, application: Application, pages: Pages) -> None:
        self._application = application
        self._pages = pages
        self._work: asyncio.Task[None] | None = None

    def begin(self) -> None:
        """An operator is here."""
        if self._work is None:
            self._work = asyncio.create_task(self._make_ready())

    async def _make_ready(self) -> None:
        await asyncio.sleep(_A_MOMENT_S)
        try:
            await asyncio.to_thread(self._pages.compile)
            await self._application.watch.report()
            await self._application.advising.advice()
        except WellspokenError as error:  # the rooms will say it themselves
            log.debug("the console's rooms were not made ready", error=str(error))
            self._work = None  # whoever comes next may find it mended
        except Exception:  # noqa: BLE001 - a fault of ours; the rooms are shown all the same
            log.exception("the console's rooms could not be made ready")

    async def aclose(self) -> None:
        """End what is still under way."""
        if self._work is not None:
            self._work.cancel()
            await asyncio.gather(self._work, return_exceptions=True)
