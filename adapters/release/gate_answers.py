"""Answers of a run that is not over, a line each, so that an interruption costs nothing."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import orjson

from adapters.private_files import unwritable
from bot.conversation import Usage
from bot.store.columns import to_json


@dataclass(frozen=True, slots=True)
class Kept:
    """What a voice said, in how many seconds (``None``: it failed), and what it cost. ``error``
    says why it failed."""

    text: str
    seconds: float | None
    usage: Usage = field(default_factory=Usage)
    error: str = ""


_Place = tuple[str, str]


class AnswerFile:
    """The answers in a file, between ``with`` and its end; for its owner alone (0600).

    An answer counts only for the question and the passages that it was given for.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._known: dict[_Place, tuple[str, Kept]] = {}
        self._file: int | None = None

    def __enter__(self) -> Self:
        self._known = dict(_read(self._path))
        try:
            self._file = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        except OSError as error:
            raise unwritable(self._path, error) from error
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def find(self, case: str, side: str, evidence: str, question: str) -> Kept | None:
        """What was said to this question from this evidence."""
        given, kept = self._known.get((case, side), ("", None))
        return kept if given == f"{evidence} {question}" else None

    def keep(self, case: str, side: str, evidence: str, question: str, said: Kept) -> None:
        """Write an answer down. Raises StorageError."""
        record = {
            "case": case, "side": side, "given": f"{evidence} {question}", "text": said.text,
            "seconds": said.seconds, "usage": asdict(said.usage),
        }  # fmt: skip
        line = f"\n{to_json(record)}\n"  # the one before may have been cut
        try:
            assert self._file is not None
            os.write(self._file, line.encode("utf-8", "replace"))
        except OSError as error:
            raise unwritable(self._path, error) from error

    def remove(self) -> None:
        """Forget all answers."""
        with suppress(FileNotFoundError):
            self._path.unlink()


def _read(path: Path) -> list[tuple[_Place, tuple[str, Kept]]]:
    """The answers of a file; a line that was cut off is none."""
    try:
        lines = path.read_bytes().splitlines()
    except FileNotFoundError:
        return []
    found = []
    for line in lines:
        with suppress(orjson.JSONDecodeError, KeyError, TypeError):
            record: dict[str, Any] = orjson.loads(line)
            said = Kept(record["text"], record["seconds"], Usage(**record["usage"]))
            found.append(((record["case"], record["side"]), (record["given"], said)))
    return found
