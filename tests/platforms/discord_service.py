"""Discord as it is put together for ``serve``, on a real desk, beside the stand-in."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, aclosing, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from discord.gateway import DiscordWebSocket
from discord.http import Route

from adapters.discord.service import Discord, build_discord
from tests.platforms.chat_desk import Office, office
from tests.platforms.discord_server import DiscordServer
from tests.platforms.discord_state import Message


@dataclass
class Scene:
    """A community with Ada and Ben, and the bot that answers there."""

    discord: DiscordServer
    office: Office
    service: Discord

    def __post_init__(self) -> None:
        self.engine = self.office.engine

    async def asked(self, number: int) -> None:
        """Until the engine was asked so many questions, and nothing waits."""
        await self.discord.until(lambda: len(self.engine.asked) >= number)
        await self.rest()

    async def handled(self, number: int) -> None:
        """Until so many events were worked on, answered or given up, and nothing waits."""

        async def done() -> bool:
            counts = await self.office.desk.inbox.counts()
            return counts.get("done", 0) + counts.get("failed", 0) >= number

        await eventually(done)
        await self.rest()

    async def rest(self) -> None:
        """Until nothing waits or is worked on."""

        async def done() -> bool:
            return not await self.office.desk.inbox.open_count()

        await eventually(done)


class Garden(DiscordServer):
    """A stand-in with a server, its people, its channels."""

    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        self.ada, self.ben = self.user("Ada"), self.user("Ben")
        self.garden = self.guild("Garden", [self.ada, self.ben])
        self.roses = self.channel(self.garden, "roses")

    async def one_answer(self, message: Message) -> Message:
        """The one answer to a message, in its last form."""
        (answer,) = await self.answered(message)
        return answer


async def eventually(check: Callable[[], Awaitable[bool]], seconds: float = 90.0) -> None:
    """Until something is true."""
    async with asyncio.timeout(seconds):
        while True:
            if await check():
                return
            await asyncio.sleep(0.02)


@contextmanager
def kept_addresses() -> Iterator[None]:
    """discord.py keeps its addresses in its classes; they are as before afterwards."""
    rest, gateway = Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY
    try:
        yield
    finally:
        Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY = rest, gateway


@asynccontextmanager
async def serving(
    discord: DiscordServer, home: Path, /, *, desk: dict[str, Any] | None = None, **settings: object
) -> AsyncIterator[Scene]:
    """The desk and Discord at work, as in ``serve``; stopped as there."""
    given = {"DISCORD_TOKEN": discord.token, "DISCORD_API_URL": discord.url, **settings}
    async with AsyncExitStack() as stack:
        stack.enter_context(kept_addresses())
        place = await stack.enter_async_context(office(home, desk=desk, **given))
        app = place.app
        service = build_discord(app.settings, place.desk, place.desk.replies, app.database)
        await stack.enter_async_context(aclosing(service))
        place.desk.join(service.adapter)
        hearing = asyncio.create_task(service.run())
        working = asyncio.create_task(place.desk.run())
        try:
            await discord.connected()
            await discord.until(service.client.is_ready)
            yield Scene(discord, place, service)
        finally:
            for task in (hearing, working):
                task.cancel()
            await asyncio.gather(hearing, working, return_exceptions=True)
