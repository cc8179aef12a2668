"""Ratings from a file: each question is asked, and what was said of its answer is kept.

For what people said elsewhere, and for the sample's ratings. An operator stands behind lines that
name no author: their better answers count as an expert's.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from bot.conversation import Author, Feedback, Outcome, Platform, Principal, Question, Rating, Turn
from bot.errors import MissingFileError, UsageError, WellspokenError
from knowledge.access import normal_groups

if TYPE_CHECKING:
    from bot.engine import Engine

AT_ONCE = 4
_KEYS = frozenset({"question", "rating", "reason", "correction", "groups", "author"})


class Ratings(Protocol):
    """Where ratings are kept."""

    async def rate(self, feedback: Feedback, /) -> None: ...


@dataclass(frozen=True, slots=True)
class RatedLine:
    """A line of the file. ``author`` is who said it, by any name; the operator where none is
    named."""

    number: int
    question: str
    rating: Rating
    reason: str = ""
    correction: str = ""
    groups: frozenset[str] = frozenset()
    author: str = ""

    @property
    def key(self) -> str:
        """The same line again is the same turn."""
        said = json.dumps([self.question, sorted(self.groups), self.author])
        return f"ratings:{hashlib.sha256(said.encode()).hexdigest()[:24]}"


@dataclass(slots=True)
class Imported:
    """What came of a file: ``failed`` are lines with the reason, numbered from 1."""

    ratings: Counter[Rating] = field(default_factory=Counter)
    corrections: int = 0
    failed: list[tuple[int, str]] = field(default_factory=list)


def read_lines(path: Path) -> tuple[list[RatedLine], list[tuple[int, str]]]:
    """The lines of a JSON Lines file, and what is wrong with others. Raises MissingFileError,
    UsageError for what is no text."""
    if path.is_dir():
        raise UsageError(f"{path} is a folder; name a JSON Lines file.")
    if not path.is_file():
        raise MissingFileError(path=path)
    try:
        text = path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} cannot be read as UTF-8 text; check the file.") from error
    good: list[RatedLine] = []
    bad: list[tuple[int, str]] = []
    for number, line in enumerate(text.split("\n"), 1):  # JSON may hold other ends of lines
        if not line.strip():
            continue
        try:
            good.append(_line(number, json.loads(line)))
        except (ValueError, RecursionError) as error:
            unread = isinstance(error, json.JSONDecodeError | RecursionError)
            bad.append((number, "not JSON" if unread else str(error)))
    return good, bad


def _line(number: int, said: object) -> RatedLine:
    """Raises ValueError, in words."""
    if not isinstance(said, Mapping):
        raise ValueError('no object; write {"question": "…", "rating": "up"}')  # noqa: TRY004 - as bad JSON
    if unknown := sorted(set(said) - _KEYS):
        raise ValueError(f"{unknown[0]} is not known; the keys are {', '.join(sorted(_KEYS))}")
    texts = {key: _text(said, key) for key in ("question", "reason", "correction", "author")}
    if not texts["question"]:
        raise ValueError("question is missing")
    if said.get("rating") not in tuple(Rating):
        raise ValueError('rating is "up" or "down"')
    return RatedLine(number, rating=Rating(said["rating"]), groups=_groups(said), **texts)


def _text(said: Mapping[str, Any], key: str) -> str:
    value = said.get(key, "")
    if not isinstance(value, str):
        raise ValueError(f"{key} is a text")  # noqa: TRY004 - as bad JSON
    return value.strip()


def _groups(said: Mapping[str, Any]) -> frozenset[str]:
    value = said.get("groups", [])
    if not isinstance(value, list) or not all(isinstance(group, str) for group in value):
        raise ValueError("groups is a list of names")
    return normal_groups(value)


async def import_ratings(
    engine: Engine,
    ratings: Ratings,
    lines: Sequence[RatedLine],
    tick: Callable[[int], None],
) -> Imported:
    """Ask each question and keep its rating; ``tick`` hears how many are done. The same file again
    asks nothing and changes nothing."""
    done = Imported()
    places = asyncio.Semaphore(AT_ONCE)
    finished = 0

    async def one(line: RatedLine) -> None:
        nonlocal finished
        async with places:
            try:
                await ratings.rate(_feedback(line, await _answered(engine, line)))
            except WellspokenError as error:
                done.failed.append((line.number, str(error)))
            else:
                done.ratings[line.rating] += 1
                done.corrections += bool(line.correction)
        finished += 1
        tick(finished)

    async with asyncio.TaskGroup() as asking:  # a fault in one ends the others
        for line in lines:
            asking.create_task(one(line))
    done.failed.sort()
    return done


async def _answered(engine: Engine, line: RatedLine) -> Turn:
    author = Author(Platform.TERMINAL, line.author or "operator")
    question = Question(line.question, author, Principal(line.groups), key=line.key)
    turn = await engine.answer(question)
    if turn.outcome is Outcome.ERROR:
        raise WellspokenError(turn.error or "The question was not answered; see the log.")
    return turn


def _feedback(line: RatedLine, turn: Turn) -> Feedback:
    return Feedback(
        turn.id,
        Author(Platform.TERMINAL, line.author or "operator"),
        line.rating,
        line.reason,
        line.correction,
        expert=not line.author,
    )
