"""Files of a question: text is read, everything else is named openly."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.chat.base import FileRef
from adapters.chat.files import MOST_BYTES, decoded, is_text, read_files
from bot.errors import ChatRefusedError, ChatUnavailableError


def file(name: str, media: str = "text/plain") -> FileRef:
    return FileRef(f"F-{name}", name, media, 10, f"https://files.example/{name}")


class Store:
    """Files by name; an exception in place of bytes is raised."""

    def __init__(self, **files: bytes | Exception) -> None:
        self.files = {name.replace("_", "."): content for name, content in files.items()}

    async def fetch(self, file: FileRef, limit: int) -> bytes:
        content = self.files[file.url.rpartition("/")[2]]
        if isinstance(content, Exception):
            raise content
        return content[:limit]


@pytest.mark.parametrize(
    ("name", "media", "text"),
    [
        ("a.txt", "text/plain", True),
        ("build.log", "application/octet-stream", True),
        ("Data.CSV", "", True),
        ("x.json", "application/json", True),
        ("script", "text/x-python", True),
        ("photo.png", "image/png", False),
        ("paper.pdf", "application/pdf", False),
        ("page.html", "text/html", False),
        ("thing", "", False),
    ],
)
def test_what_counts_as_text(name: str, media: str, text: bool) -> None:
    """Media type and ending decide."""
    assert is_text(file(name, media)) is text


async def test_text_files_are_read_and_nothing_is_said() -> None:
    """Where all could be read there is no sentence."""
    store = Store(a_txt=b"Hello", b_md="# Größe".encode())
    found, sentence = await read_files(store.fetch, [file("a.txt"), file("b.md")])
    assert [(a.name, a.text) for a in found] == [("a.txt", "Hello"), ("b.md", "# Größe")]
    assert sentence == ""


async def test_images_and_pdfs_are_named_as_unseen() -> None:
    """The sentence says what cannot be seen."""
    unseen = [file("a.png", "image/png"), file("b.jpg", "image/jpeg"), file("c.pdf", "")]
    assert await read_files(Store().fetch, unseen) == (
        (),
        "I can't see images or PDFs yet.",
    )
    _, beside = await read_files(Store(a_txt=b"x").fetch, [file("a.txt"), unseen[0]])
    assert beside == "I can't see images yet."


async def test_an_empty_file_is_named() -> None:
    """Who sends nothing by mistake is told."""
    store = Store(a_txt=b"", b_txt=b" \n", c_txt=b"x")
    found, sentence = await read_files(store.fetch, [file("a.txt"), file("c.txt")])
    assert [a.name for a in found] == ["c.txt"]
    assert sentence == "`a.txt` is empty."
    _, sentence = await read_files(store.fetch, [file("a.txt"), file("b.txt")])
    assert sentence == "`a.txt` and `b.txt` are empty."


async def test_a_long_file_is_cut_with_a_note() -> None:
    """Two hundred kilobytes are read, a character that was cut in half is dropped."""
    store = Store(a_log=("x" + "ä" * MOST_BYTES).encode())
    (found,), sentence = await read_files(store.fetch, [file("a.log")])
    assert len(found.text.encode()) == MOST_BYTES - 1
    assert sentence == "Of `a.log` I read the first 200 kB."


async def test_three_files_are_read_and_the_others_counted() -> None:
    """More files than that are left out, and it says so."""
    store = Store(**{f"f{n}_txt": b"x" for n in range(5)})
    found, sentence = await read_files(store.fetch, [file(f"f{n}.txt") for n in range(5)])
    assert len(found) == 3
    assert sentence == "I read the first 3 files and left out 2 more."


async def test_a_missing_permission_is_said_once() -> None:
    """A permission that is missing is named; other faults name the files."""
    closed = ChatRefusedError(platform="Chat", method="file", reason="no", needed="files:read")
    down = ChatUnavailableError(platform="Chat", method="file", reason="503")
    store = Store(a_txt=closed, b_txt=closed, c_txt=down)
    found, sentence = await read_files(store.fetch, [file("a.txt"), file("b.txt"), file("c.txt")])
    assert found == ()
    assert sentence == (
        "I may not read files here: the permission `files:read` is missing."
        " I could not read `c.txt`."
    )


async def test_bytes_that_are_no_text_are_not_read() -> None:
    """A program that is called .txt is named as unreadable."""
    _, sentence = await read_files(Store(a_txt=b"\x7fELF\0\0\1").fetch, [file("a.txt")])
    assert sentence == "I could not read `a.txt`."


async def test_a_name_cannot_write_into_the_sentence() -> None:
    """Backticks and line ends in a name do not get out of their quotes."""
    named = FileRef("F1", "a`\n**b**.txt", "text/plain", 1, "https://files.example/a.txt")
    down = ChatUnavailableError(platform="Chat", method="file", reason="503")
    _, sentence = await read_files(Store(a_txt=down).fetch, [named])
    assert sentence == "I could not read `a **b**.txt`."


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("\ufeffGröße".encode(), "Größe"),
        ("Größe\n".encode("utf-16"), "Größe\n"),
        (b"", ""),
    ],
)
def test_encodings(content: bytes, text: str) -> None:
    """UTF-8 with a mark, UTF-16, and nothing at all."""
    assert decoded(content) == text


def test_old_encodings_are_guessed() -> None:
    """A text from before Unicode is still a text."""
    written = "Die Größe der Fläche beträgt fünf Fuß. Das können wir später ändern. " * 5
    assert "Größe" in (decoded(written.encode("cp1252")) or "")


@given(st.text(max_size=60), st.integers(0, 200))
def test_a_cut_never_breaks_the_text(text: str, at: int) -> None:
    """Wherever UTF-8 is cut, what was whole before the cut comes out."""
    text = text.replace("\0", "").lstrip("\ufeff")
    cut = text.encode("utf-8", "ignore")[:at]
    if cut[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return
    assert text.startswith(decoded(cut, cut=True) or "")
