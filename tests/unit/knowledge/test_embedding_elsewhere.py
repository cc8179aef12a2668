"""Vectors by workers elsewhere: all that wait, each once, whatever becomes of a worker."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bot.evidence import Chunk
from bot.ports import Vectors
from knowledge.embedding import embed_waiting
from knowledge.remote import RemoteExecutor, WorkerLostError, WorkersEndError
from knowledge.stores.base import DocumentKey
from knowledge.stores.embedded import EmbeddedStore


def vectors_of(texts: Sequence[str]) -> Vectors:
    vectors = np.zeros((len(texts), 8), np.float32)
    vectors[np.arange(len(texts)), [len(text) % 8 for text in texts]] = 1
    return vectors


class Here:
    """An embedder that must not be asked itself."""

    model, dimensions = "lengths", 8

    async def embed(self, texts: Sequence[str]) -> Vectors:
        raise AssertionError("the workers embed")

    async def embed_query(self, text: str) -> Vectors:
        raise AssertionError("the workers embed")

    def elsewhere(self) -> Callable[[Sequence[str]], Vectors]:
        return vectors_of


class Workers(RemoteExecutor):
    """Two threads; the units of the numbers in ``lost`` lose their worker."""

    def __init__(self, lost: Sequence[int] = ()) -> None:
        self.begun = self.under_way = self.most = 0
        self._lost = lost
        self._threads = ThreadPoolExecutor(2)

    @property
    def places(self) -> int:
        return 2

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        self.begun += 1
        if self.begun in self._lost:
            gone: Future[Any] = Future()
            gone.set_exception(WorkerLostError("gone"))
            return gone
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        future = self._threads.submit(fn, *args, **kwargs)
        future.add_done_callback(self._ended)
        return future

    def _ended(self, future: Future[Any]) -> None:
        self.under_way -= 1


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[EmbeddedStore]:
    """400 chunks that wait."""
    opened = EmbeddedStore(tmp_path / "knowledge.db", "lengths", 8)
    await opened.open()
    documents = []
    for number in range(40):
        name = f"d{number}"
        texts = [f"{name}: text {'x' * n}" for n in range(10)]
        documents.append(
            (
                DocumentKey("s", name),
                [
                    Chunk(f"{name}-{n}", name, "s", "r", n, name, (), text, 0, len(text), name)
                    for n, text in enumerate(texts)
                ],
            )
        )
    await opened.put_many(documents)
    yield opened
    await opened.close()


async def embed(store: EmbeddedStore, workers: Workers) -> int:
    async def current() -> tuple[EmbeddedStore, Here]:
        return store, Here()

    return await embed_waiting(current, remote=workers)


async def test_every_chunk_gets_its_own_vector_once(store: EmbeddedStore) -> None:
    """Several slices at once, no more than there is room for, and none twice."""
    workers = Workers()
    assert await embed(store, workers) == 400
    assert workers.begun == 13
    assert 1 <= workers.most <= 5
    keys = sorted(await store.documents(), key=lambda key: key.document)
    for document in await store.read(keys):
        for held in document.chunks:
            wanted = vectors_of([f"{held.chunk.header}\n{held.chunk.text}"])[0]
            assert held.vector is not None
            assert np.array_equal(held.vector, wanted)


async def test_slices_of_workers_that_end_are_done_by_others(store: EmbeddedStore) -> None:
    """A worker that is lost costs its slice another try, and nothing else."""
    workers = Workers(lost=(2, 3, 9))
    assert await embed(store, workers) == 400
    assert workers.begun == 16


async def test_texts_that_end_every_worker_end_the_run(store: EmbeddedStore) -> None:
    """It is said in one sentence, and what had come back until then is kept."""
    workers = Workers(lost=range(4, 1_000))
    with pytest.raises(WorkersEndError, match="Worker after worker"):
        await embed(store, workers)
    assert 400 - 3 * 32 <= (await store.stats()).waiting < 400
