"""Who speaks: a model with the persona in its prompt, or the built-in reader in its manner."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import TYPE_CHECKING, Protocol

from bot.attaching import from_file
from bot.conversation import Route, Usage
from bot.evidence import Unknown
from bot.llm.watched import WatchedModel
from bot.marking import Marks
from bot.ports import Brief, ChatModel, Spoken
from persona.composing import Composer, Quote, completed
from persona.hearing import AnswerFilter
from persona.phrases import declining, small_talk
from persona.profile import Persona
from persona.prompting import build_messages

if TYPE_CHECKING:
    from bot.evidence import Passage
    from bot.llm.extractive import Extract


class Reader(Protocol):
    """What picks the sentences that answer: :class:`bot.llm.extractive.ExtractiveReader`."""

    async def read(self, question: str, passages: Sequence[Passage]) -> Extract: ...


class ModelVoice:
    """A chat model that speaks as the persona.

    ``budget_tokens`` bounds the prompt (estimated), ``answer_tokens`` the answer; ``None`` leaves
    it to the server.
    """

    def __init__(
        self,
        model: ChatModel,
        persona: Persona,
        *,
        budget_tokens: int = 6_000,
        answer_tokens: int | None = None,
    ) -> None:
        self._model = WatchedModel(model)
        self._persona = persona
        self._budget_tokens = budget_tokens
        self._answer_tokens = answer_tokens

    @property
    def model(self) -> str:
        return self._model.id

    @property
    def persona(self) -> str:
        return self._persona.label

    async def speak(self, brief: Brief) -> AsyncGenerator[Spoken, None]:
        """The answer as the model writes it, without thoughts; empty where it has none. Asked
        again, its numbered lines, for :func:`bot.repairing.replacements`.

        Raises :class:`bot.errors.ModelError`.
        """
        messages = build_messages(brief, self._persona, self._budget_tokens, Marks.fresh())
        heard = AnswerFilter(to_end=bool(brief.rejected))
        usage = Usage()
        stream = self._model.stream(messages, max_tokens=self._answer_tokens)
        async with aclosing(stream):  # who stops listening must not leave the model talking
            async for spoken in stream:
                usage += spoken.usage or Usage()
                text = heard.feed(spoken.text)
                if text:
                    yield Spoken(text)
        rest = heard.finish()
        if rest:
            yield Spoken(rest)
        yield Spoken(usage=usage)

    def decline(self, brief: Brief, why: Unknown | None = None) -> str:
        """I do not know, what is near, and the offer of a person."""
        return declining(brief, self._persona, why)


class ExtractiveVoice:
    """The documents' own words, picked by the built-in reader; needs no model server.

    ``topics`` are named where somebody asks what the bot can do.
    """

    def __init__(self, reader: Reader, persona: Persona, *, topics: Sequence[str] = ()) -> None:
        self._reader = reader
        self._persona = persona
        self._topics = tuple(topics)
        self._composer = Composer(persona)

    @property
    def model(self) -> str:
        return "extractive"

    @property
    def persona(self) -> str:
        return self._persona.label

    async def speak(self, brief: Brief) -> AsyncGenerator[Spoken, None]:
        """The answer sentence by sentence; empty where the passages do not answer, and where it
        is asked again: its own words are quotes already."""
        if brief.rejected:
            pass
        elif brief.route in (Route.VOICE, Route.HANDOFF):
            yield Spoken(small_talk(brief, self._persona, self._topics))
        else:
            for piece in await self._answer(brief):
                yield Spoken(piece)
        yield Spoken(usage=Usage())

    async def _answer(self, brief: Brief) -> tuple[str, ...]:
        if not brief.passages:
            return ()
        extract = await self._read(brief.query or brief.question, brief.passages)
        if not extract.answered:
            return ()
        quotes = [
            completed(Quote(picked.text, picked.passage, picked.start, picked.end), brief.passages)
            for picked in extract.sentences
        ]
        return self._composer.compose(quotes, brief.question, first=not brief.history)

    async def _read(self, query: str, passages: Sequence[Passage]) -> Extract:
        """What answers: the documents, unless the files that came along answer it better."""
        documents = [passage for passage in passages if not from_file(passage)]  # they stand first
        extract = await self._reader.read(query, documents)
        if len(documents) < len(passages):
            with_files = await self._reader.read(query, passages)
            return max(extract, with_files, key=lambda read: read.confidence)
        return extract

    def decline(self, brief: Brief, why: Unknown | None = None) -> str:
        """I do not know, what is near, and the offer of a person."""
        return declining(brief, self._persona, why)
