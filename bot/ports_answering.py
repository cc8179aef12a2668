"""The port of what tells whether passages answer a question."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol


class AnswerJudge(Protocol):
    """Whether passages answer a question, read together with it."""

    async def answers(
        self, question: str, passages: Sequence[str], headers: Sequence[str] = ()
    ) -> float:
        """The probability, 0 to 1, that what these passages say answers the question.

        Raises :class:`bot.errors.KnowledgeError` when it cannot tell.
        """
        ...
