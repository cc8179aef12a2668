"""The stand-in's gateway (version 10, JSON): sessions, heartbeats, events, resuming."""

from __future__ import annotations

import asyncio
import json
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field

from aiohttp import WSCloseCode, WSMsgType, web

from tests.platforms.discord_payloads import guild_create, member_json
from tests.platforms.discord_state import World
from tests.platforms.discord_words import Json

DISPATCH, HEARTBEAT, IDENTIFY, RESUME, RECONNECT = 0, 1, 2, 6, 7
REQUEST_MEMBERS, INVALID_SESSION, HELLO, HEARTBEAT_ACK = 8, 9, 10, 11

MEMBERS, PRESENCES, CONTENT = 1 << 1, 1 << 8, 1 << 15
"""The privileged intents."""

_INTENTS = {
    "GUILD_MEMBER": (MEMBERS, MEMBERS),
    "GUILD_": (1 << 0, 1 << 0),
    "CHANNEL_": (1 << 0, 1 << 0),
    "THREAD_": (1 << 0, 1 << 0),
    "MESSAGE_REACTION": (1 << 10, 1 << 13),
    "MESSAGE_": (1 << 9, 1 << 12),
    "TYPING_": (1 << 11, 1 << 14),
}
"""What an event wants, in a guild and in a direct message; by how its name begins."""


@dataclass(eq=False)
class Link:
    """One connection. ``silent``: it stays open and says nothing any more."""

    socket: web.WebSocketResponse
    request: web.Request
    deflate: zlib._Compress | None
    silent: bool = False
    session: Session | None = None
    outgoing: asyncio.Queue[str] = field(default_factory=asyncio.Queue)
    ended: bool = False

    def say(self, op: int, data: object = None, seq: int | None = None, name: str = "") -> None:
        """Send a frame, after those before it."""
        frame = {"op": op, "d": data, "s": seq, "t": name or None}
        self.outgoing.put_nowait(json.dumps(frame))

    async def write(self) -> None:
        """Send what is to be sent, until the connection ends."""
        while not self.ended:
            text = await self.outgoing.get()
            if self.silent or self.ended:
                continue
            if self.deflate is None:
                await self.socket.send_str(text)
                continue
            packed = self.deflate.compress(text.encode()) + self.deflate.flush(zlib.Z_SYNC_FLUSH)
            await self.socket.send_bytes(packed)

    def cut(self) -> None:
        """End it hard."""
        self.ended = True
        if self.request.transport is not None:
            self.request.transport.abort()


@dataclass(eq=False)
class Session:
    """What a client is told since it identified; it outlives its connections."""

    id: str
    intents: int
    shard: tuple[int, int]
    link: Link | None
    seq: int = 0
    sent: list[tuple[int, str, object]] = field(default_factory=list)

    def dispatch(self, name: str, data: object) -> None:
        """Tell an event now, or on resuming."""
        self.seq += 1
        self.sent.append((self.seq, name, data))
        if self.link is not None:
            self.link.say(DISPATCH, data, self.seq, name)

    def wants(self, name: str, guild: str | None) -> bool:
        """Whether it is on the right shard and has the intent."""
        number, of = self.shard
        if (int(guild) >> 22) % of != number if guild else number != 0:
            return False
        wanted = next((both for start, both in _INTENTS.items() if name.startswith(start)), None)
        return wanted is None or bool(self.intents & wanted[0 if guild else 1])


class CloseError(Exception):
    """The gateway closes the connection with a code."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code


class Gateway:
    """Takes connections and tells events."""

    def __init__(self, world: World, token: str, heartbeat: float) -> None:
        self.world = world
        self.token = token
        self.heartbeat = heartbeat
        self.links: list[Link] = []
        self.sessions: dict[str, Session] = {}
        self.open = True
        self.repeats = 0
        """How many events that were told before are told again on each RESUME."""
        self.losing: Callable[[str, object], bool] = lambda _name, _data: False
        """Which events are never told."""
        self.hold: Callable[[], float] | None = None
        """For how many seconds the next new message is held back: later ones overtake it."""
        self.identified: list[Json] = []
        """The IDENTIFY payloads, in order."""
        self.resumed = 0
        self.heartbeats = 0
        self.events: list[tuple[str, object]] = []
        """Every event that was told, in order."""

    def emit(self, name: str, guild: str | None, make: Callable[[bool], Json | None]) -> None:
        """Tell an event to every session that wants it."""
        for session in self.sessions.values():
            if not session.wants(name, guild):
                continue
            granted = bool(session.intents & CONTENT) and self.world.content_granted
            data = make(granted)
            if data is not None and not self.losing(name, data):
                self.events.append((name, data))
                if self.hold is not None and name == "MESSAGE_CREATE":
                    loop = asyncio.get_running_loop()
                    loop.call_later(self.hold(), session.dispatch, name, data)
                else:
                    session.dispatch(name, data)

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """One connection, from HELLO to its end."""
        if not self.open:
            return web.Response(status=503, text="the gateway is closed")
        socket = web.WebSocketResponse(max_msg_size=1 << 20)
        await socket.prepare(request)
        packs = request.query.get("compress") == "zlib-stream"
        link = Link(socket, request, zlib.compressobj() if packs else None)
        self.links.append(link)
        link.say(HELLO, {"heartbeat_interval": int(self.heartbeat * 1000), "_trace": []})
        writing = asyncio.create_task(link.write())
        try:
            await self._listen(link, request.query.get("v", "10"))
        except CloseError as close:
            await asyncio.sleep(0.01)  # what was said before goes first
            await socket.close(code=close.code, message=str(close).encode())
        finally:
            link.ended = True
            writing.cancel()
            self.links.remove(link)
            if link.session is not None and link.session.link is link:
                link.session.link = None
        return socket

    async def _listen(self, link: Link, version: str) -> None:
        if version not in ("9", "10"):
            raise CloseError(4012, "Invalid API version.")
        async for frame in link.socket:
            if link.silent:
                continue
            if frame.type is not WSMsgType.TEXT:
                raise CloseError(4002, "Error while decoding payload.")
            try:
                said = json.loads(frame.data)
            except ValueError:
                raise CloseError(4002, "Error while decoding payload.") from None
            self._take(link, int(said.get("op", -1)), said.get("d"))
        closed = link.socket.close_code
        if link.session and closed in (WSCloseCode.OK, WSCloseCode.GOING_AWAY) and not link.ended:
            self.sessions.pop(link.session.id, None)

    def _take(self, link: Link, op: int, data: Json) -> None:
        if op == HEARTBEAT:
            self.heartbeats += 1
            link.say(HEARTBEAT_ACK)
        elif op == IDENTIFY:
            if link.session is not None:
                raise CloseError(4005, "Already authenticated.")
            self._identify(link, data)
        elif op == RESUME:
            self._resume(link, data)
        elif link.session is None:
            raise CloseError(4003, "Not authenticated.")
        elif op == REQUEST_MEMBERS:
            self._members(link.session, data)
        elif op not in (3, 4, 31):
            raise CloseError(4001, "Unknown opcode.")

    def _identify(self, link: Link, data: Json) -> None:
        self.identified.append(data)
        if data.get("token") != self.token:
            raise CloseError(4004, "Authentication failed.")
        intents, world = int(data.get("intents", 0)), self.world
        granted = {CONTENT: world.content_granted, MEMBERS: world.members_granted,
                   PRESENCES: world.presences_granted}  # fmt: skip
        if any(intents & bit and not given for bit, given in granted.items()):
            raise CloseError(4014, "Disallowed intent(s).")
        if intents >> 26:
            raise CloseError(4013, "Invalid intent(s).")
        number, of = data.get("shard") or (0, 1)
        if not 0 <= number < of:
            raise CloseError(4010, "Invalid shard.")
        session = Session(f"session-{world.new_id()}", intents, (number, of), link)
        link.session = self.sessions[session.id] = session
        guilds = [
            g for g in world.guilds.values() if g.present and (int(g.id) >> 22) % of == number
        ]
        ready = {
            "v": 10,
            "user": world.users[world.bot].payload(),
            "guilds": [{"id": guild.id, "unavailable": True} for guild in guilds],
            "session_id": session.id,
            "resume_gateway_url": self.address,
            "application": {"id": world.application, "flags": flags_of(world)},
            "shard": [number, of],
            "private_channels": [],
            "user_settings": {},
            "_trace": [],
        }
        session.dispatch("READY", ready)
        for guild in guilds if intents & 1 else []:
            if not guild.out:
                session.dispatch("GUILD_CREATE", guild_create(world, guild))

    @property
    def address(self) -> str:
        """Where to connect to."""
        return self.world.url.replace("http", "ws", 1) + "/gateway"

    def _resume(self, link: Link, data: Json) -> None:
        if data.get("token") != self.token:
            raise CloseError(4004, "Authentication failed.")
        session = self.sessions.get(str(data.get("session_id")))
        if session is None:
            link.say(INVALID_SESSION, False)
            return
        seen = int(data.get("seq") or 0)
        if seen > session.seq:
            raise CloseError(4007, "Invalid seq.")
        if session.link is not None and session.link is not link:
            session.link.cut()
        link.session, session.link = session, link
        self.resumed += 1
        for seq, name, event in session.sent:
            again = seen - self.repeats < seq <= seen and name not in ("READY", "RESUMED")
            if seq > seen or again:
                link.say(DISPATCH, event, seq, name)
        session.dispatch("RESUMED", {"_trace": []})

    def _members(self, session: Session, data: Json) -> None:
        """GUILD_MEMBERS_CHUNK; everybody wants the members intent."""
        guild = self.world.guilds.get(str(data.get("guild_id")))
        if guild is None:
            return
        ids = [str(id_) for id_ in data.get("user_ids") or ()]
        start = str(data.get("query") or "").lower()
        if not ids and not start and not session.intents & MEMBERS:
            raise CloseError(4014, "Disallowed intent(s).")
        found = [
            member_json(self.world, member)
            for member in guild.members.values()
            if (member.user in ids if ids else
                self.world.users[member.user].name.lower().startswith(start))
        ]  # fmt: skip
        chunk = {"guild_id": guild.id, "members": found, "chunk_index": 0, "chunk_count": 1,
                 "not_found": [id_ for id_ in ids if id_ not in guild.members],
                 "nonce": data.get("nonce")}  # fmt: skip
        session.dispatch("GUILD_MEMBERS_CHUNK", chunk)

    async def close(self) -> None:
        """End every connection."""
        for link in list(self.links):
            link.cut()
        await asyncio.sleep(0)


def flags_of(world: World) -> int:
    """The application's flags: which privileged intents are switched on (for few guilds)."""
    given = {1 << 13: world.presences_granted, 1 << 15: world.members_granted,
             1 << 19: world.content_granted}  # fmt: skip
    return sum(bit for bit, granted in given.items() if granted)
