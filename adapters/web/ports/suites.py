"""What the suites room needs of the application: fulfilled by ``adapters.suites``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from adapters.excerpts import Excerpt
from adapters.suites import Done, Wish
from bot.store.suites import CaseDraft, CaseState, SuiteCase, SuiteLine


class Suites(Protocol):
    """Cases that were proposed, and what operators say of them. What is not there raises
    NotFoundError."""

    async def suites(self) -> Sequence[SuiteLine]:
        """Every suite with its counts."""
        ...

    async def counts(self, name: str, /) -> SuiteLine: ...

    async def cases(
        self, name: str, state: CaseState | None = None, limit: int | None = None, offset: int = 0
    ) -> Sequence[SuiteCase]:
        """Cases in the order of their proposal."""
        ...

    async def excerpts(self, cases: Sequence[SuiteCase], /) -> Mapping[str, Excerpt]:
        """Their quotes with what stands around them, by the case's id."""
        ...

    async def find(self, suite: str, case: str, /) -> SuiteCase: ...

    async def last(self, suite: str, by: str, since: datetime, /) -> Sequence[SuiteCase]:
        """What an operator decided last, since a moment: one case, or all of a deed."""
        ...

    async def approve(self, id: str, by: str, edited: CaseDraft | None = None) -> SuiteCase:  # noqa: A002 - as there
        """Take a case into its suite; raises UsageError for what is no case."""
        ...

    async def decide(self, ids: Sequence[str], state: CaseState, by: str, /) -> None:
        """The same decision on several."""
        ...

    async def undo(self, id: str, by: str, /) -> SuiteCase: ...  # noqa: A002 - as there

    async def propose(self, name: str, wish: Wish, /) -> Done:
        """Propose cases; raises UsageError where there is nothing to make them of."""
        ...
