"""Every model is told a canary word, and is stopped where it writes that or its instructions."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import aclosing
from dataclasses import replace

from bot.errors import ModelError
from bot.leaks import LeakError, Watch, canary_line, new_canary, secret_part
from bot.ports import ChatMessage, ChatModel, Spoken
from bot.telemetry import log
from bot.tracing import leaf

_CANARY = new_canary()
"""Of this process; never stored, and never the same again."""

_THOUGHT = re.compile(r"\s*<(think|thinking|reasoning)>", re.IGNORECASE)
_OPENINGS = ("<think>", "<thinking>", "<reasoning>")

Stream = Callable[[Sequence[ChatMessage]], AsyncGenerator[Spoken, None]]


async def watched(
    stream: Stream, messages: Sequence[ChatMessage], model: str
) -> AsyncGenerator[Spoken, None]:
    """What a model says to messages with a canary in their system prompt, as far as it is no
    leak. Thoughts at the beginning may speak of anything: nobody shows them.

    Raises :class:`bot.leaks.LeakError` before any part of one is passed on.
    """
    with leaf("model", model=model) as span:
        async with aclosing(_watched(stream, messages, model)) as pieces:
            async for spoken in pieces:
                if spoken.usage is not None:
                    span.set(
                        prompt_tokens=spoken.usage.prompt_tokens,
                        completion_tokens=spoken.usage.completion_tokens,
                    )
                yield spoken


async def _watched(
    stream: Stream, messages: Sequence[ChatMessage], model: str
) -> AsyncGenerator[Spoken, None]:
    system = "\n".join(m.content for m in messages if m.role == "system")
    if not system:
        async with aclosing(stream(messages)) as pieces:
            async for spoken in pieces:
                yield spoken
        return
    told = [m.content for m in messages if m.role != "system"]
    watch = Watch(_CANARY, f"{secret_part(system)}\n{canary_line(_CANARY)}", told)
    thoughts = _Thoughts()
    broken: ModelError | None = None
    try:
        async with aclosing(stream(_with_canary(messages))) as pieces:
            async for piece in _until_broken(pieces):
                if isinstance(piece, ModelError):
                    broken = piece
                    break
                hidden, text = thoughts.feed(piece.text)
                shown = hidden + watch.feed(text)
                if piece.usage is not None:
                    shown += watch.feed(thoughts.finish()) + watch.finish()
                if shown:
                    yield Spoken(shown)
                if piece.usage is not None:
                    yield Spoken(usage=piece.usage)
        rest = watch.feed(thoughts.finish()) + watch.finish()
    except LeakError:
        log.warning("a model wrote out its instructions, that is not sent", model=model)
        raise
    if rest:
        yield Spoken(rest)
    if broken is not None:
        raise broken


async def _until_broken(pieces: AsyncGenerator[Spoken, None]) -> AsyncIterator[Spoken | ModelError]:
    """The pieces, and the error that they end with: what was held back comes before it."""
    try:
        async for spoken in pieces:
            yield spoken
    except ModelError as error:
        yield error


def _with_canary(messages: Sequence[ChatMessage]) -> list[ChatMessage]:
    """The messages with the canary in the first of the system."""
    first = next(n for n, m in enumerate(messages) if m.role == "system")
    told = replace(messages[first], content=f"{messages[first].content}\n{canary_line(_CANARY)}")
    return [*messages[:first], told, *messages[first + 1 :]]


class _Thoughts:
    """Tells thoughts at the beginning of a stream from what is said."""

    def __init__(self) -> None:
        self._buffer = ""
        self._tag = ""
        self._said = False

    def feed(self, text: str) -> tuple[str, str]:
        """Take a piece: thoughts, then what is said."""
        if self._said:
            return "", text
        self._buffer += text
        if not self._tag:
            opening = _THOUGHT.match(self._buffer)
            if opening is None:
                head = self._buffer.lstrip().lower()
                if not head or any(tag.startswith(head) for tag in _OPENINGS):
                    return "", ""
                self._said = True
                text, self._buffer = self._buffer, ""
                return "", text
            self._tag = opening[1].lower()
        end = self._buffer.lower().find(f"</{self._tag}>")
        if end < 0:
            return "", ""
        end += len(self._tag) + 3
        hidden, text, self._buffer, self._tag = (self._buffer[:end], self._buffer[end:], "", "")
        more, said = self.feed(text)  # a second thought may follow
        return hidden + more, said

    def finish(self) -> str:
        """What was read and is neither; of a thought without end nothing."""
        rest, self._buffer = self._buffer, ""
        return "" if self._tag else rest


class WatchedModel:
    """A :class:`~bot.ports.ChatModel` that is watched. Whoever gives a model instructions asks it
    through this."""

    def __init__(self, model: ChatModel) -> None:
        self._model = model

    @property
    def id(self) -> str:
        return self._model.id

    async def stream(
        self, messages: Sequence[ChatMessage], *, max_tokens: int | None = None
    ) -> AsyncGenerator[Spoken, None]:
        """The answer, piece by piece. Raises :class:`bot.errors.ModelError`."""

        def said(told: Sequence[ChatMessage]) -> AsyncGenerator[Spoken, None]:
            return self._model.stream(told, max_tokens=max_tokens)

        async with aclosing(watched(said, messages, self.id)) as pieces:
            async for spoken in pieces:
                yield spoken
