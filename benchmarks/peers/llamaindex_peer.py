"""LlamaIndex: BM25 and LanceDB fused by its query fusion, its chat store on disk."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import job
from llama_index.core import VectorStoreIndex
from llama_index.core.base.embeddings.base import BaseEmbedding
from llama_index.core.llms import ChatMessage, MockLLM
from llama_index.core.retrievers import QueryFusionRetriever
from llama_index.core.schema import TextNode
from llama_index.core.storage.chat_store.sql import SQLAlchemyChatStore
from llama_index.core.vector_stores import FilterOperator, MetadataFilter, MetadataFilters
from llama_index.llms.openai_like import OpenAILike
from llama_index.retrievers.bm25 import BM25Retriever
from llama_index.vector_stores.lancedb import LanceDBVectorStore

_given: job.Given


class Embedding(BaseEmbedding):
    """The embedder that all share."""

    def _get_query_embedding(self, query: str) -> list[float]:
        return _given.embedder.one(query)

    async def _aget_query_embedding(self, query: str) -> list[float]:
        return _given.embedder.one(query)

    def _get_text_embedding(self, text: str) -> list[float]:
        return _given.embedder.one(text)


class LlamaIndex(job.Peer):
    name = "llamaindex"

    async def open(self, given: job.Given, folder: Path, url: str) -> None:
        global _given  # noqa: PLW0603 - its embedding is a model whose fields are checked
        _given = given
        nodes = [
            TextNode(
                id_=p.id,
                text=p.text,
                metadata={"title": p.title, "uri": p.uri, "group": p.group or "all"},
                excluded_embed_metadata_keys=["title", "uri", "group"],
                excluded_llm_metadata_keys=["title", "uri", "group"],
                embedding=vector.tolist(),
            )
            for p, vector in zip(given.passages, given.vectors, strict=True)
        ]
        store = LanceDBVectorStore(uri=str(folder / "lance"), mode="overwrite")
        store.add(nodes)
        groups = [group or "all" for group in job.GROUPS]
        wanted = MetadataFilters(
            filters=[MetadataFilter(key="group", value=groups, operator=FilterOperator.IN)]
        )
        index = VectorStoreIndex.from_vector_store(store, embed_model=Embedding())
        dense = index.as_retriever(similarity_top_k=job.BEST, filters=wanted)
        may = [node for node in nodes if node.metadata["group"] in groups]
        lexical = BM25Retriever.from_defaults(nodes=may, similarity_top_k=job.BEST)
        self._retriever = QueryFusionRetriever(
            [lexical, dense],
            similarity_top_k=job.BEST,
            num_queries=1,
            mode="relative_score",
            llm=MockLLM(),  # it would ask for one, and never use it
        )
        self._model = OpenAILike(
            model="stand-in", api_base=url, api_key="none", is_chat_model=True, context_window=32768
        )
        self._chats = SQLAlchemyChatStore(
            table_name="chats", async_database_uri=f"sqlite+aiosqlite:///{folder / 'chats.db'}"
        )

    async def begin(self, thread: str) -> None:
        said = [ChatMessage(role=role, content=text) for role, text in job.HISTORY]
        await self._chats.add_messages(thread, said)

    async def answer(self, thread: str, question: str) -> job.Answered:
        told = (await self._chats.get_messages(thread))[-6:]
        found = await self._retriever.aretrieve(question)
        asked = job.prompt(question, [node.text for node in found])
        messages = [
            ChatMessage(role="system", content=job.SYSTEM),
            *told,
            ChatMessage(role="user", content=asked),
        ]
        text, first = await job.first_and_rest(self._stream(messages))
        pair = [
            ChatMessage(role="user", content=question),
            ChatMessage(role="assistant", content=text),
        ]
        await self._chats.add_messages(thread, pair)
        return job.Answered(text, job.cited(text, [n.metadata["uri"] for n in found]), first)

    async def _stream(self, messages: list) -> AsyncIterator[str]:
        async for response in await self._model.astream_chat(messages):
            yield response.delta or ""

    async def close(self) -> None:
        """Its stores close themselves."""


if __name__ == "__main__":
    job.run(LlamaIndex())
