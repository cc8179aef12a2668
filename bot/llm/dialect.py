"""What a server understands of a chat request, learned from its refusals.

All know ``model``, ``messages`` and ``stream``. OpenAI's newer models refuse ``max_tokens`` and
some refuse ``temperature``; older compatible servers refuse ``stream_options`` or know no
``max_completion_tokens``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Self

from bot.errors import ModelRefusedError
from bot.ports import ChatMessage

_NEW_LIMIT_HOSTS = ("openai.com", "azure.com")


def sendable(text: str) -> str:
    """The text without lone surrogates, halves of characters that no JSON can carry."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


@dataclass(frozen=True, slots=True)
class Dialect:
    """One server's way to be asked; ``unknown`` are the optional fields that it refused."""

    host: str
    unknown: frozenset[str] = field(default=frozenset())

    @property
    def limits(self) -> tuple[str, str]:
        """The names of the limit of an answer's length, the likelier one first."""
        if self.host.endswith(_NEW_LIMIT_HOSTS):
            return "max_completion_tokens", "max_tokens"
        return "max_tokens", "max_completion_tokens"

    def body(
        self,
        model: str,
        messages: Sequence[ChatMessage],
        max_tokens: int | None,
        temperature: float | None,
    ) -> dict[str, Any]:
        """The request for a stream, in fields that the server knows."""
        optional: dict[str, Any] = {
            "stream_options": {"include_usage": True},
            "temperature": temperature,
        }
        limit = next((name for name in self.limits if name not in self.unknown), None)
        if limit:
            optional[limit] = max_tokens
        return {
            "model": model,
            "messages": [{"role": m.role, "content": sendable(m.content)} for m in messages],
            "stream": True,
            **{k: v for k, v in optional.items() if v is not None and k not in self.unknown},
        }

    def without_refused(self, error: ModelRefusedError, body: Mapping[str, Any]) -> Self | None:
        """The dialect without the optional fields that the refusal names; ``None``: there are
        none, so the refusal is about something else."""
        if error.data.get("status") not in (400, 422):
            return None
        said = str(error.data.get("said", ""))
        optional = ("stream_options", "temperature", *self.limits)
        refused = frozenset(name for name in optional if name in body and name in said)
        return replace(self, unknown=self.unknown | refused) if refused else None
