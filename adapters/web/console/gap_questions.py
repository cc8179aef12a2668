"""The questions of a gap, those in the same words as one line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bot.store.gaps import Asked


@dataclass(frozen=True, slots=True)
class Alike:
    """A question and everybody's asking of it in these words, the newest first."""

    question: str
    asked: tuple[Asked, ...]


def alike(asked: Sequence[Asked]) -> list[Alike]:
    """Questions in the order of their newest asking; how letters are written, spaces and marks at
    the end make no other question."""
    same: dict[str, list[Asked]] = {}
    for one in asked:
        words = " ".join(one.question.casefold().split()).rstrip("?!. ")
        same.setdefault(words, []).append(one)
    return [Alike(found[0].question, tuple(found)) for found in same.values()]
