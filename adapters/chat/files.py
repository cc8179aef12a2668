"""Files that come with a question: text is read for this one question, the rest is named openly."""

from __future__ import annotations

import asyncio
import codecs
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from adapters.chat.base import FileRef
from bot.conversation import Attachment
from bot.errors import ChatError
from bot.telemetry import log

MOST_BYTES = 200_000
MOST_FILES = 3

_TEXT_TYPES = frozenset(
    "application/json application/xml application/yaml application/x-yaml application/toml"
    " application/javascript application/x-sh application/sql application/x-ndjson".split()
)
_TEXT_ENDINGS = frozenset(
    ".txt .log .md .mdx .rst .csv .tsv .json .jsonl .yaml .yml .toml .ini .cfg .conf .env .xml"
    " .py .js .ts .tsx .jsx .java .kt .go .rs .rb .php .c .h .cpp .hpp .cs .swift .scala .sh"
    " .bash .zsh .ps1 .sql .css .diff .patch .properties .gradle .tf .proto .tex .srt .vtt".split()
)
_UNREAD = {"image": "images", "audio": "recordings", "video": "videos"}


Fetch = Callable[[FileRef, int], Awaitable[bytes]]
"""At most so many bytes of a file. Raises ChatError; ``needed`` in its data names a permission that
is missing."""


@dataclass(frozen=True, slots=True)
class _Read:
    """What came of a file: its text, or why there is none."""

    file: FileRef
    text: str = ""
    cut: bool = False
    failed: bool = False
    needed: str = ""
    """The permission that is missing to read it."""


async def read_files(fetch: Fetch, files: Sequence[FileRef]) -> tuple[tuple[Attachment, ...], str]:
    """The text files among ``files``, and a sentence (Markdown) about what could not be read.

    At most three files of 200,000 bytes each are read. Never raises for a file.
    """
    readable = [file for file in files if is_text(file)]
    unseen = [file for file in files if not is_text(file)]
    read = await asyncio.gather(*(_read(fetch, file) for file in readable[:MOST_FILES]))
    attachments = tuple(Attachment(_name(r.file), r.text) for r in read if r.text.strip())
    return attachments, _sentence(read, unseen, len(readable) - len(read))


def is_text(file: FileRef) -> bool:
    """Whether a file says that it is text. A web page is none: what looks like one is mostly
    a login page in place of a file."""
    ending = PurePosixPath(file.name.lower()).suffix
    media = file.media_type.lower().partition(";")[0].strip()
    if ending in (".html", ".htm") or media == "text/html":
        return False
    return media.startswith("text/") or media in _TEXT_TYPES or ending in _TEXT_ENDINGS


def decoded(content: bytes, *, cut: bool = False) -> str | None:
    """The text of a file's bytes; ``None`` where they are none. ``cut``: the last character may
    be half there."""
    for bom, encoding in ((codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16")):
        if content.startswith(bom):
            return _decoded(content, encoding, cut)
    if b"\0" in content:
        return None
    text = _decoded(content, "utf-8-sig", cut)
    if text is not None:
        return text
    from charset_normalizer import from_bytes  # late: most files are UTF-8

    best = from_bytes(content).best()
    return str(best) if best is not None else None


def _decoded(content: bytes, encoding: str, cut: bool) -> str | None:
    try:
        return codecs.getincrementaldecoder(encoding)().decode(content, final=not cut)
    except UnicodeDecodeError:
        return None


async def _read(fetch: Fetch, file: FileRef) -> _Read:
    try:
        content = await fetch(file, MOST_BYTES + 1)
    except ChatError as error:
        log.warning("file not read", file=file.id, error=str(error))
        return _Read(file, failed=True, needed=str(error.data.get("needed") or ""))
    cut = len(content) > MOST_BYTES
    text = decoded(content[:MOST_BYTES], cut=cut)
    if text is None:
        return _Read(file, failed=True)
    return _Read(file, text=text, cut=cut)


def _sentence(read: Sequence[_Read], unseen: Sequence[FileRef], left: int) -> str:
    """What the asker should know about their files; empty where all were read whole."""
    said: list[str] = []
    if unseen:
        said.append(f"I can't see {_kinds(unseen)} yet.")
    forbidden = [r for r in read if r.needed]
    if forbidden:
        said.append(
            f"I may not read files here: the permission `{forbidden[0].needed}` is missing."
        )
    failed = [r for r in read if r.failed and r not in forbidden]
    if failed:
        said.append(f"I could not read {_listed([_quoted(r.file) for r in failed])}.")
    empty = [r for r in read if not (r.text.strip() or r.failed)]
    if empty:
        names = _listed([_quoted(r.file) for r in empty])
        said.append(f"{names} {'is' if len(empty) == 1 else 'are'} empty.")
    cut = [r for r in read if r.cut]
    if cut:
        kilobytes = MOST_BYTES // 1000
        said.append(
            f"Of {_listed([_quoted(r.file) for r in cut])} I read the first {kilobytes} kB."
        )
    if left > 0:
        said.append(f"I read the first {MOST_FILES} files and left out {left} more.")
    return " ".join(said)


def _kinds(files: Sequence[FileRef]) -> str:
    kinds = []
    for file in files:
        if file.media_type == "application/pdf" or file.name.lower().endswith(".pdf"):
            kinds.append("PDFs")
        else:
            kinds.append(_UNREAD.get(file.media_type.partition("/")[0], "files of this kind"))
    return _listed(list(dict.fromkeys(kinds)), "or")


def _listed(words: Sequence[str], joint: str = "and") -> str:
    return f" {joint} ".join(filter(None, (", ".join(words[:-1]), words[-1])))


def _name(file: FileRef) -> str:
    return " ".join(file.name.split())[:120] or file.id


def _quoted(file: FileRef) -> str:
    return f"`{_name(file)[:60].replace('`', '')}`"
