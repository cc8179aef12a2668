"""Haystack: BM25 and vectors of its own store joined in a pipeline; the pair kept with aiosqlite,
as it keeps no chats."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import job
from haystack import Pipeline, component
from haystack.components.generators.chat import OpenAIChatGenerator
from haystack.components.joiners import DocumentJoiner
from haystack.components.retrievers.in_memory import (
    InMemoryBM25Retriever,
    InMemoryEmbeddingRetriever,
)
from haystack.dataclasses import ChatMessage, Document, StreamingChunk
from haystack.document_stores.in_memory import InMemoryDocumentStore
from haystack.utils import Secret


@component
class Embedding:
    """The embedder that all share."""

    def __init__(self, given: job.Given) -> None:
        self._given = given

    @component.output_types(embedding=list[float])
    def run(self, text: str) -> dict:
        return {"embedding": self._given.embedder.one(text)}


class Haystack(job.Peer):
    name = "haystack"

    async def open(self, given: job.Given, folder: Path, url: str) -> None:
        store = InMemoryDocumentStore(embedding_similarity_function="dot_product")
        store.write_documents(
            [
                Document(
                    id=p.id,
                    content=p.text,
                    meta={"title": p.title, "uri": p.uri, "group": p.group},
                    embedding=vector.tolist(),
                )
                for p, vector in zip(given.passages, given.vectors, strict=True)
            ]
        )
        wanted = {"field": "meta.group", "operator": "in", "value": list(job.GROUPS)}
        search = Pipeline()
        search.add_component("embed", Embedding(given))
        search.add_component("dense", InMemoryEmbeddingRetriever(store, filters=wanted, top_k=20))
        search.add_component("lexical", InMemoryBM25Retriever(store, filters=wanted, top_k=20))
        search.add_component(
            "join", DocumentJoiner(join_mode="reciprocal_rank_fusion", top_k=job.BEST)
        )
        search.connect("embed.embedding", "dense.query_embedding")
        search.connect("dense", "join")
        search.connect("lexical", "join")
        self._search = search
        self._model = OpenAIChatGenerator(
            model="stand-in", api_base_url=url, api_key=Secret.from_token("none")
        )
        self._chats = await job.Chats.open(folder / "chats.db")

    async def begin(self, thread: str) -> None:
        await self._chats.keep(thread, job.HISTORY)

    async def answer(self, thread: str, question: str) -> job.Answered:
        kinds = {"user": ChatMessage.from_user, "assistant": ChatMessage.from_assistant}
        told = [kinds[role](text) for role, text in await self._chats.last(thread)]
        found = await self._search.run_async(
            {"embed": {"text": question}, "lexical": {"query": question}}
        )
        passages = found["join"]["documents"]
        asked = job.prompt(question, [d.content or "" for d in passages])
        messages = [ChatMessage.from_system(job.SYSTEM), *told, ChatMessage.from_user(asked)]
        text, first = await job.first_and_rest(self._stream(messages))
        await self._chats.keep(thread, [("user", question), ("assistant", text)])
        return job.Answered(text, job.cited(text, [d.meta["uri"] for d in passages]), first)

    async def _stream(self, messages: list[ChatMessage]) -> AsyncIterator[str]:
        said: asyncio.Queue[str | None] = asyncio.Queue()

        async def hear(chunk: StreamingChunk) -> None:
            said.put_nowait(chunk.content)

        async def ask() -> None:
            try:
                await self._model.run_async(messages, streaming_callback=hear)
            finally:
                said.put_nowait(None)

        asking = asyncio.create_task(ask())
        while (piece := await said.get()) is not None:
            yield piece
        await asking

    async def close(self) -> None:
        await self._chats.close()


if __name__ == "__main__":
    job.run(Haystack())
