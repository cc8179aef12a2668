"""Answers of an evaluation that is not over, a line each, so that an interruption costs nothing."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

import orjson

from bot.errors import StorageError
from bot.evaluation.told import Told, told_of
from bot.store.columns import to_json

_FOLDER = "evaluations"


class EvaluationFiles:
    """The folder of the evaluations of a home, for its owner alone: pages, and answers of runs that
    are not over. They quote documents of every group that a suite asked for."""

    def __init__(self, home: Path) -> None:
        self.folder = home / _FOLDER

    def prepare(self) -> None:
        """Make the folder (0700). Raises StorageError."""
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise _unwritable(self.folder, error) from error

    def report(self, run: str) -> Path:
        """The page of a run."""
        return self.folder / f"{run}.html"

    def write(self, run: str, page: str) -> Path:
        """Keep a page (0600). Raises StorageError."""
        path = self.report(run)
        draft = path.with_name(f".{path.name}")
        try:
            with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as f:
                f.write(page.encode("utf-8", "replace"))
            draft.replace(path)
        except OSError as error:
            draft.unlink(missing_ok=True)
            raise _unwritable(path, error) from error
        return path

    def answers(self, key: str) -> KeptAnswers:
        """The answers of a run that is named by what it asks of whom."""
        return KeptAnswers(self.folder / f"answers-{key}.jsonl")


class KeptAnswers:
    """The answers in a file (0600), while it is :meth:`open`."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._known: dict[str, Told] = {}
        self._file: int | None = None

    @contextmanager
    def open(self) -> Iterator[None]:
        """Read what was answered before, and write down what comes. Raises StorageError."""
        try:
            self._known = dict(_read(self._path))
            self._file = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        except OSError as error:
            raise _unwritable(self._path, error) from error
        try:
            yield
        finally:
            os.close(self._file)
            self._file = None

    def find(self, place: str) -> Told | None:
        """What was answered there."""
        return self._known.get(place)

    def keep(self, place: str, told: Told) -> None:
        """Write an answer down. Raises StorageError."""
        line = f"\n{to_json({'place': place, 'told': asdict(told)})}\n"  # the last may be cut
        try:
            assert self._file is not None
            os.write(self._file, line.encode("utf-8", "replace"))
        except OSError as error:
            raise _unwritable(self._path, error) from error

    def remove(self) -> None:
        """Forget all answers."""
        self._path.unlink(missing_ok=True)


def _read(path: Path) -> list[tuple[str, Told]]:
    """The answers of a file; a line that was cut off is none."""
    try:
        lines = path.read_bytes().splitlines()
    except FileNotFoundError:
        return []
    found = []
    for line in lines:
        with suppress(orjson.JSONDecodeError, KeyError, TypeError, ValueError):
            record: dict[str, Any] = orjson.loads(line)
            found.append((record["place"], told_of(record["told"])))
    return found


def _unwritable(path: Path, error: OSError) -> StorageError:
    return StorageError(
        f"{path} cannot be written ({error.strerror}); check its permissions and the disk's room."
    )
