"""The extractive reader: what it quotes, what it leaves out, and when it says it does not know."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from bot.errors import ModelUnavailableError
from bot.evidence import Chunk, Passage
from bot.lexical import STOP_WORDS, terms
from bot.llm.asking import Asks, read_question
from bot.llm.extractive import Extract, ExtractiveReader
from bot.llm.trees import Trees
from bot.llm.units import candidates


class WordEmbedder:
    """Texts that share words point the same way: a hashed bag of words."""

    model = "words"
    dimensions = 256

    def __init__(self) -> None:
        self.asked: list[str] = []

    def _one(self, text: str) -> NDArray[np.float32]:
        vector = np.full(self.dimensions, 1e-3, np.float32)
        for term in terms(text):
            if term not in STOP_WORDS:
                vector[sum(map(ord, term)) % self.dimensions] += 1
        return vector / np.linalg.norm(vector)

    async def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self.asked.extend(texts)
        return np.stack([self._one(t) for t in texts])

    async def embed_query(self, text: str) -> NDArray[np.float32]:
        return self._one(text)


class TwoEmbedders(WordEmbedder):
    """That of whichever index is live: another one with longer vectors after some more calls."""

    switches_in: int | None = None

    def __init__(self) -> None:
        super().__init__()
        self.made: list[tuple[str, int]] = []

    async def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self._pass()
        return await super().embed(texts)

    async def embed_query(self, text: str) -> NDArray[np.float32]:
        self._pass()
        return await super().embed_query(text)

    def _pass(self) -> None:
        if self.switches_in is not None:
            self.switches_in -= 1
            if not self.switches_in:
                first = self.model == "words"
                self.model, self.dimensions = ("other words", 300) if first else ("words", 256)
        self.made.append((self.model, self.dimensions))


class BrokenEmbedder(WordEmbedder):
    """A remote embedder that is down."""

    async def embed_query(self, text: str) -> NDArray[np.float32]:
        raise ModelUnavailableError(url="http://127.0.0.1:1")


def passage(
    text: str, title: str = "", headings: tuple[str, ...] = (), cosine: float | None = 0.6
) -> Passage:
    chunk = Chunk(
        "c", f"{title or 'page'}.md", "s", "r", 0, title, headings, text, 0, len(text), ""
    )
    return Passage(chunk, 1.0, lexical=12.0, cosine=cosine)


WARRANTY = passage(
    "Every controller has a warranty. The warranty of the MG-200 lasts 24 months. The warranty of"
    " the MG-400 lasts 36 months. Damage by frost is not covered.",
    "Warranty",
)
SETUP = passage(
    "The app works on phones.\n\nTo reset the controller:\n\n1. Hold the **Reset** button for five"
    " seconds.\n2. Wait for the blue light.\n3. Pair it again.\n\nPairing takes a minute.",
    "Reset",
    ("Reset the controller",),
)
PRICES = passage(
    "What the parts cost.\n\n| Part | Price | Weight |\n|---|---|---|\n| Valve | $29 | 300 g |\n"
    "| Sensor | $49 | 80 g |\n",
    "Prices",
)


async def read(question: str, *passages: Passage) -> Extract:
    return await ExtractiveReader(WordEmbedder()).read(question, passages)


def text_of(extract: Extract) -> str:
    return "\n".join(s.text for s in extract.sentences)


async def test_the_answer_is_quoted_word_for_word_with_its_place() -> None:
    """Each quote is exactly the passage's text between its offsets."""
    extract = await read("How long does the warranty of the MG-200 last?", SETUP, WARRANTY)
    assert extract.answered
    assert extract.sentences
    for s in extract.sentences:
        assert (SETUP, WARRANTY)[s.passage].chunk.text[s.start : s.end] == s.text
    assert "24 months" in text_of(extract)


async def test_another_product_is_not_the_answer() -> None:
    """Asked about the MG-400, the sentence about the MG-200 is left out."""
    extract = await read("How long does the warranty of the MG-400 last?", WARRANTY)
    assert "36 months" in text_of(extract)
    assert "24 months" not in text_of(extract)


async def test_an_unknown_product_is_refused() -> None:
    """A code that no passage names has no answer, however alike the question."""
    extract = await read("How long does the warranty of the MG-900 last?", WARRANTY)
    assert not extract.answered


async def test_a_question_from_elsewhere_is_refused() -> None:
    """Nothing about planets in a garden manual."""
    far = [passage(p.chunk.text, p.chunk.title, cosine=0.05) for p in (WARRANTY, SETUP, PRICES)]
    extract = await read("What is the largest planet of the solar system?", *far)
    assert not extract.answered
    assert extract.confidence < 0.5


async def test_how_to_questions_get_all_steps_with_their_lead_in() -> None:
    """A procedure is quoted whole, not one step of it."""
    extract = await read("How do I reset the controller?", SETUP, WARRANTY)
    quoted = text_of(extract)
    assert "To reset the controller:" in quoted
    assert "1. Hold" in quoted
    assert "3. Pair it again." in quoted


async def test_a_table_row_comes_with_its_header() -> None:
    """A row alone would say nothing about which column is which."""
    extract = await read("What is the price of the sensor?", PRICES)
    quoted = text_of(extract)
    assert "| Part | Price | Weight |" in quoted
    assert "$49" in quoted


async def test_no_passages_no_answer() -> None:
    """Nothing found is nothing known."""
    assert await read("How long is the warranty?") == Extract(False, 0.0, ())


async def test_a_broken_embedder_costs_quality_not_the_answer() -> None:
    """Without vectors the reader goes on by words."""
    extract = await ExtractiveReader(BrokenEmbedder()).read(
        "How long does the warranty of the MG-200 last?", [WARRANTY]
    )
    assert "24 months" in text_of(extract)


async def test_sentences_are_embedded_once() -> None:
    """A second question over the same passage asks for no vector twice."""
    embedder = WordEmbedder()
    reader = ExtractiveReader(embedder)
    await reader.read("How long does the warranty of the MG-200 last?", [WARRANTY])
    await reader.read("What does the warranty of the MG-400 cover?", [WARRANTY])
    assert len(embedder.asked) == len(set(embedder.asked))


HEADED = passage(
    "About frost.\n\n## What the guarantee covers\n\nParts and labour for 24 months.\n\n"
    "## Returning a device\n\nSend it in its box.",
    "Guarantee",
)


async def test_another_embedder_may_take_over_at_any_time() -> None:
    """Vectors of two models are never compared: neither those that are remembered, nor those of
    one question during which the model changes."""
    embedder = TwoEmbedders()
    reader = ExtractiveReader(embedder)
    for switches_in in (None, 1, 2, None):
        embedder.switches_in = switches_in
        extract = await reader.read("What does the guarantee cover?", [HEADED])
        assert "24 months" in text_of(extract)
    assert {model for model, _ in embedder.made} == {"words", "other words"}


async def test_neighbouring_sentences_become_one_quote() -> None:
    """Quotes of one passage never overlap and are in reading order."""
    extract = await read("What does the warranty of controllers cover?", WARRANTY, SETUP, PRICES)
    last: dict[int, int] = {}
    for s in extract.sentences:
        assert s.start >= last.get(s.passage, 0)
        last[s.passage] = s.end


@pytest.mark.parametrize(
    ("question", "asks"),
    [
        ("How many zones does it have?", Asks.NUMBER),
        ("When is support open?", Asks.TIME),
        ("Who do I call?", Asks.PERSON),
        ("Where is the serial number?", Asks.PLACE),
        ("Why does the valve leak?", Asks.WHY),
        ("How do I reset it?", Asks.HOW),
        ("Does it work offline?", Asks.YES_NO),
        ("What is a zone?", Asks.DEFINITION),
    ],
)
def test_a_question_tells_what_it_wants(question: str, asks: Asks) -> None:
    """The first words decide what kind of answer is looked for."""
    assert read_question(question).asks is asks


def test_a_code_weighs_as_much_as_one_word() -> None:
    """``MG-400`` is one thing asked about, not three."""
    weights = read_question("MG-400").weights
    assert sum(weights.values()) <= 7.0


@given(st.text(alphabet="ab .:\n|-1`*#?é", max_size=200))
def test_candidates_hold_only_text_that_is_there(text: str) -> None:
    """Every span lies in the text, in order, whatever the Markdown."""
    for candidate in candidates(text):
        assert candidate.spans
        for start, end in candidate.spans:
            assert 0 <= start < end <= len(text)
        assert list(candidate.spans) == sorted(candidate.spans)


@given(st.text(max_size=120), st.text(max_size=300))
def test_any_text_can_be_read(question: str, body: str) -> None:
    """No question and no passage makes the reader fail; quotes stay verbatim."""
    import asyncio

    found = passage(body, "T")
    extract = asyncio.run(read(question, found))
    assert 0 <= extract.confidence <= 1
    for s in extract.sentences:
        assert body[s.start : s.end] == s.text


def test_trees_answer_half_at_their_threshold() -> None:
    """The threshold of the training becomes 0.5."""
    trees = Trees(0.0, [[[0, 1.0, 1, 2], [-1.0], [1.0]]], threshold=0.7310585786300049)
    assert trees.probability([2.0]) == pytest.approx(0.5)
    assert trees.probability([0.0]) < 0.5
