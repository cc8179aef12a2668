"""Files of data sets without the lines of a person who is forgotten.

In two steps, so that a crash between files and database is mended by doing it again: first such
lines become empty, which leaves all others their numbers; once the database knows, the empty ones
go. Readers of lines skip empty ones.
"""

from __future__ import annotations

import os
import shutil
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from contextlib import suppress
from dataclasses import dataclass, field
from glob import escape
from hashlib import sha256
from pathlib import Path
from typing import IO, Any

import orjson

from bot.errors import StorageError, UsageError
from bot.ports import ChatMessage
from bot.store.forgetting import Person
from bot.telemetry import log
from persona.curation.writing import publish
from persona.fitting import estimate_tokens
from persona.prompting import prompt_tokens

_TEXTS = frozenset({".html", ".json", ".jsonl", ".log", ".md", ".txt"})
_MODELS = ("added_tokens", "merges", "special_tokens", "tokenizer", "vocab")
"""How files of a model begin whose texts are nobody's."""

_TELLING = 16
"""Characters of a text that is nobody else's by chance."""

_WINDOW = 1 << 20


@dataclass(slots=True)
class Figures:
    """What is in the lines of a file: how many, their labels (KTO), their tokens as a data set's
    card estimates them, and their SHA-256."""

    lines: int = 0
    labels: Counter[bool] = field(default_factory=Counter)
    prompt: int = 0
    completion: int = 0
    longest: int = 0
    digest: str = sha256().hexdigest()


def positions(path: Path) -> tuple[int, frozenset[int]] | None:
    """How many lines a file has, and which of them are empty; ``None`` where there is no file."""
    if not path.is_file():
        return None
    with path.open("rb") as file:
        empty, number = set(), 0
        for line in file:
            if not line.strip():
                empty.add(number)
            number += 1
    return number, frozenset(empty)


def digest_of(path: Path) -> str:
    """The SHA-256 of a file."""
    digest = sha256()
    with path.open("rb") as file:
        while read := file.read(_WINDOW):
            digest.update(read)
    return digest.hexdigest()


def both_digests(train: str, validation: str) -> str:
    """A data set's digest, of the digests of its two files."""
    return sha256(f"{train}\n{validation}\n".encode()).hexdigest()


def blank(files: Mapping[Path, Set[int]], person: Person) -> None:
    """Empty lines, and the person's id in all others. Raises StorageError, DiskFullError."""
    changed = {
        path: _writing(path, _blanked(path, numbers, person))
        for path, numbers in files.items()
        if numbers or has_trace(path, person)
    }
    _publish(changed)


def _blanked(path: Path, numbers: Set[int], person: Person) -> Iterator[bytes]:
    with path.open("rb") as file:
        for number, line in enumerate(file):
            yield b"\n" if number in numbers else without(line, person)


def compact(files: Sequence[Path]) -> None:
    """Take empty lines out of files. Raises StorageError, DiskFullError."""
    found = {path: positions(path) for path in files}
    holed = [path for path, known in found.items() if known is not None and known[1]]
    _publish({path: _writing(path, _full(path)) for path in holed})


def _full(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        yield from (line for line in file if line.strip())


def figures_of(path: Path, format: str) -> Figures:  # noqa: A002 - the column's name
    """What is in the lines of a file that are not empty; nothing where there is none."""
    found, digest = Figures(), sha256()
    if not path.is_file():
        return found
    for line in _full(path):
        digest.update(line)
        asked, said, label = _parts(line, format)
        prompt, completion = prompt_tokens(asked), estimate_tokens(said)
        found.lines += 1
        found.labels[label] += 1
        found.prompt += prompt
        found.completion += completion
        found.longest = max(found.longest, prompt + completion)
    found.digest = digest.hexdigest()
    return found


def _parts(line: bytes, format: str) -> tuple[list[ChatMessage], str, bool]:  # noqa: A002
    """The prompt, what is taught, and whether it was liked; nothing of what is no example."""
    try:
        row = orjson.loads(line)
        match format:
            case "sft":
                *asked, said = row["messages"]
            case "dpo":
                asked, (said,) = row["input"]["messages"], row["preferred_output"]
            case _:
                asked, (said,) = row["prompt"], row["completion"]
        messages = [ChatMessage(message["role"], message["content"]) for message in asked]
        return messages, said["content"], bool(row.get("label", True))
    except (ValueError, KeyError, TypeError, AttributeError):
        return [], "", True


def has_trace(path: Path, person: Person) -> bool:
    """Whether a file names a person; ``False`` where there is none."""
    wanted, window = [trace.encode() for trace in person.traces], b""
    overlap = max(map(len, wanted))
    if not path.is_file():
        return False
    with path.open("rb") as file:
        while read := file.read(_WINDOW):
            window = window[-overlap:] + read
            if any(trace in window for trace in wanted):
                return True
    return False


def needles(texts: Iterable[str]) -> tuple[str, ...]:
    """What tells a text where it is shown: its paragraphs, with single spaces."""
    paragraphs = (" ".join(part.split()) for text in texts for part in text.splitlines())
    return tuple(dict.fromkeys(part for part in paragraphs if len(part) >= _TELLING))


def lines_with(path: Path, wanted: Sequence[str]) -> frozenset[int]:
    """The lines of a file that show one of some texts; none where there is no file."""
    found: set[int] = set()
    if not wanted or not path.is_file():
        return frozenset()
    with path.open("rb") as file:
        for number, line in enumerate(file):
            if any(text in said for said in _said(line) for text in wanted):
                found.add(number)
    return frozenset(found)


def _said(line: bytes) -> Iterator[str]:
    """Every text of a line, with single spaces."""
    with suppress(ValueError):
        yield from _texts(orjson.loads(line))


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield " ".join(value.split())
    elif isinstance(value, dict | list):
        for each in value.values() if isinstance(value, dict) else value:
            yield from _texts(each)


def remove_showing(folder: Path, wanted: Sequence[str]) -> None:
    """Remove reports that show one of some texts, in all their shapes; their figures are in the
    database, and a report that is gone is told as such."""
    if not wanted:
        return
    showing = {
        path.stem for path in folder.glob("*.json*") if path.is_file() and lines_with(path, wanted)
    }
    for path in folder.glob("*"):
        if path.stem in showing:
            path.unlink(missing_ok=True)


def without(data: bytes, person: Person) -> bytes:
    """Text without a person's id."""
    if not any(trace.encode() in data for trace in person.traces):
        return data
    text = data.decode("utf-8", "surrogateescape")
    return person.without(text).encode("utf-8", "surrogateescape")


def sweep(folder: Path, person: Person) -> None:
    """Put a word that names nobody in the place of the id, in all files of text of a folder.

    Weights and tokenizers are left alone; their texts too where no id is in them. Raises
    StorageError, DiskFullError.
    """
    for path in sorted(folder.rglob("*")):
        is_text = path.suffix in _TEXTS and not path.name.startswith(_MODELS)
        if is_text and path.is_file() and not path.is_symlink() and has_trace(path, person):
            content = without(path.read_bytes(), person)
            _publish({path: _writing(path, iter([content]))})


def rewrite(files: Mapping[Path, bytes]) -> None:
    """Put other contents into files that are there. Raises StorageError, DiskFullError."""
    there = {path: content for path, content in files.items() if path.is_file()}
    _publish({path: _writing(path, iter([content])) for path, content in there.items()})


def clear_parts(files: Iterable[Path]) -> None:
    """Remove what a killed program left beside files that it was writing."""
    for path in files:
        for part in path.parent.glob(f".{escape(path.name)}.*.part"):
            part.unlink(missing_ok=True)


def remove_orphans(folder: Path, known: Set[str]) -> None:
    """Remove folders of data sets that nobody knows: whoever wrote them was killed before they
    were kept, and nothing tells whose words are in them."""
    for path in folder.glob("dataset*"):
        if path.is_dir() and path.name not in known:
            log.warning("a data set that nobody knows is removed", folder=str(path))
            shutil.rmtree(path)


def card_of_file(path: Path) -> dict[str, Any]:
    """A card that is on disk; empty where there is none."""
    try:
        card = orjson.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return card if isinstance(card, dict) else {}


def _writing(path: Path, lines: Iterator[bytes]) -> Callable[[IO[bytes]], None]:
    def write(file: IO[bytes]) -> None:
        os.fchmod(file.fileno(), path.stat().st_mode & 0o777)
        for line in lines:
            file.write(line)

    return write


def _publish(files: Mapping[Path, Callable[[IO[bytes]], None]]) -> None:
    """Raises DiskFullError, StorageError."""
    if not files:
        return
    try:
        publish(files)
    except (UsageError, OSError) as error:
        where = " or ".join(str(path) for path in files)
        raise StorageError(
            f"{where} cannot be written; make it writable or remove it, and forget again."
        ) from error
