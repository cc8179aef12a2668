"""What the review room needs: fulfilled by ``adapters.teaching``."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Protocol

from adapters.teaching.handing_out import Handed
from adapters.teaching.reviewing import Queue
from bot.store.reviews import Verdict
from bot.store.rewrites import Draft, LastVerdict, Rewrite
from bot.work.open_cards import Seat


class Review(Protocol):
    """What waits for an operator's verdict. Judging raises NotFoundError where it does not wait."""

    async def queue(
        self,
        limit: int | None = None,
        offset: int = 0,
        turn: str = "",
        *,
        liked: bool | None = None,
    ) -> Queue:
        """At most ``limit`` of each kind behind ``offset``; with ``turn`` what waits of that;
        ``liked``: thumbs up alone, or all but those."""
        ...

    async def waiting(self) -> int:
        """How many readers' words and proposed answers wait in all."""
        ...

    async def standing(self, turn: str, /) -> Rewrite | None:
        """The last word of an operator on what a turn may teach."""
        ...

    async def judge_words(
        self, turn: str, author: str, verdict: Verdict, by: str, draft: Draft | None = None
    ) -> None:
        """Judge what one reader said of a turn; ``draft`` is what the operator made of it."""
        ...

    async def was_right(self, turn: str, author: str, by: str) -> None:
        """The answer was right as it was, and the reader wrong."""
        ...

    async def teach(self, turn: str, by: str, draft: Draft) -> None:
        """Let the voice learn from a turn."""
        ...

    async def keep_out(self, turn: str, by: str) -> None:
        """Let nothing of a turn be taught."""
        ...

    async def take_back(self, turn: str, by: str) -> None:
        """Take back the verdicts on a turn."""
        ...

    async def judge_words_of_all(
        self, words: Sequence[tuple[str, str]], verdict: Verdict, by: str
    ) -> Sequence[tuple[str, str]]:
        """Judge words (turn, author) in one go; those that still waited."""
        ...

    async def judge_liked_of_all(
        self, turns: Sequence[str], verdict: Verdict, by: str
    ) -> Sequence[str]:
        """Approve liked answers, or keep them out, in one go; those that nobody had judged."""
        ...

    async def take_back_own(self, turns: Sequence[str], by: str) -> Sequence[str]:
        """Take back an operator's own verdicts on some turns; of which."""
        ...

    async def last(self, by: str, since: datetime) -> LastVerdict | None:
        """What an operator did last, since a moment."""
        ...

    async def judge_answer(
        self, turn: str, verdict: Verdict, by: str, *, groups: frozenset[str] | None = None
    ) -> None:
        """Judge the proposed answer of a turn; ``groups`` may read it, ``None``: those who could.
        Raises UsageError where it has to be said."""
        ...


class HandingOut(Protocol):
    """The queue for several people at once: what is open in front of one is not given to another.

    A ``seat`` is a page in front of somebody."""

    async def page(self, seat: Seat, limit: int, offset: int = 0, *, liked: bool = False) -> Handed:
        """At most ``limit`` of each kind of a tab."""
        ...

    async def one(self, seat: Seat, turn: str) -> Handed:
        """What waits of a turn, whoever has it open."""
        ...

    async def more(self, seat: Seat, limit: int, *, liked: bool = False) -> Handed:
        """What comes behind what the page shows already."""
        ...

    async def keep(self, seat: Seat, turns: Sequence[str], *, liked: bool = False) -> Handed:
        """Keep open what a page shows; ``holders`` tells who has what it lost."""
        ...

    async def leave(self, seat: Seat) -> None:
        """Close what a page has open."""
        ...

    async def judged(self, seat: Seat, turns: Iterable[str]) -> None:
        """Close cards that were judged."""
        ...
