"""From a text that may be taught to an example: its prompt as in production, its sources, checked.

One candidate at a time; what it lacks is said as a reason.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from bot.citing import without_markers
from bot.conversation import Platform, Route, Turn
from bot.evidence import Chunk, Passage
from bot.lexical import terms
from bot.marking import as_data
from bot.ports import ANSWERS, Brief, ChatMessage
from persona.curation.carrying import Carrier
from persona.curation.choosing import Candidate, Dropped, Taught
from persona.curation.held_out import HeldOut
from persona.curation.leaking import holds
from persona.curation.neutral import opening_for, question_for
from persona.curation.privacy import Finder, Scrubbed, scrubbed
from persona.curation.showing import chunks_of, cited_by, renumbered, seed_of, shown
from persona.profile import Persona
from persona.prompting import build_messages

_SPARE = 48
"""Passages of other turns that are kept at hand as distractors."""

_CLEANED = 32_768
"""Passages that are remembered without personal data, about 50 MB."""

_NO_TRAINING = frozenset({Platform.SLACK, Platform.DISCORD})
"""Platforms whose terms forbid training models on messages without their author's own consent
(Slack API Terms of Service; Discord Developer Policy)."""

_TALK = (Route.VOICE, Route.HANDOFF)


class _DroppedError(Exception):
    """An example cannot be made; never leaves this module."""

    def __init__(self, why: Dropped) -> None:
        super().__init__(why)
        self.why = why


@dataclass(frozen=True, slots=True)
class Policy:
    """What the operator decided: whether messages may be used as they were ``asked``, and the
    budget of a prompt."""

    asked: bool = False
    prompt_tokens: int = 3_000


@dataclass(frozen=True, slots=True)
class Ready:
    """An example before it is a line. ``topic`` is what it is about: a document, or talk."""

    candidate: Candidate
    prompt: tuple[ChatMessage, ...]
    question: str
    completion: str
    instead: str
    topic: str
    shown: tuple[Passage, ...] = ()
    prompted: str = "made"


@dataclass(frozen=True, slots=True)
class _Sources:
    """What an answer stands on: all that may be shown, and the chunks that it cites."""

    passages: tuple[Passage, ...]
    numbers: dict[int, str]
    cited: tuple[tuple[Passage, str], ...]


class Preparer:
    """Makes examples. Passages of turns before serve as distractors of those after."""

    def __init__(
        self, persona: Persona, policy: Policy, held_out: HeldOut, finder: Finder, carrier: Carrier
    ) -> None:
        self._persona = persona
        self._policy = policy
        self._held_out = held_out
        self._finder = finder
        self._carrier = carrier
        self._spare: deque[Passage] = deque(maxlen=_SPARE)
        self._clean = lru_cache(maxsize=_CLEANED)(self._clean_passage)
        self._names = f"{persona.name} {persona.about}"
        carrier.names = self._names

    async def prepare(self, candidate: Candidate, *, agreed: bool = False) -> Ready | Dropped:
        """The example of a candidate, or why there is none; ``agreed``: the asker said yes."""
        turn = candidate.turn
        asked = self._policy.asked and (agreed or turn.author.platform not in _NO_TRAINING)
        if self._held_out.has(turn.question, turn.query, candidate.prompt):
            return Dropped.HELD_OUT
        try:
            if turn.route.route in _TALK:
                return self._talk(candidate, asked)
            return await self._grounded(candidate, asked)
        except _DroppedError as dropped:
            return dropped.why

    # -- without sources ------------------------------------------------------------------------

    def _talk(self, candidate: Candidate, as_asked: bool) -> Ready:
        """A greeting, thanks, small talk: nothing to look up, so nothing may be stated."""
        turn = candidate.turn
        seed = seed_of(turn.answer)
        question, prompted = self._asked(candidate, as_asked)
        question = question or opening_for(turn.question, candidate.text, seed)
        if not question:
            raise _DroppedError(Dropped.NO_PROMPT)
        text = without_markers(candidate.text).strip()
        if candidate.label and self._carrier.states_facts(text):
            raise _DroppedError(Dropped.UNGROUNDED)
        completion = self._without_people(candidate, text, (), as_asked)
        instead = self._without_people(candidate, candidate.instead, (), as_asked, own=False)
        brief = Brief(question, question, (), (), turn.route.route)
        messages = build_messages(brief, self._persona, self._policy.prompt_tokens)
        return Ready(
            candidate,
            tuple(messages),
            question,
            completion,
            instead,
            f"talk: {question}",
            prompted=prompted,
        )

    # -- with sources ---------------------------------------------------------------------------

    async def _grounded(self, candidate: Candidate, as_asked: bool) -> Ready:
        turn = candidate.turn
        sources = self._sources(candidate)
        question, prompted = self._asked(candidate, as_asked)
        if not question:
            quotes = " ".join(quote for _, quote in sources.cited)
            seed = seed_of(*(passage.chunk.id for passage, _ in sources.cited), quotes)
            asked = (turn.question, turn.query)
            question = question_for(asked, sources.cited, candidate.text, seed)
        if not question:
            raise _DroppedError(Dropped.NO_PROMPT)
        if self._held_out.has(question):
            raise _DroppedError(Dropped.HELD_OUT)
        must = [passage.chunk.id for passage, _ in sources.cited]
        seed = seed_of(turn.id, "shown")
        seen = shown(sources.passages, must, tuple(self._spare), seed)
        self._spare.append(sources.cited[0][0])
        text = await self._carried(candidate, sources, seen, question)
        completion = self._without_people(candidate, text, seen, as_asked)
        instead = ""
        if candidate.instead:
            instead = self._renumbered(candidate.instead, sources.numbers, seen)
            instead = self._without_people(candidate, instead, seen, as_asked, own=False)
        brief = Brief(question, question, (), seen, turn.route.route)
        messages = build_messages(brief, self._persona, self._policy.prompt_tokens)
        self._check_shown(messages[-1].content, seen, must)
        topic = sources.cited[0][0].chunk.document
        return Ready(
            candidate,
            tuple(messages),
            question,
            completion,
            instead,
            topic,
            seen,
            prompted,
        )

    def _sources(self, candidate: Candidate) -> _Sources:
        """What may be shown: what everybody may read, of the passages that were found."""
        turn = candidate.turn
        numbers = cited_by(turn)
        groups = {passage.chunk.id: passage.chunk.groups for passage in turn.passages}
        if any(groups[chunk] for chunk in numbers.values()):
            raise _DroppedError(Dropped.RESTRICTED)
        public = tuple(self._clean(p) for p in turn.passages if not p.chunk.groups)
        if not public:
            raise _DroppedError(Dropped.RESTRICTED if turn.passages else Dropped.UNGROUNDED)
        by_id = {passage.chunk.id: passage for passage in public}
        found = {passage.chunk.id: passage.chunk.text for passage in turn.passages}
        quotes = {
            chunk: citation.quote if by_id[chunk].chunk.text == found[chunk] else ""
            for citation in turn.citations
            if (chunk := numbers.get(citation.n))
        }
        cited = tuple((by_id[chunk], quote) for chunk, quote in quotes.items())
        if not cited:
            if candidate.kind is Taught.ANSWER:
                raise _DroppedError(Dropped.UNGROUNDED)
            cited = (_nearest(public, candidate.text),)
        return _Sources(public, numbers, cited)

    async def _carried(
        self, candidate: Candidate, sources: _Sources, seen: Sequence[Passage], question: str
    ) -> str:
        """The text with its sources' numbers in the prompt; what was disliked as it was given."""
        if not candidate.label:
            return self._renumbered(candidate.text, sources.numbers, seen)
        if candidate.kind is Taught.ANSWER and self._carrier.stands(candidate.turn):
            text = renumbered(candidate.text, sources.numbers, chunks_of(seen))
        else:
            text = await self._carrier.cited(candidate.text, seen, question, candidate.turn)
        if not text:
            raise _DroppedError(Dropped.UNGROUNDED)
        return text

    def _renumbered(self, text: str, numbers: dict[int, str], seen: Sequence[Passage]) -> str:
        """What is not to be said: its markers as far as they can be kept."""
        moved = renumbered(text, numbers, chunks_of(seen))
        return without_markers(text) if moved is None else moved

    def _check_shown(self, asked: str, seen: Sequence[Passage], must: Sequence[str]) -> None:
        """What the answer stands on must be in the prompt as a whole."""
        for passage in seen:
            if passage.chunk.id in must and as_data(passage.chunk.text) not in asked:
                raise _DroppedError(Dropped.TOO_LONG)

    # -- whose words ----------------------------------------------------------------------------

    def _asked(self, candidate: Candidate, as_asked: bool) -> tuple[str, str]:
        """The question as asked where that is allowed, else an operator's own, and which it is;
        empty: one has to be made."""
        if as_asked:
            return scrubbed(candidate.turn.question.strip(), self._finder).text, "as asked"
        prompt = scrubbed(candidate.prompt.strip(), self._finder).text
        return prompt, "by an operator" if prompt else "made"

    def _without_people(
        self,
        candidate: Candidate,
        text: str,
        seen: Sequence[Passage],
        as_asked: bool,
        *,
        own: bool | None = None,
    ) -> str:
        """A text without personal data; one that holds words of the asker is none."""
        turn = candidate.turn
        cleaned = scrubbed(text, self._finder)
        if self._facts_died(cleaned, turn, text):
            raise _DroppedError(Dropped.PERSONAL)
        if not as_asked and holds(
            cleaned.text,
            (turn.question, turn.query),
            seen,
            known=self._names,
            name=turn.author.name,
            own=candidate.approved if own is None else own,
        ):
            raise _DroppedError(Dropped.USERS_WORDS)
        return cleaned.text

    def _facts_died(self, cleaned: Scrubbed, turn: Turn, text: str) -> bool:
        """Whether what was taken out is what the sources say: then nothing is left to teach."""
        if not cleaned.removed:
            return False
        sources = " ".join(passage.chunk.text for passage in turn.passages)
        if any(value in sources for _, value in cleaned.removed):
            return True
        return len(terms(cleaned.text)) < 3 <= len(terms(text))

    def _clean_passage(self, passage: Passage) -> Passage:
        chunk = passage.chunk
        if chunk.source == ANSWERS:
            chunk = _without_question(chunk)
        title, text = (scrubbed(said, self._finder).text for said in (chunk.title, chunk.text))
        headings = tuple(scrubbed(heading, self._finder).text for heading in chunk.headings)
        if (title, headings, text) == (
            passage.chunk.title,
            passage.chunk.headings,
            passage.chunk.text,
        ):
            return passage
        return replace(passage, chunk=replace(chunk, title=title, headings=headings, text=text))


def _without_question(chunk: Chunk) -> Chunk:
    """A piece of a person's answer without the question that somebody asked in their own words: it
    is the document's title and its heading."""
    text = chunk.text.lstrip()
    if text.startswith("# "):
        text = text.partition("\n")[2].lstrip()
    return replace(chunk, title="", headings=(), text=text)


def _nearest(passages: Sequence[Passage], text: str) -> tuple[Passage, str]:
    """The passage that shares most words with a text that cites none."""
    said = set(terms(text))
    best = max(passages, key=lambda p: len(said & set(terms(p.chunk.text))))
    return best, ""
