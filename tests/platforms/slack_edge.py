"""The edge of Slack on Socket Mode beside the stand-in, with a desk that takes notes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from adapters.slack.app import build_app
from adapters.slack.edge import Edge
from adapters.slack.manifest import manifest
from adapters.slack.socket import SocketMode
from adapters.slack.workspaces import OneWorkspace
from bot.settings.sections import AccessSection
from tests.platforms.slack_desk import NotingDesk
from tests.platforms.slack_server import SlackServer
from tests.platforms.standing_settings import StandingSettings


@dataclass
class Connected:
    """The stand-in, people in it, and the desk behind the edge."""

    slack: SlackServer
    desk: NotingDesk = field(default_factory=NotingDesk)

    def __post_init__(self) -> None:
        self.ada = self.slack.user("U1", "Ada")
        self.ben = self.slack.user("U2", "Ben")
        self.garden = self.slack.channel("C1", "garden", [self.ada, self.ben], topic="roses")

    async def settled(self) -> None:
        """Until every event is acknowledged."""
        await self.slack.until(lambda: not self.slack.unacknowledged)


@asynccontextmanager
async def connected(access: AccessSection | None = None) -> AsyncIterator[Connected]:
    """The edge on Socket Mode, subscribed to what its manifest asks for."""
    wanted = manifest("Juniper", "A bot")["settings"]["event_subscriptions"]["bot_events"]
    legacy = manifest("J", "", legacy=True)["settings"]["event_subscriptions"]["bot_events"]
    async with SlackServer(events={*wanted, *legacy}) as slack:
        scene = Connected(slack)
        workspaces = OneWorkspace(slack.bot_token, slack.url)
        edge = Edge(scene.desk, workspaces, StandingSettings.with_access(access or AccessSection()))
        app = build_app(edge, base_url=slack.url)
        socket = SocketMode(app, slack.app_token, slack.url, ping_s=0.3, patience_s=2)
        running = asyncio.create_task(socket.run())
        try:
            await slack.connected()
            yield scene
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
            await workspaces.aclose()
