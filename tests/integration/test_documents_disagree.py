"""Documents that disagree, from reading in to the sentences: what each audience is told."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest

from bot.conversation import Principal
from bot.disagreeing import look_up, told
from bot.store.base import Database
from bot.work.leases import Leases
from knowledge.dating import LedgerDates
from knowledge.disagreement import DocumentDisagreements
from knowledge.embedder import BuiltinEmbedder
from knowledge.ingest import Ingestor
from knowledge.ledger import Ledger
from knowledge.retrieval import HybridRetriever
from knowledge.selection import evidence
from knowledge.sources.folder import FolderSource
from knowledge.stores.embedded import EmbeddedStore

ASKED = "Within how many days can I return hardware?"
PAGES = {
    "faq.md": "---\nupdated: 2024-01-12\n---\n\n# FAQ\n\nHardware can be returned within 14 days.",
    "returns.md": "---\nupdated: 2026-03-03\n---\n\n# Returns\n\n"
    "You can return hardware within 30 days.",
    "staff.md": "---\nupdated: 2026-04-04\ngroups: [staff]\n---\n\n# Exceptions\n\n"
    "You can return hardware within 45 days.",
    "winter.md": "# Winter\n\nDrain the system before the first frost.",
}  # fmt: skip


@dataclass
class Desk:
    """Asks what documents say against each other, for an audience."""

    retriever: HybridRetriever
    ledger: Ledger

    async def say(self, question: str, *groups: str) -> list[str]:
        found = await self.retriever.retrieve(question, Principal(frozenset(groups)))
        doubts = partial(look_up, DocumentDisagreements(), LedgerDates(self.ledger))
        disagree, dates = await doubts(question, found.passages)
        return [each.sentence for one in disagree for each in told(one, dates)]


@pytest.fixture
async def desk(sqlite_database: Database, tmp_path: Path) -> AsyncIterator[Desk]:
    docs = tmp_path / "docs"
    docs.mkdir()
    for name, text in PAGES.items():
        (docs / name).write_text(text, encoding="utf-8")
    ledger = Ledger(sqlite_database)
    embedder = BuiltinEmbedder()
    store = EmbeddedStore(tmp_path / "index.db", embedder.model, embedder.dimensions)
    await store.open()
    ingestor = Ingestor(ledger, store, Leases(sqlite_database), embedder)
    await ingestor.ingest(FolderSource(docs, "docs"))
    await ingestor.embed_waiting()
    yield Desk(HybridRetriever(store, embedder, choice=evidence), ledger)
    await store.close()
    embedder.close()


async def test_the_public_is_told_of_public_pages_with_their_dates(desk: Desk) -> None:
    """The newer first; the page for staff does not exist for them."""
    assert await desk.say(ASKED) == [
        "The page “Returns” (updated 3 March 2026) says 30 days.",
        "An older page, “FAQ” (updated 12 January 2024), still says 14 days.",
    ]


async def test_staff_are_told_of_theirs_as_well(desk: Desk) -> None:
    """What only they may see takes part for them."""
    assert any("45 days" in sentence for sentence in await desk.say(ASKED, "staff"))


async def test_other_questions_have_no_disagreement(desk: Desk) -> None:
    """The same passages may be found; nothing is said of them."""
    assert await desk.say("When do I drain the system?") == []
    assert await desk.say("Can I return hardware that is broken?") == []
