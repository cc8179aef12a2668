"""Answers of an evaluation that is not over, a line each, so that an interruption costs nothing."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from itertools import count
from pathlib import Path
from typing import Any

import orjson

from adapters.private_files import make_private, unwritable, write_private
from bot.errors import WellspokenError
from bot.evaluation.told import Told, told_of
from bot.store.columns import to_json

KEEPING = "evaluations"
"""The lease of whoever keeps a run that is over, or forgets a person in runs."""

_FOLDER = "evaluations"


class ForgottenMeanwhileError(WellspokenError):
    """Somebody was forgotten while the suite was asked, so nothing is kept that may hold their
    words; start it again, it goes on where it stood."""


class EvaluationFiles:
    """The folder of the evaluations of a home, for its owner alone: pages, and answers of runs that
    are not over. They quote documents of every group that a suite asked for."""

    def __init__(self, home: Path) -> None:
        self.folder = home / _FOLDER

    def prepare(self) -> None:
        """Make the folder (0700). Raises StorageError."""
        make_private(self.folder)

    def report(self, run: str) -> Path:
        """The page of a run."""
        return self.folder / f"{run}.html"

    def write(self, run: str, page: str) -> Path:
        """Keep a page (0600). Raises StorageError."""
        path = self.report(run)
        write_private(path, page)
        return path

    def answers(self, key: str) -> KeptAnswers:
        """The answers of a run that is named by what it asks of whom."""
        return KeptAnswers(self.folder / f"answers-{key}.jsonl")


class KeptAnswers:
    """The answers in a file (0600), while it is :meth:`open`: one run alone has it.

    A second run of the same at the same time gets a file of its own beside it, so that neither
    takes the other's answers, or throws them away.
    """

    def __init__(self, path: Path) -> None:
        self._first = self._path = path
        self._known: dict[str, Told] = {}
        self._file: int | None = None

    @contextmanager
    def open(self) -> Iterator[None]:
        """Read what was answered before, and write down what comes. Raises StorageError."""
        try:
            self._file = self._taken()
            self._known = dict(_read(self._path))
        except OSError as error:
            raise unwritable(self._path, error) from error
        try:
            yield
        finally:
            os.close(self._file)
            self._file = None

    def _taken(self) -> int:
        """The first file that nobody has; the lock ends with the process, however that ends."""
        for number in count(1):
            if number > 1:
                self._path = self._first.with_suffix(f".{number}.jsonl")
            while True:
                file = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
                try:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    os.close(file)
                    break
                if _is_at(file, self._path):
                    return file
                os.close(file)  # its owner removed it meanwhile
        raise AssertionError("numbers do not end")

    def find(self, place: str) -> Told | None:
        """What was answered there."""
        return self._known.get(place)

    def check(self) -> None:
        """Raise ForgottenMeanwhileError where somebody was forgotten since the file was opened:
        who forgets puts another file in its place, see :func:`held`."""
        assert self._file is not None
        if not _is_at(self._file, self._path):
            raise ForgottenMeanwhileError

    def keep(self, place: str, told: Told) -> None:
        """Write an answer down. Raises StorageError, ForgottenMeanwhileError."""
        self.check()
        line = f"\n{to_json({'place': place, 'told': asdict(told)})}\n"  # the last may be cut
        try:
            assert self._file is not None
            os.write(self._file, line.encode("utf-8", "replace"))
        except OSError as error:
            raise unwritable(self._path, error) from error

    def remove(self) -> None:
        """Forget all answers."""
        self._path.unlink(missing_ok=True)


def held(path: Path) -> bool:
    """Whether a run that goes on has this file of answers: what it writes there must come to
    nothing once somebody is forgotten."""
    with path.open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def _is_at(file: int, path: Path) -> bool:
    """Whether an open file is still the one that a path leads to."""
    try:
        return os.path.samestat(os.fstat(file), path.stat())
    except FileNotFoundError:
        return False


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
