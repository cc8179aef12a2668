"""The engine: one ``answer`` for all adapters, to be read from top to bottom.

Retrieval decides what is said, the voice how, and the check has the last word: a sentence is shown
when the passages carry it. What fails is said in one sentence; nothing is ever answered silently.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from datetime import datetime
from typing import Protocol
from weakref import WeakValueDictionary

from bot.abstaining import other_task
from bot.addressee import without_call
from bot.answering import BROKEN_OFF, Answering
from bot.asking_back import Clarification
from bot.attaching import attached, names_only, routed, searched_for, with_files, without_quotes
from bot.caching import Asked, essence, worth_keeping
from bot.citing import without_markers
from bot.clarifying import clarification
from bot.conversation import (
    Message,
    Outcome,
    Platform,
    Principal,
    Question,
    Route,
    RouteDecision,
    Turn,
)
from bot.disagreeing import Doubts
from bot.errors import (
    DatabaseHeldError,
    DatabaseMovedError,
    QuestionError,
    UsageError,
    WellspokenError,
)
from bot.evidence import Grounding, Retrieval
from bot.exchange import Exchange
from bot.guardrails import LONGEST_QUESTION, clean_question
from bot.ladder import Ladder
from bot.languages import spoken
from bot.linking import NO_SITES, Sites
from bot.live import Current, without_values
from bot.orders import disarmed, unordered
from bot.ports import Clock, Grounder, LiveFacts, Retriever, Rewriter
from bot.ports_costs import AnswerStore, Spending
from bot.ports_releasing import Releases, StyleCheck
from bot.query import RuleRewriter
from bot.reply import Reply, Show, Stopwatch, silent
from bot.routing import Thresholds, decide, reconsider, worth_a_look
from bot.telemetry import log
from bot.underway import underway

_APOLOGY = "Sorry, I could not answer that: {reason}. Please try again in a moment."
_WITHOUT_FACTS = (Route.VOICE, Route.HANDOFF)
_A_LOOK_S = 2.0
"""Seconds of a search that a greeting waits for at most."""


class Turns(Protocol):
    """The store of turns, as the engine uses it."""

    async def messages(
        self, thread: str, principal: Principal, limit: int = 20
    ) -> tuple[Message, ...]: ...

    async def record(self, turn: Turn, key: str | None = None) -> None: ...

    async def turn_for_key(self, key: str) -> Turn | None: ...


def _uncounted(_platform: Platform) -> AbstractContextManager[None]:
    return nullcontext()


class Engine:
    """Answers questions. Its parts are handed in; it holds no session across a model call."""

    def __init__(
        self,
        *,
        turns: Turns,
        retriever: Retriever,
        ladder: Ladder,
        grounder: Grounder,
        clock: Clock,
        passages: int = 6,
        at_once: int = 64,
        observe: Callable[[Turn], None] | None = None,
        counted: Callable[[Platform], AbstractContextManager[None]] | None = None,
        live: LiveFacts | None = None,
        rewriter: Rewriter | None = None,
        names: Sequence[str] = (),
        answers: AnswerStore | None = None,
        budget: Spending | None = None,
        thresholds: Callable[[], Awaitable[Thresholds]] | None = None,
        doubts: Doubts | None = None,
        languages: Sequence[str] = (),
        sites: Sites = NO_SITES,
        setup: str = "",
        releases: Releases | None = None,
        style: StyleCheck | None = None,
        route: Route | None = None,  # every question's, where it is to be measured
        longest: int = LONGEST_QUESTION,
    ) -> None:
        self._turns, self._route, self._longest = turns, route, longest
        self._retriever, self._grounder = retriever, grounder
        self._answering = Answering(ladder, grounder, budget, doubts, languages, sites)
        self._answers, self._budget, self._setup = answers, budget, setup
        self._thresholds, self._releases, self._style = thresholds, releases, style
        self._clock, self._passages, self._languages = clock, passages, tuple(languages)
        self._places, self._observe = asyncio.Semaphore(at_once), observe
        self._live, self._names, self._counted = live, tuple(names), counted or _uncounted
        self._rewriter = rewriter or RuleRewriter()
        self._keys: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    @property
    def busy(self) -> bool:
        """Whether all places are taken, so that one more question has to wait."""
        return self._places.locked()

    async def answer(self, question: Question, show: Show = silent) -> Turn:
        """Answer one question and store the turn.

        A question with a ``key`` that was answered before gives the stored turn. Raises
        :class:`~bot.errors.UsageError` for a question that cannot be asked; every other failure
        becomes a turn with outcome ``error`` that says so in one sentence.
        """
        question = replace(question, text=clean_question(question.text, self._longest))
        begun = self._clock()
        if question.key is None:
            async with self._places:
                return await self._answer(question, show, begun)
        return await self._answer_once(question, question.key, show, begun)

    async def _answer_once(self, question: Question, key: str, show: Show, begun: datetime) -> Turn:
        """The same key at the same time or later: the same turn, for those who may read it."""
        reader = question.principal
        async with self._keys.setdefault(key, asyncio.Lock()):
            done = await self._turns.turn_for_key(key)
            if done is None:
                async with self._places:
                    turn = await self._answer(question, show, begun)
                # Another process may have been first: what is stored is the answer.
                done = await self._turns.turn_for_key(key)
                return done if done is not None and reader.covers(done.audience) else turn
        if not reader.covers(done.audience):
            raise QuestionError(problem="it was answered before, for other readers; ask it anew.")
        await show(done.answer)
        return done

    async def _answer(self, question: Question, show: Show, begun: datetime) -> Turn:
        """One turn, under its ids in the log and in traces."""
        talk, on = Exchange.of(question, self._answering), question.author.platform
        with self._counted(on), underway(talk.turn, talk.thread, on) as span:
            done = await self._make(talk, show, begun)
            span.set(outcome=done.outcome, route=done.route.route, model=done.model)
            return done

    async def _make(self, talk: Exchange, show: Show, begun: datetime) -> Turn:
        question, watch = talk.question, Stopwatch()
        reply = Reply(show, watch)
        try:
            await self._understand(talk, reply)
            if not await self._decline_task(talk, reply):
                await self._respond(talk, reply)
        except WellspokenError as error:
            log.warning("not answered", error=str(error))
            await self._apologise(error, talk, reply)
        except Exception:  # noqa: BLE001 - a fault of ours must not be silence in a chat
            log.exception("not answered because of a fault in the program")
            await self._apologise(WellspokenError(), talk, reply)

        turn = replace(self._turn(talk, reply), begun=begun)
        if self._style is not None and turn.outcome is Outcome.ANSWERED:
            turn = replace(turn, style=await self._style(without_markers(turn.answer)))
        if self._budget is not None:
            self._budget.spend(turn.usage)
        stored = await self._store(turn, question, watch)
        await self._keep(talk, stored)
        return stored

    # -- the stages ---------------------------------------------------------------------------

    async def _understand(self, talk: Exchange, reply: Reply) -> None:
        """What is asked, in its thread, and which way it goes."""
        question, watch = talk.question, reply.watch
        if self._releases is not None:
            talk.answering = talk.answering.led_by(await self._releases.voice(talk.thread))
        talk.history = await self._history(question)
        watch.lap("history")

        talk.said = without_call(question.text, self._names)
        rewriter = self._rewriter if await talk.answering.may_spend() else RuleRewriter()
        talk.query = await rewriter.rewrite(talk.said, talk.history, reply.spend)
        watch.lap("rewrite")

        talk.live = Current.of(self._live, talk.said, talk.query, talk.history, question.principal)
        talk.files = unordered(attached(talk.query, question.attachments))
        if self._thresholds is not None:
            talk.thresholds = await self._thresholds()
        reason = talk.live.plan.reason
        decision = decide(talk.said, talk.history, live=reason, thresholds=talk.thresholds)
        if self._route is not None:
            decision = RouteDecision(self._route, 1.0, ("every question takes this route",))
        talk.decision = routed(decision, talk.files)
        if talk.decision.route is not Route.LIVE:
            talk.live.plan = replace(talk.live.plan, wants=(), ask="")
        watch.lap("route")

    async def _history(self, question: Question) -> tuple[Message, ...]:
        """What was said before, as far as everybody who reads the answer may know it."""
        if question.history is not None:
            return question.history
        if question.thread is None:
            return ()
        try:
            return await self._turns.messages(question.thread, question.principal)
        except WellspokenError as error:
            log.warning("no history", error=str(error))
            return ()

    async def _respond(self, talk: Exchange, reply: Reply) -> None:
        """Down the route: talk, ask back, or look up, and then perhaps talk after all."""
        chats = talk.decision.route in _WITHOUT_FACTS
        if chats and not worth_a_look(talk.decision, talk.thresholds):
            await talk.answering.converse(talk.brief(), reply)
            return
        if talk.decision.route is Route.LIVE and not talk.live.plan.wants:
            talk.found = Retrieval((), withheld=talk.live.plan.withheld)
            await talk.answering.ask_back(talk.live.plan.ask, reply)
            return
        found = await (self._look(talk) if chats else self._search(talk))
        reply.watch.lap("retrieve")
        if found is None:
            await talk.answering.converse(talk.brief(), reply)
            return
        talk.found = found
        if self._route is None:
            talk.decision = reconsider(talk.decision, talk.query, talk.found, talk.thresholds)
        if talk.decision.route in _WITHOUT_FACTS:
            talk.found = replace(talk.found, passages=())  # of no use to it, nor told to the voice
            await talk.answering.converse(talk.brief(), reply)
            return
        unclear = self._unclear(talk)
        if unclear is not None:
            reply.notes.append(unclear.reason)
            await talk.answering.ask_back(unclear.text, reply)
            return
        talk.found = talk.live.above(talk.query, with_files(talk.query, talk.found, talk.files))
        if await self._repeat(talk, reply):
            return
        await talk.answering.answer(talk.brief(), talk.live, reply)

    async def _decline_task(self, talk: Exchange, reply: Reply) -> bool:
        """Say that a sum or a poem is none of its tasks. Nothing is looked up for one, and so it is
        small talk in the books: it counts neither as a look-up nor as a gap of the documents."""
        task = other_task(talk.said)
        if not task or talk.files or talk.decision.route not in (Route.RAG, Route.HYBRID):
            return False
        reasons = (*talk.decision.reasons, f"it asks for {task}, so nothing is looked up")
        talk.decision = replace(talk.decision, route=Route.VOICE, reasons=reasons)
        await talk.answering.abstain(talk.brief(), talk.live, reply)
        return True

    def _unclear(self, talk: Exchange) -> Clarification | None:
        """The question back that a question needs, where it can mean several things."""
        if talk.live.plan.wants or talk.files:
            return None
        tongue = spoken(talk.said, self._languages)
        passages = talk.found.passages
        return clarification(talk.said, talk.query, passages, talk.history, tongue=tongue)

    async def _search(self, talk: Exchange) -> Retrieval:
        """What documents say, and live facts beside them."""
        return await talk.live.beside(self._retrieve(talk))

    async def _look(self, talk: Exchange) -> Retrieval | None:
        """A short look for what is likely small talk; ``None``: no look was possible, and small
        talk needs no knowledge base."""
        try:
            async with asyncio.timeout(_A_LOOK_S):
                return await self._search(talk)
        except (WellspokenError, TimeoutError) as error:
            log.warning("taken for small talk without a look", error=str(error) or "too slow")
            return None

    async def _retrieve(self, talk: Exchange) -> Retrieval:
        """What is said about it, as far as the audience may know."""
        wanted = essence(searched_for(talk.query, talk.question.attachments))
        found = await self._retriever.retrieve(wanted, talk.question.principal, self._passages)
        for sentence in found.degraded:
            log.warning("search is degraded", error=sentence)
        return disarmed(found)

    async def _repeat(self, talk: Exchange, reply: Reply) -> bool:
        """Give the stored answer to the same question over the same passages, if there is one."""
        if self._answers is None:
            return False
        asked = self._asked(talk)
        if not asked.cacheable:
            return False
        kept = await self._answers.find(asked.key)
        reply.watch.lap("cache")
        if kept is None:
            return False
        talk.repeated = kept
        reply.model = kept.model
        await reply.say(kept.answer)
        return True

    async def _keep(self, talk: Exchange, turn: Turn) -> None:
        """Let the answer be given to the next who asks the same, where it may."""
        if self._answers is None or not talk.found.passages:
            return
        asked = self._asked(talk)
        if worth_keeping(turn, asked, alone=not talk.history):
            await self._answers.keep(asked.key, turn)

    def _asked(self, talk: Exchange) -> Asked:
        """What the answer depends on."""
        return Asked(
            query=talk.query,
            audience=talk.question.principal.groups,
            route=talk.decision.route,
            passages=talk.found.passages,
            persona=talk.answering.ladder.voice.persona,
            rungs=talk.answering.ladder.models(talk.decision.route),
            checker=self._grounder.id,
            setup=self._setup,
        )

    async def _apologise(self, error: WellspokenError, talk: Exchange, reply: Reply) -> None:
        """Say that it failed, and offer a person as where the answer is not known."""
        reply.outcome = Outcome.ERROR
        reply.error = str(error)
        words = BROKEN_OFF if reply.text else _APOLOGY
        offer = await talk.answering.offer(talk.brief())
        said = f"{words.format(reason=error.public)} {offer}".rstrip()
        await reply.say(reply.book.finish() + said)

    def _turn(self, talk: Exchange, reply: Reply) -> Turn:
        """Everything that led from the question to the answer."""
        question, found, kept = talk.question, talk.found, talk.repeated
        rejected = () if talk.live.found else tuple(reply.rejected)
        return Turn(
            id=talk.turn,
            thread=talk.thread,
            question=question.text,
            query=talk.query,
            author=question.author,
            channel=question.channel,
            audience=question.principal.groups,
            route=talk.decision,
            answer=reply.text,
            outcome=reply.outcome,
            citations=kept.citations
            if kept
            else without_quotes(reply.book.citations, found.passages),
            grounding=kept.grounding if kept else Grounding(tuple(reply.claims), rejected),
            passages=without_values(names_only(found.passages)),
            withheld=found.withheld,
            model=reply.model or talk.answering.ladder.voice.model,
            persona=talk.answering.ladder.voice.persona,
            usage=reply.usage,
            timings_ms=reply.watch.timings,
            at=self._clock(),
            error=reply.error,
            notes=tuple(reply.notes),
            cached_from=kept.turn if kept else "",
            saved_usd=kept.saved_usd if kept else 0.0,
        )

    async def _store(self, turn: Turn, question: Question, watch: Stopwatch) -> Turn:
        """Keep the turn; a database that is gone does not take the answer back. One that was moved
        does: the question is asked again where it is now."""
        try:
            await self._turns.record(turn, question.key)
        except (UsageError, DatabaseMovedError, DatabaseHeldError):
            raise
        except WellspokenError as error:
            log.error("the answer could not be stored", error=str(error))
            turn = replace(turn, error=turn.error or str(error))
        watch.lap("store")
        watch.mark("total")
        if self._observe is not None:
            self._observe(turn)
        log.info(
            "answered",
            outcome=str(turn.outcome),
            route=str(turn.route.route),
            ms=watch.timings["total"],
        )
        return turn
