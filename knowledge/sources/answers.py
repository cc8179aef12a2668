"""Answers of people as a source: each one an item of its own, handed over by an operator."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass

from bot.ports import ANSWERS
from knowledge.document import RawDocument

NAME = ANSWERS
"""The source's name. It is nobody else's: to read a folder in under it would remove the answers."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A question that a person answered. ``name`` is the document's, ``text`` is Markdown."""

    name: str
    question: str
    text: str


class AnswerSource:
    """A :class:`~knowledge.sources.base.Source` that holds one answer."""

    name = NAME

    def __init__(self, answer: Answer) -> None:
        self._answer = answer

    async def items(self) -> AsyncIterator[_Item]:
        """The answer."""
        yield _Item(self._answer)

    async def close(self) -> None:
        """Nothing is held."""


@dataclass(frozen=True, slots=True)
class _Item:
    """One answer as an item."""

    answer: Answer

    @property
    def name(self) -> str:
        return self.answer.name

    async def load(self, known: str = "") -> RawDocument:  # noqa: ARG002 - it is read every time
        """A line of JSON: whatever stands in the texts, it stays their text."""
        question = " ".join(self.answer.question.split())
        line = {
            "id": self.answer.name,
            "title": question,
            "text": f"# {question}\n\n{self.answer.text.strip()}\n",
        }
        content = json.dumps(line).encode()
        return RawDocument(NAME, self.answer.name, ".jsonl", content=content)
