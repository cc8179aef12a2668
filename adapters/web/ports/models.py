"""What the models room needs from the application."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from adapters.release.releasing import CanaryStory, VersionStory
from persona.registry import Change, ModelVersion, Promotion, Release, Trial


class Models(Protocol):
    """Versions of the voice. Changing raises NotFoundError, UsageError, ReleaseError."""

    async def listing(self, author: str = "") -> Sequence[tuple[ModelVersion, float]]:
        """Every version with its share of threads, the newest first."""
        ...

    async def story(self, version: str, /) -> VersionStory: ...

    async def of_model(self, model: str, /) -> ModelVersion | None:
        """The version that is a model of this name."""
        ...

    async def release(self) -> Release: ...

    async def canary(self) -> CanaryStory | None: ...

    async def undone(self) -> Trial | None:
        """The last canary, where it was rolled back by itself."""
        ...

    async def history(self) -> Sequence[Promotion]:
        """Every change of what is live, the newest first."""
        ...

    def remarks(self) -> tuple[str, ...]:
        """What keeps the registry from deciding who speaks."""
        ...

    def usual_suites(self) -> Sequence[str]:
        """What ``[release]`` says that a version is held to."""
        ...

    async def check_gate(self, version: str, suites: Sequence[str]) -> None:
        """Look whether a version can be held to suites; raises UsageError, NotFoundError."""
        ...

    async def promote(
        self, version: str, *, by: str, force: bool = False, reason: str = ""
    ) -> Change: ...

    async def start_canary(
        self, version: str, share: float, *, by: str, force: bool = False, reason: str = ""
    ) -> Trial: ...

    async def roll_back(self, *, by: str, reason: str = "") -> Change: ...
