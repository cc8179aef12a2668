"""Reading in from sources that are not folders, and into both databases."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from bot.conversation import Principal
from bot.errors import KnowledgeError, SourceUnavailableError
from bot.evidence import Chunk
from bot.store.base import Database
from bot.work.leases import Leases
from knowledge.document import FailedDocument, RawDocument
from knowledge.ingest import Ingestor, IngestReport
from knowledge.ledger import Ledger
from knowledge.sources.base import Item, Skipped
from knowledge.sources.folder import FolderSource
from knowledge.sources.joined import JoinedSource
from knowledge.stores.base import DocumentKey, SearchRequest
from knowledge.stores.embedded import EmbeddedStore


@dataclass
class Page:
    """A page of a site that is kept in memory; ``answer`` is what loading it gives."""

    name: str
    answer: RawDocument | FailedDocument
    loads: int = 0

    async def load(self, known: str = "") -> RawDocument | FailedDocument | None:
        self.loads += 1
        if isinstance(self.answer, RawDocument) and known and known == self.answer.fingerprint:
            return None
        return self.answer


@dataclass
class Site:
    """A site in memory, as a source."""

    name: str = "site"
    pages: list[Page] = field(default_factory=list)
    down: bool = False
    closed: int = 0

    def put(self, name: str, text: str, fingerprint: str = "") -> None:
        content = f"<h1>{name}</h1><p>{text}</p>".encode()
        raw = RawDocument(
            self.name, name, ".html", f"https://x.test/{name}", fingerprint, None, content
        )
        self._set(Page(name, raw))

    def fail(self, name: str, *, gone: bool) -> None:
        self._set(Page(name, FailedDocument(name, "the server answered.", gone=gone)))

    def _set(self, page: Page) -> None:
        self.pages = [p for p in self.pages if p.name != page.name] + [page]

    async def items(self) -> AsyncIterator[Item | Skipped | FailedDocument]:
        for page in self.pages:
            if self.down:
                raise SourceUnavailableError(source=self.name, reason="it is down.")
            yield page

    async def close(self) -> None:
        self.closed += 1


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[EmbeddedStore]:
    embedded = EmbeddedStore(tmp_path / "knowledge.db", "none", 8)
    await embedded.open()
    yield embedded
    await embedded.close()


@pytest.fixture
def ingestor(sqlite_database: Database, store: EmbeddedStore) -> Ingestor:
    return Ingestor(Ledger(sqlite_database), store, Leases(sqlite_database))


def counts(report: IngestReport) -> tuple[int, int, int, int, int]:
    failed = len(report.failed)
    return report.added, report.changed, report.unchanged, report.removed, failed


async def test_pages_are_read_in_with_their_addresses(
    ingestor: Ingestor, store: EmbeddedStore
) -> None:
    """A page is found, linked by its address, and its source is let go of."""
    site = Site()
    site.put("plans", "About quasars.")
    assert counts(await ingestor.ingest(site)) == (1, 0, 0, 0, 0)
    found = await store.search(SearchRequest("quasars", Principal()))
    assert found.passages[0].chunk.uri == "https://x.test/plans"
    assert site.closed == 1


async def test_a_page_that_the_server_calls_unchanged_stays(ingestor: Ingestor) -> None:
    """The source's word that nothing changed is enough."""
    site = Site()
    site.put("a", "Text.", fingerprint="v1")
    await ingestor.ingest(site)
    assert counts(await ingestor.ingest(site)) == (0, 0, 1, 0, 0)
    site.put("a", "Other text.", fingerprint="v2")
    assert counts(await ingestor.ingest(site)) == (0, 1, 0, 0, 0)


async def test_a_page_that_fails_stays_and_one_that_is_gone_goes(ingestor: Ingestor) -> None:
    """A fault of the server keeps the last good state; 404 removes the page."""
    site = Site()
    site.put("a", "A.")
    site.put("b", "B.")
    await ingestor.ingest(site)
    site.fail("a", gone=False)
    site.fail("b", gone=True)
    assert counts(await ingestor.ingest(site)) == (0, 0, 0, 1, 1)
    site.put("a", "A.")
    assert counts(await ingestor.ingest(site)) == (0, 0, 1, 0, 1)


async def test_a_listing_that_breaks_off_removes_nothing(ingestor: Ingestor) -> None:
    """A site that cannot be listed to its end is an error, and all stays as it was."""
    site = Site()
    site.put("a", "A.")
    await ingestor.ingest(site)
    site.down = True
    with pytest.raises(SourceUnavailableError):
        await ingestor.ingest(site)
    assert site.closed == 2
    site.down = False
    assert counts(await ingestor.ingest(site)) == (0, 0, 1, 0, 0)


class StoppingStore(EmbeddedStore):
    """A store whose process ends right after a change reached it."""

    stops = False

    async def put_many(self, documents: Sequence[tuple[DocumentKey, Sequence[Chunk]]]) -> None:
        await super().put_many(documents)
        if self.stops:
            raise KnowledgeError("stopped")

    async def set_groups(self, key: DocumentKey, groups: frozenset[str]) -> None:
        await super().set_groups(key, groups)
        if self.stops:
            raise KnowledgeError("stopped")


@pytest.mark.parametrize("between", ["About pulsars.", "---\ngroups: [staff]\n---\nAbout quasars."])
async def test_a_change_that_was_taken_back_after_a_stop_is_noticed(
    sqlite_database: Database, tmp_path: Path, between: str
) -> None:
    """Stopped between store and ledger, then the file is as before: the store is as before too."""
    (tmp_path / "docs").mkdir()
    path = tmp_path / "docs" / "a.md"
    store = StoppingStore(tmp_path / "knowledge.db", "none", 8)
    await store.open()
    ingestor = Ingestor(Ledger(sqlite_database), store, Leases(sqlite_database))
    path.write_text("About quasars.")
    await ingestor.ingest(FolderSource(tmp_path / "docs"))
    path.write_text(between)
    store.stops = True
    with pytest.raises(KnowledgeError, match="stopped"):
        await ingestor.ingest(FolderSource(tmp_path / "docs"))
    store.stops = False
    path.write_text("About quasars.")
    await ingestor.ingest(FolderSource(tmp_path / "docs"))
    found = await store.search(SearchRequest("quasars", Principal()))
    await store.close()
    assert [p.chunk.text for p in found.passages] == ["About quasars."]


async def test_places_of_one_name_do_not_remove_one_another(
    ingestor: Ingestor, tmp_path: Path
) -> None:
    """Two folders read as one source keep the documents of both."""
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / f"{name}.md").write_text(name)
    both = JoinedSource([FolderSource(tmp_path / n, name="docs") for n in ("one", "two")])
    assert counts(await ingestor.ingest(both)) == (2, 0, 0, 0, 0)
    assert counts(await ingestor.ingest(both)) == (0, 0, 2, 0, 0)


async def test_both_databases_keep_the_ledger(
    database: Database, store: EmbeddedStore, tmp_path: Path
) -> None:
    """Reading in works the same on SQLite and on PostgreSQL, odd characters included."""
    docs = tmp_path / "docs"
    docs.mkdir()
    lines = [{"id": f"n{n}", "title": "T \u0000 🙂", "text": f"a\ud800 {n}"} for n in range(600)]
    (docs / "all.jsonl").write_text("\n".join(map(json.dumps, lines)))
    (docs / "a.md").write_text('---\ngroups: [staff, "Ärzte"]\n---\n# A\n\nAbout quasars.')
    ledger = Ledger(database)
    ingestor = Ingestor(ledger, store, Leases(database))
    assert counts(await ingestor.ingest(FolderSource(docs))) == (601, 0, 0, 0, 0)
    assert counts(await ingestor.ingest(FolderSource(docs))) == (0, 0, 601, 0, 0)
    (docs / "a.md").write_text("---\ngroups: [staff]\n---\n# A\n\nAbout quasars.")
    (docs / "all.jsonl").write_text("\n".join(map(json.dumps, lines[:-100])))
    assert counts(await ingestor.ingest(FolderSource(docs))) == (0, 1, 500, 100, 0)
    assert (await ledger.state("docs"))["a.md"].groups == {"staff"}
