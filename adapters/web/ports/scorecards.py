"""What the scorecards room needs: fulfilled by ``adapters.evaluation.desk``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from adapters.evaluation.desk import Story
from adapters.evaluation.standing import Standing
from bot.store.evaluation import Place, Record, RunLine


class Scorecards(Protocol):
    """Evaluations. A run or a case that is not there raises NotFoundError."""

    async def page(
        self, limit: int, after: Place | None = None, suite: str = ""
    ) -> Sequence[RunLine]:
        """Runs, the newest first, those behind the place ``after``."""
        ...

    async def asked(self) -> Sequence[tuple[str, int]]:
        """The suites that were asked, with their numbers of runs."""
        ...

    async def of_suite(self, suite: str, until: RunLine | None = None) -> Sequence[RunLine]:
        """The last runs of a suite up to one, the oldest first."""
        ...

    async def comparable(self, line: RunLine) -> Sequence[RunLine]:
        """The other runs of its suite, the newest first."""
        ...

    async def line(self, run: str, /) -> RunLine: ...

    async def story(self, run: str, against: str = "", *, tested: bool = True) -> Story:
        """A run with its cases beside another one or its baseline; ``tested``: and what differs."""
        ...

    async def case(self, run: str, case: str, /) -> tuple[RunLine, Mapping[str, Record]]:
        """What each mode said to a case."""
        ...

    async def report(self, run: str, /) -> bytes | None:
        """The page that stands alone, where it is still there."""
        ...

    async def json(self, run: str, /) -> dict[str, Any]: ...

    async def remove(self, run: str, by: str) -> RunLine:
        """Delete a run, its cases and its page."""
        ...

    async def suites(self) -> Sequence[str]:
        """The suites that can be asked."""
        ...

    async def standing(self) -> Standing | None:
        """How the run stands that was started here last."""
        ...

    async def start(
        self, suite: str, modes: Sequence[str], *, baseline: str = "", by: str
    ) -> Standing:
        """Begin a run; raises UsageError where one goes on already."""
        ...

    async def cancel(self, by: str) -> None: ...
