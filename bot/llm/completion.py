"""What the events of a chat completion mean: text, usage, the end, an error.

Written for what OpenAI, vLLM, llama.cpp, Ollama, Mistral and the routers in front of them send.
"""

from __future__ import annotations

from typing import Any

import orjson

from bot.errors import ModelBrokenAnswerError
from bot.llm.refusals import without_secrets

_OPENING, _CLOSING = "<think>", "</think>"


class ThoughtFilter:
    """Takes ``<think>…</think>`` off the front of an answer.

    Servers without a reasoning parser leave the thoughts of reasoning models in the text.
    """

    def __init__(self) -> None:
        self._held = ""
        self._inside = False
        self._behind = False
        self._through = False

    @property
    def inside(self) -> bool:
        """Whether the model is thinking aloud right now."""
        return self._inside

    def feed(self, text: str) -> str:
        """The part of the text that may be shown; the rest is held back or dropped."""
        if self._through:
            return text
        self._held += text
        if self._inside:
            return self._behind_thoughts()
        start = self._held.lstrip()
        if start.startswith(_OPENING):
            self._inside = True
            return self._behind_thoughts()
        if _OPENING.startswith(start):  # too short to tell; white space alone too
            return ""
        self._through = True
        return start if self._behind else self._held

    def finish(self) -> str:
        """What was held back at the end of the stream."""
        return "" if self._inside or self._through else self._held.strip()

    def _behind_thoughts(self) -> str:
        _, closing, behind = self._held.partition(_CLOSING)
        if not closing:
            self._held = self._held[-len(_CLOSING) :]
            return ""
        self._inside, self._behind, self._held = False, True, ""
        return self.feed(behind)


class CompletionReader:
    """Reads the events of one answer, and a plain JSON answer as one event.

    Usage is that of the last event that had one. Reasoning is never text, but counts as a sign
    of life (``thinking``). Raises :class:`bot.errors.ModelBrokenAnswerError`; its data has
    ``code`` and ``reason`` where the server sent an error as an event, without the ``secret``.
    """

    def __init__(self, secret: str = "") -> None:
        self._secret = secret
        self.finish_reason = ""
        self.done = False
        self.thinking = False
        self.usage: tuple[int, int] | None = None
        self._thoughts = ThoughtFilter()

    @property
    def whole(self) -> bool:
        """Whether the server said that the answer is complete."""
        return self.done or bool(self.finish_reason)

    def read(self, event: bytes) -> str:
        """The text that one event adds to the answer."""
        if event.strip() == b"[DONE]":
            self.done = True
            return self._thoughts.finish()
        try:
            data = orjson.loads(event)
        except orjson.JSONDecodeError as error:
            raise ModelBrokenAnswerError(reason="an event is not JSON") from error
        if not isinstance(data, dict):
            raise ModelBrokenAnswerError(reason="an event is no JSON object")
        if data.get("error"):
            raise self._error(data["error"])
        self._count(data.get("usage"))
        for choice in data.get("choices") or ():
            if isinstance(choice, dict) and choice.get("index", 0) == 0:
                return self._choice(choice)
        return ""

    def _choice(self, choice: dict[str, Any]) -> str:
        delta = choice.get("delta") or choice.get("message") or {}
        text = self._thoughts.feed(_text(delta.get("content")) or _text(delta.get("refusal")))
        if delta.get("reasoning_content") or delta.get("reasoning") or self._thoughts.inside:
            self.thinking = True
        if choice.get("finish_reason"):
            self.finish_reason = str(choice["finish_reason"])
            text += "" if text else self._thoughts.finish()
        return text.replace("\0", "")  # PostgreSQL's text does not take it

    def _error(self, error: object) -> ModelBrokenAnswerError:
        fields = error if isinstance(error, dict) else {"message": error}
        code = fields.get("code") or fields.get("status") or ""
        reason = without_secrets(str(fields.get("message") or ""), self._secret)
        return ModelBrokenAnswerError(reason=reason, code=str(code))

    def _count(self, usage: object) -> None:
        if isinstance(usage, dict):
            prompt, completion = usage.get("prompt_tokens"), usage.get("completion_tokens")
            self.usage = (int(prompt or 0), int(completion or 0))


def _text(content: object) -> str:
    """Content is a string, null, or a list of parts of which some are text."""
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        parts = (p for p in content if isinstance(p, dict) and p.get("type") == "text")
        return "".join(str(p.get("text") or "") for p in parts)
    return ""
