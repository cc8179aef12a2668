"""Live facts from the settings: the desk that the engine, the doctor and ``route`` share."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bot.ports import Clock
    from bot.settings import Settings
    from knowledge.live.desk import LiveDesk


def live_desk(settings: Settings, clock: Clock) -> LiveDesk | None:
    """The desk for ``[[live]]``; ``None`` where no live source is set. Nothing is opened yet.

    Raises ConfigurationError for a source that cannot work, naming it.
    """
    if not settings.live:
        return None
    from knowledge.live.desk import LiveDesk, LiveSource

    sources = [
        LiveSource(
            name=section.name,
            description=section.description,
            parameters=section.parameters,
            url=section.url.get_secret_value() if section.url else None,
            database=section.database.get_secret_value() if section.database else None,
            sql=section.sql,
            groups=frozenset(section.groups),
            ttl=section.ttl,
        )
        for section in settings.live
    ]
    return LiveDesk(sources, clock)


@asynccontextmanager
async def open_live(settings: Settings, clock: Clock) -> AsyncIterator[LiveDesk | None]:
    """As :func:`live_desk`; its connections are closed at the end."""
    desk = live_desk(settings, clock)
    try:
        yield desk
    finally:
        if desk is not None:
            await desk.close()
