"""What the training room needs: fulfilled by ``adapters.teaching.tuning``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from adapters.teaching.tuning import Round
from bot.settings.loop import TuningSection
from persona.tuning.base import Backend, Method, TuningJob


class Tuning(Protocol):
    """Rounds of fine-tuning. A job that is not there raises NotFoundError."""

    @property
    def usual(self) -> TuningSection:
        """What a round is like where nothing else is said."""
        ...

    async def listing(self) -> Sequence[TuningJob]:
        """All jobs, the newest first."""
        ...

    async def story(self, id: str, *, glance: bool = False) -> Round: ...  # noqa: A002 - as there

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
