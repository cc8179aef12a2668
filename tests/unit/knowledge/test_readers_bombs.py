"""Files made to take all time or memory: each is read, or said in one sentence not to be."""

from __future__ import annotations

import zlib
from pathlib import Path

import pytest

from adapters.assembly import assemble
from bot.settings import load_settings
from knowledge.chunking import chunk
from knowledge.document import Document, RawDocument
from knowledge.readers import read
from knowledge.sources.folder import FolderSource

_PACKED = 20_000_000


def _pdf(page: bytes) -> bytes:
    """A PDF of one page with this packed content."""
    stream = b"<< /Length %d /Filter /FlateDecode >>\nstream\n%b\nendstream" % (len(page), page)
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 100 100] /Contents 4 0 R >>",
        stream,
    ]
    out, places = b"%PDF-1.4\n", []
    for number, body in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%b\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    start = len(out)
    out += b"xref\n0 5\n0000000000 65535 f \n" + table
    return out + b"trailer << /Size 5 /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF" % start


def test_a_pdf_bomb_is_one_sentence() -> None:
    """Half a megabyte that would become 260 is not unpacked."""
    page = zlib.compress(b"BT (x) Tj ET\n" * _PACKED, 9)
    (failure,) = read(RawDocument("docs", "a.pdf", ".pdf", "a.pdf", content=_pdf(page)))
    assert not isinstance(failure, Document)
    assert failure.error.startswith("The document cannot be read: ")
    assert "\n" not in failure.error


@pytest.mark.parametrize(
    "text",
    [
        ">" * 20_000 + " deep",
        "".join("  " * depth + "- x\n" for depth in range(600)),
        "[" * 20_000,
        "*a " * 20_000,
        "`" * 20_000,
        "|a" * 20_000 + "\n" + "|-" * 20_000 + "\n",
        "#" * 20_000,
        "<div>" * 5_000 + "deep",
    ],
)
def test_deeply_nested_markdown_is_read_and_cut_into_pieces(text: str) -> None:
    """No recursion, no endless look: it is text like any other."""
    for found in read(RawDocument("docs", "a.md", ".md", "a.md", content=text.encode())):
        if isinstance(found, Document):
            assert all(piece.text for piece in chunk(found))


async def test_a_document_over_the_set_size_fails_alone(tmp_path: Path) -> None:
    """Its neighbours are read in, and the report says in one sentence why it is not."""
    docs = tmp_path / "docs"
    docs.mkdir()
    (docs / "big.md").write_text("# Big\n\n" + "word " * 500)
    (docs / "small.md").write_text("# Small\n\nA few words.")
    settings = load_settings(WELLSPOKEN_HOME=tmp_path / "home", limits={"longest_document": 1000})
    async with assemble(settings, warm=False) as app:
        report = await app.ingestor.ingest(FolderSource(docs, name="docs"))
    assert report.added == 1
    ((name, error),) = report.failed
    assert name == "big.md"
    assert "larger than 0.001 MB; split it" in error
