"""The built-in embedder: all-MiniLM-L6-v2, int8, on the CPU, in this process.

One text a call and one thread a call: with dynamic quantisation a text's vector depends on its
batch mates, and one at a time is also the faster way (``models/minilm-l6-v2-int8/README.md``).
Queries go their own way past waiting documents; threads that embed documents run at a low priority,
so that a query is slowed little by a full house (``benchmarks/bench_embedder.py``). Threads do as
well as processes here, since the runtime lets go of the interpreter while it works, and cost 10 MB
where a process costs 100.
"""

from __future__ import annotations

import asyncio
import os
import sys
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from bot.errors import EmbedderError
from bot.ports import Vectors

if TYPE_CHECKING:
    from onnxruntime import InferenceSession
    from tokenizers import Tokenizer

MODEL = "minilm-l6-v2-int8"
DIMENSIONS = 384
MAX_PIECES = 256
"""Word pieces read of a text; what follows is not embedded."""

SLOWER = ("SkipLayerNormFusion",)
"""Rewrites of onnxruntime 1.31 to do without: its sum and normalisation in one take ten times as
long as the two apart, a seventh of a pass of this model and of the checker."""

_CACHED_QUERIES = 512

_NICE = 10  # a ninth of the share of a thread at normal priority, where both want the core


class BuiltinEmbedder:
    """An :class:`~bot.ports.Embedder` without a server; the model loads at first use (0.15 s)."""

    def __init__(self, folder: Path | None = None, workers: int | None = None) -> None:
        self._folder = folder or Path(str(files("knowledge") / "models" / MODEL))
        self._loading = threading.Lock()
        self._loaded: tuple[Tokenizer, InferenceSession] | None = None
        self._queries = ThreadPoolExecutor(1, thread_name_prefix="embed-query")
        self._documents = ThreadPoolExecutor(
            workers or os.cpu_count() or 1,
            thread_name_prefix="embed-documents",
            initializer=_step_back,
        )
        self._recent: OrderedDict[str, Vectors] = OrderedDict()

    @property
    def model(self) -> str:
        return MODEL

    @property
    def dimensions(self) -> int:
        return DIMENSIONS

    async def warm(self) -> None:
        """Load the model ahead of the first query. Raises EmbedderError."""
        await asyncio.get_running_loop().run_in_executor(self._queries, self._parts)

    def begin_loading(self) -> None:
        """Load the model beside whatever comes next; what fails is said by the first query."""
        self._queries.submit(self._parts)

    async def embed(self, texts: Sequence[str]) -> Vectors:
        """Vectors of documents on all cores, at low priority. Raises EmbedderError."""
        if not texts:
            return np.zeros((0, DIMENSIONS), np.float32)
        loop = asyncio.get_running_loop()
        each = [loop.run_in_executor(self._documents, self._vector, text) for text in texts]
        try:
            return np.stack(await asyncio.gather(*each))
        finally:
            for future in each:
                future.cancel()

    async def embed_query(self, text: str) -> Vectors:
        """The vector of a query, past all waiting documents; the last ones are remembered.
        Raises EmbedderError."""
        known = self._recent.get(text)
        if known is None:
            loop = asyncio.get_running_loop()
            known = await loop.run_in_executor(self._queries, self._vector, text)
            known.flags.writeable = False
            if len(self._recent) >= _CACHED_QUERIES:
                self._recent.popitem(last=False)
            self._recent[text] = known
        else:
            self._recent.move_to_end(text)
        return known

    def elsewhere(self) -> Callable[[Sequence[str]], Vectors]:
        """What makes the same vectors in another process (:class:`~knowledge.remote.Portable`)."""
        return embed_here

    def vectors(self, texts: Sequence[str]) -> Vectors:
        """Vectors of documents in the calling thread. Raises EmbedderError."""
        return np.stack([self._vector(text) for text in texts])

    def close(self) -> None:
        """Drop what waits and end the threads."""
        self._queries.shutdown(wait=False, cancel_futures=True)
        self._documents.shutdown(wait=False, cancel_futures=True)

    def _vector(self, text: str) -> Vectors:
        tokenizer, session = self._parts()
        ids = np.array([tokenizer.encode(_plain(text)).ids], np.int64)
        inputs = {"input_ids": ids, "attention_mask": np.ones_like(ids)}
        vector: Vectors = session.run(["sentence_embedding"], inputs)[0][0]
        return vector

    def _parts(self) -> tuple[Tokenizer, InferenceSession]:
        with self._loading:
            if self._loaded is None:
                self._loaded = self._load()
            return self._loaded

    def _load(self) -> tuple[Tokenizer, InferenceSession]:
        for name in ("tokenizer.json", "model.onnx"):
            if not (self._folder / name).is_file():
                raise EmbedderError(path=self._folder / name, reason="the file is missing")
        import onnxruntime
        from tokenizers import Tokenizer

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1  # the calling thread, and so its priority
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        try:
            tokenizer = Tokenizer.from_file(str(self._folder / "tokenizer.json"))
            session = onnxruntime.InferenceSession(
                str(self._folder / "model.onnx"),
                options,
                providers=["CPUExecutionProvider"],
                disabled_optimizers=SLOWER,
            )
        except Exception as error:  # both libraries raise bare Exception for a broken file
            raise EmbedderError(path=self._folder, reason=str(error)) from error
        return tokenizer, session


@cache
def _of_this_process() -> BuiltinEmbedder:
    return BuiltinEmbedder(workers=1)


def embed_here(texts: Sequence[str]) -> Vectors:
    """Vectors of documents, shape ``[len(texts), 384]``, by the one model of this process, in the
    calling thread: what a worker of a cluster runs. Raises EmbedderError."""
    return _of_this_process().vectors(texts)


def _plain(text: str) -> str:
    """Without lone surrogates, which the tokenizer cannot take."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


def _step_back() -> None:
    """Give this thread a low priority; only on Linux is a nice value a thread's own."""
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICE)
