"""What the rooms of turns need: fulfilled by ``bot.store.turn_list`` and ``adapters.trying``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from adapters.trials import Choices, Trial, Tried
from bot.conversation import Author
from bot.store.turn_list import Look, Place, Wanted


class TurnList(Protocol):
    """Stored turns as lines of a list."""

    async def look(
        self, wanted: Wanted, limit: int, after: Place | None = None, *, count: bool = False
    ) -> Look:
        """Turns newest first, those behind the place ``after``, and how far that led."""
        ...

    async def channels(self) -> Sequence[str]:
        """Channels that turns name."""
        ...

    async def models(self) -> Sequence[str]:
        """Models that answered."""
        ...


class Trials(Protocol):
    """Questions tried out, with nothing kept."""

    async def choices(self) -> Choices:
        """Who may be asked, and with whose eyes."""
        ...

    async def ask(self, trial: Trial, by: Author, *, keep: bool = False) -> Tried:
        """Ask it; with ``keep`` it is a turn among the others. Raises NotFoundError for a choice
        that is not there, UsageError for a question that cannot be asked."""
        ...
