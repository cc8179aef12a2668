"""Pairs for DPO from two turns: the same question, the same facts, one answer liked, one not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from bot.facts import Kind, facts
from persona.curation.preparing import Ready
from persona.curation.selecting import Kept
from persona.curation.showing import chunks_of, renumbered


@dataclass(frozen=True, slots=True)
class _Liked:
    """The better half, already on disk, and the numbers of its passages."""

    kept: Kept
    completion: str
    chunks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Disliked:
    turn: str
    asker: str
    thread: str
    text: str
    cited: dict[int, str]


class Pairs:
    """Halves that wait for each other."""

    def __init__(self) -> None:
        self._liked: dict[str, list[_Liked]] = {}
        self._disliked: dict[str, list[_Disliked]] = {}

    def like(self, ready: Ready, kept: Kept) -> None:
        """An answer that was liked, as kept on disk."""
        half = _Liked(kept, ready.completion, chunks_of(ready.shown))
        self._liked.setdefault(_key(ready), []).append(half)

    def dislike(self, ready: Ready) -> None:
        """An answer that was not."""
        turn = ready.candidate.turn
        half = _Disliked(turn.id, turn.author.key, turn.thread, ready.completion, _places(ready))
        self._disliked.setdefault(_key(ready), []).append(half)

    @property
    def halves(self) -> int:
        """How many answers there are in all."""
        liked = sum(len(halves) for halves in self._liked.values())
        return liked + sum(len(halves) for halves in self._disliked.values())

    def made(self) -> Iterator[Kept]:
        """The pairs, each answer in one at most."""
        for key, liked in self._liked.items():
            left = list(self._disliked.get(key, ()))
            for half in liked:
                found = next(((n, t) for n, o in enumerate(left) if (t := _instead(half, o))), None)
                if found is not None:
                    other = left.pop(found[0])
                    threads = tuple(dict.fromkeys((*half.kept.threads, other.thread)))
                    both = other.turn, other.asker
                    yield replace(half.kept, threads=threads, instead=found[1], other=both)


def _key(ready: Ready) -> str:
    return f"{ready.candidate.turn.route.route}\x1f{ready.question.casefold()}"


def _places(ready: Ready) -> dict[int, str]:
    """The chunk of each number in a prepared answer."""
    return dict(enumerate(chunks_of(ready.shown), 1))


def _instead(liked: _Liked, other: _Disliked) -> str:
    """The worse answer with the better one's numbers; empty where the two do not say the same."""
    if liked.completion.strip() == other.text.strip() or _stated(liked.completion) != _stated(
        other.text
    ):
        return ""
    return renumbered(other.text, other.cited, liked.chunks) or ""


def _stated(text: str) -> frozenset[tuple[str, str]]:
    return frozenset((f.kind.value, f.value) for f in facts(text) if f.kind is not Kind.NAME)
