"""The desk: where every chat platform hands in what it hears, and where it is worked on.

A platform calls :meth:`Desk.take` before it acknowledges an event; once that returns the event is
safe on disk. :meth:`Desk.run` works on what waits, for all platforms that joined.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Mapping
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from adapters.assembly import Application
from adapters.chat import handing
from adapters.chat.answering import Answering, Job
from adapters.chat.base import (
    ChannelKind,
    ChatAdapter,
    Heard,
    Place,
    Reaction,
    author_of,
    heard_of,
    place_of,
    to_payload,
)
from adapters.chat.commands import Commands
from adapters.chat.handing import Handing
from adapters.chat.worker import LEASE_S, NotYetError, Worker, worker_name
from bot.conversation import Author, Feedback, Platform, Principal, Rating
from bot.errors import ChatError, NotFoundError
from bot.handoff import HandoffBook
from bot.store.participation import Participation, ThreadRecord
from bot.store.replies import Replies
from bot.telemetry import log
from bot.work.inbox import Claim, Inbox
from knowledge.overview import SourceSummary, overview
from knowledge.suggesting import Suggestion

_ATTEMPTS = 12
_UNKNOWN_TURN_ATTEMPTS = 6
_DOWNS = 2
_SPOKEN_COMMANDS = frozenset({"mute", "unmute"})
_SAME_TALK = timedelta(minutes=30)
_QUEUED_S = 5.0
_QUEUED = "has your question; others are before it…"
_GAUGE_S = 5.0
_KEEP_DONE = timedelta(days=7)
_PURGE_S = 3600.0


@dataclass(frozen=True, slots=True)
class About:
    """The bot as it introduces itself to one person."""

    name: str
    about: str
    sources: tuple[SourceSummary, ...]
    suggestions: tuple[Suggestion, ...]
    opted_out: bool


class Desk:
    """What all chat platforms share."""

    def __init__(
        self,
        app: Application,
        *,
        owner: str | None = None,
        places: int = 64,
        finish_s: float = 25.0,
        patience_s: float = 150.0,
    ) -> None:
        """``places`` is how many events are worked on at once; ``finish_s`` how long a stopping
        worker lets answers come to their end, ``patience_s`` how long one may take, in seconds."""
        self._app = app
        self._settings = app.settings
        self._adapters: dict[Platform, ChatAdapter] = {}
        self._background: set[asyncio.Task[None]] = set()
        self._places = places
        self._finish_s = finish_s
        self._waiting: dict[str, Heard] = {}
        self._inbox = Inbox(
            app.database, owner or worker_name(), lease_seconds=LEASE_S, max_attempts=_ATTEMPTS
        )
        self._participation = Participation(app.database)
        self._replies = Replies(app.database)
        self._handoffs = HandoffBook(app.database)
        self._answering = Answering(
            settings=app.settings,
            engine=app.engine,
            database=app.database,
            participation=self._participation,
            replies=self._replies,
            names=(app.bot_name,),
            clock=app.clock,
            patience_s=patience_s,
        )
        self._handing = Handing(
            settings=app.settings,
            database=app.database,
            history=app.history,
            participation=self._participation,
            book=self._handoffs,
            inbox=self._inbox,
            adapters=self._adapters,
            clock=app.clock,
        )
        self._commands = Commands(app, self._participation)

    def join(self, adapter: ChatAdapter) -> None:
        """Take part with a platform; before :meth:`run`."""
        self._adapters[adapter.platform] = adapter

    @property
    def inbox(self) -> Inbox:
        """What waits and what is in hand."""
        return self._inbox

    @property
    def replies(self) -> Replies:
        """Which messages carry which turn."""
        return self._replies

    # -- handing in ---------------------------------------------------------------------------

    async def take(self, heard: Heard) -> bool:
        """Keep what was heard; whether it is new and may be answered.

        Raises StorageError where it could not be kept: then it must not be acknowledged.
        """
        record = await self._participation.find(heard.home.key)
        kind = self._kind(heard, record)
        if kind is None:
            return False
        place = heard.place
        event_id = ":".join((place.platform, place.workspace, place.channel, heard.message))
        sure = kind == "message" and self._is_sure(heard)
        conversation = await self._conversation(heard, record)

        def op(connection: sa.Connection) -> bool:
            payload = {"kind": kind, "heard": to_payload(heard)}
            thread = event_id if heard.private else _order_of(heard)
            new = self._inbox.put_in(
                connection, event_id, thread, payload, topic=heard.place.platform
            )
            if new and sure and not heard.private:
                self._participation.join_in(connection, heard.home.key, conversation)
            return new

        new = await self._app.database.write(op)
        if new:
            self._inbox.wake()
            if sure:
                self._announce(event_id, heard)
        return new

    async def react(self, reaction: Reaction, event_id: str) -> None:
        """Keep a thumb put on a message of ours, or taken off it."""
        payload = {"kind": "reaction", **asdict(reaction)}
        order = f"{reaction.place.platform}:reactions:{reaction.message}"
        await self._put(event_id, order, payload, reaction.place)

    async def hand_off(self, turn: str, author: Author, place: Place) -> None:
        """Somebody pressed "ask a person" below a turn; a second press changes nothing."""
        payload = {"kind": "handoff", "turn": turn, "place": asdict(place)}
        log.info("a person is asked for", turn=turn, by=author.platform)
        await self._put(f"handoff:{turn}", f"handoff:{turn}", payload, place)

    async def _put(
        self, event_id: str, thread: str, payload: Mapping[str, Any], place: Place
    ) -> None:
        await self._inbox.put(event_id, thread, payload, topic=place.platform)

    def _kind(self, heard: Heard, record: ThreadRecord | None) -> str | None:
        """What is to be done with it, as far as can be told at once; ``None``: nothing."""
        if record is not None and record.role == handing.ROLE and not heard.for_bot:
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
        """The engine's thread: the one of the record; in a direct message the talk that goes on."""
        if record is not None and record.role != handing.ROLE:
            return record.conversation
        if heard.place.kind is ChannelKind.DIRECT and not heard.place.thread:
            last = await self._participation.last_in(heard.place.key, None)
            if last is not None and self._app.clock() - last.updated_at < _SAME_TALK:
                return last.conversation
        return heard.home.key

    def _announce(self, event_id: str, heard: Heard) -> None:
        """Show at once that work began."""
        self._waiting[event_id] = heard
        adapter = self._adapters.get(heard.place.platform)
        if adapter is not None:
            self._start(adapter.begin(heard))

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._background.add(task)
        task.add_done_callback(self._background.discard)

    # -- at once --------------------------------------------------------------------------------

    async def rate(
        self,
        turn: str,
        author: Author,
        rating: Rating,
        place: Place,
        *,
        reason: str = "",
        correction: str = "",
    ) -> None:
        """Keep a thumb, a reason, a better answer. Raises NotFoundError for an unknown turn."""
        expert = bool(correction) and await self._is_expert(author, place)
        given = Feedback(turn, author, rating, reason, correction, expert=expert)
        await self._app.feedback.rate(given)
        self._app.metrics.observe_rating(rating, author.platform)
        if rating is Rating.DOWN:
            conversation = (await self._app.history.turn(turn)).thread
            if await self._app.feedback.downs_in_thread(conversation) >= _DOWNS:
                payload = {"kind": "offer", "turn": turn, "place": asdict(place)}
                await self._put(f"offer:{conversation}", f"offer:{turn}", payload, place)

    async def _is_expert(self, author: Author, place: Place) -> bool:
        adapter = self._adapters.get(author.platform)
        if adapter is None or not self._settings.training.experts:
            return False
        try:
            groups = await adapter.groups_of(author, place.workspace)
        except ChatError as error:
            log.warning("not counted as an expert", error=str(error))
            return False
        return not groups.isdisjoint(self._settings.training.experts)

    async def propose(self, handoff: str, author: Author) -> str:
        """Propose a colleague's answer as knowledge; a sentence about it."""
        await self._handoffs.propose(handoff, author.key)
        return "Proposed. It is used once an operator has approved it."

    async def command(self, name: str, argument: str, author: Author, place: Place) -> str:
        """``help``, ``sources``, ``opt-out``, …: what to show to the one who asked, in Markdown."""
        principal = await self._alone(author, place)
        return await self._commands.run(name, argument, author, place, principal)

    async def forget(self, author: Author) -> str:
        """Erase what is stored of an author; a sentence about it."""
        return await self._commands.forget(author)

    async def suggestions(self, principal: Principal, near: str = "") -> tuple[Suggestion, ...]:
        """Questions that the knowledge base answers."""
        return await self._commands.suggestions(principal, near)

    async def about(self, author: Author, workspace: str) -> About:
        """How the bot introduces itself to one person."""
        place = Place(author.platform, workspace, "", kind=ChannelKind.DIRECT)
        principal = await self._alone(author, place)
        return About(
            name=self._app.bot_name,
            about=self._commands.about,
            sources=await overview(self._app.ledger, principal),
            suggestions=await self.suggestions(principal),
            opted_out=not await self._commands.consents(author),
        )

    async def _alone(self, author: Author, place: Place) -> Principal:
        """What one person may see."""
        adapter = self._adapters[author.platform]
        return Principal(await adapter.groups_of(author, place.workspace))

    # -- working --------------------------------------------------------------------------------

    async def run(self) -> None:
        """Work until cancelled; then finish or hand back what is in hand."""
        worker = Worker(
            self._inbox,
            list(self._adapters),
            self._handle,
            self._give_up,
            places=self._places,
            finish_s=self._finish_s,
        )
        caring = asyncio.create_task(self._care())
        try:
            await worker.run()
        finally:
            caring.cancel()
            await asyncio.gather(caring, *self._background, return_exceptions=True)

    async def _handle(self, claim: Claim) -> None:
        payload = claim.payload
        self._waiting.pop(claim.event_id, None)
        kind = payload["kind"]
        if kind == "message":
            await self._answer(self._job(claim))
        elif kind == "carry":
            await self._carry(claim)
        elif kind == "reaction":
            await self._count(claim)
        elif kind == "handoff":
            await self._handing.hand_off(claim, payload["turn"], place_of(payload["place"]))
        elif kind == "offer":
            await self._handing.offer(claim, payload["turn"], place_of(payload["place"]))
        else:
            raise NotFoundError(kind="kind of event", id=kind)

    async def _answer(self, job: Job) -> None:
        """A question, or a word to the bot about the thread that both are in."""
        heard = job.heard
        word = heard.text.strip().strip(".!").lower()
        if heard.for_bot and heard.place.thread and word in _SPOKEN_COMMANDS:
            said = await self.command(word, "", heard.author, heard.place)
            await job.adapter.tell(heard, said)
            await self._inbox.complete(job.claim)
        else:
            await self._answering.answer(job)

    def _job(self, claim: Claim) -> Job:
        heard = heard_of(claim.payload["heard"])
        return Job(claim, heard, self._adapters[heard.place.platform], self._inbox)

    async def _carry(self, claim: Claim) -> None:
        heard = heard_of(claim.payload["heard"])
        record = await self._participation.find(heard.home.key)
        if record is None:
            await self._inbox.complete(claim)
        else:
            await self._handing.carry(claim, heard, record.conversation)

    async def _count(self, claim: Claim) -> None:
        """A thumb on one of our messages; its answer may not be stored yet."""
        payload = claim.payload
        place, author = place_of(payload["place"]), author_of(payload["author"])
        turn = await self._replies.turn_of(place.platform, place.channel, payload["message"])
        if turn is None:
            if claim.attempts < _UNKNOWN_TURN_ATTEMPTS:
                raise NotYetError
        else:
            rating = Rating.UP if payload["up"] else Rating.DOWN
            if payload["added"]:
                await self.rate(turn, author, rating, place)
            else:
                await self._take_back(turn, author, rating)
        await self._inbox.complete(claim)

    async def _take_back(self, turn: str, author: Author, rating: Rating) -> None:
        """A thumb was removed: it counts no more, unless the author's last word was another."""
        for given in await self._app.feedback.of(turn):
            if given.author.key == author.key and given.rating is rating:
                await self._app.feedback.take_back(turn, author)

    async def _give_up(self, claim: Claim) -> None:
        """An event failed for good: an asker hears of it."""
        if claim.payload["kind"] == "message":
            await self._answering.give_up(self._job(claim))

    # -- looking after ----------------------------------------------------------------------------

    async def _care(self) -> None:
        """Keep people who wait informed, the queue's length counted, the inbox small."""
        since: dict[str, float] = {}
        purged = gauged = 0.0
        while True:
            await asyncio.sleep(1.0)
            now = asyncio.get_running_loop().time()
            since = {event: since.get(event, now) for event in self._waiting}
            for event, begun in since.items():
                if now - begun > _QUEUED_S:
                    heard = self._waiting.pop(event, None)
                    if heard is not None:
                        self._start(self._adapters[heard.place.platform].begin(heard, _QUEUED))
            try:
                if now - gauged > _GAUGE_S:
                    gauged = now
                    counts = await self._inbox.counts()
                    self._app.metrics.queue_depth(
                        counts.get("waiting", 0) + counts.get("running", 0)
                    )
                if now - purged > _PURGE_S:
                    purged = now
                    await self._inbox.purge(self._app.clock() - _KEEP_DONE)
            except Exception:  # noqa: BLE001 - looking after must not stop the work
                log.warning("the inbox could not be looked after", exc_info=True)


def _order_of(heard: Heard) -> str:
    """Within what things are answered one after the other."""
    if heard.place.kind is ChannelKind.DIRECT and not heard.place.thread:
        return heard.place.key
    return heard.home.key
