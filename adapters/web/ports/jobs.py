"""What the jobs room needs: fulfilled by ``adapters.jobs.desk``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from adapters.jobs.desk import Line


class JobList(Protocol):
    """Long work, as operators see it."""

    async def listing(
        self, kind: str = "", status: str = "", *, limit: int | None = None, before: str = ""
    ) -> Sequence[Line]:
        """Jobs, the newest first, those put before the job ``before``. Raises UsageError for a kind
        or a status that there is not."""
        ...

    async def show(self, id: str, /) -> Line:  # noqa: A002 - the store's own word
        """One job; raises NotFoundError."""
        ...

    async def parts(self, id: str, /) -> Sequence[Line]:  # noqa: A002 - the store's own word
        """The jobs that a job put."""
        ...

    async def cancel(self, id: str, /, by: str) -> Line:  # noqa: A002 - the store's own word
        """Wish for the end of a job; raises NotFoundError, UsageError where it is over."""
        ...

    async def resume(self, id: str, /, by: str) -> Line:  # noqa: A002 - the store's own word
        """Have a job go on; raises NotFoundError, UsageError where it cannot."""
        ...

    async def read_source(self, source: str, /, by: str) -> Line:
        """Put the job that reads a source, or the one that is there."""
        ...

    async def reindex(self, by: str, /) -> Line:
        """Put the job that builds the index anew, or the one that is there."""
        ...

    async def build_dataset(self, format: str, /, by: str) -> Line:  # noqa: A002 - its own word
        """Put a job that builds a data set; raises UsageError for a format that there is not."""
        ...

    async def hold_to_gate(self, version: str, suites: Sequence[str], by: str) -> Line:
        """Put the job that holds a version to suites, or the one of that version that is there."""
        ...
