"""The ports of the loop from thumbs to a model, as far as a turn has to do with it."""

from __future__ import annotations

from typing import Protocol

from bot.ports import Voice


class Releases(Protocol):
    """Which version of the brand voice speaks."""

    async def voice(self, thread: str) -> Voice | None:
        """The voice of a thread: the canary's for its share of threads, else the live version's.

        ``None``: no version is released. The same thread keeps its voice for as long as the
        release stays. Looks at the database once in a few seconds and never fails: what was
        known last stays.
        """
        ...


class StyleCheck(Protocol):
    """How well an answer keeps to the persona."""

    async def __call__(self, text: str) -> float | None:
        """0 to 1; ``None`` where it cannot be told. Never fails."""
        ...
