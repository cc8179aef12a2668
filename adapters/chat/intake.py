"""What chats hand in: kept in the inbox before it is acknowledged, once, in its order."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import asdict, replace
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from adapters.chat.answering import BOT, Answering
from adapters.chat.base import ChannelKind, ChatAdapter, Heard, Place, Reaction, to_payload
from adapters.chat.limiting import LIMITED, Limiting
from bot.conversation import Platform
from bot.errors import StorageError
from bot.limits import PASSED, Kind, Verdict
from bot.ports import Clock
from bot.store.base import Database
from bot.store.participation import HANDOFF, Participation, ThreadRecord
from bot.telemetry import log
from bot.work.inbox import Inbox

_SAME_TALK = timedelta(minutes=30)
_SETTLE_S = 0.3
"""How long something new waits for what was said before it and reaches us, or another process,
by another way."""
EDITED = ":edited"
"""Ends the id of a message that mentions the bot only since it was edited."""
NEWEST = ":newest"
"""Ends the id of the message that is answered after a flood, where its own had a sentence."""
_QUIET_S = 3.0
_MOST_HELD = 1_000
_QUEUED_S = 5.0
_QUEUED = "has your question; others are before it…"


class Intake:
    """Takes in what was heard. Its parts are handed in."""

    def __init__(
        self,
        *,
        database: Database,
        inbox: Inbox,
        participation: Participation,
        answering: Answering,
        limiting: Limiting,
        adapters: Mapping[Platform, ChatAdapter],
        clock: Clock,
        conversation_of: Callable[[Place, str], Awaitable[str | None]],
    ) -> None:
        """``conversation_of`` tells to which conversation a message of the bot belongs."""
        self._database = database
        self._inbox = inbox
        self._participation = participation
        self._answering = answering
        self._limiting = limiting
        self._adapters = adapters
        self._conversation_of = conversation_of
        self._clock = clock
        self._waiting: dict[str, tuple[float, Heard]] = {}
        self._newest: dict[str, Heard] = {}
        self._let_go: set[str] = set()
        self._background: set[asyncio.Task[None]] = set()

    async def take(self, heard: Heard) -> bool:
        """Keep what was heard; whether it is new and may be answered.

        Raises StorageError where it could not be kept: then it must not be acknowledged.
        """
        kept = await self._take(heard)
        if kept is None and heard.place.thread and (wait := self._fresh(heard)):
            self._start(self._take_again(heard, wait))
        return bool(kept)

    async def _take_again(self, heard: Heard, wait: float) -> None:
        """Another process may be about to begin the thread to which it belongs."""
        await asyncio.sleep(wait)
        try:
            await self._take(heard)
        except StorageError as error:
            log.warning("a remark in a thread was not kept", error=str(error))

    async def _take(self, heard: Heard, *, calmed: bool = False) -> bool | None:
        """Whether it is new; ``None`` where it is not for the bot. ``calmed``: it is what counts
        of a flood, and was weighed."""
        sure = await self._is_sure(heard)
        verdict = PASSED
        weighed = calmed or (sure and not heard.place.thread)
        if weighed and not calmed:  # a flood costs no look into the database
            verdict = await self._weigh(heard, sure=True)
            if not verdict.passes and not verdict.tell:
                return False
        record = await self._participation.find(heard.home.key)
        kind = await self._kind(heard, record)
        if kind is None:
            return None
        sure = sure and kind == "message"
        if kind == "message" and not weighed:
            verdict = await self._weigh(heard, sure=sure)
            if not verdict.passes and not verdict.tell:
                return False
        conversation = await self._conversation(heard, record)
        payload = {"kind": kind, "heard": to_payload(heard)} | ({"newest": True} if calmed else {})
        if not verdict.passes:
            payload = self._limiting.payload(verdict, to_payload(heard))
        joins = sure and verdict.passes and not heard.private
        return await self._keep(heard, payload, conversation if joins else None, sure=sure)

    async def _keep(
        self, heard: Heard, payload: Mapping[str, Any], joins: str | None, *, sure: bool
    ) -> bool:
        """Put it into the inbox, and ``joins`` the conversation of its home; whether it is new."""
        event_id = _event_of(heard)
        follows = heard.place.thread or heard.place.kind is ChannelKind.DIRECT
        limited = payload["kind"] == LIMITED
        alone = heard.private or payload.get("limit") == Kind.FLOOD
        wait = self._fresh(heard) if follows and not alone else 0.0
        thread = event_id if alone else _order_of(heard)
        names = _names_of(heard) + ((event_id + NEWEST,) if payload.get("newest") else ())

        def op(connection: sa.Connection) -> str:
            for name in names:
                new = self._inbox.put_in(
                    connection,
                    name,
                    thread,
                    payload,
                    topic=heard.place.platform,
                    delay=wait,
                    at=heard.at,
                )
                if new:
                    if joins is not None:
                        self._participation.join_in(connection, heard.home.key, joins)
                    return name
            return ""

        kept = await self._database.write(op)
        if kept:
            asyncio.get_running_loop().call_later(wait, self._inbox.wake)
            if sure and not limited:
                self._announce(kept, heard)
        return bool(kept)

    async def _weigh(self, heard: Heard, *, sure: bool) -> Verdict:
        """Whether there is room for it. Of a flood the newest message is held until it is over."""
        verdict = await self._limiting.weigh(_names_of(heard)[-1], heard, sure=sure)
        if sure and verdict.kind is Kind.FLOOD and not heard.private:
            person = f"{heard.place.workspace}:{heard.author.key}"
            held = self._newest.get(person)
            if held is None and len(self._newest) < _MOST_HELD:
                self._newest[person] = heard
                self._start(self._take_newest(person))
            elif held is not None and held.at <= heard.at:
                self._let_go.discard(_event_of(held))
                self._newest[person] = heard
        return verdict

    async def _take_newest(self, person: str) -> None:
        """Take in what somebody wrote last, once they are quiet."""
        held = None
        while held is not self._newest[person]:
            held = self._newest[person]
            await asyncio.sleep(_QUIET_S)
        heard = self._newest.pop(person)
        if _event_of(heard) in self._let_go:
            self._let_go.discard(_event_of(heard))
            return
        try:
            await self._take(heard, calmed=True)
        except StorageError as error:
            log.warning("the newest message of a flood was not kept", error=str(error))

    def let_go(self, event_id: str) -> None:
        """A message was deleted: it is not waited for, and not the newest of a flood."""
        self.begun(event_id)
        if any(_event_of(held) == event_id for held in self._newest.values()):
            self._let_go.add(event_id)

    def amend(self, event_id: str, heard: Heard) -> None:
        """A message was edited: if it is the newest of a flood, its newest words are."""
        for person, held in self._newest.items():
            if _event_of(held) == event_id:
                self._newest[person] = replace(held, text=heard.text, mentions=heard.mentions)

    def _fresh(self, heard: Heard) -> float:
        """Seconds until it is sure that nothing said before it is still on its way; 0: it is."""
        age = (self._clock() - heard.at).total_seconds()
        return max(0.0, _SETTLE_S - max(0.0, age))

    async def react(self, reaction: Reaction, event_id: str) -> None:
        """Keep a thumb put on a message of ours, or taken off it."""
        payload = {"kind": "reaction", **asdict(reaction)}
        order = f"{reaction.place.platform}:reactions:{reaction.message}"
        await self._put(event_id, order, payload, reaction.place)

    async def note(self, kind: str, turn: str, place: Place, *, once: str = "") -> bool:
        """Keep that something is to be done about a turn, once for each turn (or what ``once``
        names); whether it is new."""
        payload = {"kind": kind, "turn": turn, "place": asdict(place)}
        return await self._put(f"{kind}:{once or turn}", f"{kind}:{turn}", payload, place)

    async def _put(
        self, event_id: str, thread: str, payload: Mapping[str, Any], place: Place
    ) -> bool:
        return await self._inbox.put(event_id, thread, payload, topic=place.platform)

    async def _kind(self, heard: Heard, record: ThreadRecord | None) -> str | None:
        """What is to be done with it, as far as can be told at once; ``None``: nothing."""
        if record is not None and record.role == HANDOFF and not _calls(heard):
            return "carry"
        if record is not None or await self._is_sure(heard):
            return "message"
        if heard.place.thread:
            return None
        return "message" if (await self._answering.decide(heard, None)).answer else None

    async def _is_sure(self, heard: Heard) -> bool:
        """Whether it is answered in any case."""
        if heard.for_bot or heard.private or heard.place.kind is ChannelKind.DIRECT:
            return True
        return not heard.place.thread and (await self._answering.decide(heard, None)).answer

    async def _conversation(self, heard: Heard, record: ThreadRecord | None) -> str:
        """The engine's thread: the one of the record, or of the answer that is replied to outside
        of threads; in a direct message the talk that goes on."""
        if record is not None and record.role != HANDOFF:
            return record.conversation
        if heard.answer and not heard.place.thread:
            conversation = await self._conversation_of(heard.place, heard.answer)
            if conversation is not None:
                return conversation
        if heard.place.kind is ChannelKind.DIRECT and not heard.place.thread:
            last = await self._participation.last_in(heard.place.key, None)
            if last is not None and self._clock() - last.updated_at < _SAME_TALK:
                return last.conversation
        return heard.home.key

    # -- people who wait --------------------------------------------------------------------

    def _announce(self, event_id: str, heard: Heard) -> None:
        """Show at once that work began."""
        self._waiting[event_id] = (asyncio.get_running_loop().time(), heard)
        self._begin(heard)

    def begun(self, event_id: str) -> None:
        """It is worked on now."""
        self._waiting.pop(event_id, None)

    def reassure(self) -> None:
        """Tell those who have waited for a while, once, that others are before them."""
        now = asyncio.get_running_loop().time()
        late = [event for event, (at, _) in self._waiting.items() if now - at > _QUEUED_S]
        for event in late:
            self._begin(self._waiting.pop(event)[1], _QUEUED)

    def _begin(self, heard: Heard, sentence: str = "") -> None:
        adapter = self._adapters.get(heard.place.platform)
        if adapter is not None:
            self._start(adapter.begin(heard, sentence))

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._background.add(task)
        task.add_done_callback(self._background.discard)

    async def drain(self) -> None:
        """Let what is being shown come to its end."""
        await asyncio.gather(*self._background, return_exceptions=True)


def _calls(heard: Heard) -> bool:
    """Whether the bot is called by its name; a reply to what it posted does not yet do that."""
    return heard.for_bot and heard.replies_to != BOT


def _event_of(heard: Heard) -> str:
    return names_of_message(heard.place, heard.message)[0]


def names_of_message(place: Place, message: str) -> tuple[str, ...]:
    """All ids under which a message may be kept."""
    event_id = ":".join((place.platform, place.workspace, place.channel, message))
    return (event_id, event_id + EDITED, event_id + NEWEST)


def _names_of(heard: Heard) -> tuple[str, ...]:
    """Under which ids it is kept: the first that is not taken. What was left alone may mention the
    bot once it was edited; what was answered stays answered."""
    event_id = _event_of(heard)
    late = heard.for_bot and heard.edited
    return (event_id, event_id + EDITED) if late else (event_id,)


def _order_of(heard: Heard) -> str:
    """Within what things are answered one after the other: a thread, or the whole of a direct
    message, where what begins a thread stands at the top and what follows in the thread."""
    if heard.place.kind is ChannelKind.DIRECT:
        return replace(heard.place, thread="").key
    return heard.home.key
