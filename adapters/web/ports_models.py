"""What the models room needs from the application."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from adapters.releasing import CanaryStory, VersionStory
from persona.registry import Change, ModelVersion, Promotion, Release, Trial


class Models(Protocol):
    """Versions of the voice. Changing raises NotFoundError, UsageError, ReleaseError."""

    async def listing(self, author: str = "") -> Sequence[tuple[ModelVersion, float]]:
        """Every version with its share of threads, the newest first."""
        ...

    async def story(self, version: str, /) -> VersionStory: ...

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

    async def promote(
        self, version: str, *, by: str, force: bool = False, reason: str = ""
    ) -> Change: ...

    async def start_canary(
        self, version: str, share: float, *, by: str, force: bool = False, reason: str = ""
    ) -> Trial: ...

    async def roll_back(self, *, by: str, reason: str = "") -> Change: ...


class Tuning(Protocol):
    """Rounds of fine-tuning. A job that is not there raises NotFoundError."""

    @property
    def usual(self) -> TuningSection:
        """What a round is like where nothing else is said."""
        ...

    async def listing(self) -> Sequence[TuningJob]:
        """All jobs, the newest first."""
        ...

    async def story(self, id: str) -> Round: ...  # noqa: A002 - as there

    async def start(
        self,
        *,
        by: str,
        backend: Backend | None = None,
        method: Method | None = None,
        base: str | None = None,
    ) -> TuningJob:
        """Begin a round with the method's newest data set."""
        ...

    async def cancel(self, id: str, by: str) -> TuningJob: ...  # noqa: A002 - as there

    async def resume(self, id: str, *, by: str) -> TuningJob:  # noqa: A002 - as there
        """Take a failed job up again that can go on."""
        ...
