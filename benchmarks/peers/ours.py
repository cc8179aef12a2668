"""Wellspoken on the same job: the engine as ``serve`` assembles it, with all that it does besides
(the check of each sentence, the audit trail, routing)."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import job

from bot.conversation import Author, Message, Platform, Principal, Question, Role
from bot.evidence import Chunk
from bot.settings import load_settings
from knowledge.embedder import BuiltinEmbedder
from knowledge.stores.base import DocumentKey
from knowledge.stores.embedded import EmbeddedStore


async def _fill(given: job.Given, home: Path) -> None:
    embedder = BuiltinEmbedder()
    store = EmbeddedStore(home / "knowledge.db", embedder.model, embedder.dimensions)
    embedder.close()
    await store.open()
    vectors = {}
    documents = []
    for passage, vector in zip(given.passages, given.vectors, strict=True):
        chunk = Chunk(
            id=passage.id,
            document=passage.id,
            source="peers",
            revision="r1",
            ordinal=0,
            title=passage.title,
            headings=(),
            text=passage.text,
            start=0,
            end=len(passage.text),
            uri=passage.uri,
            groups=frozenset({passage.group} if passage.group else ()),
        )
        vectors[passage.text] = vector
        documents.append((DocumentKey("peers", passage.id), [chunk]))
    for at in range(0, len(documents), 500):
        await store.put_many(documents[at : at + 500])
    while waiting := await store.waiting(5000):
        found = [vectors[each.text.partition("\n")[2]] for each in waiting]
        await store.set_vectors([each.id for each in waiting], job.np.stack(found))
    await store.close()


class Ours(job.Peer):
    name = "wellspoken"

    async def open(self, given: job.Given, folder: Path, url: str) -> None:
        from adapters.assembly import assemble
        from adapters.server import settle_memory

        await _fill(given, folder)
        given.passages, given.vectors = [], given.vectors[:0]  # the store has them
        settings = load_settings(
            WELLSPOKEN_HOME=folder, OPENAI_BASE_URL=url, WELLSPOKEN_MODEL="stand-in"
        )
        self._assembled: Any = assemble(settings)
        self._app = await self._assembled.__aenter__()
        settle_memory()

    async def begin(self, thread: str) -> None:
        """The history comes with the question, as from a caller that keeps its own."""

    async def answer(self, thread: str, question: str) -> job.Answered:
        first = 0.0

        async def show(_: str) -> None:
            nonlocal first
            first = first or time.perf_counter()

        told = tuple(Message(Role(role), text) for role, text in job.HISTORY)
        asked = Question(
            question,
            Author(Platform.API, "peers"),
            Principal(frozenset(filter(None, job.GROUPS))),
            thread=thread,
            history=told,
        )
        turn = await self._app.engine.answer(asked, show)
        sources = [citation.uri or citation.document for citation in turn.citations]
        return job.Answered(turn.answer, sources, first or time.perf_counter())

    async def close(self) -> None:
        await self._assembled.__aexit__(None, None, None)


if __name__ == "__main__":
    job.run(Ours())
