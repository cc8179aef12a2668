"""The response to an interaction: given once, within 3 seconds; everything after it follows up.

Discord's numbers are those of "Interaction Callback Type" and of the flags of messages
(https://docs.discord.com/developers/interactions/receiving-and-responding).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import discord
from discord.http import Route

from adapters.discord.buttons import Component
from adapters.discord.faults import fault_of
from adapters.discord.rest import DiscordRest
from adapters.rendering.discord import LONGEST_MESSAGE, discord_markdown
from bot.errors import ChatError
from bot.telemetry import log

_MESSAGE, _THINKING, _SEEN, _FORM = 4, 5, 6, 9
_ONLY_THEY, _NO_PREVIEWS = 1 << 6, 1 << 2
_NOBODY: Final[dict[str, list[str]]] = {"parse": []}


class Reply:
    """Answers one interaction, visible to who pressed or typed. Raises ChatError where Discord
    refuses; it does when 3 seconds are over."""

    def __init__(self, rest: DiscordRest, interaction: discord.Interaction[Any]) -> None:
        self._rest, self._interaction = rest, interaction
        self._application = str(interaction.application_id)
        self.given = False
        self._thinking = False

    async def think(self) -> None:
        """Acknowledge; the answer takes the place of "is thinking …"."""
        await self._give(_THINKING, {"flags": _ONLY_THEY})
        self._thinking = True

    async def seen(self) -> None:
        """Acknowledge a press; nothing is shown."""
        await self._give(_SEEN, None)

    async def form(self, form: Component) -> None:
        """Open a form; only as the first response."""
        await self._give(_FORM, form)

    async def say(self, text: str, components: Sequence[Component] = ()) -> None:
        """Say Markdown."""
        content = discord_markdown(text)[:LONGEST_MESSAGE]
        token = self._interaction.token
        if not self.given:
            said = {
                "content": content,
                "components": list(components),
                "flags": _ONLY_THEY | _NO_PREVIEWS,
                "allowed_mentions": _NOBODY,
            }
            await self._give(_MESSAGE, said)
        elif self._thinking:
            self._thinking = False
            await self._rest.edit_original(self._application, token, content, components=components)
        else:
            await self._rest.follow_up(self._application, token, content, components=components)

    async def tell(self, text: str) -> None:
        """Say it if that can be; never raises."""
        try:
            await self.say(text)
        except ChatError as error:
            log.warning("Discord: nobody could be told", error=str(error))

    async def _give(self, kind: int, data: Component | None) -> None:
        """The first response. Not repeated by our rules: its time is over soon."""
        route = Route(
            "POST",
            "/interactions/{webhook_id}/{webhook_token}/callback",
            webhook_id=self._interaction.id,
            webhook_token=self._interaction.token,
        )
        body: dict[str, Any] = {"type": kind}
        if data is not None:
            body["data"] = data
        self.given = True
        try:
            await self._interaction.client.http.request(route, json=body)
        except Exception as error:  # noqa: BLE001 - the library's own and aiohttp's; others go on
            raise fault_of("respond", "", error) from None
