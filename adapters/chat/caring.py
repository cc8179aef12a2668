"""Looking after the inbox while it is worked on."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from adapters.assembly import Application
from adapters.chat.intake import Intake
from bot.errors import StorageError
from bot.telemetry import log
from bot.work.inbox import Inbox

_GAUGE_S = 5.0
_KEEP_DONE = timedelta(days=7)
_PURGE_S = 3600.0


async def look_after(inbox: Inbox, intake: Intake, app: Application) -> None:
    """Keep people who wait informed, the queue's length counted, the inbox small; until
    cancelled."""
    purged = gauged = 0.0
    while True:
        await asyncio.sleep(1.0)
        now = asyncio.get_running_loop().time()
        intake.reassure()
        try:
            if now - gauged > _GAUGE_S:
                gauged = now
                app.metrics.queue_depth(await inbox.open_count())
            if now - purged > _PURGE_S:
                purged = now
                await inbox.purge(app.clock() - _KEEP_DONE)
        except StorageError as error:
            log.warning("the inbox could not be looked after", error=str(error))
        except Exception:  # noqa: BLE001 - looking after must not stop the work
            log.exception("the inbox was not looked after because of a fault in the program")
