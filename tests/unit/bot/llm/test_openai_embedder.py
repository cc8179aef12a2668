"""The embedder over the wire."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest

from bot.errors import (
    ModelBrokenAnswerError,
    ModelRefusedError,
    ModelTimeoutError,
    ModelUnavailableError,
)
from bot.llm.openai_embedder import OpenAIEmbedder
from tests.platforms.openai_server import Fault, OpenAIServer


async def test_vectors_have_unit_length_and_keep_the_order(
    server: OpenAIServer, embedder: OpenAIEmbedder
) -> None:
    """One float32 row a text, normalised, each the text's own."""
    texts = [f"word{i} in a sentence" for i in range(20)]
    vectors = await embedder.embed(texts)
    assert vectors.dtype == np.float32
    assert vectors.shape == (20, 64) == (20, embedder.dimensions)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1.0, rtol=1e-6)
    np.testing.assert_allclose(vectors[7], await embedder.embed_query(texts[7]), rtol=1e-6)
    assert server.requests[0].body["encoding_format"] == "base64"


async def test_dimensions_are_known_after_warm(embedder: OpenAIEmbedder) -> None:
    """Before the first vector nobody knows them."""
    with pytest.raises(RuntimeError):
        _ = embedder.dimensions
    await embedder.warm()
    assert embedder.dimensions == 64


async def test_servers_without_base64_are_understood(
    server: OpenAIServer, embedder: OpenAIEmbedder
) -> None:
    """Plain numbers are read as well, whatever was asked for."""
    server.behaviour.floats_only = True
    vector = await embedder.embed_query("warranty")
    assert np.linalg.norm(vector) == pytest.approx(1.0)


async def test_no_texts_need_no_request(server: OpenAIServer, embedder: OpenAIEmbedder) -> None:
    """Nothing in, nothing out."""
    assert (await embedder.embed([])).shape[0] == 0
    assert not server.requests


async def test_empty_texts_get_a_vector_and_never_reach_the_server(
    server: OpenAIServer, embedder: OpenAIEmbedder
) -> None:
    """Servers refuse empty strings; the shape of the answer stays."""
    vectors = await embedder.embed(["", "a", " \n"])
    assert vectors.shape[0] == 3
    assert all(text.strip() for r in server.requests for text in r.body["input"])


async def test_many_texts_go_in_requests_within_the_limits(
    server: OpenAIServer, embedder: OpenAIEmbedder
) -> None:
    """No request holds more than 2,048 texts or 250 kB, no text more than 8,191 bytes."""
    texts = ["short"] * 2100 + ["ö" * 9000] * 40
    vectors = await embedder.embed(texts)
    assert vectors.shape[0] == len(texts)
    sent = [r.body["input"] for r in server.requests]
    assert max(len(batch) for batch in sent) <= 2048
    assert max(len(t.encode()) for batch in sent for t in batch) <= 8191
    assert max(sum(len(t.encode()) for t in batch) for batch in sent) <= 250_000


async def test_smaller_batches_are_learned_from_a_refusal(
    server: OpenAIServer, embedder: OpenAIEmbedder
) -> None:
    """A server that takes 32 at once is asked for fewer from then on."""
    server.behaviour.most_inputs = 32
    await embedder.embed([f"text {i}" for i in range(100)])
    before = len(server.requests)
    vectors = await embedder.embed([f"text {i}" for i in range(100)])
    assert vectors.shape[0] == 100
    assert all(len(r.body["input"]) <= 32 for r in list(server.requests)[before:])


async def test_shorter_inputs_are_learned_from_a_refusal(
    server: OpenAIServer, embedder: OpenAIEmbedder
) -> None:
    """A text too long for the model is cut until it fits."""
    server.behaviour.fault, server.behaviour.strikes = Fault.CONTEXT_LENGTH, 2
    await embedder.embed(["word " * 800])
    assert [len(r.body["input"][0]) for r in server.requests] == [4000, 2000, 1000]


async def test_query_vectors_are_kept_and_cannot_be_changed(
    server: OpenAIServer, embedder: OpenAIEmbedder
) -> None:
    """The same query asks the server once; its vector is read-only."""
    first = await embedder.embed_query("warranty")
    assert await embedder.embed_query("warranty") is first
    assert len(server.requests) == 1
    with pytest.raises(ValueError, match="read-only"):
        first[0] = 1.0


async def test_query_does_not_wait_for_documents(
    server: OpenAIServer, embedder: OpenAIEmbedder
) -> None:
    """However many documents are on their way, a query goes at once."""
    server.behaviour.fault, server.behaviour.strikes = Fault.SILENT, 2
    documents = [asyncio.create_task(embedder.embed([f"document {i}"])) for i in range(6)]
    await server.until(lambda: len(server.requests) == 2)
    assert (await embedder.embed_query("now")).shape == (64,)
    for task in documents:
        task.cancel()
    await asyncio.gather(*documents, return_exceptions=True)


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Fault.UNKNOWN_MODEL, ModelRefusedError),
        (Fault.CLOSED, ModelUnavailableError),
        (Fault.SILENT, ModelTimeoutError),
        (Fault.WEB_PAGE, ModelRefusedError),
    ],
)
async def test_faults_are_translated(
    server: OpenAIServer, fault: Fault, error: type[Exception]
) -> None:
    """The embedder's errors are those of the chat model."""
    server.behaviour.fault = fault
    seconds = 0.5 if fault is Fault.SILENT else 30.0
    embedder = OpenAIEmbedder("lost", server.url, None, seconds=seconds, retries=0)
    with pytest.raises(error) as caught:
        await embedder.warm()
    if fault is Fault.UNKNOWN_MODEL:
        assert 'unknown model id "lost"; set WELLSPOKEN_EMBEDDING_MODEL' in str(caught.value)
    await embedder.aclose()


async def test_fault_that_passes_is_tried_again(
    server: OpenAIServer, embedder: OpenAIEmbedder
) -> None:
    """One failure in between is not noticed."""
    server.behaviour.fault, server.behaviour.strikes = Fault.FAILED, 1
    assert (await embedder.embed(["a"])).shape == (1, 64)


@pytest.mark.parametrize("vector", [[0.0] * 64, [float("nan")] * 64])
async def test_vectors_that_are_none_are_an_error(
    server: OpenAIServer, embedder: OpenAIEmbedder, vector: list[float]
) -> None:
    """Zeros and not-a-numbers would poison the index."""
    server.behaviour.embed = lambda _: vector
    with pytest.raises(ModelBrokenAnswerError):
        await embedder.embed(["a"])


async def test_vectors_that_change_their_length_are_an_error(
    server: OpenAIServer, embedder: OpenAIEmbedder
) -> None:
    """Another model behind the same id does not get into the index unnoticed."""
    await embedder.warm()
    server.behaviour.dimensions = 32
    with pytest.raises(ModelBrokenAnswerError):
        await embedder.embed(["a"])
