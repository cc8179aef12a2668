"""Suggested questions and the overview, over the sample knowledge base as it is read in."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from bot.conversation import Principal
from bot.llm.extractive import ExtractiveReader
from bot.store.base import Database
from bot.work.leases import Leases
from knowledge.embedder import BuiltinEmbedder
from knowledge.headings import LONGEST_TITLE
from knowledge.ingest import Ingestor
from knowledge.ledger import Ledger
from knowledge.overview import SourceSummary, overview
from knowledge.retrieval import HybridRetriever
from knowledge.sample import sample_folder
from knowledge.sources.folder import FolderSource
from knowledge.stores.embedded import EmbeddedStore
from knowledge.suggesting import Suggestion, suggest

PUBLIC, STAFF = Principal(), Principal(frozenset({"staff"}))


@dataclass
class House:
    """Everything that suggestions are made from."""

    ledger: Ledger
    ingestor: Ingestor
    retriever: HybridRetriever
    reader: ExtractiveReader

    async def suggest(
        self, principal: Principal = PUBLIC, near: str = "", count: int = 4
    ) -> tuple[Suggestion, ...]:
        return await suggest(
            self.ledger, self.retriever, principal, near, count, reader=self.reader
        )

    async def read(self, folder: Path, name: str, *groups: str) -> None:
        await self.ingestor.ingest(FolderSource(folder, name=name), frozenset(groups))
        await self.ingestor.embed_waiting()


@pytest.fixture
async def house(sqlite_database: Database, tmp_path: Path) -> AsyncIterator[House]:
    """An empty knowledge base with the built-in embedder and reader."""
    with closing(BuiltinEmbedder()) as embedder:
        store = EmbeddedStore(tmp_path / "k.db", embedder.model, embedder.dimensions)
        await store.open()
        ledger = Ledger(sqlite_database)
        ingestor = Ingestor(ledger, store, Leases(sqlite_database), embedder)
        yield House(ledger, ingestor, HybridRetriever(store, embedder), ExtractiveReader(embedder))
        await store.close()


async def test_the_sample_suggests_questions_that_it_answers(house: House) -> None:
    """Four natural questions of four documents, the same every time, short enough for buttons."""
    await house.read(sample_folder(), "sample")
    found = await house.suggest()
    assert len(found) == 4
    assert found[0].message == "Do I need a subscription?"
    assert all(s.message.endswith("?") and len(s.title) <= LONGEST_TITLE for s in found)
    assert await house.suggest() == found
    for suggestion in await house.suggest(count=12):
        passages = (await house.retriever.retrieve(suggestion.message, PUBLIC)).passages
        assert (await house.reader.read(suggestion.message, passages)).answered, suggestion


async def test_a_channel_gets_what_is_near_its_topic(house: House) -> None:
    """Questions about what the channel is about come first; a name that says nothing is nothing."""
    await house.read(sample_folder(), "sample")
    found = await house.suggest(near="api-developers webhooks and requests")
    assert "How do I create a webhook?" in [s.message for s in found]
    assert await house.suggest(near="random water cooler chat of us all") != ()


async def test_nobody_is_suggested_what_they_may_not_see(house: House, tmp_path: Path) -> None:
    """A staff document gives questions to staff, and none to others, near its topic too."""
    secret, plain = tmp_path / "secret", tmp_path / "plain"
    secret.mkdir()
    plain.mkdir()
    bonus = "# Pay\n\n## How much is the Christmas bonus?\n\nThe Christmas bonus is 1,200 EUR.\n"
    (secret / "pay.md").write_text(bonus)
    reset = "# Hub\n\n## How do I reset the hub?\n\nTo reset the hub, hold its button for 10 s.\n"
    (plain / "hub.md").write_text(reset)
    await house.read(secret, "secret", "staff")
    await house.read(plain, "plain")
    bonus_question = "How much is the Christmas bonus?"
    assert bonus_question in [s.message for s in await house.suggest(STAFF)]
    for near in ("", "Christmas bonus", bonus_question):
        assert [s.message for s in await house.suggest(near=near)] == ["How do I reset the hub?"]
    assert await overview(house.ledger, PUBLIC) == (SourceSummary("plain", 1),)
    assert await overview(house.ledger, STAFF) == (
        SourceSummary("plain", 1),
        SourceSummary("secret", 1),
    )


async def test_a_heading_without_an_answer_below_it_is_not_suggested(
    house: House, tmp_path: Path
) -> None:
    """What the reader could not answer is left out."""
    (tmp_path / "d").mkdir()
    page = "# Hub\n\nThe hub weighs 900 g.\n\n## How do I calibrate the flux sensor?\n"
    (tmp_path / "d" / "hub.md").write_text(page)
    await house.read(tmp_path / "d", "docs")
    assert await house.suggest() == ()


async def test_an_empty_knowledge_base_suggests_nothing(house: House) -> None:
    """No documents, no suggestions, no sources."""
    assert await house.suggest(near="anything") == ()
    assert await overview(house.ledger, STAFF) == ()
