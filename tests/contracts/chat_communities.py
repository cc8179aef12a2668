"""The conversation in communities: Slack and Discord, as ``serve`` connects them."""

from __future__ import annotations

import asyncio
import html
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

from adapters.assembly import assemble
from adapters.chat.desk import Desk
from adapters.connecting import connect
from bot.conversation import Platform, Rating
from bot.settings import load_settings
from tests.contracts.chat_conversation import Difference, Driver, Seen, Source
from tests.platforms.discord_server import DiscordServer
from tests.platforms.discord_service import kept_addresses
from tests.platforms.discord_state import Message as DiscordMessage
from tests.platforms.slack_server import SlackServer
from tests.platforms.slack_state import Message as SlackMessage

_PERSON = "Ask a person"
_STAFF_CHANNEL = "CSTAFF"


@asynccontextmanager
async def _connected(name: str, settings: Mapping[str, Any]) -> AsyncIterator[None]:
    """The desk and one platform at work, as in ``serve``."""
    async with AsyncExitStack() as stack:
        stack.enter_context(kept_addresses())
        app = await stack.enter_async_context(assemble(load_settings(**settings)))
        desk = Desk(app)
        chat = await stack.enter_async_context(connect(name, app, desk))
        tasks = [asyncio.create_task(chat.run()), asyncio.create_task(desk.run())]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


# -- Slack ---------------------------------------------------------------------------------------


class SlackDriver:
    """Ada in Slack."""

    platform = Platform.SLACK
    author = "slack:UADA"
    reason = "incomplete"
    differs: Mapping[Difference, str] = {
        Difference.OWN_MARKUP: "in Slack *one* star is bold, which is two in Markdown"
    }

    def __init__(self, slack: SlackServer) -> None:
        self._slack = slack
        self._ada = slack.user("UADA", "Ada")
        self._garden = slack.channel("CGARDEN", "garden", [self._ada])
        self._staff = slack.channel(_STAFF_CHANNEL, "staff", [self._ada])
        self._here, self._root, self._last = self._garden, "", SlackMessage("", "", "")

    async def ask(self, text: str, *, staff: bool = False) -> Seen:
        self._here = self._staff if staff else self._garden
        self._root = await self._slack.say(self._ada, self._here, f"@wellspoken {text}")
        return await self._answer(1)

    async def go_on(self, text: str) -> Seen:
        await self._slack.say(self._ada, self._here, text, thread_ts=self._root)
        return await self._answer(2)

    async def _answer(self, number: int) -> Seen:
        answers = await self._slack.answered(
            self._here, self._root, number, final=lambda m: m.has_feedback and not m.streaming
        )
        self._last = answer = answers[-1]
        pattern = r"^\[(\d+)\] (.*) \((https?://\S+)\)$"
        return Seen(
            html.unescape(_unescaped(answer.streamed)),
            tuple(
                Source(int(n), title, address)
                for n, title, address in re.findall(pattern, answer.shown, re.MULTILINE)
            ),
            _PERSON in answer.buttons,
            f"{answer.streamed}\n{answer.blocks}",
            frozenset(answer.pings),
        )

    async def rate(self, rating: Rating) -> None:
        await self._slack.press(self._ada, self._last, rating.value)

    async def correct(self, correction: str) -> None:
        opened = len(self._slack.views_opened)
        await self.rate(Rating.DOWN)
        await self._slack.until(lambda: len(self._slack.views_opened) > opened)
        words = {"Reason": self.reason, "A better answer": correction}
        await self._slack.submit(self._ada, self._slack.views_opened[-1], words)

    async def take_back(self) -> None:
        await self._slack.react(self._ada, self._last.ts, "-1")
        await self._slack.unreact(self._ada, self._last.ts, "-1")

    def arrives(self, text: str) -> str:
        return text.replace("*blinking*", "**blinking**")


@asynccontextmanager
async def slack_chat(_home: Path, settings: Mapping[str, str]) -> AsyncIterator[Driver]:
    """Slack in Socket Mode, with a channel for staff."""
    async with SlackServer() as slack:
        more = {
            "SLACK_BOT_TOKEN": slack.bot_token,
            "SLACK_APP_TOKEN": slack.app_token,
            "SLACK_API_URL": slack.url,
            "access": {"slack": {"channels": {_STAFF_CHANNEL: ["staff"]}}},
        }
        driver = SlackDriver(slack)
        async with _connected("slack", {**settings, **more}):
            await slack.connected()
            yield driver


# -- Discord -------------------------------------------------------------------------------------


class DiscordDriver:
    """Ada in Discord."""

    platform = Platform.DISCORD
    author = r"discord:\d+"
    reason = "incomplete"
    differs: Mapping[Difference, str] = {}

    def __init__(self, discord: DiscordServer) -> None:
        self._discord = discord
        self._ada = discord.user("Ada")
        guild = discord.guild("Garden", [self._ada])
        self._garden = discord.channel(guild, "garden")
        self._staff = discord.channel(guild, "mod-lounge")
        self._asked = self._last = DiscordMessage("", "", "")

    async def ask(self, text: str, *, staff: bool = False) -> Seen:
        here = self._staff if staff else self._garden
        self._asked = await self._discord.say(self._ada, here, f"@wellspoken {text}")
        return await self._answer(1)

    async def go_on(self, text: str) -> Seen:
        thread = self._discord.thread_of(self._asked)
        assert thread is not None
        await self._discord.say(self._ada, thread, text)
        return await self._answer(2)

    async def _answer(self, number: int) -> Seen:
        answers = await self._discord.answered(
            self._asked, number, final=lambda m: "👍" in m.buttons
        )
        self._last = answer = answers[-1]
        pattern = r"^-# \[(\d+)\] (.*) <(https?://\S+)>$"
        return Seen(
            _unescaped(re.sub(pattern, "", answer.content, flags=re.MULTILINE)),
            tuple(
                Source(int(n), _unescaped(t), a)
                for n, t, a in re.findall(pattern, answer.content, re.MULTILINE)
            ),
            _PERSON in answer.buttons,
            f"{answer.content}\n{answer.components}",
            frozenset(answer.pings),
        )

    async def rate(self, rating: Rating) -> None:
        await self._discord.press(self._ada, self._last, "👍" if rating is Rating.UP else "👎")

    async def correct(self, correction: str) -> None:
        pressed = await self._discord.press(self._ada, self._last, "👎")
        assert pressed.modal is not None
        words = {"Reason": self.reason, "A better answer": correction}
        await self._discord.submit(self._ada, pressed.modal, words)

    async def take_back(self) -> None:
        await self._discord.react(self._ada, self._last, "👎")
        await self._discord.unreact(self._ada, self._last, "👎")

    def arrives(self, text: str) -> str:
        return text


def _unescaped(text: str) -> str:
    """As people read it: outside of code a backslash shows the sign behind it."""
    parts = re.split(r"(```.*?```|`[^`\n]+`)", text, flags=re.DOTALL)
    parts[::2] = [re.sub(r"\\([^\w\s])", r"\1", part) for part in parts[::2]]
    return "".join(parts)


@asynccontextmanager
async def discord_chat(_home: Path, settings: Mapping[str, str]) -> AsyncIterator[Driver]:
    """Discord with the message content intent, and a channel for staff, by its name."""
    async with DiscordServer() as discord:
        more = {
            "DISCORD_TOKEN": discord.token,
            "DISCORD_API_URL": discord.url,
            "access": {"discord": {"channels": {"mod-lounge": ["staff"]}}},
        }
        driver = DiscordDriver(discord)
        async with _connected("discord", {**settings, **more}):
            await discord.connected()
            yield driver
