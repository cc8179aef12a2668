"""Whether passages answer a question, by the trained checker: what the extractive reader asks."""

from __future__ import annotations

from collections.abc import Sequence

from knowledge.checking.encoder import CheckerEncoder
from knowledge.checking.evidence import Evidence
from knowledge.checking.showing import show_question
from knowledge.statements import read_passage


class EncoderJudge:
    """An :class:`~bot.ports_answering.AnswerJudge`; one pass of the encoder (8 ms) a question."""

    def __init__(self, encoder: CheckerEncoder) -> None:
        self._encoder = encoder

    async def answers(
        self, question: str, passages: Sequence[str], headers: Sequence[str] = ()
    ) -> float:
        """The probability that these passages answer the question. Raises CheckerError."""
        if not passages:
            return 0.0
        above = (*headers, *[""] * (len(passages) - len(headers)))
        read = [read_passage(p, h) for p, h in zip(passages, above, strict=False)]
        return await self._encoder.answers(show_question(Evidence(read, above), question))
