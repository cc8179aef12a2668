"""The reader beside a judge: whom it believes, and when it need not ask."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from bot.errors import KnowledgeError
from bot.evidence import Chunk, Passage
from bot.lexical import terms
from bot.llm.extractive import Extract, ExtractiveReader


class WordEmbedder:
    """Texts that share words point the same way."""

    model = "words"
    dimensions = 256

    async def embed_query(self, text: str) -> NDArray[np.float32]:
        vector = np.full(self.dimensions, 1e-3, np.float32)
        for term in terms(text):
            vector[sum(map(ord, term)) % self.dimensions] += 1
        return vector / np.linalg.norm(vector)

    async def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        return np.stack([await self.embed_query(t) for t in texts])


class SureJudge:
    """Always of the same opinion; remembers what it was shown."""

    def __init__(self, opinion: float) -> None:
        self.opinion = opinion
        self.shown: list[Sequence[str]] = []

    async def answers(
        self, question: str, passages: Sequence[str], headers: Sequence[str] = ()
    ) -> float:
        self.shown.append(passages)
        return self.opinion


class BrokenJudge(SureJudge):
    """A checker whose files are missing."""

    async def answers(
        self, question: str, passages: Sequence[str], headers: Sequence[str] = ()
    ) -> float:
        raise KnowledgeError("the built-in checker cannot be loaded")


def passage(text: str, title: str = "Pump") -> Passage:
    chunk = Chunk("c", f"{title}.md", "s", "r", 0, title, (), text, 0, len(text), "")
    return Passage(chunk, 1.0, lexical=9.0, cosine=0.55)


PUMP = passage("The pump waters the garden at night. It needs water from a tank or a well nearby.")
OTHER = passage("The tank holds rain from the roof.", "Tank")
QUESTION = "Which water does the pump need?"


async def read(judge: SureJudge | None, question: str = QUESTION) -> Extract:
    return await ExtractiveReader(WordEmbedder(), judge).read(question, [PUMP, OTHER])


async def test_the_judge_weighs_in_both_ways() -> None:
    """What it finds answered is surer than without it, what it does not is less so."""
    alone = (await read(None)).confidence
    assert (await read(SureJudge(0.99))).confidence > alone
    doubted = await read(SureJudge(0.01))
    assert doubted.confidence < alone
    assert not doubted.answered


async def test_it_reads_passages_alone_and_all_of_them_together() -> None:
    """The passages of the best sentences one by one, then what there is."""
    judge = SureJudge(0.5)
    await read(judge)
    both = [PUMP.chunk.text, OTHER.chunk.text]
    assert list(judge.shown[-1]) == both
    assert sorted(text for group in judge.shown[:-1] for text in group) == sorted(both)


async def test_what_is_plain_is_not_judged() -> None:
    """Not a name that no passage has, not a row that a table says, not a heading that asks."""
    judge = SureJudge(0.0)
    reader = ExtractiveReader(WordEmbedder(), judge)
    assert not (await reader.read("Does the pump work with HomeKit?", [PUMP, OTHER])).answered
    prices = passage("| Part | Price |\n|---|---|\n| Pump | $89 |\n| Tank | $40 |\n", "Prices")
    assert (await reader.read("How much is the pump?", [prices])).answered
    asked = passage("## How often should I clean the pump?\n\nOnce in spring.", "Care")
    assert (await reader.read("How often should I clean the pump?", [asked])).answered
    assert judge.shown == []


async def test_without_its_judge_the_reader_goes_on() -> None:
    """A checker that cannot be loaded costs its opinion, not the answer."""
    assert await read(BrokenJudge(0.0)) == await read(None)
