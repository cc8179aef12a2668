"""Several places under one name."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

from knowledge.document import FailedDocument
from knowledge.sources.base import Item, Skipped, Source


class JoinedSource:
    """Sources that share a name, read as one: read one after the other, each would remove what
    the one before it brought."""

    def __init__(self, sources: Sequence[Source]) -> None:
        self._sources = tuple(sources)
        (self.name,) = {source.name for source in sources}

    async def items(self) -> AsyncIterator[Item | Skipped | FailedDocument]:
        """Everything, in the order of the places."""
        for source in self._sources:
            async for each in source.items():
                yield each

    async def close(self) -> None:
        """Close every place."""
        for source in self._sources:
            await source.close()


def joined(sources: Sequence[Source]) -> list[Source]:
    """The sources with those of the same name made one, in the order of their names' first."""
    named: dict[str, list[Source]] = {}
    for source in sources:
        named.setdefault(source.name, []).append(source)
    return [s[0] if len(s) == 1 else JoinedSource(s) for s in named.values()]
