"""From a brief to a reply: who speaks, what is checked, and what is said where nothing holds."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import replace

from bot.abstaining import (
    as_said,
    asks_back,
    missing_words,
    other_task,
    part_unknown,
    unknown,
)
from bot.attaching import from_file
from bot.budget import SPENT_LOOKED, SPENT_NOTE, SPENT_NOTICE
from bot.citing import CitationBook, without_markers
from bot.clarifying import complains_again
from bot.conversation import Outcome, Route, Usage
from bot.disagreeing import BothSides, Doubts
from bot.disagreeing import tell as tell_both
from bot.errors import ModelError, ModelTimeoutError, ModelUnavailableError
from bot.evidence import Rejected, Retrieval
from bot.facts import Kind, facts
from bot.guardrails import clean, evidence_is_weak, from_nowhere
from bot.ladder import Ladder
from bot.languages import spoken
from bot.leaks import LEAKED, LeakError
from bot.linking import NO_SITES, Sites, only_known_links
from bot.live import Current, complete, documents_alone, rest_untold, tell
from bot.parts import Part, parts
from bot.ports import Brief, Grounder, GroundingCheck, Voice
from bot.ports_costs import Spending
from bot.ports_judging import charged
from bot.reply import Reply
from bot.sentences import Piece, SentenceStream
from bot.speaking import Speaker
from bot.telemetry import log
from bot.tracing import happened

BROKEN_OFF = "\n\nI had to stop here: {reason}."
"""What stands under an answer that was begun and cannot be finished."""

_SERVER_IS_GONE = (ModelUnavailableError, ModelTimeoutError)
"""All models have one server: where that is away or silent, nobody waits for it again."""


class Answering:
    """Answers briefs: down the failure ladder, every sentence through the check."""

    def __init__(
        self,
        ladder: Ladder,
        grounder: Grounder,
        budget: Spending | None = None,
        doubts: Doubts | None = None,
        languages: Sequence[str] = (),
        sites: Sites = NO_SITES,
    ) -> None:
        self.ladder = ladder
        self._grounder = grounder
        self._budget = budget
        self._doubts = doubts
        self._languages = tuple(languages)
        self._sites = sites

    def led_by(self, voice: Voice | None) -> Answering:
        """The same with another brand voice (``None``: as it is)."""
        ladder = self.ladder.led_by(voice)
        if ladder is self.ladder:
            return self
        return Answering(
            ladder, self._grounder, self._budget, self._doubts, self._languages, self._sites
        )

    async def ask_back(self, words: str, reply: Reply) -> None:
        """Ask for what is missing before anything can be looked up, or told."""
        reply.outcome = Outcome.CLARIFY
        reply.model = self.ladder.plain.model
        await reply.say(words)
        reply.watch.lap("speak")

    async def converse(self, brief: Brief, reply: Reply) -> None:
        """A greeting, thanks, a wish for a person: the voice alone, without facts."""
        reply.outcome = Outcome.HANDOFF if brief.route is Route.HANDOFF else Outcome.ANSWERED
        frugal = not await self.may_spend()
        for voice in self._rungs(brief, reply, frugal=frugal):
            reply.model = voice.model
            stream = SentenceStream()
            try:
                async with aclosing(voice.speak(brief)) as pieces:
                    async for spoken in pieces:
                        reply.spend(spoken.usage or Usage())
                        for piece in stream.feed(spoken.text):
                            await self._chat(piece, voice, brief, reply)
                for piece in stream.finish():
                    await self._chat(piece, voice, brief, reply)
                self.ladder.spoke(voice)
            except ModelError as error:
                self._step_down(voice, error, reply)
            if reply.text.strip():
                break
        reply.watch.lap("speak")

    async def _chat(self, piece: Piece, voice: Voice, brief: Brief, reply: Reply) -> None:
        """A sentence without evidence: no links, no sources, and of figures only what was said."""
        text = without_markers(only_known_links(clean(piece.text), (), self._sites))
        said = (brief.question, *(message.text for message in brief.history))
        figures = () if voice is self.ladder.plain else from_nowhere(text, said)
        if figures:
            finding = f"nothing was looked up that says {', '.join(figures)}"
            reply.rejected.append(Rejected(text.strip(), finding))
            return
        await reply.say(text)

    async def offer(self, brief: Brief) -> str:
        """The offer of a person, in the built-in voice's words; empty where it has none."""
        asked = replace(brief, route=Route.HANDOFF, passages=(), rejected=())
        try:
            async with aclosing(self.ladder.plain.speak(asked)) as pieces:
                return "".join([spoken.text async for spoken in pieces]).strip()
        except Exception:  # noqa: BLE001 - an apology is said whatever else fails
            log.exception("a person cannot be offered")
            return ""

    async def may_spend(self) -> bool:
        """Whether the day's budget leaves something for a model."""
        return self._budget is None or await self._budget.left()

    async def answer(self, brief: Brief, live: Current, reply: Reply) -> None:
        """Speak from the passages, check each sentence, and step down a rung where it fails."""
        weak = (
            other_task(brief.question)
            or complains_again(brief.question, brief.history)
            or evidence_is_weak(brief.query, Retrieval(brief.passages))
        )
        if weak and not live.found and not any(map(from_file, brief.passages)):
            log.info("weak evidence", reason=weak)
            await self.abstain(brief, live, reply)
            return
        chunks = [p.chunk for p in brief.passages]
        judging = self._grounder.open(
            [chunk.text for chunk in chunks], brief.question, [chunk.header for chunk in chunks]
        )
        check = live.check(judging, brief.passages)
        check = await self._both_sides(brief, live, check, reply)
        speaker = Speaker(brief, check, reply, self._sites)
        frugal = not await self.may_spend()
        await self._climb(self._rungs(brief, reply, frugal=frugal), live, speaker, reply)
        rest = [] if live.found else await self._open_parts(speaker, reply)
        usage, notes = charged(judging)
        reply.spend(usage)
        reply.notes.extend(notes)
        spent = frugal and len(self.ladder.order(brief.route)) > 1
        if spent:
            reply.notes.append(SPENT_NOTE)
        if not reply.text:
            if spent:
                reply.error = reply.error or SPENT_NOTE  # no gap: a model might have known
            await self.abstain(brief, live, reply)
            if spent:
                await reply.say(f"\n\n_{SPENT_LOOKED}_")
            return
        await complete(brief, live, speaker.pass_on, reply)
        await self._name(rest, brief, reply)
        if not reply.book.citations:
            # Words without a source: the voice asked back, or said that it does not know.
            reply.outcome = Outcome.CLARIFY if asks_back(reply.text) else Outcome.ABSTAINED
        if spent:
            notice = SPENT_NOTICE if reply.book.citations else SPENT_LOOKED
            await reply.say(f"\n\n_{notice}_")
        reply.watch.lap("speak")

    async def _both_sides(
        self, brief: Brief, live: Current, check: GroundingCheck, reply: Reply
    ) -> GroundingCheck:
        """Where documents disagree about what is asked: name both, the newer first, and let nobody
        tell one of them alone."""
        if self._doubts is None or live.found:
            return check
        found, dates = await self._doubts(brief.query, documents_alone(brief).passages)
        if not found:
            return check
        reply.notes.extend(each.reason for each in found)
        speaker = Speaker(brief, check, reply, self._sites)
        speaker.begin(self.ladder.plain)
        await tell_both(found, dates, speaker.pass_on, spoken(brief.question, self._languages))
        await reply.say(reply.book.finish())
        return BothSides(check, found, brief.passages)

    def _rungs(self, brief: Brief, reply: Reply, *, frugal: bool) -> tuple[Voice, ...]:
        """Who is tried; the turn says who is not, since it failed too often."""
        resting = () if frugal else self.ladder.left_alone(brief.route)
        reply.notes.extend(resting)
        reply.error = reply.error or next(iter(resting), "")
        return self.ladder.rungs(brief.route, frugal=frugal)

    async def _climb(
        self, rungs: Sequence[Voice], live: Current, speaker: Speaker, reply: Reply
    ) -> None:
        """Try the rungs until one of them has said something that holds."""
        plain = self.ladder.plain
        told = bool(reply.text)  # that documents disagree: what follows joins it
        left = deque(rungs)
        while left:
            voice = left.popleft()
            before, failed, dropped = len(reply.text), False, len(reply.rejected)
            if not told:
                speaker.begin(voice)
            try:
                if live.found and voice is plain:
                    await self._tell(live, speaker, reply)
                else:
                    repair = voice is not plain and not told
                    await speaker.speak(voice, repair=repair, lead=" " if told else "")
                self.ladder.spoke(voice)
            except ModelError as error:
                failed = True
                self._step_down(voice, error, reply)
                if len(reply.text) > before:
                    broken_off = BROKEN_OFF.format(reason=error.public)
                    await reply.say(reply.book.finish() + broken_off)
                if isinstance(error, _SERVER_IS_GONE):
                    left = deque(v for v in left if v is plain)
            if len(reply.text) > before:
                reply.model = voice.model
                return
            if reply.rejected:
                if voice is not plain and len(reply.rejected) > dropped:
                    reply.notes.append(_nothing_held(voice.model, len(reply.rejected) - dropped))
                left = deque(v for v in left if v is plain)  # then the documents' own words
            elif not failed and not live.found:
                return  # the voice says that the passages do not tell; a plainer one is no wiser

    async def _open_parts(self, speaker: Speaker, reply: Reply) -> list[Part]:
        """The parts of the question that are left open, where another one is answered."""
        asked = parts(speaker.brief.query)
        if not asked or (reply.text and not reply.book.citations):
            return []
        left = await (self._passed_over if reply.text else self._unread)(asked, speaker, reply)
        return left if len(left) < len(asked) else []

    async def _passed_over(
        self, asked: Sequence[Part], speaker: Speaker, reply: Reply
    ) -> list[Part]:
        """Those that an answer does not speak of, and the reader finds nothing about either. Where
        the reader spoke itself, it says what it finds about them."""
        plain, left = self.ladder.plain, []
        for part in asked:
            open_yet = not part.taken_up(reply.text)
            if not open_yet and reply.model != plain.model:
                continue
            alone = documents_alone(speaker.brief, part.question)
            async with aclosing(plain.speak(alone)) as pieces:
                found = "".join([piece.text async for piece in pieces])
            if found and reply.model == plain.model and _tells_more(found, reply.text):
                await speaker.speak(plain, alone, lead="\n\n")
            left += [part] if open_yet and not found else []
        return left

    async def _unread(self, asked: Sequence[Part], speaker: Speaker, reply: Reply) -> list[Part]:
        """Where nothing answered the whole question: the reader says what it can of its parts."""
        plain, left = self.ladder.plain, []
        for part in asked:
            told = len(reply.text)
            if not told:
                speaker.begin(plain)
            if not missing_words(part.question, speaker.brief.passages):
                alone = documents_alone(speaker.brief, part.question)
                await speaker.speak(plain, alone, lead="\n\n" if told else "")
            left += [part] if len(reply.text) == told else []
        return left

    async def _name(self, rest: Sequence[Part], brief: Brief, reply: Reply) -> None:
        """Say which parts of the question are left open."""
        known = tuple(p for p in brief.passages if not from_file(p))
        for part in rest:
            why = part_unknown(part.question, known)
            reply.notes.append(f"{why.reason}: {part.said}")
            asked = replace(brief, question=part.said, query=part.question, passages=known)
            said = self.ladder.voice.decline(asked, why)
            await reply.say(f"\n\n{said}" if said else "")

    def _step_down(self, voice: Voice, error: ModelError, reply: Reply) -> None:
        """A model did not answer: the next rung takes over, and the turn says so."""
        reply.error = str(error)
        happened("step down", rung=self.ladder.rung(voice), kind=type(error).__name__)
        if isinstance(error, LeakError):
            # Its server is well: whoever makes a model do this must not switch it off for others.
            reply.notes.append(f"{LEAKED}: {voice.model}")
            return
        log.warning("the model did not answer, the next one steps in", error=str(error))
        self.ladder.failed(voice, str(error))
        reply.notes.append(f"{voice.model} did not answer: {error}")

    async def _tell(self, live: Current, speaker: Speaker, reply: Reply) -> None:
        """Live facts in their own words, then what documents say of the rest of the question."""
        await tell(live.found, speaker.pass_on, reply)
        if live.plan.more:
            told = len(reply.text)
            rest = documents_alone(speaker.brief, live.plan.more)
            await speaker.speak(self.ladder.plain, rest, lead="\n\n")
            if len(reply.text) == told:
                await reply.say(rest_untold(live))

    async def abstain(self, brief: Brief, live: Current, reply: Reply) -> None:
        """Say in the persona's words that the answer is not known here, or what of it could not
        be looked up."""
        reply.outcome = Outcome.ABSTAINED
        reply.claims.clear()
        reply.book = CitationBook(())
        reply.model = reply.model or self.ladder.plain.model
        known = tuple(p for p in brief.passages if not from_file(p))
        asked = brief.question if other_task(brief.question) else brief.query
        why = unknown(asked, known, unsupported=len(reply.rejected))
        why = as_said(why, (brief.question, *(message.text for message in brief.history)))
        reply.notes.append(why.reason)
        declined = self.ladder.voice.decline(replace(brief, passages=known), why)
        await reply.say(" ".join(live.missing) or declined)
        reply.error = reply.error or " ".join(live.findings.errors)
        reply.watch.lap("speak")


def _tells_more(found: str, said: str) -> bool:
    """Whether a text has a value that an answer has not: else it would say the same again."""
    known = {fact.value for fact in facts(without_markers(said))}
    values = [f.value for f in facts(without_markers(found)) if f.kind is not Kind.NAME]
    return any(value not in known for value in values)


def _nothing_held(model: str, dropped: int) -> str:
    """For the turn's notes: all that a model said fell in the check."""
    count = "its only sentence" if dropped == 1 else f"all {dropped} sentences"
    return f"nothing that {model} said held: {count} did not pass the check, the reader steps in"
