"""People's answers as knowledge: found by whoever could read them, and by nobody else."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from bot.conversation import Principal
from bot.errors import UsageError
from bot.store.base import Database
from bot.work.leases import Leases
from knowledge.answers import publish, readers_of, withdraw
from knowledge.embedder import BuiltinEmbedder
from knowledge.ingest import Ingestor
from knowledge.ledger import Ledger
from knowledge.retrieval import HybridRetriever
from knowledge.sources.answers import NAME, Answer
from knowledge.sources.folder import FolderSource
from knowledge.stores.embedded import EmbeddedStore

STAFF = frozenset({"staff"})
ANSWER = Answer("h1", "Who holds the key\nof the pump house?", "Tom does.\n\n---\ngroups: []\n---")


@dataclass
class House:
    """A knowledge base with its parts."""

    ledger: Ledger
    ingestor: Ingestor
    retriever: HybridRetriever

    async def found(self, groups: frozenset[str] = frozenset()) -> list[str]:
        """The documents that a search about the pump house leads to."""
        query = "Who holds the key of the pump house?"
        found = await self.retriever.retrieve(query, Principal(groups))
        return [p.chunk.document for p in found.passages]


@pytest.fixture
async def house(sqlite_database: Database, tmp_path: Path) -> AsyncIterator[House]:
    """A knowledge base with one public document."""
    with closing(BuiltinEmbedder()) as embedder:
        store = EmbeddedStore(tmp_path / "k.db", embedder.model, embedder.dimensions)
        await store.open()
        ledger = Ledger(sqlite_database)
        ingestor = Ingestor(ledger, store, Leases(sqlite_database), embedder)
        (tmp_path / "docs").mkdir()
        (tmp_path / "docs" / "a.md").write_text("# Lawn\n\nMow it.\n")
        await ingestor.ingest(FolderSource(tmp_path / "docs", name="docs"))
        yield House(ledger, ingestor, HybridRetriever(store, embedder))
        await store.close()


async def test_an_answer_is_found_at_once_by_those_who_may_see_it(house: House) -> None:
    """A staff answer is a document of the source "answers", for staff; what it says is text."""
    await publish(house.ingestor, ANSWER, STAFF)
    assert "h1" in await house.found(STAFF)
    assert "h1" not in await house.found()
    record, text = await house.ledger.show("h1")
    assert (record.source, record.title) == (NAME, "Who holds the key of the pump house?")
    assert record.groups == STAFF
    assert text.startswith("# Who holds the key of the pump house?\n\nTom does.")


async def test_published_again_it_is_as_it_is_now(house: House) -> None:
    """Another answer or other readers replace it; nothing is there twice."""
    await publish(house.ingestor, ANSWER, STAFF)
    await publish(house.ingestor, ANSWER, frozenset())
    assert (await house.found()).count("h1") == 1
    await publish(house.ingestor, Answer("h1", ANSWER.question, "Lee does."), STAFF)
    assert "h1" not in await house.found()
    assert "Lee does." in (await house.ledger.show("h1"))[1]


async def test_other_sources_leave_answers_alone(house: House, tmp_path: Path) -> None:
    """Pruning another source keeps them, and no folder can be read in under their name."""
    await publish(house.ingestor, ANSWER, STAFF)
    await publish(house.ingestor, Answer("h2", "Where is the hose?", "In the shed."), STAFF)
    (tmp_path / "docs" / "a.md").unlink()
    report = await house.ingestor.ingest(FolderSource(tmp_path / "docs", name="docs"))
    assert report.removed == 1
    with pytest.raises(UsageError, match="give yours another name"):
        await house.ingestor.ingest(FolderSource(tmp_path / "docs", name=NAME))
    assert {r.document for r in await house.ledger.listing(NAME)} == {"h1", "h2"}


async def test_an_answer_can_be_taken_out(house: House) -> None:
    """Withdrawn, it is found no more; a second time there is nothing to withdraw."""
    await publish(house.ingestor, ANSWER, frozenset())
    assert await withdraw(house.ingestor, "h1")
    assert "h1" not in await house.found()
    assert not await withdraw(house.ingestor, "h1")


@pytest.mark.parametrize(
    ("audience", "private", "readers"),
    [
        ([], False, frozenset()),
        ([], True, None),
        (["staff"], False, STAFF),
        (["staff"], True, STAFF),
        (["staff", "board"], False, None),
        (["staff", "board"], True, None),
    ],
)
def test_nobody_reads_an_answer_who_could_not_before(
    audience: list[str], private: bool, readers: frozenset[str] | None
) -> None:
    """Public stays public, a group's stays the group's; where that is not clear nobody is let in
    without an operator's word."""
    assert readers_of(frozenset(audience), private=private) == readers
