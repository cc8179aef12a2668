"""How a test furnishes the stand-in Slack: teams, people, channels, groups, files, faults."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Any

from tests.platforms.slack_faults import Fault
from tests.platforms.slack_methods import open_direct
from tests.platforms.slack_outbox import Outbox
from tests.platforms.slack_state import (
    Call,
    Channel,
    File,
    Message,
    Status,
    Team,
    User,
    UserGroup,
    View,
    World,
)
from tests.platforms.slack_web import WebApi
from tests.platforms.slack_words import Json
from tests.platforms.stand_in import Watched


class Setting(Watched):
    """The world of the stand-in, its outbox and its Web API, with names for what tests want."""

    world: World
    outbox: Outbox
    web: WebApi
    bot_name: str

    # -- furnishing ------------------------------------------------------------------------

    def team(
        self,
        id_: str,
        *,
        name: str = "",
        token: str = "",
        scopes: Iterable[str] | None = None,
        installed: bool = True,
    ) -> Team:
        """A workspace with the app in it; the one that is there already where it is known.

        Its bot user is ``UBOT`` with the team's id behind it (the first team's is ``UBOT``).
        """
        if id_ in self.world.teams:
            return self.world.teams[id_]
        suffix = id_ if self.world.teams else ""
        granted = None if scopes is None else frozenset(scopes)
        team = Team(
            id_, name or f"Team {id_}", token or f"xoxb-{id_}", f"UBOT{suffix}", f"BBOT{suffix}",
            self.outbox.app_id, granted, installed,
        )  # fmt: skip
        self.world.teams[id_] = team
        self.world.users[team.bot_user] = User(
            team.bot_user, self.bot_name, id_, bot_id=team.bot_id, app=team.app_id
        )
        return team

    @property
    def home(self) -> Team:
        """The first team."""
        return next(iter(self.world.teams.values()))

    @property
    def bot(self) -> User:
        """The bot's user in the first team."""
        return self.world.users[self.home.bot_user]

    def user(
        self,
        id_: str,
        name: str = "",
        *,
        team: Team | None = None,
        restricted: bool = False,
        ultra_restricted: bool = False,
        stranger: bool = False,
        bot: bool = False,
    ) -> User:
        """A person; ``restricted`` is a guest, a ``stranger`` belongs to another organisation."""
        there = (team or self.home).id if not stranger or team else "TOTHER"
        bot_id, app = (f"B{id_}", f"A{id_}") if bot else ("", "")
        user = User(id_, name or id_, there, restricted, ultra_restricted, stranger, bot_id, app)
        self.world.users[id_] = user
        return user

    def channel(
        self,
        id_: str,
        name: str = "",
        members: Iterable[User | str] = (),
        *,
        team: Team | None = None,
        private: bool = False,
        shared: bool = False,
        archived: bool = False,
        group: bool = False,
        bot: bool = True,
        topic: str = "",
    ) -> Channel:
        """A channel with these members; the bot is one too unless ``bot`` is false.

        ``group`` makes it a conversation of several people (mpim).
        """
        there = team or self.home
        kind = "mpim" if group else "group" if private else "channel"
        ids = [id_of(member) for member in members] + ([there.bot_user] if bot else [])
        channel = Channel(
            id_, name or id_.lower(), there.id, ids, kind, "", shared, archived, topic
        )
        self.world.channels[id_] = channel
        return channel

    def dm(self, user: User, team: Team | None = None) -> Channel:
        """The direct message between a person and the bot."""
        return open_direct(self.world, team or self._team_of(user), user)

    def user_group(
        self, id_: str, handle: str, users: Iterable[User | str] = (), team: Team | None = None
    ) -> UserGroup:
        """A user group; change its ``users`` at any time."""
        there = (team or self.home).id
        group = UserGroup(id_, handle, [id_of(user) for user in users], there)
        self.world.groups[id_] = group
        return group

    def file(
        self, id_: str, name: str, content: bytes, mimetype: str = "text/plain",
        team: Team | None = None,
    ) -> File:  # fmt: skip
        """A file that can be given to :meth:`say`."""
        file = File(id_, name, content, mimetype, (team or self.home).id)
        self.world.files[id_] = file
        return file

    def _team_of(self, who: User | Channel) -> Team:
        return self.world.teams.get(who.team) or self.home

    # -- faults ----------------------------------------------------------------------------

    def fault(self, method: str, *, channel: Channel | str | None = None, **how: Any) -> Fault:
        """Let something go wrong with calls of a method: ``how`` are fields of :class:`Fault`.

        Beside Web API methods: ``response_url``, ``file`` (downloads), ``*`` (any).
        """
        where = channel.id if isinstance(channel, Channel) else channel
        fault = Fault(method, channel=where, **how)
        self.web.faults.append(fault)
        return fault

    def heal(self) -> None:
        """Take all faults away."""
        self.web.faults.clear()
        self.outbox.ack_delay, self.outbox.acks_to_lose = 0.0, 0

    def cut_sockets(self) -> None:
        """Close every Socket Mode connection hard."""
        for connection in list(self.outbox.connections):
            connection.hang_up()

    def go_silent(self) -> None:
        """Keep the present Socket Mode connections open and answer nothing on them any more."""
        for connection in self.outbox.connections:
            connection.silent = True

    def lose_acks(self, times: int = 1) -> None:
        """Lose the next acknowledgements: the app has the event, and gets it again."""
        self.outbox.acks_to_lose = times

    def delay_acks(self, seconds: float) -> None:
        """Let acknowledgements arrive late; beyond ``outbox.ack_timeout`` the event comes again."""
        self.outbox.ack_delay = seconds

    async def disconnect(self, reason: str = "refresh_requested", grace: float = 1.0) -> None:
        """Ask the app to reconnect (``warning`` only announces it), then close after ``grace``."""
        await self.outbox.say_goodbye(reason, grace)

    async def redeliver(self, event_id: str) -> None:
        """Deliver an event once more, acknowledged or not."""
        await self.outbox.redeliver(self.outbox.deliveries[event_id])

    # -- what can be seen ------------------------------------------------------------------

    @property
    def calls(self) -> list[Call]:
        """Every request to the Web API, in order."""
        return self.world.calls

    def called(self, method: str) -> list[Call]:
        """The requests to one method that were carried out."""
        return [call for call in self.world.calls if call.method == method and not call.error]

    @property
    def statuses(self) -> list[Status]:
        """Every status line that was set, in order."""
        return self.world.statuses

    @property
    def views_opened(self) -> list[View]:
        """The modals that were opened, oldest first; ``closed`` says whether they still are."""
        return list(self.world.views.values())

    @property
    def homes(self) -> dict[str, View]:
        """The App Homes by user id."""
        return self.world.homes

    @property
    def events(self) -> list[Json]:
        """The payloads of the events that were sent, in order."""
        deliveries = self.outbox.deliveries.values()
        return [delivery.payload for delivery in deliveries if delivery.kind == "events_api"]

    @property
    def unacknowledged(self) -> list[str]:
        """The ids of events that the app has not acknowledged yet."""
        deliveries = self.outbox.deliveries.values()
        return [d.id for d in deliveries if d.kind == "events_api" and not d.acked]

    @property
    def lost(self) -> list[str]:
        """The ids of deliveries that were given up."""
        return [d.id for d in self.outbox.deliveries.values() if d.lost]

    def status(self, channel: Channel | str, thread_ts: str) -> str:
        """The status line that stands in a thread now: a reply or two minutes clear it."""
        where = id_of(channel)
        set_ = [s for s in self.statuses if (s.channel, s.thread_ts) == (where, thread_ts)]
        if not set_ or time.time() - set_[-1].at > 120:
            return ""
        replies = self.messages(where, thread_ts)
        answered = any(m.bot_id == self.home.bot_id and m.at > set_[-1].at for m in replies)
        return "" if answered else set_[-1].status

    def messages(self, channel: Channel | str, thread_ts: str | None = None) -> list[Message]:
        """What stands in a channel, or in one thread of it (its first message included)."""
        there = self.world.channels[id_of(channel)]
        if thread_ts is not None:
            return there.thread(thread_ts)
        return [message for message in there.messages.values() if not message.deleted]

    def answers(self, channel: Channel | str, thread_ts: str | None = None) -> list[Message]:
        """The bot's messages among them."""
        bots = {team.bot_id for team in self.world.teams.values()}
        return [m for m in self.messages(channel, thread_ts) if m.bot_id in bots]

    def ephemerals(self, user: User | str) -> list[Message]:
        """What only this person sees, still standing."""
        who = id_of(user)
        return [m for m in self.world.hidden if m.only_for == who and not m.deleted]

    def message(self, ts: str) -> Message:
        """The message with this ts, in whatever channel."""
        return self.world.message(ts)


def id_of(thing: User | Channel | str) -> str:
    """The id of a thing, or the id itself."""
    return thing if isinstance(thing, str) else thing.id
