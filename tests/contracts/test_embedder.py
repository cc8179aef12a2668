"""What every embedder keeps to."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import numpy as np
import pytest

from bot.llm.openai_embedder import OpenAIEmbedder
from bot.ports import Embedder
from knowledge.embedder import BuiltinEmbedder
from tests.platforms.openai_server import OpenAIServer


@pytest.fixture(params=["builtin", "openai"])
async def embedder(request: pytest.FixtureRequest) -> AsyncIterator[Embedder]:
    """Each embedder in turn, warm."""
    if request.param == "builtin":
        builtin = BuiltinEmbedder()
        await builtin.warm()
        yield builtin
        builtin.close()
        return
    with OpenAIServer() as server:
        remote = OpenAIEmbedder("stand-in", server.url, None)
        await remote.warm()
        yield remote
        await remote.aclose()


async def test_documents_give_unit_rows_in_their_order(embedder: Embedder) -> None:
    """One float32 row of unit length for each text, whoever its neighbours are."""
    texts = ["The warranty lasts two years.", "Charge the battery over night.", "Größe 42 🙂"]
    vectors = await embedder.embed(texts)
    assert vectors.dtype == np.float32
    assert vectors.shape == (3, embedder.dimensions)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-5)
    again = await embedder.embed(texts[::-1])
    np.testing.assert_allclose(again[::-1], vectors, atol=1e-6)


async def test_query_is_near_the_document_that_answers_it(embedder: Embedder) -> None:
    """Queries and documents live in one space."""
    texts = ["The warranty lasts two years.", "Charge the battery over night."]
    vectors = await embedder.embed(texts)
    query = await embedder.embed_query("How long is the warranty?")
    assert query.shape == (embedder.dimensions,)
    assert query.dtype == np.float32
    near, far = vectors @ query
    assert near > far


async def test_no_texts_give_no_rows(embedder: Embedder) -> None:
    """Nothing in, nothing out, in the right shape."""
    assert (await embedder.embed([])).shape == (0, embedder.dimensions)


@pytest.mark.parametrize("text", ["", "   ", "\ud83d", "\0", "x" * 100_000, "🙂" * 5000])
async def test_odd_texts_have_vectors_too(embedder: Embedder, text: str) -> None:
    """Empty, broken and endless texts are embedded, never refused."""
    vectors = await embedder.embed([text, "a"])
    assert vectors.shape[0] == 2
    assert np.isfinite(vectors).all()
    assert (await embedder.embed_query(text)).shape == (embedder.dimensions,)


async def test_kept_query_vector_cannot_be_spoilt(embedder: Embedder) -> None:
    """The same query gives the same vector, and nobody can write into it."""
    first = await embedder.embed_query("warranty")
    with pytest.raises(ValueError, match="read-only"):
        first[0] = 1.0
    np.testing.assert_array_equal(await embedder.embed_query("warranty"), first)


async def test_many_at_once_do_not_mix(embedder: Embedder) -> None:
    """Concurrent callers get their own vectors."""
    texts = [f"number {i} of many" for i in range(12)]
    rows = await asyncio.gather(*(embedder.embed([text]) for text in texts))
    alone = await embedder.embed(texts)
    np.testing.assert_allclose(np.concatenate(rows), alone, atol=1e-6)


async def test_names_itself(embedder: Embedder) -> None:
    """The model's name is what the store remembers its vectors by."""
    assert embedder.model
