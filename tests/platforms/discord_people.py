"""What people do in the stand-in Discord: write, post, react, archive, kick, and wait."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import Any

from tests.platforms import discord_events as events
from tests.platforms.discord_messages import addressed, put, remove, unarchive, uploaded
from tests.platforms.discord_permissions import in_channel, may
from tests.platforms.discord_setting import Setting
from tests.platforms.discord_state import (
    FORUM,
    PRIVATE,
    PUBLIC,
    Channel,
    File,
    Guild,
    Member,
    Message,
    Role,
    User,
)
from tests.platforms.discord_threads import enter, leave, open_thread, remove_channel, set_archived
from tests.platforms.discord_words import typed


class People(Setting):
    """People who write into channels."""

    # -- writing ---------------------------------------------------------------------------

    def typed(self, text: str, channel: Channel) -> str:
        """What Discord makes of typed words: names become mentions."""
        guild = self.world.guilds.get(channel.guild or "")
        forms = {f"#{c.name}": f"<#{c.id}>" for c in self.world.channels.values()
                 if guild and c.guild == guild.id and c.name}  # fmt: skip
        if guild:
            forms |= {f"@{r.name}": f"<@&{r.id}>" for r in guild.roles.values()
                      if r.id != guild.id and not r.managed}  # fmt: skip
            forms |= {f"@{self.world.users[id_].name}": f"<@{id_}>" for id_ in guild.members}
        forms |= {f"@{self.world.users[id_].name}": f"<@{id_}>" for id_ in channel.recipients}
        return typed(text, forms)

    async def say(
        self,
        user: User,
        channel: Channel,
        text: str,
        reply_to: Message | str | None = None,
        attachments: Iterable[File] | None = None,
        *,
        ping: bool = True,
        raw: bool = False,
        **more: Any,
    ) -> Message:
        """Write a message as people type it (``raw``: as Discord has it already).

        ``ping`` tells whether a reply notifies whom it replies to. ``more`` sets fields of the
        message, like ``type=7`` or ``webhook="1"``.
        """
        wanted = "SEND_MESSAGES_IN_THREADS" if channel.is_thread else "SEND_MESSAGES"
        assert channel.kind != FORUM, "a forum takes posts"
        assert "webhook" in more or may(self.world, channel, user.id, wanted), (
            f"{user.name} cannot write in {channel.name}"
        )
        words = text if raw else self.typed(text, channel)
        message = Message(self.world.new_id(), channel.id, user.id, words, **more)
        if reply_to is not None:
            message.type = 19
            message.reference = reply_to if isinstance(reply_to, str) else reply_to.id
        files = {file.id: file for file in attachments or ()}
        uploaded(self.world, channel, files)
        message.attachments = list(files.values())
        unarchive(self.world, channel, user.id)
        given = None if ping else {"parse": ["users", "roles", "everyone"], "replied_user": False}
        put(self.world, message, given)
        await asyncio.sleep(0)
        return message

    async def forum_post(
        self,
        user: User,
        forum: Channel,
        title: str,
        text: str,
        tags: Iterable[str] = (),
        attachments: Iterable[File] | None = None,
    ) -> Channel:
        """Post into a forum; the thread, whose first message has its id."""
        assert may(self.world, forum, user.id, "SEND_MESSAGES"), f"{user.name} cannot post"
        named = {tag.name: tag.id for tag in forum.available_tags}
        applied = [named[tag] for tag in tags]
        assert applied or not forum.require_tag, "this forum asks for a tag"
        id_ = self.world.new_id()
        thread = open_thread(self.world, forum, title, user.id, id_=id_, tags=applied)
        message = Message(id_, id_, user.id, self.typed(text, forum))
        files = {file.id: file for file in attachments or ()}
        uploaded(self.world, thread, files)
        message.attachments = list(files.values())
        put(self.world, message)
        await asyncio.sleep(0)
        return thread

    async def thread(
        self, user: User, where: Channel | Message, name: str, *, private: bool = False,
        members: Iterable[User] = (),
    ) -> Channel:  # fmt: skip
        """Open a thread in a channel or on a message; a private one for its ``members``."""
        starter = where if isinstance(where, Message) else None
        channel = self.world.channels[starter.channel] if starter else where
        assert isinstance(channel, Channel)
        kind = PRIVATE if private else PUBLIC
        thread = open_thread(self.world, channel, name, user.id, starter=starter, kind=kind)
        for member in members:
            enter(self.world, thread, member.id)
        await asyncio.sleep(0)
        return thread

    def enter(self, user: User, thread: Channel) -> None:
        """Somebody (also the bot) is added to a thread."""
        enter(self.world, thread, user.id)

    def leave(self, user: User, thread: Channel) -> None:
        """Somebody (also the bot) leaves a thread."""
        leave(self.world, thread, user.id)

    async def edit(self, user: User, message: Message | str, text: str) -> None:
        """Change the words of one's message."""
        message = self._message(message)
        assert message.author == user.id, "only one's own messages can be edited"
        message.content = self.typed(text, self.world.channels[message.channel])
        message.edited = self.world.now()
        addressed(self.world, message, None)
        message.record()
        events.message_updated(self.world, message)
        await asyncio.sleep(0)

    async def delete(self, user: User, message: Message | str) -> None:
        """Take back one's message, or anybody's as a moderator."""
        message = self._message(message)
        channel = self.world.channels[message.channel]
        moderates = may(self.world, channel, user.id, "MANAGE_MESSAGES")
        assert message.author == user.id or moderates, "only one's own messages can be deleted"
        remove(self.world, message)
        await asyncio.sleep(0)

    async def react(self, user: User, message: Message | str, emoji: str) -> None:
        """Put an emoji on a message, like 👍."""
        message = self._message(message)
        channel = self.world.channels[message.channel]
        assert in_channel(self.world, channel, user.id), f"{user.name} cannot see it"
        assert not message.only_for, "nobody can react to an ephemeral message"
        assert not channel.archived, "the thread is archived"
        users = message.reactions.setdefault(emoji, [])
        assert user.id not in users, "already reacted"
        users.append(user.id)
        events.reacted(self.world, True, user.id, message, emoji)
        await asyncio.sleep(0)

    async def unreact(self, user: User, message: Message | str, emoji: str) -> None:
        """Take an emoji off again."""
        message = self._message(message)
        message.reactions[emoji].remove(user.id)
        if not message.reactions[emoji]:
            del message.reactions[emoji]
        events.reacted(self.world, False, user.id, message, emoji)
        await asyncio.sleep(0)

    async def type(self, user: User, channel: Channel) -> None:
        """Type without sending."""
        events.typed_in(self.world, user.id, channel)
        await asyncio.sleep(0)

    # -- moderating ------------------------------------------------------------------------

    async def archive(self, thread: Channel, *, locked: bool = False) -> None:
        """Archive a thread, perhaps locked."""
        thread.locked = locked
        set_archived(self.world, thread, True)
        await asyncio.sleep(0)

    async def tag(self, post: Channel, *names: str) -> None:
        """Set the tags of a forum post."""
        named = {t.name: t.id for t in self.world.channels[post.parent].available_tags}
        post.applied_tags = [named[name] for name in names]
        events.thread_updated(self.world, post)
        await asyncio.sleep(0)

    async def delete_channel(self, channel: Channel) -> None:
        """Delete a channel or thread."""
        remove_channel(self.world, channel)
        await asyncio.sleep(0)

    async def kick(self, guild: Guild, user: User | None = None) -> None:
        """Throw the bot (or somebody) out of a guild."""
        who = user or self.bot
        member = guild.members.pop(who.id)
        if who.id == self.world.bot:
            guild.present = False
            events.guild_left(self.world, guild)
        else:
            events.member_changed(self.world, guild, "GUILD_MEMBER_REMOVE", member)
        await asyncio.sleep(0)

    async def invite(self, guild: Guild) -> None:
        """Let the bot into a guild (again), with its role."""
        own = self.bot_role(guild)
        guild.members[self.world.bot] = Member(self.world.bot, [own.id])
        guild.present = True
        events.guild_joined(self.world, guild)
        await asyncio.sleep(0)

    async def outage(self, guild: Guild) -> None:
        """Let a guild be unavailable for a while."""
        guild.out = True
        events.guild_left(self.world, guild, outage=True)
        await asyncio.sleep(0)

    async def recover(self, guild: Guild) -> None:
        """End the outage of a guild."""
        guild.out = False
        events.guild_back(self.world, guild)
        await asyncio.sleep(0)

    def join(self, user: User, guild: Guild, *roles: Role) -> None:
        """Somebody enters a guild."""
        member = Member(user.id, [role.id for role in roles])
        guild.members[user.id] = member
        events.member_changed(self.world, guild, "GUILD_MEMBER_ADD", member)

    # -- waiting ---------------------------------------------------------------------------

    async def connected(self, number: int = 1, timeout: float = 90.0) -> None:  # noqa: ASYNC109
        """Wait for so many gateway connections that identified or resumed."""
        await self.until(
            lambda: sum(link.session is not None for link in self.gateway.links) >= number, timeout
        )

    async def answered(
        self,
        where: Channel | Message | str,
        n: int = 1,
        timeout: float = 90.0,  # noqa: ASYNC109
        final: Callable[[Message], bool] = lambda message: message.final,
    ) -> list[Message]:
        """Wait for ``n`` messages of the bot in a channel, or to a message, that are final; those.

        By default: not thinking, and with buttons, or unchanged since 2 s and not ending in an
        ellipsis.
        """

        def ready() -> list[Message]:
            return [m for m in self.answers(where) if final(m)]

        try:
            await self.until(lambda: len(ready()) >= n, timeout)
        except TimeoutError as error:
            stand = [(m.shown[:200], m.buttons) for m in self.answers(where)]
            raise TimeoutError(f"{error}; there stand {stand}") from None
        return ready()

    def _message(self, message: Message | str) -> Message:
        return self.message(message) if isinstance(message, str) else message

    def _last_calls(self) -> list[str]:
        return [f"{call.name} {call.status} {call.code or ''}".strip() for call in self.calls[-8:]]
