"""An answer in the making: what was shown so far, what carries it, how long it took."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from time import perf_counter
from typing import Protocol

from bot.citing import CitationBook
from bot.conversation import Outcome, Usage
from bot.evidence import Claim, Rejected
from bot.ports import GroundingCheck, Verdict
from bot.sentences import Piece
from bot.telemetry import log
from bot.tracing import past

Show = Callable[[str], Awaitable[None]]
"""Takes the pieces of an answer as they pass the check; joined they are ``turn.answer``."""


async def silent(_text: str) -> None:
    """Show nothing."""


@dataclass(slots=True)
class Stopwatch:
    """Wall time of each stage, in milliseconds."""

    timings: dict[str, float] = field(default_factory=dict)
    begun: float = field(default_factory=perf_counter)
    _last: float = field(default_factory=perf_counter)

    def lap(self, stage: str) -> None:
        """The time since the last lap belongs to ``stage``."""
        now = perf_counter()
        self.timings[stage] = round(self.timings.get(stage, 0.0) + (now - self._last) * 1000, 2)
        past(stage, now - self._last)
        self._last = now

    def mark(self, stage: str) -> None:
        """The time since the beginning, once."""
        self.timings.setdefault(stage, round((perf_counter() - self.begun) * 1000, 2))


@dataclass(slots=True)
class Reply:
    """What becomes the answer of a turn."""

    show: Show
    watch: Stopwatch
    text: str = ""
    outcome: Outcome = Outcome.ANSWERED
    claims: list[Claim] = field(default_factory=list)
    rejected: list[Rejected] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    book: CitationBook = field(default_factory=lambda: CitationBook(()))
    usage: Usage = field(default_factory=Usage)
    model: str = ""
    error: str = ""

    def spend(self, usage: Usage) -> None:
        """Count what a model charged."""
        self.usage += usage

    async def say(self, piece: str) -> None:
        """Show a piece and keep it. Where showing fails the answer is made all the same: whoever
        asked for it still gets the whole."""
        if not self.text:
            piece = piece.lstrip()
            self.watch.mark("first_sentence")
        if piece:
            self.text += piece
            try:
                await self.show(piece)
            except Exception:  # noqa: BLE001 - a reader that is gone must not cost the turn
                log.exception("the answer cannot be shown as it is written, it comes as a whole")
                self.show = silent


class PassOn(Protocol):
    """Takes a sentence through a check into the answer; ``None``: through the answer's own."""

    async def __call__(self, piece: Piece, check: GroundingCheck | None = None) -> None: ...


class Certain:
    """A :class:`~bot.ports.GroundingCheck` of a sentence that was made of a passage."""

    def __init__(self, passage: int, quote: tuple[int, int]) -> None:
        self._verdict = Verdict(True, 1.0, passage, quote)

    async def check(self, sentence: str, cited: Sequence[int] = ()) -> Verdict:  # noqa: ARG002
        return self._verdict
