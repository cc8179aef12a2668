"""How old a document is, as far as anything tells."""

from __future__ import annotations

import io
import os
from datetime import UTC, date, datetime
from pathlib import Path

import docx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.ports_abstaining import Dated, DatedBy
from bot.store.base import Database
from bot.work.leases import Leases
from knowledge.dating import LedgerDates, dated_of
from knowledge.days import day_of, day_of_header, day_said
from knowledge.document import Document, FailedDocument, RawDocument
from knowledge.ingest import Ingestor
from knowledge.ledger import DocumentRecord, Ledger
from knowledge.readers import read
from knowledge.sources.folder import FolderSource
from knowledge.stores.embedded import EmbeddedStore


def one(content: str | bytes, suffix: str = ".md") -> Document:
    body = content.encode() if isinstance(content, str) else content
    (found,) = read(RawDocument("s", f"a{suffix}", suffix, content=body))
    assert not isinstance(found, FailedDocument), found
    return found


@pytest.mark.parametrize(
    ("said", "day"),
    [
        ("2026-03-03", "2026-03-03"),
        ("2026-03-03T10:00:00Z", "2026-03-03"),
        ("3 March 2026", "2026-03-03"),
        ("Mar 3, 2026", "2026-03-03"),
        ("12.01.2024", "2024-01-12"),
        ("3. März 2026", "2026-03-03"),
        (date(2026, 3, 3), "2026-03-03"),
        (datetime(2026, 3, 3, 10, tzinfo=UTC), "2026-03-03"),
        ("03/04/2026", ""),
        ("2026-02-31", ""),
        ("2999-01-01", ""),
        ("March", ""),
        (None, ""),
        (True, ""),
        (["2026-03-03"], ""),
    ],
)
def test_a_day_is_read_where_it_is_certain(said: object, day: str) -> None:
    """In any usual notation; none that could be two days, does not exist or lies ahead."""
    assert day_of(said) == day


@given(st.text(max_size=200))
def test_any_text_gives_a_day_or_none(text: str) -> None:
    """Whatever a file says, nothing breaks."""
    for found in (day_of(text), day_said(f"Last updated: {text}"), day_of_header(text)):
        assert not found or date.fromisoformat(found).isoformat() == found


@pytest.mark.parametrize(
    ("content", "suffix"),
    [
        ("---\nupdated: 2026-03-03\ndate: 2020-01-01\n---\n\n# A\n\nText.", ".md"),
        ("+++\ndate = 2026-03-03\n+++\n\nText.", ".md"),
        ("# A\n\nText.\n\n_Last updated: 3 March 2026_", ".md"),
        ("# A\n\nStand: 03.03.2026\n\nText.", ".txt"),
        (
            '<html><head><meta property="article:modified_time" content="2026-03-03T08:00:00Z">'
            "</head><body><p>Some text.</p></body></html>",
            ".html",
        ),
        (
            "<html><body><main><p>Some text.</p></main>"
            '<time itemprop="dateModified" datetime="2026-03-03">3 March</time></body></html>',
            ".html",
        ),
        (
            '<html><head><script type="application/ld+json">{"dateModified": "2026-03-03"}'
            "</script></head><body><p>Some text.</p></body></html>",
            ".html",
        ),
        ('{"id": "a", "text": "Some text.", "updated_at": "2026-03-03"}', ".jsonl"),
    ],
)
def test_a_document_says_itself_when_it_was_updated(content: str, suffix: str) -> None:
    """In front matter, metadata, linked data, a field or a line; the last change wins."""
    assert one(content, suffix).dated == "2026-03-03"


def test_a_word_file_is_dated_by_its_properties() -> None:
    """When it was last saved."""
    file = docx.Document()
    file.add_paragraph("Some text.")
    file.core_properties.modified = datetime(2026, 3, 3)  # noqa: DTZ001 - the format has no zones
    buffer = io.BytesIO()
    file.save(buffer)

    assert one(buffer.getvalue(), ".docx").dated == "2026-03-03"


def test_the_day_does_not_make_another_revision() -> None:
    """Documents that were read in before days were kept are not written anew for it."""
    plain = one("---\ntitle: A\n---\n\nText.")
    dated = one("---\ntitle: A\ndate: 2026-03-03\n---\n\nText.")

    assert plain.hash == dated.hash


def _record(**extra: str) -> DocumentRecord:
    at = datetime(2025, 5, 5, tzinfo=UTC)
    return DocumentRecord("s", "a.md", "A", "", frozenset(), "h", "r", 1, 1, at, "", extra)


def test_what_nothing_dates_has_the_day_it_was_read_in() -> None:
    """Also a document from before days were kept, and one with a day that cannot be read."""
    old = Dated(date(2025, 5, 5), DatedBy.READ)

    assert dated_of(_record()) == old
    assert dated_of(_record(dated="soon", dated_by="itself")) == old
    assert dated_of(_record(read_in="2024-01-12")) == Dated(date(2024, 1, 12), DatedBy.READ)
    assert dated_of(_record(dated="2026-03-03", dated_by="itself", read_in="2026-04-04")) == Dated(
        date(2026, 3, 3), DatedBy.ITSELF
    )


async def test_days_are_kept_with_what_is_read_in(database: Database, tmp_path: Path) -> None:
    """The document's own day, else its file's; the day of the first reading stays with a text."""
    docs = tmp_path / "docs"
    docs.mkdir()
    (docs / "own.md").write_text("---\nupdated: 2026-03-03\n---\n\n# Own\n\nText.")
    (docs / "bare.md").write_text("# Bare\n\nText.")
    os.utime(docs / "bare.md", (1_700_000_000, 1_700_000_000))  # 14 November 2023
    ledger = Ledger(database)
    store = EmbeddedStore(tmp_path / "index.db", "none", 4)
    await store.open()
    now = [datetime(2026, 5, 1, tzinfo=UTC)]
    ingestor = Ingestor(ledger, store, Leases(database), clock=lambda: now[0])

    await ingestor.ingest(FolderSource(docs, "docs"))
    now[0] = datetime(2026, 6, 1, tzinfo=UTC)
    os.utime(docs / "bare.md", (1_700_100_000, 1_700_100_000))  # touched, the same text
    await ingestor.ingest(FolderSource(docs, "docs"))
    found = await LedgerDates(ledger).dated(
        [("docs", "own.md"), ("docs", "bare.md"), ("x", "own.md")]
    )
    records = await ledger.state("docs")
    await store.close()

    assert found == {
        ("docs", "own.md"): Dated(date(2026, 3, 3), DatedBy.ITSELF),
        ("docs", "bare.md"): Dated(date(2023, 11, 16), DatedBy.FILE),
    }
    assert records["bare.md"].extra["read_in"] == "2026-05-01"
