"""What models cost: US dollars a million tokens, for each model its own where one is set."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

_MILLION = 1_000_000
_DATED = re.compile(r"-\d{4}-?\d{2}-?\d{2}$")


@dataclass(frozen=True, slots=True)
class Price:
    """US dollars a million tokens of prompts and of answers."""

    prompt: float = 0.0
    completion: float = 0.0

    @property
    def pair(self) -> tuple[float, float]:
        """As :class:`bot.llm.openai.OpenAIChatModel` takes it."""
        return self.prompt, self.completion

    @property
    def is_set(self) -> bool:
        return self.prompt > 0 or self.completion > 0

    def of(self, prompt_tokens: int, completion_tokens: int) -> float:
        """What so many tokens cost, in US dollars."""
        return (prompt_tokens * self.prompt + completion_tokens * self.completion) / _MILLION


class Prices:
    """The price list: a price for some models, and one for all others."""

    def __init__(self, others: Price, own: Mapping[str, Price] | None = None) -> None:
        self._others = others
        self._own = dict(own or {})

    def of(self, model: str) -> Price:
        """The price of a model; a dated version (``gpt-4o-2024-08-06``) has that of its name."""
        named = self._own.get(model) or self._own.get(_DATED.sub("", model))
        return self._others if named is None else named


def in_dollars(amount: float) -> str:
    """A price for people: cents, or as many places as a small one needs."""
    if amount >= 0.1 or round(amount, 2) == amount:
        return f"${amount:,.2f}"
    return f"${amount:.4f}" if amount >= 0.0001 else f"${amount:.6f}"
