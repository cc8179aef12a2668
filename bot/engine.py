"""The engine: one ``answer`` for all adapters, to be read from top to bottom.

Retrieval decides what is said, the voice how, and the check has the last word: a sentence is shown
when the passages carry it. What fails is said in one sentence; nothing is ever answered silently.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import aclosing
from dataclasses import replace
from typing import Protocol
from weakref import WeakValueDictionary

from bot.addressee import without_call
from bot.attaching import (
    attached,
    from_file,
    names_only,
    routed,
    searched_for,
    with_files,
    without_quotes,
)
from bot.citing import CitationBook
from bot.conversation import Message, Outcome, Principal, Question, Route, Turn, Usage
from bot.errors import ModelError, QuestionError, UsageError, WellspokenError
from bot.evidence import Grounding, Retrieval
from bot.guardrails import clean_question, evidence_is_weak, only_known_links
from bot.ladder import Ladder
from bot.live import Current, complete, documents_alone, rest_untold, tell, without_values
from bot.ports import Brief, Clock, Grounder, LiveFacts, Retriever, Rewriter, Voice
from bot.query import RuleRewriter
from bot.reply import Reply, Show, Stopwatch, silent
from bot.routing import decide
from bot.sentences import SentenceStream
from bot.speaking import Speaker
from bot.store.ids import new_id
from bot.telemetry import log

_APOLOGY = "Sorry, I could not answer that: {reason}. Please try again in a moment."
_BROKEN_OFF = "\n\nI had to stop here: {reason}."


class Turns(Protocol):
    """The store of turns, as the engine uses it."""

    async def messages(
        self, thread: str, principal: Principal, limit: int = 20
    ) -> tuple[Message, ...]: ...

    async def record(self, turn: Turn, key: str | None = None) -> None: ...

    async def turn_for_key(self, key: str) -> Turn | None: ...


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
        live: LiveFacts | None = None,
        rewriter: Rewriter | None = None,
        names: Sequence[str] = (),
    ) -> None:
        self._turns = turns
        self._retriever = retriever
        self._ladder = ladder
        self._grounder = grounder
        self._clock = clock
        self._passages = passages
        self._places = asyncio.Semaphore(at_once)
        self._observe = observe
        self._live, self._names = live, tuple(names)
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
        question = replace(question, text=clean_question(question.text))
        if question.key is None:
            async with self._places:
                return await self._answer(question, show)
        return await self._answer_once(question, question.key, show)

    async def _answer_once(self, question: Question, key: str, show: Show) -> Turn:
        """The same key at the same time or later: the same turn, for those who may read it."""
        reader = question.principal
        async with self._keys.setdefault(key, asyncio.Lock()):
            done = await self._turns.turn_for_key(key)
            if done is None:
                async with self._places:
                    turn = await self._answer(question, show)
                # Another process may have been first: what is stored is the answer.
                done = await self._turns.turn_for_key(key)
                return done if done is not None and reader.covers(done.audience) else turn
        if not reader.covers(done.audience):
            raise QuestionError(problem="it was answered before, for other readers; ask it anew.")
        await show(done.answer)
        return done

    async def _answer(self, question: Question, show: Show) -> Turn:
        watch = Stopwatch()
        thread = question.thread or new_id("thread")

        history = await self._history(question)
        watch.lap("history")

        said = without_call(question.text, self._names)
        query = await self._rewriter.rewrite(said, history)
        watch.lap("rewrite")
        files = attached(query, question.attachments)
        live = Current.of(self._live, said, query, history, question.principal)
        decision = routed(decide(said, history, live=live.plan.reason), files)
        if decision.route is not Route.LIVE:
            live.plan = replace(live.plan, wants=(), ask="")
        watch.lap("route")

        reply = Reply(show, watch)
        wanted = searched_for(query, question.attachments)
        brief, found = Brief(said, wanted, history, (), decision.route), Retrieval(())
        try:
            if decision.route in (Route.VOICE, Route.HANDOFF):
                await self._converse(brief, reply)
            elif decision.route is Route.LIVE and not live.plan.wants:
                found = Retrieval((), withheld=live.plan.withheld)
                await self._ask_back(live, reply)
            else:
                found = await live.beside(self._retrieve(brief, question.principal))
                watch.lap("retrieve")
                found = live.above(brief.query, with_files(brief.query, found, files))
                await self._answer_from(replace(brief, passages=found.passages), found, live, reply)
        except WellspokenError as error:
            log.warning("not answered", error=str(error))
            await self._apologise(error, reply)
        except Exception:  # noqa: BLE001 - a fault of ours must not be silence in a chat
            log.exception("not answered because of a fault in the program")
            await self._apologise(WellspokenError(), reply)

        turn = Turn(
            id=new_id("turn"),
            thread=thread,
            question=question.text,
            query=query,
            author=question.author,
            channel=question.channel,
            audience=question.principal.groups,
            route=decision,
            answer=reply.text,
            outcome=reply.outcome,
            citations=without_quotes(reply.book.citations, found.passages),
            grounding=Grounding(tuple(reply.claims), () if live.found else tuple(reply.rejected)),
            passages=without_values(names_only(found.passages)),
            withheld=found.withheld,
            model=reply.model or self._ladder.voice.model,
            persona=self._ladder.voice.persona,
            usage=reply.usage,
            timings_ms=watch.timings,
            at=self._clock(),
            error=reply.error,
            notes=tuple(reply.notes),
        )
        return await self._store(turn, question, watch)

    # -- the stages ---------------------------------------------------------------------------

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

    async def _retrieve(self, brief: Brief, principal: Principal) -> Retrieval:
        """What is said about it, as far as the audience may know."""
        found = await self._retriever.retrieve(brief.query, principal, self._passages)
        for sentence in found.degraded:
            log.warning("search is degraded", error=sentence)
        return found

    async def _ask_back(self, live: Current, reply: Reply) -> None:
        """Ask for the value that a live source needs."""
        reply.outcome = Outcome.CLARIFY
        reply.model = self._ladder.plain.model
        await reply.say(live.plan.ask)
        reply.watch.lap("speak")

    async def _converse(self, brief: Brief, reply: Reply) -> None:
        """A greeting, thanks, a wish for a person: the voice alone, without facts."""
        reply.outcome = Outcome.HANDOFF if brief.route is Route.HANDOFF else Outcome.ANSWERED
        for voice in self._ladder.rungs(brief.route):
            reply.model = voice.model
            stream = SentenceStream()
            try:
                async with aclosing(voice.speak(brief)) as pieces:
                    async for spoken in pieces:
                        reply.usage += spoken.usage or Usage()
                        for piece in stream.feed(spoken.text):
                            await reply.say(only_known_links(piece.text, ()))
                for piece in stream.finish():
                    await reply.say(only_known_links(piece.text, ()))
                self._ladder.spoke(voice)
            except ModelError as error:
                self._step_down(voice, error, reply)
            if reply.text.strip():
                break
        reply.watch.lap("speak")

    async def _answer_from(
        self, brief: Brief, found: Retrieval, live: Current, reply: Reply
    ) -> None:
        """Speak from the passages, check each sentence, and step down a rung where it fails."""
        weak = evidence_is_weak(brief.query, found)
        if weak is not None and not live.found and not any(map(from_file, brief.passages)):
            log.info("weak evidence", reason=weak)
            await self._abstain(brief, live, reply)
            return
        chunks = [p.chunk for p in brief.passages]
        check = self._grounder.open(
            [chunk.text for chunk in chunks], brief.question, [chunk.header for chunk in chunks]
        )
        check = live.check(check, brief.passages)
        speaker = Speaker(brief, check, reply)
        await self._climb(brief, live, speaker, reply)
        if not reply.text:
            await self._abstain(brief, live, reply)
            return
        await complete(brief, live, speaker.pass_on, reply)
        if not reply.book.citations and not reply.error:
            # Words without a source: the voice asked back, or said that it does not know.
            asks = reply.text.rstrip().endswith("?")
            reply.outcome = Outcome.CLARIFY if asks else Outcome.ABSTAINED
        reply.watch.lap("speak")

    async def _climb(self, brief: Brief, live: Current, speaker: Speaker, reply: Reply) -> None:
        """Try the rungs until one of them has said something that holds."""
        plain = self._ladder.plain
        rungs = deque(self._ladder.rungs(brief.route))
        while rungs:
            voice = rungs.popleft()
            reply.book = CitationBook(brief.passages)
            reply.claims.clear()
            reply.model = voice.model
            silent = True
            try:
                if live.found and voice is plain:
                    await self._tell(brief, live, speaker, reply)
                else:
                    await speaker.speak(voice, repair=voice is not plain)
                self._ladder.spoke(voice)
            except ModelError as error:
                silent = False
                self._step_down(voice, error, reply)
                if reply.text:
                    broken_off = _BROKEN_OFF.format(reason=error.public)
                    await reply.say(reply.book.finish() + broken_off)
            if reply.text:
                return
            if reply.rejected:
                rungs = deque(v for v in rungs if v is plain)  # then the documents' own words
            elif silent and not live.found:
                return  # the voice says that the passages do not tell; a plainer one is no wiser

    def _step_down(self, voice: Voice, error: ModelError, reply: Reply) -> None:
        """A model did not answer: the next rung takes over, and the turn says so."""
        log.warning("the model did not answer, the next one steps in", error=str(error))
        self._ladder.failed(voice)
        reply.error = str(error)
        reply.notes.append(f"{voice.model} did not answer: {error}")

    async def _tell(self, brief: Brief, live: Current, speaker: Speaker, reply: Reply) -> None:
        """Live facts in their own words, then what documents say of the rest of the question."""
        await tell(live.found, speaker.pass_on, reply)
        if live.plan.more:
            told = len(reply.text)
            rest = documents_alone(brief, live.plan.more)
            await speaker.speak(self._ladder.plain, rest, lead="\n\n")
            if len(reply.text) == told:
                await reply.say(rest_untold(live))

    async def _abstain(self, brief: Brief, live: Current, reply: Reply) -> None:
        """Say in the persona's words that the answer is not known here, or what of it could not
        be looked up."""
        reply.outcome = Outcome.ABSTAINED
        reply.claims.clear()
        reply.book = CitationBook(())
        known = tuple(p for p in brief.passages if not from_file(p))
        declined = self._ladder.voice.decline(replace(brief, passages=known))
        await reply.say(" ".join(live.missing) or declined)
        reply.error = reply.error or " ".join(live.findings.errors)
        reply.watch.lap("speak")

    async def _apologise(self, error: WellspokenError, reply: Reply) -> None:
        reply.outcome = Outcome.ERROR
        reply.error = str(error)
        await reply.say(_APOLOGY.format(reason=error.public))

    async def _store(self, turn: Turn, question: Question, watch: Stopwatch) -> Turn:
        """Keep the turn; a database that is gone does not take the answer back."""
        try:
            await self._turns.record(turn, question.key)
        except UsageError:
            raise
        except WellspokenError as error:
            log.error("the answer could not be stored", turn=turn.id, error=str(error))
            turn = replace(turn, error=turn.error or str(error))
        watch.lap("store")
        watch.mark("total")
        if self._observe is not None:
            self._observe(turn)
        log.info(
            "answered",
            turn=turn.id,
            thread=turn.thread,
            outcome=str(turn.outcome),
            route=str(turn.route.route),
            ms=watch.timings["total"],
        )
        return turn
