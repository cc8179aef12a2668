"""LangChain: BM25 and Chroma in an ensemble, ChatOpenAI's stream, its history in SQLite."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import job
from langchain_chroma import Chroma
from langchain_classic.retrievers import EnsembleRetriever
from langchain_community.chat_message_histories import SQLChatMessageHistory
from langchain_community.retrievers import BM25Retriever
from langchain_core.documents import Document
from langchain_core.embeddings import Embeddings
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage
from langchain_openai import ChatOpenAI
from sqlalchemy.ext.asyncio import create_async_engine


class Embedding(Embeddings):
    """The embedder that all share, and the vectors that are there."""

    def __init__(self, given: job.Given) -> None:
        self._given = given

    def embed_query(self, text: str) -> list[float]:
        return self._given.embedder.one(text)

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        return [self.embed_query(text) for text in texts]


def documents(given: job.Given) -> list[Document]:
    """The passages as LangChain's documents."""
    return [
        Document(p.text, metadata={"id": p.id, "title": p.title, "uri": p.uri, "group": p.group})
        for p in given.passages
    ]


def allowed(given: job.Given) -> list[Document]:
    """Those that the asker may see: this BM25 knows no filter, so that each audience needs one."""
    return [d for d in documents(given) if d.metadata["group"] in job.GROUPS]


class LangChain(job.Peer):
    name = "langchain"

    async def open(self, given: job.Given, folder: Path, url: str) -> None:
        made = documents(given)
        store = Chroma("passages", Embedding(given), persist_directory=str(folder / "chroma"))
        for at in range(0, len(made), 1000):
            some = made[at : at + 1000]
            store._collection.add(  # as its own from_documents does, with the vectors at hand
                ids=[d.metadata["id"] for d in some],
                embeddings=given.vectors[at : at + 1000],
                documents=[d.page_content for d in some],
                metadatas=[d.metadata for d in some],
            )
        dense = store.as_retriever(
            search_kwargs={"k": job.BEST, "filter": {"group": {"$in": list(job.GROUPS)}}}
        )
        lexical = BM25Retriever.from_documents(allowed(given), k=job.BEST)
        self._retriever = EnsembleRetriever(retrievers=[lexical, dense], weights=[0.5, 0.5])
        self._model = ChatOpenAI(model="stand-in", base_url=url, api_key="none")
        self._engine = create_async_engine(f"sqlite+aiosqlite:///{folder / 'history.db'}")

    def _history(self, thread: str) -> SQLChatMessageHistory:
        return SQLChatMessageHistory(thread, connection=self._engine, async_mode=True)

    async def begin(self, thread: str) -> None:
        kinds = {"user": HumanMessage, "assistant": AIMessage}
        said = [kinds[role](text) for role, text in job.HISTORY]
        await self._history(thread).aadd_messages(said)

    async def answer(self, thread: str, question: str) -> job.Answered:
        history = self._history(thread)
        told = (await history.aget_messages())[-6:]
        found = (await self._retriever.ainvoke(question))[: job.BEST]
        asked = HumanMessage(job.prompt(question, [d.page_content for d in found]))
        messages = [SystemMessage(job.SYSTEM), *told, asked]
        text, first = await job.first_and_rest(self._stream(messages))
        await history.aadd_messages([HumanMessage(question), AIMessage(text)])
        return job.Answered(text, job.cited(text, [d.metadata["uri"] for d in found]), first)

    async def _stream(self, messages: list) -> AsyncIterator[str]:
        async for chunk in self._model.astream(messages):
            yield str(chunk.text)

    async def close(self) -> None:
        await self._engine.dispose()


if __name__ == "__main__":
    job.run(LangChain())
