"""Vectors from an embedding model behind an OpenAI-compatible server."""

from __future__ import annotations

import asyncio
import base64
import binascii
from collections import OrderedDict
from collections.abc import Iterator, Sequence

import numpy as np
import orjson

from bot.errors import ModelBrokenAnswerError, ModelRefusedError
from bot.llm.dialect import sendable
from bot.llm.openai import ModelServer
from bot.llm.refusals import is_too_long
from bot.llm.retrying import retried
from bot.ports import Vectors

# Limits of OpenAI, https://platform.openai.com/docs/api-reference/embeddings/create. A token is
# at least one byte of UTF-8, so a limit in bytes holds whatever the tokenizer.
_MOST_INPUTS = 2048
_INPUT_BYTES = 8191
_REQUEST_BYTES = 250_000  # 300,000 tokens a request
_SMALLEST_BYTES = 256
_EMPTY = "(empty)"  # in place of a text without characters, which servers refuse


class OpenAIEmbedder:
    """Implements :class:`bot.ports.Embedder` on ``/embeddings``.

    The dimensions are those of the first answer: call :meth:`warm` before asking for them.
    Texts longer than the model takes lose their end. What a server cannot do (base64, large
    batches, long inputs) is learned from its refusal. ``seconds`` limits one request, all its
    attempts included; ``queries`` is how many vectors of queries are kept. ``at_once`` limits the
    requests for documents; queries do not wait for them. Raises :class:`bot.errors.ModelError`.
    A ``server`` that is handed in is shared: its owner closes it.
    """

    def __init__(
        self,
        model: str,
        base_url: str | None = None,
        api_key: str | None = None,
        *,
        server: ModelServer | None = None,
        seconds: float = 30.0,
        retries: int = 2,
        pause_s: float = 0.25,
        at_once: int = 2,
        queries: int = 1024,
        setting: str = "WELLSPOKEN_EMBEDDING_MODEL",
    ) -> None:
        self._owned = server is None
        self._server = server or ModelServer(base_url, api_key)
        self._model = model
        self._seconds = seconds
        self._retries, self._pause_s = retries, pause_s
        self._asked = self._server.asked(model, setting)
        self._documents = asyncio.Semaphore(at_once)
        self._queries: OrderedDict[str, Vectors] = OrderedDict()
        self._most_queries = queries
        self._dimensions = 0
        self._base64 = True
        self._most_inputs = _MOST_INPUTS
        self._input_bytes = _INPUT_BYTES

    @property
    def model(self) -> str:
        """The model's id at the server."""
        return self._model

    @property
    def dimensions(self) -> int:
        """Length of a vector; known after :meth:`warm` or a first vector."""
        if not self._dimensions:
            raise RuntimeError("the dimensions are known after warm()")
        return self._dimensions

    async def warm(self) -> None:
        """Ask for a first vector, which tells the dimensions and whether the model is there."""
        await self.embed_query("dimensions")

    async def aclose(self) -> None:
        """Close the connections, unless they are shared."""
        if self._owned:
            await self._server.aclose()

    async def embed(self, texts: Sequence[str]) -> Vectors:
        """Unit-length vectors, shape ``[len(texts), dimensions]``, in the order of the texts."""
        if not texts:
            return np.empty((0, self._dimensions), np.float32)
        prepared = [_prepared(text) for text in texts]
        parts: list[Vectors] = []
        at = 0
        async with self._documents:
            while at < len(prepared):
                batch = next(self._batches(prepared[at:]))
                part = await self._embedded(batch)
                parts.append(part)
                at += len(part)
        return np.concatenate(parts)

    async def embed_query(self, text: str) -> Vectors:
        """The vector of one query, shape ``[dimensions]``; read-only, as it may be kept."""
        kept = self._queries.get(text)
        if kept is not None:
            self._queries.move_to_end(text)
            return kept
        vector: Vectors = (await self._embedded([_prepared(text)]))[0]
        vector.setflags(write=False)
        self._queries[text] = vector
        while len(self._queries) > self._most_queries:
            self._queries.popitem(last=False)
        return vector

    def _batches(self, texts: Sequence[str]) -> Iterator[list[str]]:
        """Runs of texts, each within the limits of one request."""
        batch: list[str] = []
        size = 0
        for text in texts:
            length = min(len(text.encode()), self._input_bytes)
            if batch and (len(batch) == self._most_inputs or size + length > _REQUEST_BYTES):
                yield batch
                batch, size = [], 0
            batch.append(text)
            size += length
        yield batch

    async def _embedded(self, batch: list[str]) -> Vectors:
        """Vectors of the batch, or of its first part where the server takes fewer at once."""
        while True:
            batch = batch[: self._most_inputs]
            trimmed = [_trimmed(text, self._input_bytes) for text in batch]
            try:
                return await retried(
                    lambda inputs=trimmed: self._request(inputs),  # type: ignore[misc]  # mypy cannot infer a default's type in a lambda
                    retries=self._retries,
                    pause_s=self._pause_s,
                    seconds=self._seconds,
                    url=self._server.url,
                )
            except ModelRefusedError as error:
                if not self._learned(error, trimmed):
                    raise

    def _learned(self, error: ModelRefusedError, inputs: Sequence[str]) -> bool:
        """Take a limit from the server's refusal; whether another request is worth it."""
        if error.data.get("status") not in (400, 413, 422):
            return False
        said = str(error.data.get("said", ""))
        longest = max(len(text.encode()) for text in inputs)
        if "encoding_format" in said and self._base64:
            self._base64 = False
        elif "batch" in said.lower() and len(inputs) > 1:
            self._most_inputs = len(inputs) // 2
        elif is_too_long(said, str(error.data.get("code", ""))) and longest > _SMALLEST_BYTES:
            self._input_bytes = max(_SMALLEST_BYTES, longest // 2)
        else:
            return False
        return True

    async def _request(self, inputs: Sequence[str]) -> Vectors:
        coding = "base64" if self._base64 else "float"
        body = {"model": self._model, "input": inputs, "encoding_format": coding}
        reply = await self._server.send("embeddings", body, self._asked)
        try:
            vectors = _vectors(await reply.rest(), len(inputs))
        finally:
            await reply.close()
        if self._dimensions and vectors.shape[1] != self._dimensions:
            raise ModelBrokenAnswerError(reason="the vectors changed their length")
        self._dimensions = vectors.shape[1]
        return vectors


def _prepared(text: str) -> str:
    """A text that a server takes: not empty, without halves of characters."""
    return sendable(text) if text.strip() else _EMPTY


def _trimmed(text: str, size: int) -> str:
    """The text, without what goes beyond ``size`` bytes of UTF-8."""
    data = text.encode()
    return text if len(data) <= size else data[:size].decode(errors="ignore")


def _vectors(body: bytes, count: int) -> Vectors:
    """The vectors of an answer, normalised, in the order of the inputs."""
    try:
        items = sorted(orjson.loads(body)["data"], key=lambda item: item.get("index", 0))
        rows = [_row(item["embedding"]) for item in items]
        vectors = np.asarray(rows, np.float32)
    except (orjson.JSONDecodeError, binascii.Error, KeyError, TypeError, ValueError) as error:
        raise ModelBrokenAnswerError(reason="the vectors cannot be read") from error
    norms = np.linalg.norm(vectors, axis=-1, keepdims=True)
    if len(rows) != count or vectors.ndim != 2 or not np.all(np.isfinite(norms) & (norms > 0)):
        raise ModelBrokenAnswerError(reason="vectors are missing or not finite")
    unit: Vectors = vectors / norms
    return unit


def _row(embedding: str | list[float]) -> Vectors:
    """Base64 of little-endian float32, or plain numbers."""
    if isinstance(embedding, str):
        return np.frombuffer(base64.b64decode(embedding, validate=True), "<f4")
    return np.asarray(embedding, np.float32)
