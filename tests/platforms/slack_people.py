"""What people do in the stand-in Slack: write, edit, react, and wait for an answer."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import Any

from tests.platforms.slack_chat import remove
from tests.platforms.slack_methods import Caller
from tests.platforms.slack_outbox import Delivery
from tests.platforms.slack_payloads import (
    changed_event,
    envelope,
    message_event,
    message_json,
)
from tests.platforms.slack_setting import Setting
from tests.platforms.slack_state import Channel, File, Message, Team, User
from tests.platforms.slack_words import Json, typed

_KINDS = {"channel": "channels", "group": "groups", "im": "im", "mpim": "mpim"}


class People(Setting):
    """People who write into channels, and events about it to the app."""

    subscribed: set[str] | None
    """The bot events of the app, like ``message.channels``; ``None`` for all."""

    # -- events ----------------------------------------------------------------------------

    def emit(self, team: Team, event: Json) -> str | None:
        """Send an event to the app where it is subscribed and may hear it; the event's id."""
        channel = self.world.channels.get(str(event.get("channel", "")))
        name = str(event["type"])
        if name == "message" and channel is not None:
            name = f"message.{_KINDS[channel.kind]}"
        if self.subscribed is not None and name not in self.subscribed:
            return None
        hears = channel is None or team.bot_user in channel.members
        if not team.installed or not hears:
            return None
        event_id = self.world.new_id("Ev")
        payload = envelope(self.world, team, event, event_id)
        self.outbox.post(Delivery(event_id, "events_api", payload))
        return event_id

    def _emit_message(self, channel: Channel, message: Message) -> None:
        team = self._team_of(channel)
        event = message_event(self.world, channel, message)
        self.emit(team, event)
        mention = f"<@{team.bot_user}>"
        if not channel.direct and mention in message.text and message.user != team.bot_user:
            # Slack sends a mention twice: as a message, and as a mention.
            kept = {k: v for k, v in event.items() if k not in ("channel_type", "subtype")}
            self.emit(team, kept | {"type": "app_mention"})

    # -- writing ---------------------------------------------------------------------------

    def typed(self, text: str, channel: Channel) -> str:
        """What Slack makes of typed words: escaped, with names turned into mentions."""
        forms = {"@channel": "<!channel>", "@here": "<!here>", "@everyone": "<!everyone>"}
        forms |= {f"@{u.name}": f"<@{u.id}>" for u in self.world.users.values()}
        forms[f"@{self.bot_name}"] = f"<@{self._team_of(channel).bot_user}>"
        channels = (c for c in self.world.channels.values() if c.name)
        forms |= {f"#{c.name}": f"<#{c.id}|{c.name}>" for c in channels}
        forms |= {f"@{g.handle}": f"<!subteam^{g.id}>" for g in self.world.groups.values()}
        return typed(text, forms)

    async def say(
        self,
        user: User,
        channel: Channel,
        text: str,
        thread_ts: str | None = None,
        files: Iterable[File] | None = None,
        *,
        raw: bool = False,
        **more: Any,
    ) -> str:
        """Write a message as people type it (``raw``: as Slack has it already); its ts.

        ``more`` sets fields of the message, like ``subtype="bot_message"``.
        """
        if channel.archived or user.id not in channel.members:
            raise AssertionError(f"{user.name} cannot write in {channel.name}")
        words = text if raw else self.typed(text, channel)
        message = Message(
            self.world.new_ts(), channel.id, user.id, words, thread_ts or "", user.bot_id,
            user.team, **more,
        )  # fmt: skip
        for file in files or ():
            file.user = user.id
            file.channels.append(channel.id)
            message.files.append(file.id)
        if words and not user.bot_id:
            elements = [{"type": "text", "text": text}]
            section = {"type": "rich_text_section", "elements": elements}
            message.blocks = [{"type": "rich_text", "elements": [section]}]
        message.record()
        channel.messages[message.ts] = message
        self._emit_message(channel, message)
        await asyncio.sleep(0)
        return message.ts

    async def edit(self, user: User, ts: str, text: str) -> None:
        """Change the words of one's message."""
        message = self.message(ts)
        channel = self.world.channels[message.channel]
        assert message.user == user.id, "only one's own messages can be edited"
        before = message_json(self.world, message)
        mention = f"<@{self._team_of(channel).bot_user}>"
        mentioned = mention in message.text
        message.text = self.typed(text, channel)
        section = {"type": "rich_text_section", "elements": [{"type": "text", "text": text}]}
        message.blocks = [{"type": "rich_text", "elements": [section]}]
        message.edited = self.world.new_ts()
        message.record()
        team = self._team_of(channel)
        self.emit(team, changed_event(self.world, channel, message, before))
        if mention in message.text and not mentioned and not channel.direct:
            event = message_event(self.world, channel, message) | {"type": "app_mention"}
            self.emit(team, event)
        await asyncio.sleep(0)

    async def delete(self, user: User, ts: str) -> None:
        """Take back one's message."""
        message = self.message(ts)
        assert message.user == user.id, "only one's own messages can be deleted"
        channel = self.world.channels[message.channel]
        remove(Caller(self.world, self._team_of(channel), ""), channel, message)
        await asyncio.sleep(0)

    async def react(self, user: User, ts: str, name: str) -> None:
        """Put an emoji on a message, like ``+1``."""
        message = self.message(ts)
        users = message.reactions.setdefault(name, [])
        assert user.id not in users, "already reacted"
        users.append(user.id)
        await self._reacted("reaction_added", user, message, name)

    async def unreact(self, user: User, ts: str, name: str) -> None:
        """Take an emoji off again."""
        message = self.message(ts)
        message.reactions[name].remove(user.id)
        if not message.reactions[name]:
            del message.reactions[name]
        await self._reacted("reaction_removed", user, message, name)

    async def _reacted(self, kind: str, user: User, message: Message, name: str) -> None:
        channel = self.world.channels[message.channel]
        team = self._team_of(channel)
        if team.bot_user in channel.members:
            item = {"type": "message", "channel": channel.id, "ts": message.ts}
            event = {"type": kind, "user": user.id, "reaction": name, "item": item,
                     "item_user": message.user, "event_ts": self.world.new_ts()}  # fmt: skip
            self.emit(team, event)
        await asyncio.sleep(0)

    async def stop_stream(self, user: User, ts: str) -> None:
        """Press the stop button of a message that is being streamed."""
        message = self.message(ts)
        assert message.streaming, "nothing to stop"
        message.streaming, message.stopped_by_user = False, True
        message.record()

    def join(self, who: User, channel: Channel) -> None:
        """Enter a channel; also the bot, when it is invited."""
        channel.members.append(who.id)
        event = {"type": "member_joined_channel", "user": who.id, "channel": channel.id,
                 "channel_type": "C", "team": channel.team,
                 "event_ts": self.world.new_ts()}  # fmt: skip
        self.emit(self._team_of(channel), event)

    def leave(self, who: User, channel: Channel) -> None:
        """Leave a channel; also the bot, when it is removed."""
        channel.members.remove(who.id)
        event = {"type": "member_left_channel", "user": who.id, "channel": channel.id,
                 "channel_type": "C", "team": channel.team,
                 "event_ts": self.world.new_ts()}  # fmt: skip
        self.emit(self._team_of(channel), event)

    # -- waiting ---------------------------------------------------------------------------

    async def connected(self, number: int = 1, timeout: float = 90.0) -> None:  # noqa: ASYNC109
        """Wait for so many Socket Mode connections."""
        await self.until(lambda: len(self.outbox.connections) >= number, timeout)

    async def answered(
        self,
        channel: Channel | str,
        thread_ts: str | None = None,
        n: int = 1,
        timeout: float = 90.0,  # noqa: ASYNC109
        final: Callable[[Message], bool] = lambda message: message.final,
    ) -> list[Message]:
        """Wait for ``n`` messages of the bot in a thread (or channel) that are final; those.

        By default: not being streamed, and with feedback buttons, or unchanged since a second and
        not ending in an ellipsis.
        """

        def ready() -> list[Message]:
            return [m for m in self.answers(channel, thread_ts) if final(m)]

        try:
            await self.until(lambda: len(ready()) >= n, timeout)
        except TimeoutError as error:
            stand = [(m.shown[:200], m.streaming) for m in self.answers(channel, thread_ts)]
            raise TimeoutError(f"{error}; the thread has {stand}") from None
        return ready()

    def _last_calls(self) -> list[str]:
        return [f"{call.method} {call.error}".strip() for call in self.calls[-8:]]
