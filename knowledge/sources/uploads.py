"""Files that operators upload, as a source: one new file beside those that are there already."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from knowledge.document import RawDocument

NAME = "uploads"
"""The source's name. It is nobody else's: to read a folder in under it would remove the uploads."""

Held = Callable[[], Awaitable[Mapping[str, int]]]
"""The files that were read in, each with how many documents it gave."""


class UploadSource:
    """A :class:`~knowledge.sources.base.Source` that holds every uploaded file, one of them to be
    read. ``file`` is its name, ``path`` where its bytes lie meanwhile.

    Files that were read in before stay as they are, whoever may read them, and come first: the
    documents of the new one do not take their names.
    """

    name = NAME

    def __init__(self, file: str, path: Path, held: Held) -> None:
        self._file = file
        self._path = path
        self._held = held
        self.beside = 0
        """Documents of the other files; known once the items were listed."""

    async def items(self) -> AsyncIterator[_New | _Kept]:
        """The others in the order of their names, then the new one."""
        held = await self._held()
        others = {file: count for file, count in held.items() if file != self._file}
        self.beside = sum(others.values())
        for file in sorted(others):
            yield _Kept(file)
        yield _New(self._file, self._path)

    async def close(self) -> None:
        """Nothing is held."""


@dataclass(frozen=True, slots=True)
class _Kept:
    """A file that stays as it is."""

    name: str

    async def load(self, known: str = "") -> None:
        """It did not change."""
        del known


@dataclass(frozen=True, slots=True)
class _New:
    """The file that was uploaded."""

    name: str
    path: Path

    async def load(self, known: str = "") -> RawDocument:
        """The file, by its path: it is opened where it is read."""
        del known
        return RawDocument(
            source=NAME,
            name=self.name,
            format=PurePosixPath(self.name).suffix.lower(),
            path=self.path,
        )
