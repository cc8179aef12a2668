"""Two questions in one, asked of the whole engine with the built-in reader."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from adapters.models import build_plain_voice
from bot.conversation import Author, Message, Platform, Principal, Question, Turn
from bot.engine import Engine
from bot.ladder import Ladder
from knowledge.checking.encoder import CheckerEncoder
from knowledge.chunking import chunk
from knowledge.document import Document
from knowledge.embedder import BuiltinEmbedder
from knowledge.grounding import BuiltinGrounder
from knowledge.retrieval import HybridRetriever
from knowledge.selection import evidence
from knowledge.stores.base import DocumentKey
from knowledge.stores.embedded import EmbeddedStore
from persona.profile import default_persona

PAGE = """Choose the MG-200 for a garden with up to six zones.

## Side by side

| | MG-200 | MG-400 |
|---|---|---|
| Price | $189 | $429 |
| Zones | 6 | 16 |
"""


class Forgetful:
    """Turns that nobody keeps."""

    async def messages(self, *_: object, **__: object) -> tuple[Message, ...]:
        return ()

    async def record(self, *_: object, **__: object) -> None: ...

    async def turn_for_key(self, *_: object) -> Turn | None:
        return None


@pytest.fixture
async def engine(tmp_path: Path) -> AsyncIterator[Engine]:
    """An engine over one page, without any model server."""
    with closing(BuiltinEmbedder()) as embedder, closing(CheckerEncoder()) as encoder:
        store = EmbeddedStore(tmp_path / "k.db", embedder.model, embedder.dimensions)
        await store.open()
        document = Document("docs", "which.md", "Compare the MG-200 and the MG-400", PAGE, "")
        await store.put(DocumentKey("docs", "which.md"), chunk(document))
        waiting = await store.waiting(64)
        vectors = await embedder.embed([each.text for each in waiting])
        await store.set_vectors([each.id for each in waiting], vectors)
        yield Engine(
            turns=Forgetful(),
            retriever=HybridRetriever(store, embedder, choice=evidence),
            ladder=Ladder(build_plain_voice(embedder, default_persona("Bot"), encoder)),
            grounder=BuiltinGrounder(encoder),
            clock=lambda: datetime.now(UTC),
        )
        await store.close()


async def test_each_part_is_told(engine: Engine) -> None:
    """Where both are in the documents, the answer has the price and the number of zones."""
    text = "How much is the MG-200 and how many zones does it have?"
    author = Author(Platform.TERMINAL, "visitor")
    turn = await engine.answer(Question(text, author, Principal()))
    assert "$189" in turn.answer
    assert "six zones" in turn.answer or "| 6 |" in turn.answer
    assert turn.citations
