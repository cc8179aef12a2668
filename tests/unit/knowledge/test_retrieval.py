"""Hybrid retrieval for a principal."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bot.conversation import Principal
from bot.errors import EmbedderError, ModelUnavailableError, StoreBrokenError, WellspokenError
from bot.evidence import Chunk, Passage
from bot.ports import Vectors
from knowledge.retrieval import HybridRetriever
from knowledge.selection import evidence
from knowledge.stores.base import DocumentKey
from knowledge.stores.embedded import EmbeddedStore

PUBLIC = Principal()


class Topics:
    """An embedder that knows three topics by their words."""

    model = "topics"
    dimensions = 3
    topics = (("lamp", "light"), ("chair", "seat"), ("door", "entrance"))

    async def embed(self, texts: Sequence[str]) -> Vectors:
        return np.stack([await self.embed_query(text) for text in texts])

    async def embed_query(self, text: str) -> Vectors:
        held = [float(any(w in text.lower() for w in words)) + 0.01 for words in self.topics]
        vector = np.array(held, np.float32)
        return vector / np.linalg.norm(vector)


class Failing(Topics):
    """An embedder whose server is away."""

    def __init__(self, error: WellspokenError) -> None:
        self.error = error

    async def embed_query(self, text: str) -> Vectors:
        raise self.error


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[EmbeddedStore]:
    """A store that knows topics."""
    made = EmbeddedStore(tmp_path / "k.db", Topics.model, Topics.dimensions)
    await made.open()
    yield made
    await made.close()


async def put(store: EmbeddedStore, name: str, *texts: str, groups: Sequence[str] = ()) -> None:
    made = [
        Chunk(f"{name}#{i}", name, "s", "r", i, "", (), text, 0, len(text), name, frozenset(groups))
        for i, text in enumerate(texts)
    ]
    await store.put(DocumentKey("s", name), made)


async def embed(store: EmbeddedStore) -> None:
    waiting = await store.waiting(100)
    await store.set_vectors(
        [w.id for w in waiting], await Topics().embed([w.text for w in waiting])
    )


async def test_words_and_meaning_are_searched_together(store: EmbeddedStore) -> None:
    """A passage is found by what it means, and one by what it says."""
    await put(store, "a", "The lamp is warm.", "Model QX-7 is sold out.", "The door is green.")
    await embed(store)
    by_meaning = await HybridRetriever(store, Topics()).retrieve("is there light?", PUBLIC, 1)
    assert by_meaning.passages[0].chunk.text == "The lamp is warm."
    by_words = await HybridRetriever(store, Topics()).retrieve("QX-7", PUBLIC, 1)
    assert by_words.passages[0].chunk.text == "Model QX-7 is sold out."
    assert by_words.degraded == ()


async def test_the_same_text_is_evidence_once(store: EmbeddedStore) -> None:
    """Repeated passages give way to others in an answer, and k is still filled."""
    for name in "abcd":
        await put(store, name, "The lamp needs two bulbs.")
    await put(store, "e", "The lamp; needs two  bulbs")
    await put(store, "f", "Two lamp bulbs are no chair.")
    await put(store, "g", "Two lamp bulbs are no door.")
    retriever = HybridRetriever(store, Topics(), choice=evidence)
    found = await retriever.retrieve("lamp bulbs", PUBLIC, 3)
    texts = [p.chunk.text for p in found.passages]
    assert len(texts) == 3
    assert sum("needs" in text for text in texts) == 1


async def test_a_list_shows_other_pages_before_copies(store: EmbeddedStore) -> None:
    """Who searches sees what else there is, then the copies of what stands first."""
    for name in "abcd":
        await put(store, name, "The lamp needs two bulbs.")
    await put(store, "e", "The lamp needs two small bulbs.")
    await put(store, "f", "Nothing here but the word lamp, and so many others that it is lost.")
    found = await HybridRetriever(store, Topics()).retrieve("lamp needs bulbs", PUBLIC, 4)
    assert [p.chunk.document for p in found.passages] == ["a", "e", "b", "c"]


async def test_many_copies_do_not_hide_what_else_is_there(store: EmbeddedStore) -> None:
    """Where the first search brings copies only, a deeper one finds the other passages."""
    for number in range(30):
        await put(store, f"copy-{number}", "The lamp needs two lamp bulbs.")
    await put(store, "other", "Two bulbs of a lamp, and a switch.")
    retriever = HybridRetriever(store, Topics(), choice=evidence)
    found = await retriever.retrieve("lamp bulbs", PUBLIC, 3)
    assert "other" in [p.chunk.document for p in found.passages]


class Backwards:
    """A reranker that turns the order round."""

    async def rerank(self, query: str, passages: Sequence[Passage]) -> tuple[Passage, ...]:
        count = len(passages)
        turned = reversed(passages)
        return tuple(replace(p, score=1 - n / count) for n, p in enumerate(turned))


class AwayReranker:
    """A reranker whose server is away."""

    async def rerank(self, query: str, passages: Sequence[Passage]) -> tuple[Passage, ...]:
        raise ModelUnavailableError(url="http://m")


async def test_another_reranker_decides_the_order(store: EmbeddedStore) -> None:
    """What a reranker puts first comes first."""
    await put(store, "a", "The lamp needs two bulbs.")
    await put(store, "b", "A lamp.")
    usual = await HybridRetriever(store, Topics()).retrieve("lamp bulbs", PUBLIC)
    turned = HybridRetriever(store, Topics(), reranker=Backwards())
    found = await turned.retrieve("lamp bulbs", PUBLIC)
    assert [p.chunk.document for p in usual.passages] == ["a", "b"]
    assert [p.chunk.document for p in found.passages] == ["b", "a"]


async def test_a_reranker_that_is_away_costs_its_order_only(store: EmbeddedStore) -> None:
    """The search's own order holds then, and the result says so."""
    await put(store, "a", "The lamp needs two bulbs.")
    retriever = HybridRetriever(store, Topics(), reranker=AwayReranker())
    found = await retriever.retrieve("lamp bulbs", PUBLIC)
    assert [p.chunk.document for p in found.passages] == ["a"]
    assert any("not reranked" in sentence for sentence in found.degraded)


async def test_the_wording_of_the_question_counts(store: EmbeddedStore) -> None:
    """Of two passages with the same words the one that says them in the question's order wins."""
    await put(store, "a", "The timer: lamp off, reset the door.")
    await put(store, "b", "The door: off, reset the lamp timer.")
    await put(store, "c", "Nothing of the kind at all.")
    found = await HybridRetriever(store, Topics()).retrieve("reset the lamp timer", PUBLIC)
    assert [p.chunk.document for p in found.passages][:2] == ["b", "a"]
    scores = [p.score for p in found.passages]
    assert scores == sorted(scores, reverse=True)
    assert all(0 <= score <= 1 for score in scores)


async def test_repeats_do_not_hide_what_may_be_seen(store: EmbeddedStore) -> None:
    """A hidden copy of a text does not take the place of the visible one."""
    await put(store, "hidden", "The lamp needs two bulbs.", groups=["staff"])
    await put(store, "open", "The lamp needs two bulbs.")
    found = await HybridRetriever(store, Topics()).retrieve("lamp bulbs", PUBLIC)
    assert [p.chunk.document for p in found.passages] == ["open"]
    assert found.withheld == ("hidden",)


@pytest.mark.parametrize(
    "error", [EmbedderError(path="x", reason="y"), ModelUnavailableError(url="http://m")]
)
async def test_without_its_embedder_it_searches_by_words(
    store: EmbeddedStore, error: WellspokenError
) -> None:
    """A failing embedder costs the dense leg alone, and the result says so."""
    await put(store, "a", "The lamp is warm.")
    await embed(store)
    found = await HybridRetriever(store, Failing(error)).retrieve("lamp", PUBLIC)
    assert [p.chunk.document for p in found.passages] == ["a"]
    assert found.passages[0].cosine is None
    assert "by words alone" in found.degraded[0]


async def test_a_broken_store_is_an_error(tmp_path: Path) -> None:
    """Where nothing can be searched the caller hears of it."""
    store = EmbeddedStore(tmp_path / "k.db", Topics.model, Topics.dimensions)
    await store.open()
    await put(store, "a", "The lamp is warm.")
    await store.close()
    file = tmp_path / "k.db"
    file.write_bytes(file.read_bytes()[:4096] + b"\xff" * 20_000)
    broken = EmbeddedStore(file, Topics.model, Topics.dimensions)
    with pytest.raises(StoreBrokenError):
        await broken.open()
        await HybridRetriever(broken, Topics()).retrieve("lamp", PUBLIC)
    await broken.close()


async def test_nothing_known_is_nothing_found(store: EmbeddedStore) -> None:
    """An empty store answers with no passages."""
    found = await HybridRetriever(store, Topics()).retrieve("lamp", PUBLIC)
    assert (found.passages, found.withheld, found.degraded) == ((), (), ())
