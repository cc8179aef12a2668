"""LangGraph: a graph of two nodes, BM25 and FAISS in an ensemble, its checkpoints in SQLite."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Annotated, TypedDict

import aiosqlite
import faiss
import job
from langchain_chroma_peer import Embedding, allowed, documents
from langchain_classic.retrievers import EnsembleRetriever
from langchain_community.docstore.in_memory import InMemoryDocstore
from langchain_community.retrievers import BM25Retriever
from langchain_community.vectorstores import FAISS
from langchain_core.documents import Document
from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, SystemMessage
from langchain_openai import ChatOpenAI
from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver
from langgraph.graph import END, START, StateGraph
from langgraph.graph.message import add_messages


class State(TypedDict, total=False):
    messages: Annotated[list[AnyMessage], add_messages]
    found: list[Document]


class LangGraph(job.Peer):
    name = "langgraph"

    async def open(self, given: job.Given, folder: Path, url: str) -> None:
        made = documents(given)
        index = faiss.IndexFlatIP(given.vectors.shape[1])
        index.add(given.vectors)
        ids = [d.metadata["id"] for d in made]
        store = FAISS(
            Embedding(given),
            index,
            InMemoryDocstore(dict(zip(ids, made, strict=True))),
            dict(enumerate(ids)),
        )
        wanted = {
            "k": job.BEST,
            "fetch_k": 200,  # it filters what it found
            "filter": {"group": {"$in": list(job.GROUPS)}},
        }
        lexical = BM25Retriever.from_documents(allowed(given), k=job.BEST)
        retriever = EnsembleRetriever(
            retrievers=[lexical, store.as_retriever(search_kwargs=wanted)], weights=[0.5, 0.5]
        )
        model = ChatOpenAI(model="stand-in", base_url=url, api_key="none")

        async def search(state: State) -> State:
            return {"found": (await retriever.ainvoke(state["messages"][-1].content))[: job.BEST]}

        async def speak(state: State) -> State:
            *told, asked = state["messages"][-7:]
            texts = [d.page_content for d in state["found"]]
            prompt = HumanMessage(job.prompt(str(asked.content), texts))
            return {"messages": [await model.ainvoke([SystemMessage(job.SYSTEM), *told, prompt])]}

        graph = StateGraph(State)
        graph.add_node("search", search)
        graph.add_node("speak", speak)
        graph.add_edge(START, "search")
        graph.add_edge("search", "speak")
        graph.add_edge("speak", END)
        self._db = await aiosqlite.connect(folder / "checkpoints.db")
        self._graph = graph.compile(checkpointer=AsyncSqliteSaver(self._db))

    async def begin(self, thread: str) -> None:
        kinds = {"user": HumanMessage, "assistant": AIMessage}
        said = [kinds[role](text) for role, text in job.HISTORY]
        config = {"configurable": {"thread_id": thread}}
        await self._graph.aupdate_state(config, {"messages": said}, as_node="speak")

    async def answer(self, thread: str, question: str) -> job.Answered:
        found: list[Document] = []

        async def stream() -> AsyncIterator[str]:
            config = {"configurable": {"thread_id": thread}}
            asked = {"messages": [HumanMessage(question)]}
            modes = ["messages", "updates"]
            async for mode, said in self._graph.astream(asked, config, stream_mode=modes):
                if mode == "messages":
                    yield str(said[0].text)
                elif "search" in said:
                    found.extend(said["search"]["found"])

        text, first = await job.first_and_rest(stream())
        return job.Answered(text, job.cited(text, [d.metadata["uri"] for d in found]), first)

    async def close(self) -> None:
        await self._db.close()


if __name__ == "__main__":
    job.run(LangGraph())
