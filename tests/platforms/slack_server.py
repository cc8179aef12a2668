"""A stand-in for Slack on loopback, over real sockets: Web API, Socket Mode, signed HTTP.

In a test::

    async with SlackServer() as slack:
        ada = slack.user("U1", "Ada")
        garden = slack.channel("C1", "garden", members=[ada])
        ...  # start the app with slack.url, slack.bot_token, slack.app_token
        ts = await slack.say(ada, garden, "@wellspoken how do I water roses?")
        answer, = await slack.answered(garden, ts)

It lives in the test's event loop, so that processes of ours can be killed while it goes on. A test
without a loop uses ``with SlackServer() as slack`` and ``slack.play(slack.say(…))``.

By hand: ``python -m tests.platforms.slack_server --port 9100``, or with people to play:
``python -m tests.platforms.slack_player --port 9100``.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from typing import Self

from tests.platforms.slack_faults import Budget
from tests.platforms.slack_outbox import Outbox
from tests.platforms.slack_state import World
from tests.platforms.slack_visits import Visits
from tests.platforms.slack_web import WebApi
from tests.platforms.stand_in import Served, serve


class SlackServer(Visits, Served):
    """The server, between ``async with`` and its end.

    ``request_url`` sets HTTP mode, else events go to Socket Mode. ``scopes`` are what the first
    team granted (``None``: all); with ``strict_scopes`` a call without its scope is refused.
    ``events`` are the subscribed bot events (``None``: all). ``budget`` turns rate limits on.
    """

    def __init__(
        self,
        *,
        port: int = 0,
        team: str = "T1",
        bot_token: str = "xoxb-stand-in",
        app_token: str = "xapp-stand-in",
        signing_secret: str = "signing-secret",
        bot_name: str = "wellspoken",
        request_url: str | None = None,
        scopes: Iterable[str] | None = None,
        strict_scopes: bool = False,
        events: Iterable[str] | None = None,
        budget: Budget | None = None,
        ack_timeout: float = 3.0,
        retry_delays: Iterable[float] = (0.0, 1.0, 5.0),
    ) -> None:
        self.port = port
        self.bot_token, self.app_token = bot_token, app_token
        self.signing_secret = signing_secret
        self.bot_name = bot_name
        self.subscribed = None if events is None else set(events)
        self.world = World()
        self.world.emit = self.emit
        self.outbox = Outbox(signing_secret, "A1", request_url, ack_timeout, tuple(retry_delays))
        self.web = WebApi(self.world, self.outbox, app_token)
        self.web.strict_scopes, self.web.budget = strict_scopes, budget
        self.team(team, token=bot_token, scopes=scopes)

    @property
    def url(self) -> str:
        """The base URL that clients take, with ``/api/``."""
        return f"{self.address}/api/"

    async def __aenter__(self) -> Self:
        await self._listen(self.web.application())
        self.world.url = self.address
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.outbox.close()
        await self._hear_no_more()


def main() -> None:
    """Serve until interrupted."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=9100)
    parser.add_argument("--request-url", help="send events there, signed, instead of Socket Mode")
    given = parser.parse_args()
    serve(SlackServer(port=given.port, request_url=given.request_url))


if __name__ == "__main__":
    main()
