"""A stand-in for Discord on loopback, over real sockets: REST and gateway, version 10.

In a test::

    async with DiscordServer() as discord:
        ada = discord.user("Ada")
        guild = discord.guild("Garden", [ada])
        roses = discord.channel(guild, "roses")
        ...  # start the app with discord.url and discord.token
        asked = await discord.say(ada, roses, "@wellspoken how do I water roses?")
        answer, = await discord.answered(asked)

It lives in the test's event loop, so that processes of ours can be killed while it goes on. A test
without a loop uses ``with DiscordServer() as discord`` and ``discord.play(discord.say(…))``.

By hand: ``python -m tests.platforms.discord_server --port 9200``, or with people to play:
``python -m tests.platforms.discord_player --port 9200``.
"""

from __future__ import annotations

import argparse
from typing import Self

from tests.platforms.discord_faults import Budget
from tests.platforms.discord_gateway import Gateway
from tests.platforms.discord_gestures import Gestures
from tests.platforms.discord_rest import Rest
from tests.platforms.discord_state import User, World
from tests.platforms.stand_in import Served, serve


class DiscordServer(Gestures, Served):
    """The server, between ``async with`` and its end.

    ``content``, ``members`` and ``presences`` tell which privileged intents are switched on in the
    portal. ``heartbeat`` in seconds. ``budget`` turns rate limits on. ``shards`` is what
    ``/gateway/bot`` recommends.
    """

    def __init__(
        self,
        *,
        port: int = 0,
        token: str = "stand-in.token.x",
        bot_name: str = "wellspoken",
        content: bool = True,
        members: bool = False,
        presences: bool = False,
        heartbeat: float = 41.25,
        budget: Budget | None = None,
        shards: int = 1,
    ) -> None:
        self.port = port
        self.token = token
        self.bot_name = bot_name
        self.world = world = World(shards=shards)
        world.content_granted, world.members_granted = content, members
        world.presences_granted = presences
        world.application = world.bot = world.new_id()
        world.users[world.bot] = User(world.bot, bot_name, bot=True)
        world.owner = self.user("Operator").id
        self.gateway = Gateway(world, token, heartbeat)
        world.emit = self.gateway.emit
        self.rest = Rest(world, self.gateway, token)
        self.rest.budget = budget

    @property
    def url(self) -> str:
        """The base URL of the REST API, like ``http://127.0.0.1:9200/api/v10``."""
        return f"{self.address}/api/v10"

    async def __aenter__(self) -> Self:
        await self._listen(self.rest.application())
        self.world.url = self.address
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.gateway.close()
        await self._hear_no_more()


def main() -> None:
    """Serve until interrupted."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=9200)
    given = parser.parse_args()
    serve(DiscordServer(port=given.port))


if __name__ == "__main__":
    main()
