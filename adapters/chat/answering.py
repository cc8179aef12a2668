"""One message from a chat to its visible answer.

The message that carries the answer is posted and noted before the engine is asked, and completed
afterwards: an attempt that was cut off is taken up at the same message.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from adapters.amended import AmendedSettings
from adapters.chat.base import ChannelKind, ChatAdapter, Heard, Offer, Placement, Surface
from bot.addressee import Addressed, Before, Said, decide
from bot.conversation import Attachment, Outcome, Question, Turn
from bot.engine import Engine
from bot.errors import LeaseLostError, UsageError
from bot.guardrails import clean
from bot.ports import Clock
from bot.reply import Show
from bot.settings import Settings
from bot.store.base import Database
from bot.store.participation import Participation, ThreadRecord, Utterance
from bot.store.replies import Replies
from bot.telemetry import log
from bot.work.inbox import Claim, Inbox

BOT = "bot"
"""The bot itself among the speakers of a thread."""

_STILL_AT_IT_S = (10.0, 45.0, 100.0)
_STALE = timedelta(hours=1)
_GREETING = "hello"

_TOO_LATE = "Sorry, this took too long and I had to stop. Please ask me again."
_AWAY = "Sorry, I was away when you asked. If it still matters, please ask me again."
_GIVEN_UP = "Sorry, I could not answer that. Please ask me again in a moment."
_TOO_LONG = (
    "Sorry, that is too long for me: it has {has:,} characters, and I take {most:,} at most. Put"
    " the long part into a text file beside your question, and I'll read it there."
)
_NO_WORDS = "Sorry, I found no words in that. What would you like to know?"
_WHAT_THEN = "What would you like to know?"
_STILL_AT_IT = "is still at it…"
_QUEUED = "has your question; many are asking just now…"


@dataclass(slots=True)
class Job:
    """One message in hand: its claim, the platform, and what an earlier attempt left."""

    claim: Claim
    heard: Heard
    adapter: ChatAdapter
    inbox: Inbox

    def placement(self) -> Placement:
        """The messages of its answer."""

        async def save(state: Mapping[str, Any]) -> None:
            try:
                await self.inbox.checkpoint(self.claim, "posting", state)
            except LeaseLostError:
                # Who asked was forgotten meanwhile: they get their answer, nothing of it is kept.
                if not await self.inbox.emptied([self.claim]):
                    raise

        return Placement(self.claim.event_id, self.claim.state, save)


class Answering:
    """Answers what was heard. Its parts are handed in."""

    def __init__(
        self,
        *,
        settings: Settings,
        engine: Engine,
        database: Database,
        participation: Participation,
        replies: Replies,
        names: Sequence[str],
        clock: Clock,
        patience_s: float = 150.0,
    ) -> None:
        self._settings = settings
        self._amended = AmendedSettings(settings, database)
        self._engine = engine
        self._database = database
        self._participation = participation
        self._replies = replies
        self._names = tuple(names)
        self._clock = clock
        self._patience_s = patience_s

    async def answer(self, job: Job) -> None:
        """Answer, or leave it to the people; the claim is completed with what is stored."""
        heard = job.heard
        record = await self._participation.find(heard.home.key)
        placement = job.placement()
        if not placement.resumed:
            verdict = await self.decide(heard, record)
            if not verdict.answer:
                log.info("left alone", reasons=list(verdict.reasons), platform=heard.place.platform)
                await self._leave(job, record)
                return
        surface = await job.adapter.surface(heard, placement)
        if not placement.resumed and self._clock() - heard.at > _STALE:
            await self._end(job, surface, _AWAY)
            return
        turn = await self._deliver(job, surface, record)
        if turn is not None:
            await self._keep(job, placement, turn)

    async def decide(self, heard: Heard, record: ThreadRecord | None) -> Addressed:
        """Whether it is meant for the bot."""
        before: tuple[Before, ...] = ()
        if record is not None:
            before = tuple(
                Before(said.author, said.at, said.for_bot, said.asked, said.offered)
                for said in record.heard
            )
        return decide(
            Said(
                text=heard.text,
                author=heard.author.key,
                at=heard.at,
                for_bot=heard.for_bot,
                mentions=heard.mentions,
                replies_to=heard.replies_to,
                direct=heard.private or heard.place.kind is ChannelKind.DIRECT,
                in_thread=bool(heard.place.thread),
            ),
            before,
            reply_when=await self.reply_when(heard),
            names=self._names,
            taking_part=record is not None,
            muted=record is not None and record.muted,
        )

    async def reply_when(self, heard: Heard) -> str:
        """When the bot speaks where this was said."""
        channels = (await self._amended.lately()).of_channel(heard.place.channel_key)
        set_here = (channel.reply_when for channel in channels if channel.reply_when is not None)
        return next(set_here, self._settings.bot.reply_when)

    async def give_up(self, job: Job) -> None:
        """Say in one sentence that there will be no answer; the claim is closed already."""
        placement = Placement(job.claim.event_id, job.claim.state, _note_nothing)
        surface = await job.adapter.surface(job.heard, placement)
        await surface.fail(_GIVEN_UP)

    # -- steps --------------------------------------------------------------------------------

    async def _deliver(
        self, job: Job, surface: Surface, record: ThreadRecord | None
    ) -> Turn | None:
        """Placeholder, answer, final form; ``None`` where it ended in a sentence instead."""
        heard, adapter = job.heard, job.adapter
        await surface.open()
        principal = await adapter.principal(heard)
        attachments, note = await adapter.attachments(heard)
        if note and not heard.text.strip() and not attachments:
            await self._end(job, surface, f"{note} {_WHAT_THEN}")
            return None
        question = Question(
            text=heard.text.strip() or _without_words(attachments),
            author=heard.author,
            principal=principal,
            channel=heard.place.channel_key,
            thread=_conversation_of(heard, record),
            key=job.claim.event_id,
            attachments=attachments,
        )
        try:
            async with (
                asyncio.timeout(self._patience_s),
                self._signs_of_life(adapter, heard, surface) as show,
            ):
                turn = await self._engine.answer(question, show)
        except TimeoutError:
            log.warning("not answered in time", platform=heard.place.platform)
            await self._end(job, surface, _TOO_LATE)
            return None
        except UsageError as error:
            longest = self._settings.limits.longest_question
            await self._end(job, surface, _why_not(question.text, error, longest))
            return None
        offer = Offer.PERSON if offers_person(turn) else Offer.NOTHING
        await surface.close(turn, offer, note)
        return turn

    @asynccontextmanager
    async def _signs_of_life(
        self, adapter: ChatAdapter, heard: Heard, surface: Surface
    ) -> AsyncIterator[Show]:
        """Gives what shows pieces of the answer. Until the first one, it is said from time to time
        that the answer comes."""
        spoke = asyncio.Event()

        async def reassure() -> None:
            begun = asyncio.get_running_loop().time()
            for at in _STILL_AT_IT_S:
                await asyncio.sleep(begun + at - asyncio.get_running_loop().time())
                if spoke.is_set():
                    return
                await adapter.begin(heard, _QUEUED if self._engine.busy else _STILL_AT_IT)

        async def show(text: str) -> None:
            spoke.set()
            await surface.show(text)

        reassuring = asyncio.create_task(reassure())
        try:
            yield show
        finally:
            reassuring.cancel()
            await asyncio.gather(reassuring, return_exceptions=True)

    async def _leave(self, job: Job, record: ThreadRecord | None) -> None:
        """Note that somebody spoke, without the words."""

        def op(connection: sa.Connection) -> None:
            if record is not None:
                self._heard_in(connection, job.heard, for_bot=False)
            job.inbox.complete_in(connection, job.claim)

        await self._database.write(op)

    async def _end(self, job: Job, surface: Surface, sentence: str) -> None:
        await surface.fail(sentence)
        await job.inbox.complete(job.claim)

    async def _keep(self, job: Job, placement: Placement, turn: Turn) -> None:
        """In one transaction: it is done, these messages carry the turn, these people spoke."""
        heard = job.heard
        place = heard.home

        def op(connection: sa.Connection) -> None:
            if not heard.private:
                self._participation.join_in(connection, place.key, turn.thread)
                self._heard_in(connection, heard, for_bot=True)
                spoken = Utterance(
                    BOT,
                    self._clock(),
                    for_bot=False,
                    asked=_asks(turn),
                    offered=offers_person(turn),
                )
                self._participation.heard_in(connection, place.key, spoken)
            self._replies.keep_in(
                connection, place.platform, place.channel, placement.messages, turn.id
            )
            job.inbox.complete_in(connection, job.claim)

        await self._database.write(op)

    def _heard_in(self, connection: sa.Connection, heard: Heard, *, for_bot: bool) -> None:
        said = Utterance(heard.author.key, heard.at, for_bot=for_bot)
        self._participation.heard_in(connection, heard.home.key, said)


def _conversation_of(heard: Heard, record: ThreadRecord | None) -> str:
    """The engine's thread. What is asked in private is no part of what is said openly there."""
    if heard.private:
        return replace(heard.place, thread=heard.message).key
    return record.conversation if record is not None else heard.home.key


def offers_person(turn: Turn) -> bool:
    """Whether a person is offered below it: it does not know, it failed, or one was asked for."""
    return turn.outcome in (Outcome.ABSTAINED, Outcome.HANDOFF, Outcome.ERROR)


def _asks(turn: Turn) -> bool:
    return turn.outcome is Outcome.CLARIFY or turn.answer.rstrip().endswith("?")


def _without_words(attachments: Sequence[Attachment]) -> str:
    """What somebody wants who mentions the bot and says nothing."""
    return "What does this file say?" if attachments else _GREETING


def _why_not(question: str, error: UsageError, longest: int) -> str:
    """What to say about a question that cannot be asked."""
    if len(question) > longest:
        return _TOO_LONG.format(has=len(question), most=longest)
    return str(error) if clean(question).strip() else _NO_WORDS


async def _note_nothing(_state: Mapping[str, Any]) -> None:
    """The claim is closed: nobody will take it over."""
