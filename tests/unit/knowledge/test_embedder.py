"""The built-in embedder."""

from __future__ import annotations

import asyncio
import shutil
import time
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest

from bot.errors import EmbedderError
from knowledge.embedder import DIMENSIONS, MODEL, BuiltinEmbedder


@pytest.fixture(scope="module")
def shared() -> Iterator[BuiltinEmbedder]:
    """One loaded model for the module."""
    embedder = BuiltinEmbedder()
    yield embedder
    embedder.close()


async def test_vectors_have_unit_length(shared: BuiltinEmbedder) -> None:
    """Documents give float32 rows of length one, in the order of the texts."""
    texts = ["a lamp", "a chair", "a lamp"]
    vectors = await shared.embed(texts)
    assert vectors.shape == (3, DIMENSIONS)
    assert vectors.dtype == np.float32
    assert np.linalg.norm(vectors, axis=1) == pytest.approx([1, 1, 1], abs=1e-5)
    assert np.array_equal(vectors[0], vectors[2])


async def test_near_meaning_is_a_near_vector(shared: BuiltinEmbedder) -> None:
    """A question is nearer to its answer than to other texts, without shared words."""
    texts = [
        "You may return goods within 30 days.",
        "The lamp has two bulbs.",
        "Our office is in Oslo.",
    ]
    near = await shared.embed(texts) @ await shared.embed_query("Can I send my order back?")
    assert near.argmax() == 0


async def test_a_vector_does_not_depend_on_its_neighbours(shared: BuiltinEmbedder) -> None:
    """A text alone, in a batch, and as a query gives the same vector."""
    text = "How do I change the billing address?"
    alone = (await shared.embed([text]))[0]
    batch = (await shared.embed([text, "x " * 300, "y"]))[0]
    assert np.array_equal(alone, batch)
    assert np.array_equal(alone, await shared.embed_query(text))


@pytest.mark.parametrize("text", ["", " ", "\x00", "\ud800", "🦆" * 900, "日本語", "word " * 5000])
async def test_any_text_has_a_vector(shared: BuiltinEmbedder, text: str) -> None:
    """Empty, odd and overlong texts give a finite unit vector."""
    vector = await shared.embed_query(text)
    assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-5)


async def test_no_texts_give_no_vectors(shared: BuiltinEmbedder) -> None:
    """An empty batch is an empty array of the right width."""
    assert (await shared.embed([])).shape == (0, DIMENSIONS)


async def test_a_query_goes_past_waiting_documents(shared: BuiltinEmbedder) -> None:
    """A question asked while many documents wait is answered before they are done."""
    await shared.warm()
    documents = asyncio.ensure_future(shared.embed([f"{'word ' * 150}{n}" for n in range(600)]))
    await asyncio.sleep(0.02)
    await shared.embed_query("What is the meaning of this?")
    assert not documents.done()
    documents.cancel()
    with pytest.raises(asyncio.CancelledError):
        await documents


async def test_a_cancelled_batch_frees_the_cores(shared: BuiltinEmbedder) -> None:
    """Texts that were not begun when a batch is cancelled are never embedded."""
    documents = asyncio.ensure_future(shared.embed([f"{'word ' * 150}{n}" for n in range(3000)]))
    await asyncio.sleep(0.05)
    documents.cancel()
    with pytest.raises(asyncio.CancelledError):
        await documents
    start = time.monotonic()
    await shared.embed(["the next text"])
    assert time.monotonic() - start < 40  # 3,000 texts take a minute at best


async def test_a_repeated_query_is_remembered(shared: BuiltinEmbedder) -> None:
    """The same question gives the very same vector, which nobody can change."""
    first = await shared.embed_query("the same question")
    assert await shared.embed_query("the same question") is first
    with pytest.raises(ValueError, match="read-only"):
        first[0] = 1


async def test_the_model_is_named(shared: BuiltinEmbedder) -> None:
    """Name and length are known before anything is loaded."""
    fresh = BuiltinEmbedder()
    assert (fresh.model, fresh.dimensions) == (MODEL, DIMENSIONS)
    fresh.close()


async def test_a_missing_model_gets_one_sentence(tmp_path: Path) -> None:
    """A folder without the model names the missing file."""
    embedder = BuiltinEmbedder(tmp_path)
    with pytest.raises(EmbedderError, match=r"tokenizer\.json cannot be loaded"):
        await embedder.embed_query("x")
    embedder.close()


async def test_a_broken_model_gets_one_sentence(tmp_path: Path) -> None:
    """A damaged model file is an error of ours, and the next try may succeed."""
    folder = Path(str(files("knowledge") / "models" / MODEL))
    shutil.copy(folder / "tokenizer.json", tmp_path)
    (tmp_path / "model.onnx").write_bytes(b"broken")
    embedder = BuiltinEmbedder(tmp_path)
    with pytest.raises(EmbedderError, match="cannot be loaded"):
        await embedder.embed(["x"])
    shutil.copy(folder / "model.onnx", tmp_path)
    assert (await embedder.embed(["x"])).shape == (1, DIMENSIONS)
    embedder.close()
