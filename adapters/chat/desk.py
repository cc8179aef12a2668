"""The desk: where every chat platform hands in what it hears, and where it is worked on.

A platform calls :meth:`Desk.take` before it acknowledges an event; once that returns the event is
safe on disk. :meth:`Desk.run` works on what waits, for all platforms that joined.
"""

from __future__ import annotations

import asyncio

from adapters.assembly import Application
from adapters.chat.amending import DELETED, WITHDRAWN, Amending
from adapters.chat.amending import EDITED as CHANGED
from adapters.chat.answering import Answering, Job, offers_person
from adapters.chat.base import (
    ChannelKind,
    ChatAdapter,
    Deleted,
    Heard,
    Place,
    Reaction,
    author_of,
    heard_of,
    place_of,
)
from adapters.chat.caring import look_after
from adapters.chat.commands import Commands
from adapters.chat.handing import Handing
from adapters.chat.intake import EDITED, Intake
from adapters.chat.limiting import LIMITED, MARK, Limiting
from adapters.chat.notices import NOTICE, Notices
from adapters.chat.ports import About
from adapters.chat.worker import LEASE_S, NotYetError, Worker
from bot.conversation import Author, Feedback, Platform, Principal, Rating
from bot.errors import ChatError, NotFoundError
from bot.handoff import HandoffBook
from bot.query import agrees
from bot.store.participation import Participation
from bot.store.replies import Replies
from bot.store.taken_back import TakenBack
from bot.telemetry import log
from bot.work.inbox import Claim, Inbox
from bot.work.leased import worker_name
from knowledge.overview import overview
from knowledge.suggesting import Suggestion

_ATTEMPTS = 12
_UNKNOWN_TURN_ATTEMPTS = 6
_DOWNS = 2
_SPOKEN_COMMANDS = frozenset({"mute", "unmute"})


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
        self._places = places
        self._finish_s = finish_s
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
        self._notices = Notices(self._inbox, self._adapters)
        self._limiting = self._limits(app)
        self._intake = Intake(
            database=app.database,
            inbox=self._inbox,
            participation=self._participation,
            answering=self._answering,
            limiting=self._limiting,
            adapters=self._adapters,
            clock=app.clock,
            conversation_of=self._conversation_of,
        )
        self._amending = self._amends(app)

    def _amends(self, app: Application) -> Amending:
        return Amending(
            database=app.database,
            inbox=self._inbox,
            intake=self._intake,
            replies=self._replies,
            taken_back=TakenBack(app.database, app.audit),
        )

    def _limits(self, app: Application) -> Limiting:
        return Limiting(
            app.settings.limits.rates,
            database=app.database,
            inbox=self._inbox,
            metrics=app.metrics,
            languages=app.persona.languages,
            clock=app.clock,
        )

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

    @property
    def trouble(self) -> str | None:
        """Where more is asked than there is room for, in one sentence; ``None`` where nowhere."""
        return self._limiting.trouble

    # -- handing in ---------------------------------------------------------------------------

    async def take(self, heard: Heard) -> bool:
        """Keep what was heard; whether it is new and may be answered.

        Raises StorageError where it could not be kept: then it must not be acknowledged.
        """
        return await self._intake.take(heard)

    async def react(self, reaction: Reaction, event_id: str) -> None:
        """Keep a thumb put on a message of ours, or taken off it."""
        await self._intake.react(reaction, event_id)

    async def drop(self, deleted: Deleted) -> None:
        """A message was deleted: it is not answered, and what is stored of its words goes.

        Raises StorageError where that could not be kept: then it must not be acknowledged.
        """
        await self._amending.drop(deleted)

    async def amend(self, heard: Heard, event_id: str) -> None:
        """A message was edited: its newest words are answered, or stored in place of the old."""
        await self._amending.amend(heard, event_id)

    async def hand_off(self, turn: str, author: Author, place: Place) -> str:
        """Somebody pressed "ask a person" below a turn. A second press changes nothing: then a
        sentence for whoever pressed, else nothing."""
        log.info("a person is asked for", turn=turn, platform=author.platform)
        new = await self._intake.note("handoff", turn, place)
        return "" if new else await self._handing.already(turn)

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
                await self._intake.note("offer", turn, place, once=conversation)

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

    async def command(self, name: str, author: Author, place: Place) -> str:
        """``help``, ``sources``, ``opt-out``, …: what to show to the one who asked, in Markdown."""
        principal = await self._alone(author, place)
        return await self._commands.run(name, author, place, principal)

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

    async def _conversation_of(self, place: Place, message: str) -> str | None:
        turn = await self._replies.turn_of(place.platform, place.channel, message)
        if turn is None:
            return None
        try:
            return (await self._app.history.turn(turn)).thread
        except NotFoundError:  # erased since
            return None

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
        caring = asyncio.create_task(look_after(self._inbox, self._intake, self._app))
        try:
            await worker.run()
        finally:
            caring.cancel()
            await asyncio.gather(caring, return_exceptions=True)
            await self._intake.drain()

    async def _handle(self, claim: Claim) -> None:
        payload = claim.payload
        self._intake.begun(claim.event_id)
        kind = payload["kind"]
        if kind == "message":
            await self._answer(self._job(claim))
        elif kind == "carry":
            await self._carry(claim)
        elif kind == LIMITED:
            await self._say_limited(self._job(claim))
        elif kind == WITHDRAWN:
            await self._amending.withdraw(self._job(claim))
        elif kind in (DELETED, CHANGED):
            await self._amending.work(claim)
        elif kind == MARK:
            await self._inbox.complete(claim)
        elif kind == "reaction":
            await self._count(claim)
        elif kind == "handoff":
            await self._handing.hand_off(claim, payload["turn"], place_of(payload["place"]))
        elif kind == "offer":
            await self._handing.offer(claim, payload["turn"], place_of(payload["place"]))
        elif kind == NOTICE:
            await self._notices.post(claim)
        else:
            raise NotFoundError(kind="kind of event", id=kind)

    async def _answer(self, job: Job) -> None:
        """A question, or a word to the bot about the thread that both are in."""
        heard = job.heard
        newest = job.claim.payload.get("newest", False)
        if not newest and not job.claim.step and self._limiting.overtaken(heard):
            await self._inbox.complete(job.claim)
            return
        first = job.claim.event_id.removesuffix(EDITED)
        if first != job.claim.event_id and await self._app.history.turn_for_key(first):
            await self._inbox.complete(job.claim)
            return
        word = heard.text.strip().strip(".!").lower()
        if heard.for_bot and heard.place.thread and word in _SPOKEN_COMMANDS:
            said = await self.command(word, heard.author, heard.place)
            await job.adapter.tell(heard, said)
            await self._inbox.complete(job.claim)
        elif (offered := await self._accepted(heard)) is not None:
            if said := await self.hand_off(offered, heard.author, heard.home):
                await job.adapter.tell(heard, said)
            await self._inbox.complete(job.claim)
        else:
            await self._answering.answer(job)

    async def _say_limited(self, job: Job) -> None:
        """Say once that it was one too many."""
        if sentence := await self._limiting.sentence(job.claim, job.heard):
            surface = await job.adapter.surface(job.heard, job.placement())
            await surface.fail(sentence)
        await self._inbox.complete(job.claim)

    async def _accepted(self, heard: Heard) -> str | None:
        """The turn below which a person was just offered to its asker, who says yes to it here."""
        if heard.private or not agrees(heard.text):
            return None
        record = await self._participation.find(heard.home.key)
        if record is None or (record.heard and not record.heard[-1].offered):
            return None
        last = await self._app.history.of_thread(record.conversation, 1)
        if not last or last[0].author.key != heard.author.key or not offers_person(last[0]):
            return None
        return last[0].id

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
        """An event failed for good: who waits for it hears of it."""
        payload = claim.payload
        if payload["kind"] == "message":
            await self._answering.give_up(self._job(claim))
        elif payload["kind"] == NOTICE:
            self._notices.not_posted(claim)
        elif payload["kind"] == "handoff":
            await self._handing.not_handed(payload["turn"], place_of(payload["place"]))
        elif payload["kind"] == "carry":
            heard = heard_of(payload["heard"])
            record = await self._participation.find(heard.home.key)
            if record is not None:
                await self._handing.not_carried(heard, record.conversation)
