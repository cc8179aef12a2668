"""An embedder that does not read: for sets so large that the built-in one would take a day."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import partial
from zlib import crc32

import numpy as np

from bot.ports import Vectors
from knowledge.embedder import DIMENSIONS, MODEL


def wordless(milliseconds: float, texts: Sequence[str]) -> Vectors:
    """Unit vectors drawn by each text's checksum, shape ``[len(texts), 384]``, in so much CPU time
    a text."""
    vectors = np.empty((len(texts), DIMENSIONS), np.float32)
    for row, text in enumerate(texts):
        until = time.thread_time() + milliseconds / 1000
        vectors[row] = np.random.default_rng(crc32(text.encode())).standard_normal(DIMENSIONS, "f4")
        vectors[row] /= np.linalg.norm(vectors[row])
        while time.thread_time() < until:
            pass
    return vectors


class Wordless:
    """Stands for the built-in embedder, with ``milliseconds`` of CPU time a text."""

    model, dimensions = MODEL, DIMENSIONS

    def __init__(self, milliseconds: float) -> None:
        self._milliseconds = milliseconds

    async def embed(self, texts: Sequence[str]) -> Vectors:
        return wordless(self._milliseconds, texts)

    async def embed_query(self, text: str) -> Vectors:
        return (await self.embed([text]))[0]

    def elsewhere(self) -> Callable[[Sequence[str]], Vectors]:
        """As :class:`knowledge.remote.Portable`."""
        return partial(wordless, self._milliseconds)
