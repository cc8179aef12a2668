"""Reading in: the store follows the source, whatever happens to the source."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from bot.conversation import Principal
from bot.errors import IngestRunningError, KnowledgeError, MissingFileError
from bot.ports import Vectors
from bot.store.base import Database
from bot.work.leases import Leases
from knowledge.ingest import Ingestor, IngestReport
from knowledge.ledger import Ledger
from knowledge.sources.folder import FolderSource
from knowledge.stores.base import DocumentKey, SearchRequest
from knowledge.stores.embedded import EmbeddedStore

STAFF = frozenset({"staff"})


class CountingEmbedder:
    """Unit vectors that depend on the text's length; counts what it was given."""

    model = "counting"
    dimensions = 8

    def __init__(self) -> None:
        self.texts: list[str] = []

    async def embed(self, texts: Sequence[str]) -> Vectors:
        self.texts += texts
        vectors = np.zeros((len(texts), 8), np.float32)
        vectors[np.arange(len(texts)), [len(t) % 8 for t in texts]] = 1
        return vectors

    async def embed_query(self, text: str) -> Vectors:
        return (await self.embed([text]))[0]


@dataclass
class House:
    """A home with its parts, and a folder of documents."""

    docs: Path
    ledger: Ledger
    store: EmbeddedStore
    leases: Leases
    embedder: CountingEmbedder
    ingestor: Ingestor

    def write(self, name: str, text: str | bytes) -> None:
        path = self.docs / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode() if isinstance(text, str) else text)

    async def ingest(
        self, groups: frozenset[str] = frozenset(), *, prune: bool = True
    ) -> IngestReport:
        return await self.ingestor.ingest(FolderSource(self.docs), groups, prune=prune)

    async def search(self, query: str, groups: frozenset[str] = frozenset()) -> list[str]:
        result = await self.store.search(SearchRequest(query, Principal(groups), k=50))
        return [p.chunk.document for p in result.passages]

    async def names(self) -> list[str]:
        """What the store holds; the ledger must hold the same."""
        stored = {key.document for key in await self.store.documents()}
        noted = {record.document for record in await self.ledger.listing()}
        assert stored == noted
        return sorted(stored)


@pytest.fixture
async def house(sqlite_database: Database, tmp_path: Path) -> AsyncIterator[House]:
    (tmp_path / "docs").mkdir()
    store = EmbeddedStore(tmp_path / "knowledge.db", "counting", 8)
    await store.open()
    ledger, leases, embedder = Ledger(sqlite_database), Leases(sqlite_database), CountingEmbedder()
    ingestor = Ingestor(ledger, store, leases, embedder)
    yield House(tmp_path / "docs", ledger, store, leases, embedder, ingestor)
    await store.close()


def counts(report: IngestReport) -> tuple[int, int, int, int, int]:
    failed = len(report.failed)
    return report.added, report.changed, report.unchanged, report.removed, failed


async def test_documents_are_searchable_by_words_at_once(house: House) -> None:
    """Before any vector is there, a document is found by its words."""
    house.write("plans.md", "# Plans\n\nThe Pro plan costs 9 EUR.")
    house.write("pic.png", b"x")
    report = await house.ingest()
    assert counts(report) == (1, 0, 0, 0, 0)
    assert (report.source, report.skipped, report.chunks) == ("docs", 1, 1)
    assert await house.search("what does the pro plan cost") == ["plans.md"]
    assert not house.embedder.texts


async def test_vectors_follow(house: House) -> None:
    """Waiting chunks get their vectors once, and only new ones later."""
    for n in range(50):
        house.write(f"{n}.md", f"Text number {n}.")
    await house.ingest()
    seen: list[tuple[int, int | None]] = []
    assert await house.ingestor.embed_waiting(lambda d, t: seen.append((d, t))) == 50
    assert seen[-1] == (50, 50)
    assert len(seen) > 1
    house.write("0.md", "Another text.")
    await house.ingest()
    assert await house.ingestor.embed_waiting() == 1
    assert await house.ingestor.embed_waiting() == 0


async def test_only_what_changed_is_read_again(house: House) -> None:
    """The second run changes what changed and leaves the rest."""
    for name in ("a", "b", "c"):
        house.write(f"{name}.md", f"Text of {name}.")
    assert counts(await house.ingest()) == (3, 0, 0, 0, 0)
    house.write("b.md", "Other words about quasars.")
    house.write("d.md", "New.")
    (house.docs / "c.md").unlink()
    assert counts(await house.ingest()) == (1, 1, 1, 1, 0)
    assert await house.search("quasars") == ["b.md"]
    assert await house.names() == ["a.md", "b.md", "d.md"]
    assert counts(await house.ingest()) == (0, 0, 3, 0, 0)


async def test_a_rename_is_one_added_and_one_removed(house: House) -> None:
    """The new name is found, the old one is not."""
    house.write("old.md", "About quasars.")
    await house.ingest()
    (house.docs / "old.md").rename(house.docs / "new.md")
    assert counts(await house.ingest()) == (1, 0, 0, 1, 0)
    assert await house.search("quasars") == ["new.md"]


async def test_a_touched_file_is_unchanged(house: House) -> None:
    """The content decides, not the date; and a kept date does not hide a change."""
    house.write("a.md", "One two.")
    await house.ingest()
    await asyncio.sleep(0.06)
    os.utime(house.docs / "a.md")
    assert counts(await house.ingest()) == (0, 0, 1, 0, 0)
    dates = (house.docs / "a.md").stat()
    house.write("a.md", "Two one.")
    os.utime(house.docs / "a.md", ns=(dates.st_atime_ns, dates.st_mtime_ns))
    assert counts(await house.ingest()) == (0, 1, 0, 0, 0)


async def test_no_prune_leaves_what_is_gone(house: House) -> None:
    """With pruning off, nothing is removed."""
    house.write("a.md", "A.")
    house.write("b.md", "B.")
    await house.ingest()
    (house.docs / "a.md").unlink()
    assert counts(await house.ingest(prune=False)) == (0, 0, 1, 0, 0)
    assert await house.names() == ["a.md", "b.md"]
    assert counts(await house.ingest()) == (0, 0, 1, 1, 0)


async def test_a_source_leaves_the_others_alone(house: House, tmp_path: Path) -> None:
    """Pruning stays inside the source of that name."""
    house.write("a.md", "A.")
    await house.ingest()
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "b.md").write_text("B.")
    report = await house.ingestor.ingest(FolderSource(tmp_path / "other", name="night"))
    assert counts(report) == (1, 0, 0, 0, 0)
    assert await house.names() == ["a.md", "b.md"]


async def test_a_missing_folder_removes_nothing(house: House, tmp_path: Path) -> None:
    """A folder that is not there any more is an error, not an empty folder."""
    house.write("a.md", "A.")
    await house.ingest()
    house.docs.rename(tmp_path / "away")
    with pytest.raises(MissingFileError):
        await house.ingest()
    assert await house.names() == ["a.md"]


async def test_one_bad_file_is_reported_and_the_rest_goes_on(house: House) -> None:
    """Empty, binary and broken files are listed with a reason, and nothing else is lost."""
    house.write("a.md", "Good.")
    house.write("b.md", b"")
    house.write("c.txt", bytes(range(256)))
    house.write("d.pdf", b"%PDF-1.7 broken")
    house.write("e.docx", b"PK\x03\x04 broken")
    report = await house.ingest()
    assert counts(report) == (1, 0, 0, 0, 4)
    assert [name for name, _ in report.failed] == ["b.md", "c.txt", "d.pdf", "e.docx"]
    assert "empty" in dict(report.failed)["b.md"]
    assert report.as_json()["failed"][0].keys() == {"document", "error"}
    assert counts(await house.ingest()) == (0, 0, 1, 0, 4)


async def test_a_file_that_becomes_unreadable_keeps_its_last_good_state(house: House) -> None:
    """A broken file is not a removed one, and a good one again is not a new one."""
    house.write("a.md", "About quasars.")
    await house.ingest()
    house.write("a.md", b"\x00\x01\x02")
    assert counts(await house.ingest()) == (0, 0, 0, 0, 1)
    assert await house.search("quasars") == ["a.md"]
    house.write("a.md", "About pulsars.")
    assert counts(await house.ingest()) == (0, 1, 0, 0, 0)


async def test_groups_of_a_run_are_for_documents_without_their_own(house: House) -> None:
    """A document's own groups win; the others get those of the run."""
    house.write("own.md", "---\ngroups: [hr]\n---\nSalaries of quasars.")
    house.write("plain.md", "Office of quasars.")
    await house.ingest(STAFF)
    assert await house.search("quasars") == []
    assert await house.search("quasars", STAFF) == ["plain.md"]
    assert await house.search("quasars", frozenset({"hr"})) == ["own.md"]


async def test_changed_groups_hold_at_once_without_new_vectors(house: House) -> None:
    """A change of groups is a change, but no text is embedded again."""
    house.write("a.md", "About quasars.")
    house.write("b.md", "---\ngroups: [hr]\n---\nMore about quasars.")
    await house.ingest()
    await house.ingestor.embed_waiting()
    assert counts(await house.ingest(STAFF)) == (0, 1, 1, 0, 0)
    assert await house.search("quasars") == []
    house.write("b.md", "---\ngroups: [staff]\n---\nMore about quasars.")
    assert counts(await house.ingest(STAFF)) == (0, 1, 1, 0, 0)
    assert sorted(await house.search("quasars", STAFF)) == ["a.md", "b.md"]
    assert counts(await house.ingest()) == (0, 1, 1, 0, 0)
    assert await house.search("quasars") == ["a.md"]
    assert await house.ingestor.embed_waiting() == 0


async def test_json_lines_change_line_by_line(house: House) -> None:
    """Each line is a document: added, changed, removed by itself."""

    def lines(**texts: str) -> str:
        return "\n".join(json.dumps({"id": k, "title": k, "text": v}) for k, v in texts.items())

    house.write("all.jsonl", lines(a="A.", b="B.", c="C."))
    assert counts(await house.ingest()) == (3, 0, 0, 0, 0)
    house.write("all.jsonl", lines(a="A.", b="Changed.", d="D."))
    assert counts(await house.ingest()) == (1, 1, 1, 1, 0)
    assert counts(await house.ingest()) == (0, 0, 3, 0, 0)


async def test_a_broken_line_keeps_its_document_and_is_reported_again(house: House) -> None:
    """A line that broke leaves its document as it was, until it is good or gone."""
    good = json.dumps({"id": "a", "text": "A."})
    house.write("all.jsonl", f"{good}\n" + json.dumps({"id": "b", "text": "About quasars."}))
    await house.ingest()
    house.write("all.jsonl", f'{good}\n{{"id": "b", "text": ')
    assert counts(await house.ingest()) == (0, 0, 1, 0, 1)
    assert await house.search("quasars") == ["b"]
    report = await house.ingest()
    assert [name for name, _ in report.failed] == ["all.jsonl:2"]
    house.write("all.jsonl", good)
    assert counts(await house.ingest()) == (0, 0, 1, 1, 0)


async def test_two_files_with_one_id_are_told_apart_by_order(house: House) -> None:
    """The first file by name has the id; the other one is reported, in every later run too."""
    house.write("b.jsonl", json.dumps({"id": "x", "text": "From b, about quasars."}))
    await house.ingest()
    house.write("a.jsonl", json.dumps({"id": "x", "text": "From a, about pulsars."}))
    report = await house.ingest()
    assert counts(report) == (0, 1, 0, 0, 1)
    assert "a.jsonl" in dict(report.failed)["b.jsonl"]
    assert await house.search("pulsars") == ["x"]
    assert counts(await house.ingest()) == (0, 0, 1, 0, 1)
    (house.docs / "a.jsonl").unlink()
    assert counts(await house.ingest()) == (0, 1, 0, 0, 0)
    assert await house.search("quasars") == ["x"]


async def test_what_the_store_lost_is_brought_back(house: House) -> None:
    """Where ledger and store do not agree, the next run makes them."""
    house.write("a.md", "About quasars.")
    house.write("b.md", "B.")
    await house.ingest()
    await house.store.remove([DocumentKey("docs", "a.md")])
    await house.ledger.remove("docs", ["b.md"])
    report = await house.ingest()
    assert counts(report) == (2, 0, 0, 0, 0)
    assert await house.search("quasars") == ["a.md"]
    assert await house.names() == ["a.md", "b.md"]


async def test_removed_documents_come_back_with_the_next_run(house: House) -> None:
    """An operator's removal holds until the source is read again."""
    house.write("a.md", "About quasars.")
    await house.ingest()
    assert await house.ingestor.remove("docs", ["a.md", "nothing.md"]) == 1
    assert await house.names() == []
    assert counts(await house.ingest()) == (1, 0, 0, 0, 0)


async def test_a_second_run_of_a_source_waits_or_says_so(house: House) -> None:
    """Two at once are safe: one waits for the other, or ends with one sentence."""
    for n in range(30):
        house.write(f"{n}.md", f"Text {n}.")
    told: list[str] = []
    async with house.leases.hold("source:docs", "another process", 30):
        with pytest.raises(IngestRunningError, match="docs"):
            await house.ingestor.ingest(FolderSource(house.docs), wait=False)
        waiting = asyncio.create_task(
            house.ingestor.ingest(FolderSource(house.docs), on_wait=lambda: told.append("waits"))
        )
        async with asyncio.timeout(60):
            while not told:  # noqa: ASYNC110 - what is waited for knows no event
                await asyncio.sleep(0.02)
        await asyncio.sleep(0.6)
        assert not waiting.done()
    assert counts(await waiting) == (30, 0, 0, 0, 0)
    assert told == ["waits"]


async def test_many_runs_at_once_end_as_one(house: House) -> None:
    """Whoever comes later finds everything done."""
    for n in range(40):
        house.write(f"{n}.md", f"Text {n}.")
    reports = await asyncio.gather(*(house.ingest() for _ in range(4)))
    assert sorted(r.added for r in reports) == [0, 0, 0, 40]
    assert len(await house.names()) == 40


async def test_a_lease_of_a_killed_process_is_taken_over_at_once(house: House) -> None:
    """Nobody waits for a process of this machine that is not there any more."""
    house.write("a.md", "A.")
    taken: list[str] = []
    original = house.leases.acquire

    async with asyncio.timeout(90):
        await house.ingest()
        # The owner of a run names its process: make one up that cannot be.
        async with house.leases.hold("probe", "x", 5):
            pass
        watch = asyncio.create_task(house.ingest())
        while not taken and not watch.done():
            holder = await house.leases.holder("source:docs")
            taken += [holder] if holder else []
            await asyncio.sleep(0)
        await watch
    assert taken, "the run was over before its lease was seen"
    machine, _, rest = taken[0].rpartition(f":{os.getpid()}:")
    await original("source:docs", f"{machine}:4194305:{rest}", 600)
    async with asyncio.timeout(60):
        assert counts(await house.ingest()) == (0, 0, 1, 0, 0)


async def test_a_run_that_is_cancelled_is_made_good_by_the_next(house: House) -> None:
    """Ctrl-C in the middle leaves a state from which the next run goes on."""
    for n in range(200):
        house.write(f"{n}.md", f"# Page {n}\n\n" + f"Sentence about topic {n}. " * 200)
    started = asyncio.Event()
    run = asyncio.create_task(
        house.ingestor.ingest(FolderSource(house.docs), progress=lambda *_: started.set())
    )
    await started.wait()
    run.cancel()
    with pytest.raises(asyncio.CancelledError):
        await run
    report = await house.ingest()
    assert report.added + report.unchanged == 200
    assert len(await house.names()) == 200
    assert await house.leases.holder("source:docs") is None


async def test_progress_goes_up_to_the_number_of_files(house: House) -> None:
    """The last call says that everything is done."""
    for n in range(150):
        house.write(f"{n}.md", f"Text {n}.")
    seen: list[tuple[int, int | None]] = []
    await house.ingestor.ingest(FolderSource(house.docs), progress=lambda d, t: seen.append((d, t)))
    assert seen == sorted(seen)
    assert seen[-1] == (150, 150)


async def test_the_text_of_a_document_is_kept_for_citations(house: House) -> None:
    """Offsets of chunks point into the text that the ledger shows."""
    house.write("a.md", "---\ntitle: T\n---\n# One\n\nAbout quasars.\n\n# Two\n\nMore.")
    await house.ingest()
    record, text = await house.ledger.show("a.md")
    result = await house.store.search(SearchRequest("quasars", Principal()))
    found = result.passages[0].chunk
    assert text[found.start : found.end] == found.text
    assert (record.title, record.revision, record.chunks) == ("T", found.revision, 1)


async def test_each_run_is_noted(house: House) -> None:
    """The ledger knows when a source was read in last, and what came of it."""
    house.write("a.md", "A.")
    await house.ingest()
    (run,) = await house.ledger.runs("docs")
    assert run.report["added"] == 1


async def test_a_failing_embedder_keeps_what_was_done(house: House) -> None:
    """An embedder that stops leaves the rest waiting; nothing is lost."""

    class Failing(CountingEmbedder):
        async def embed(self, texts: Sequence[str]) -> Vectors:
            if self.texts:
                raise KnowledgeError("no more")
            return await super().embed(texts)

    for n in range(40):
        house.write(f"{n}.md", f"Text number {n}.")
    await house.ingest()
    ingestor = Ingestor(house.ledger, house.store, house.leases, Failing())
    with pytest.raises(KnowledgeError, match="no more"):
        await ingestor.embed_waiting()
    left = (await house.store.stats()).waiting
    assert 0 < left < 40
    assert await house.ingestor.embed_waiting() == left


async def test_rights_that_drifted_are_put_right(house: House) -> None:
    """Where the store has other groups than the ledger, by whatever fault, the next run mends it
    though nothing changed in the source."""
    house.write(
        "secret.md", "---\ngroups: [staff]\n---\n# Secret\n\nThe vault code is kept here.\n"
    )
    await house.ingest()
    await house.store.set_groups(DocumentKey("docs", "secret.md"), frozenset())
    assert await house.search("vault code") == ["secret.md"]
    report = await house.ingest()
    assert (report.changed, report.unchanged) == (1, 0)
    assert await house.search("vault code") == []
    assert await house.search("vault code", STAFF) == ["secret.md"]
    assert (await house.ingest()).unchanged == 1
