"""How a test furnishes the stand-in Discord: guilds, people, channels, permissions, faults."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from tests.platforms import discord_events as events
from tests.platforms.discord_faults import Fault
from tests.platforms.discord_gateway import Gateway
from tests.platforms.discord_messages import open_direct
from tests.platforms.discord_permissions import PEOPLE, bits
from tests.platforms.discord_rest import Rest
from tests.platforms.discord_state import (
    CATEGORY,
    FORUM,
    TEXT,
    Call,
    Channel,
    File,
    Guild,
    Member,
    Message,
    Modal,
    Overwrite,
    Role,
    Tag,
    Typing,
    User,
    World,
)
from tests.platforms.stand_in import Watched

BOT_PERMISSIONS = (*PEOPLE, "MANAGE_THREADS")
"""What the bot's role grants unless a guild says otherwise."""


class Setting(Watched):
    """The world of the stand-in, its gateway and REST, with names for what tests want."""

    world: World
    gateway: Gateway
    rest: Rest
    bot_name: str

    # -- furnishing ------------------------------------------------------------------------

    def user(self, name: str, id_: str = "", *, bot: bool = False, dms_open: bool = True) -> User:
        """A person, or another bot; enters guilds by ``members`` or :meth:`join`."""
        user = User(id_ or self.world.new_id(), name, bot, dms_open)
        self.world.users[user.id] = user
        return user

    @property
    def bot(self) -> User:
        """The bot's user."""
        return self.world.users[self.world.bot]

    @property
    def operator(self) -> User:
        """Who owns the application, and the guilds unless they say otherwise."""
        return self.world.users[self.world.owner]

    def guild(
        self,
        name: str,
        members: Iterable[User] = (),
        id_: str = "",
        *,
        owner: User | None = None,
        permissions: Iterable[str] = PEOPLE,
        bot_permissions: Iterable[str] = BOT_PERMISSIONS,
        present: bool = True,
    ) -> Guild:
        """A server with the bot in it (unless not ``present``), whose own role comes first.

        ``permissions`` are what everyone may do.
        """
        world = self.world
        holder = (owner or world.users[world.owner]).id
        guild = Guild(id_ or world.new_id(), name, holder, present=present)
        guild.roles[guild.id] = Role(guild.id, "@everyone", bits(permissions), 0)
        own = Role(world.new_id(), self.bot_name, bits(bot_permissions), managed=True)
        guild.roles[own.id] = own
        guild.members[holder] = Member(holder)
        if present:
            guild.members[world.bot] = Member(world.bot, [own.id])
        for user in members:
            guild.members[user.id] = Member(user.id)
        world.guilds[guild.id] = guild
        if present and self.gateway.sessions:
            events.guild_joined(world, guild)
        return guild

    def role(
        self, guild: Guild, name: str, members: Iterable[User] = (), id_: str = "", *,
        permissions: Iterable[str] = (), mentionable: bool = False,
    ) -> Role:  # fmt: skip
        """A role that these have."""
        role = Role(id_ or self.world.new_id(), name, bits(permissions), len(guild.roles),
                    mentionable=mentionable)  # fmt: skip
        guild.roles[role.id] = role
        for user in members:
            guild.members[user.id].roles.append(role.id)
        if self.gateway.sessions:
            events.role_changed(self.world, guild, "GUILD_ROLE_CREATE", role)
        return role

    def empower(self, guild: Guild, role: Role, *permissions: str) -> None:
        """Set what a role may do; the bot's own is :meth:`bot_role`."""
        role.permissions = bits(permissions)
        events.role_changed(self.world, guild, "GUILD_ROLE_UPDATE", role)

    def bot_role(self, guild: Guild) -> Role:
        """The bot's own role in a guild."""
        return next(role for role in guild.roles.values() if role.managed)

    def channel(
        self, guild: Guild, name: str, id_: str = "", *, only: Iterable[User | Role] | None = None,
        topic: str = "", kind: int = TEXT, parent: Channel | None = None,
    ) -> Channel:  # fmt: skip
        """A text channel; ``only`` these (and the bot) see it."""
        channel = Channel(id_ or self.world.new_id(), name, kind, guild.id, topic=topic)
        channel.parent = parent.id if parent else ""
        self.world.channels[channel.id] = channel
        if only is not None:
            channel.overwrites[guild.id] = Overwrite(0, deny=bits(["VIEW_CHANNEL"]))
            for who in (*only, self.bot):
                self.permit(channel, who, allow=["VIEW_CHANNEL"], quiet=True)
        if self.gateway.sessions:
            events.channel_changed(self.world, "CHANNEL_CREATE", channel)
        return channel

    def category(self, guild: Guild, name: str) -> Channel:
        """A category, to be the ``parent`` of channels."""
        return self.channel(guild, name, kind=CATEGORY)

    def forum(
        self, guild: Guild, name: str, tags: Iterable[str] = (), id_: str = "", *,
        moderated: Iterable[str] = (), require_tag: bool = False,
        only: Iterable[User | Role] | None = None,
    ) -> Channel:  # fmt: skip
        """A forum with these tags; ``moderated`` ones are for who manages threads."""
        forum = self.channel(guild, name, id_, kind=FORUM, only=only)
        forum.available_tags = [Tag(self.world.new_id(), tag) for tag in tags]
        forum.available_tags += [Tag(self.world.new_id(), tag, True) for tag in moderated]
        forum.require_tag = require_tag
        if self.gateway.sessions:
            events.channel_changed(self.world, "CHANNEL_UPDATE", forum)
        return forum

    def dm(self, user: User) -> Channel:
        """The direct message between a person and the bot."""
        return open_direct(self.world, user.id)

    def permit(
        self, channel: Channel, who: User | Role | Guild, *, allow: Iterable[str] = (),
        deny: Iterable[str] = (), quiet: bool = False,
    ) -> None:  # fmt: skip
        """Allow and deny permissions in a channel to somebody, a role, or everyone (the guild)."""
        kind = 1 if isinstance(who, User) else 0
        channel.overwrites[who.id] = Overwrite(kind, bits(allow), bits(deny))
        if not quiet:
            events.channel_changed(self.world, "CHANNEL_UPDATE", channel)

    def grant(self, guild: Guild, user: User, role: Role) -> None:
        """Give somebody a role."""
        member = guild.members[user.id]
        member.roles.append(role.id)
        events.member_changed(self.world, guild, "GUILD_MEMBER_UPDATE", member)

    def revoke(self, guild: Guild, user: User, role: Role) -> None:
        """Take a role from somebody."""
        member = guild.members[user.id]
        member.roles.remove(role.id)
        events.member_changed(self.world, guild, "GUILD_MEMBER_UPDATE", member)

    def file(self, name: str, content: bytes, content_type: str = "text/plain") -> File:
        """A file that can be given to ``say``."""
        return File(self.world.new_id(), name, content, content_type)

    def shift_time(self, seconds: float) -> None:
        """Let this Discord's clock run ahead: tokens grow old, ids get later."""
        self.world.shift += seconds

    # -- faults ----------------------------------------------------------------------------

    def fault(self, route: str, *, channel: Channel | str | None = None, **how: Any) -> Fault:
        """Let something go wrong with calls of a route: ``how`` are fields of :class:`Fault`.

        Routes are named like Discord's manual names them: ``create_message``, ``edit_message``,
        ``get_messages``, ``trigger_typing``, ``create_interaction_response``; beside them
        ``attachment`` (downloads) and ``*`` (any route).
        """
        where = channel.id if isinstance(channel, Channel) else channel
        fault = Fault(route, channel=where, **how)
        self.rest.faults.append(fault)
        return fault

    def heal(self) -> None:
        """Take all faults away."""
        self.rest.faults.clear()
        self.gateway.open, self.gateway.repeats = True, 0
        self.gateway.losing = lambda _name, _data: False

    def cut_sockets(self, *, forget: bool = False) -> None:
        """Cut every gateway connection hard; with ``forget`` sessions cannot be resumed."""
        if forget:
            self.gateway.sessions.clear()
        for link in list(self.gateway.links):
            link.cut()

    def close_gateway(self, *, forget: bool = False) -> None:
        """Cut every connection and take no new one, until :meth:`open_gateway`.

        What happens meanwhile is told on RESUME; with ``forget`` never.
        """
        self.gateway.open = False
        self.cut_sockets(forget=forget)

    def open_gateway(self) -> None:
        """Take connections again."""
        self.gateway.open = True

    def go_silent(self) -> None:
        """Keep the present connections open and say nothing on them any more."""
        for link in self.gateway.links:
            link.silent = True

    def reconnect(self) -> None:
        """Ask every connection to reconnect (op 7)."""
        for link in self.gateway.links:
            link.say(7)

    def invalidate(self, *, resumable: bool = False) -> None:
        """Invalidate every session (op 9); what happens until it identifies again is lost."""
        sessions = list(self.gateway.sessions.values())
        if not resumable:
            self.gateway.sessions.clear()
        for session in sessions:
            if session.link is not None:
                session.link.say(9, resumable)

    def repeat_on_resume(self, events: int) -> None:
        """Tell so many events again that were told before, on every RESUME."""
        self.gateway.repeats = events

    def lose_events(self, name: str, times: int = 1) -> None:
        """Never tell the next ``times`` events of this name."""
        left = [times]

        def losing(event: str, _: object) -> bool:
            if event != name or left[0] <= 0:
                return False
            left[0] -= 1
            return True

        self.gateway.losing = losing

    # -- what can be seen ------------------------------------------------------------------

    @property
    def calls(self) -> list[Call]:
        """Every request to the REST API, in order."""
        return self.world.calls

    def called(self, route: str) -> list[Call]:
        """The requests to one route that were carried out."""
        return [c for c in self.world.calls if c.name == route and c.status < 300 and not c.struck]

    @property
    def events(self) -> list[tuple[str, object]]:
        """Every event that was told, in order: name and payload."""
        return self.gateway.events

    @property
    def modals(self) -> list[Modal]:
        """The forms that were opened, oldest first; ``closed`` says whether they still are."""
        return self.world.modals

    def typing(self, channel: Channel | str) -> bool:
        """Whether people see the bot typing there now: ten seconds, until it writes."""
        where = id_of(channel)
        typings: list[Typing] = [one for one in self.world.typings if one.channel == where]
        if not typings or self.world.now() - typings[-1].at > 10:
            return False
        return not any(message.at > typings[-1].at for message in self.answers(where))

    def messages(self, channel: Channel | str) -> list[Message]:
        """What stands in a channel or thread, the oldest first."""
        return self.world.channels[id_of(channel)].standing()

    def answers(self, where: Channel | Message | str) -> list[Message]:
        """The bot's messages in a channel, or to a message.

        To a message are replies, those in its thread, and, in a thread or direct message, all that
        came after it.
        """
        if isinstance(where, str):
            where = self.world.channels.get(where) or self.world.message(where)
        if isinstance(where, Channel):
            return [m for m in where.standing() if m.author == self.world.bot and m.type != 21]
        message = where
        channel = self.world.channels[message.channel]
        among = channel.is_thread or channel.direct
        found = [
            m
            for m in self.answers(channel)
            if m.reference == message.id or (among and int(m.id) > int(message.id))
        ]
        thread = self.world.channels.get(message.id)
        return (self.answers(thread) if thread else []) + found

    def ephemerals(self, user: User | str) -> list[Message]:
        """What only this person sees, still standing."""
        who = id_of(user)
        return [m for m in self.world.hidden if m.only_for == who and not m.deleted]

    def message(self, id_: str) -> Message:
        """The message with this id, in whatever channel."""
        return self.world.message(id_)

    def thread_of(self, message: Message) -> Channel | None:
        """The thread that was opened on a message."""
        return self.world.channels.get(message.id)

    def threads(self, channel: Channel) -> list[Channel]:
        """The threads or posts of a channel, the oldest first."""
        every = self.world.channels.values()
        return [c for c in every if c.is_thread and c.parent == channel.id and not c.deleted]

    def tags(self, post: Channel) -> list[str]:
        """The names of the tags on a forum post."""
        named = {t.id: t.name for t in self.world.channels[post.parent].available_tags}
        return [named[id_] for id_ in post.applied_tags]


def id_of(thing: User | Channel | Message | str) -> str:
    """The id of a thing, or the id itself."""
    return thing if isinstance(thing, str) else thing.id
