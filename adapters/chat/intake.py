"""What chats hand in: kept in the inbox before it is acknowledged, once, in its order."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import asdict
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from adapters.chat.answering import BOT, Answering
from adapters.chat.base import ChannelKind, ChatAdapter, Heard, Place, Reaction, to_payload
from bot.conversation import Platform
from bot.errors import StorageError
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
        adapters: Mapping[Platform, ChatAdapter],
        clock: Clock,
        conversation_of: Callable[[Place, str], Awaitable[str | None]],
    ) -> None:
        """``conversation_of`` tells to which conversation a message of the bot belongs."""
        self._database = database
        self._inbox = inbox
        self._participation = participation
        self._answering = answering
        self._adapters = adapters
        self._conversation_of = conversation_of
        self._clock = clock
        self._waiting: dict[str, tuple[float, Heard]] = {}
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

    async def _take(self, heard: Heard) -> bool | None:
        """Whether it is new; ``None`` where it is not for the bot."""
        record = await self._participation.find(heard.home.key)
        kind = self._kind(heard, record)
        if kind is None:
            return None
        event_id = _event_of(heard)
        sure = kind == "message" and self._is_sure(heard)
        conversation = await self._conversation(heard, record)
        follows = heard.place.thread or heard.place.kind is ChannelKind.DIRECT
        wait = self._fresh(heard) if follows and not heard.private else 0.0

        def op(connection: sa.Connection) -> str:
            payload = {"kind": kind, "heard": to_payload(heard)}
            thread = event_id if heard.private else _order_of(heard)
            for name in _names_of(heard):
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
                    if sure and not heard.private:
                        self._participation.join_in(connection, heard.home.key, conversation)
                    return name
            return ""

        kept = await self._database.write(op)
        if kept:
            asyncio.get_running_loop().call_later(wait, self._inbox.wake)
            if sure:
                self._announce(kept, heard)
        return bool(kept)

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

    def _kind(self, heard: Heard, record: ThreadRecord | None) -> str | None:
        """What is to be done with it, as far as can be told at once; ``None``: nothing."""
        if record is not None and record.role == HANDOFF and not _calls(heard):
            return "carry"
        if record is not None or self._is_sure(heard):
            return "message"
        if heard.place.thread:
            return None
        return "message" if self._answering.decide(heard, None).answer else None

    def _is_sure(self, heard: Heard) -> bool:
        """Whether it is answered in any case."""
        if heard.for_bot or heard.private or heard.place.kind is ChannelKind.DIRECT:
            return True
        return not heard.place.thread and self._answering.decide(heard, None).answer

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
    place = heard.place
    return ":".join((place.platform, place.workspace, place.channel, heard.message))


def _names_of(heard: Heard) -> tuple[str, ...]:
    """Under which ids it is kept: the first that is not taken. What was left alone may mention the
    bot once it was edited; what was answered stays answered."""
    event_id = _event_of(heard)
    late = heard.for_bot and heard.edited
    return (event_id, event_id + EDITED) if late else (event_id,)


def _order_of(heard: Heard) -> str:
    """Within what things are answered one after the other."""
    if heard.place.kind is ChannelKind.DIRECT and not heard.place.thread:
        return heard.place.key
    return heard.home.key
