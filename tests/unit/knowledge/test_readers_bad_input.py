"""Bad files: each gets one sentence, nothing else happens."""

from __future__ import annotations

import io
import json
import random
import zipfile
from pathlib import Path, PurePosixPath

import docx
import pypdf
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reportlab.pdfgen.canvas import Canvas

from knowledge.document import Document, FailedDocument, RawDocument
from knowledge.readers import FORMATS, read


def found(name: str, content: bytes, limit: int = 25_000_000) -> list[Document | FailedDocument]:
    raw = RawDocument("docs", name, PurePosixPath(name).suffix, content=content)
    return list(read(raw, limit))


def error_of(name: str, content: bytes, limit: int = 25_000_000) -> str:
    (failure,) = found(name, content, limit)
    assert isinstance(failure, FailedDocument), failure
    assert "\n" not in failure.error
    return failure.error


def plain_pdf(text: str) -> bytes:
    out = io.BytesIO()
    canvas = Canvas(out)
    if text:
        canvas.drawString(72, 720, text)
    canvas.showPage()
    canvas.save()
    return out.getvalue()


def locked_pdf(password: str) -> bytes:
    writer = pypdf.PdfWriter(clone_from=io.BytesIO(plain_pdf("secret")))
    writer.encrypt(password, owner_password="owner", algorithm="AES-256")
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def word() -> bytes:
    file = docx.Document()
    file.add_paragraph("text")
    out = io.BytesIO()
    file.save(out)
    return out.getvalue()


@pytest.mark.parametrize("suffix", sorted(FORMATS))
@pytest.mark.parametrize("content", [b"", b" \n\t\n "])
def test_empty_files_are_said_to_be_empty(suffix: str, content: bytes) -> None:
    """A file of any format without content is reported as empty."""
    assert "empty" in error_of(f"a{suffix}", content)


def test_a_file_with_front_matter_only_is_empty() -> None:
    """Nothing to answer from is nothing to read in."""
    assert "empty" in error_of("a.md", b"---\ntitle: x\n---\n\n")


@pytest.mark.parametrize("suffix", [".md", ".txt", ".html", ".csv", ".json", ".rst", ".mdx"])
def test_binary_content_in_a_text_format_is_named(suffix: str) -> None:
    """A picture with the suffix of a text is no text."""
    assert "binary" in error_of(f"a{suffix}", b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 4)


@pytest.mark.parametrize("suffix", sorted(FORMATS))
def test_noise_never_ends_the_reader(suffix: str) -> None:
    """Random bytes give documents or sentences, never an exception."""
    chance = random.Random(suffix)
    for size in (1, 10, 1000, 20_000):
        for each in found(f"a{suffix}", chance.randbytes(size)):
            assert isinstance(each, Document | FailedDocument)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from([".md", ".mdx", ".html", ".csv", ".json", ".jsonl", ".txt"]), st.text())
def test_any_text_is_read_or_refused(suffix: str, text: str) -> None:
    """Whatever a text file holds, its documents are storable text."""
    for each in found(f"a{suffix}", text.encode("utf-8", "surrogatepass")):
        if isinstance(each, Document):
            assert each.text.strip()
            assert "\0" not in each.text
            assert each.title
            each.text.encode()


def test_a_password_is_asked_for_in_a_sentence() -> None:
    """An encrypted PDF says what to do; one that opens for everybody is read."""
    assert "password" in error_of("a.pdf", locked_pdf("x"))
    assert isinstance(found("a.pdf", locked_pdf(""))[0], Document)


def test_an_encrypted_word_document_is_named() -> None:
    """Word wraps an encrypted document in its old container format."""
    assert "encrypted" in error_of("a.docx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"x" * 600)


@pytest.mark.parametrize("size", [10, 200, 600])
def test_broken_files_are_named(size: int) -> None:
    """A PDF or a Word document that breaks off is reported."""
    assert "broken" in error_of("a.pdf", plain_pdf("text")[:size])
    assert "broken" in error_of("a.docx", word()[:size])


def test_a_pdf_without_text_asks_for_text_recognition() -> None:
    """A scan has pages but no letters."""
    assert "no text" in error_of("scan.pdf", plain_pdf(""))


def test_a_zip_of_something_else_is_no_word_document() -> None:
    """A zip file with another inside is broken as a document."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("a.txt", "x")
    assert "broken" in error_of("a.docx", out.getvalue())


def test_a_zip_bomb_is_not_unpacked() -> None:
    """A few kilobytes that would become hundreds of megabytes are refused."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("word/document.xml", b"\0" * 120_000_000)
    assert len(out.getvalue()) < 200_000
    assert "larger" in error_of("a.docx", out.getvalue())


def test_deep_nesting_is_a_sentence() -> None:
    """Recursion ends at the reader, not at the interpreter's limit."""
    assert "deep" in error_of("a.json", b"[" * 100_000)
    assert "deep" in error_of("a.json", b'{"a":' * 500 + b"1" + b"}" * 500)
    lines = found("a.jsonl", b'{"id":"a","text":"x"}\n' + b'{"id":"b","x":' + b"[" * 100_000)
    assert isinstance(lines[0], Document)
    assert isinstance(lines[1], FailedDocument)


def test_oversized_files_say_the_limit(tmp_path: Path) -> None:
    """More than the limit is refused, from a file and from the network alike."""
    assert "larger than 0.001 MB" in error_of("a.txt", b"x" * 1001, limit=1000)
    path = tmp_path / "a.txt"
    path.write_bytes(b"x" * 1001)
    (failure,) = read(RawDocument("docs", "a.txt", ".txt", path=path), 1000)
    assert isinstance(failure, FailedDocument)
    assert "larger" in failure.error


def test_a_missing_file_is_a_sentence(tmp_path: Path) -> None:
    """A file that went away between listing and reading is reported."""
    (failure,) = read(RawDocument("docs", "a.txt", ".txt", path=tmp_path / "a.txt"))
    assert isinstance(failure, FailedDocument)
    assert "no such file" in failure.error


@pytest.mark.parametrize(
    ("front", "line"),
    [
        ("title: a\nbad: ]", 3),
        ("title: a\n  b: c", 3),
        ("title: a\nx: y\ngroups: {a: b}", 4),
        ("groups: [1.5]", 2),
        ("uri: javascript:alert(1)", 2),
    ],
)
def test_bad_front_matter_names_its_line(front: str, line: int) -> None:
    """A document whose groups or address cannot be understood is not shown to anybody."""
    assert f"line {line} " in error_of("a.md", f"---\n{front}\n---\ntext".encode())


def test_front_matter_that_is_never_closed_is_refused() -> None:
    """Half a front matter may hold the groups: it is not published as text."""
    assert "never closed" in error_of("a.md", b"---\ngroups: [staff]\n\n# Secret\n\ntext")


def test_a_bad_line_fails_alone() -> None:
    """The other lines of a JSON Lines file are read, and a broken line says its number."""
    lines = [
        json.dumps({"id": "a", "text": "one"}),
        '{"id": "b", "text": ',
        "[]",
        json.dumps({"text": "no id"}),
        json.dumps({"id": "a", "text": "again"}),
        json.dumps({"id": "c", "text": ""}),
        json.dumps({"id": "d", "text": "x", "uri": "javascript:x"}),
        json.dumps({"id": "e", "text": "x", "groups": {"a": 1}}),
        json.dumps({"id": "f", "text": 5}),
        json.dumps({"id": "z", "text": "last"}),
    ]
    results = found("f.jsonl", "\n".join(lines).encode())
    assert [d.name for d in results if isinstance(d, Document)] == ["a", "z"]
    failed = {f.document: f for f in results if isinstance(f, FailedDocument)}
    assert sorted(failed) == sorted(f"f.jsonl:{n}" for n in range(2, 10))
    assert failed["f.jsonl:2"].keeps == {"b"}
    assert failed["f.jsonl:3"].keeps is None


def test_twenty_megabytes_of_text_are_read() -> None:
    """A large document is read, whether it has lines or not."""
    line = "The quick brown fox jumps over the lazy dog. "
    (document,) = found("a.txt", (line * (20_000_000 // len(line))).encode())
    assert isinstance(document, Document)
    assert len(document.text) > 19_000_000
