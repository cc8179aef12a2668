"""The workspaces in which the bot is: one with a fixed token, or each that installed it."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import Protocol
from weakref import WeakValueDictionary

from adapters.slack.directory import Directory
from adapters.slack.faults import PLATFORM
from adapters.slack.installations import SlackInstallations
from adapters.slack.lookups import Identity
from adapters.slack.transport import API_URL
from adapters.slack.web import SlackWeb
from bot.errors import ChatRefusedError
from bot.telemetry import log

_FRESH_S = 60.0
"""How long an installation is believed before it is looked up again: another process may have
seen it go."""


@dataclass(frozen=True, slots=True)
class Workspace:
    """A workspace: who we are there, its Web API, its people."""

    us: Identity
    web: SlackWeb
    directory: Directory


class Workspaces(Protocol):
    """Finds the workspace of an event."""

    async def of(self, team: str, organisation: str = "") -> Workspace:
        """The workspace of a team. Raises ChatRefusedError ``not_installed`` where we are not (or
        no more), other ChatErrors and StorageError where that cannot be told."""
        ...

    async def holding(self, channel: str) -> Workspace:
        """The workspace that has a channel: a channel's id does not say. Raises as :meth:`of`."""
        ...

    async def leave(self, team: str, organisation: str = "") -> None:
        """The app was removed there: forget its token."""
        ...

    async def aclose(self) -> None:
        """Close all connections."""
        ...


class OneWorkspace:
    """The workspace of a fixed bot token."""

    def __init__(self, token: str, base_url: str = API_URL) -> None:
        self._web = SlackWeb(token, base_url)
        self._known: Workspace | None = None
        self._lock = asyncio.Lock()
        self.refused: str | None = None
        """What Slack said where it refused the token when it was asked last."""

    async def of(self, team: str, organisation: str = "") -> Workspace:
        del team  # whatever workspace an event names, the token's is the one that we act in
        async with self._lock:  # the first asks Slack who we are
            if self._known is None:
                us = await self._who_we_are()
                directory = Directory(self._web, us.team, enterprise=organisation)
                self._known = Workspace(us, self._web, directory)
        return self._known

    async def _who_we_are(self) -> Identity:
        try:
            us = await self._web.auth_test()
        except ChatRefusedError as error:
            self.refused = str(error)
            raise
        self.refused = None
        return us

    async def holding(self, channel: str) -> Workspace:
        del channel
        return await self.of("")

    async def leave(self, team: str, organisation: str = "") -> None:
        """Who we are is asked again at the next event; the token is the operator's business."""
        del team, organisation
        self._known = None

    async def aclose(self) -> None:
        await self._web.aclose()


class InstalledWorkspaces:
    """Every workspace into which people installed the app by OAuth."""

    def __init__(self, installations: SlackInstallations, base_url: str = API_URL) -> None:
        self._installations, self._base_url = installations, base_url
        self._known: dict[str, tuple[float, str, Workspace]] = {}
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def of(self, team: str, organisation: str = "") -> Workspace:
        key = team or organisation
        lock = self._locks.get(key)
        if lock is None:
            self._locks[key] = lock = asyncio.Lock()
        async with lock:
            return await self._of(team, organisation)

    async def _of(self, team: str, organisation: str) -> Workspace:
        key = team or organisation
        known = self._known.get(key)
        if known is not None and time.monotonic() - known[0] < _FRESH_S:
            return known[2]
        bot = await self._installations.async_find_bot(
            enterprise_id=organisation or None, team_id=team or None
        )
        if bot is None:
            await self._drop(key)
            raise ChatRefusedError(platform=PLATFORM, method="install", reason="not_installed")
        if known is not None and known[1] == bot.bot_token:
            workspace = known[2]
        else:
            await self._drop(key)
            us = Identity(
                team=team or bot.team_id or "",
                user=bot.bot_user_id,
                bot=bot.bot_id,
                team_name=bot.team_name or "",
                scopes=frozenset(bot.bot_scopes),
            )
            web = SlackWeb(bot.bot_token, self._base_url)
            directory = Directory(web, us.team, enterprise=bot.enterprise_id or "")
            workspace = Workspace(us, web, directory)
        self._known[key] = (time.monotonic(), bot.bot_token, workspace)
        return workspace

    async def holding(self, channel: str) -> Workspace:
        for place in await self._installations.places():
            workspace = await self.of(place)
            try:
                await workspace.directory.channel(channel)
            except ChatRefusedError as error:
                log.debug("Slack: a channel is elsewhere", place=place, error=str(error))
            else:
                return workspace
        raise ChatRefusedError(
            platform=PLATFORM, method="conversations.info", reason="channel_not_found"
        )

    async def leave(self, team: str, organisation: str = "") -> None:
        await self._installations.async_delete_all(
            enterprise_id=organisation or None, team_id=team or None
        )
        await self._drop(team or organisation)

    async def _drop(self, key: str) -> None:
        known = self._known.pop(key, None)
        if known is not None:
            await known[2].web.aclose()

    async def aclose(self) -> None:
        for key in list(self._known):
            await self._drop(key)
