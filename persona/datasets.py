"""Data sets that were built: what they hold, where their files are, and whose words are in them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from bot.errors import NotFoundError
from bot.store.base import Database
from persona.tables import dataset_examples, datasets

_BATCH = 5_000
_newest_first = (datasets.c.at.desc(), datasets.c.id.desc())


@dataclass(frozen=True, slots=True)
class Dataset:
    """A built data set. ``persona`` is its label (name and version), ``dropped`` counts what was
    left out by reason, ``digest`` is the SHA-256 of both files."""

    id: str
    format: str
    persona: str
    examples: int
    train: int
    validation: int
    dropped: dict[str, int]
    card: dict[str, Any]
    digest: str
    train_file: Path
    validation_file: Path
    at: datetime


@dataclass(frozen=True, slots=True)
class Lineage:
    """Where a line comes from: ``line`` counts from 0 in the file of its ``split``.

    ``asker`` and ``author`` are keys; ``author`` is whose words the taught answer is, empty: the
    bot's own or an operator's.
    """

    split: str
    line: int
    turn: str
    asker: str
    author: str = ""


class DatasetBook:
    """The data sets of a home."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def add(self, dataset: Dataset, lines: Iterable[Lineage]) -> None:
        """Keep a data set with the lineage of its lines, all or nothing."""
        row = asdict(dataset) | {
            "train_file": str(dataset.train_file),
            "validation_file": str(dataset.validation_file),
        }
        kept = list(lines)

        def op(connection: sa.Connection) -> None:
            connection.execute(sa.insert(datasets), row)
            rows = (
                {
                    "dataset_id": dataset.id,
                    "position": position,
                    "split": line.split,
                    "line": line.line,
                    "turn_id": line.turn,
                    "asker": line.asker,
                    "author": line.author,
                }
                for position, line in enumerate(kept)
            )
            while batch := list(islice(rows, _BATCH)):
                connection.execute(sa.insert(dataset_examples), batch)

        await self._db.write(op)

    async def get(self, id: str) -> Dataset:  # noqa: A002 - the store's own word
        """The data set with this id. Raises NotFoundError."""
        found = await self._select(sa.select(datasets).where(datasets.c.id == id))
        if not found:
            raise NotFoundError(kind="data set", id=id)
        return found[0]

    async def newest(self, format: str | None = None) -> Dataset | None:  # noqa: A002 - its word
        """The data set that was built last, of a format where one is named."""
        query = sa.select(datasets).order_by(*_newest_first).limit(1)
        if format is not None:
            query = query.where(datasets.c.format == format)
        return next(iter(await self._select(query)), None)

    async def listing(self) -> list[Dataset]:
        """All data sets, the newest first."""
        return await self._select(sa.select(datasets).order_by(*_newest_first))

    async def examples(
        self,
        id: str,  # noqa: A002 - the store's own word
        limit: int | None = None,
        offset: int = 0,
    ) -> list[Lineage]:
        """Where each line comes from, the training file first; empty for an unknown id."""
        query = (
            sa.select(dataset_examples)
            .where(dataset_examples.c.dataset_id == id)
            .order_by(dataset_examples.c.position)
            .limit(limit)
            .offset(offset)
        )
        return await self._lineage(query)

    async def turns(self, id: str) -> list[str]:  # noqa: A002 - the store's own word
        """The turns of a data set, each once, in the order of its lines."""
        return list(dict.fromkeys(line.turn for line in await self.examples(id)))

    async def with_person(self, author: str) -> dict[str, list[Lineage]]:
        """The lines that come of a person's question or teach a person's words, by data set."""
        lines = dataset_examples
        query = (
            sa.select(lines)
            .where(sa.or_(lines.c.asker == author, lines.c.author == author))
            .order_by(lines.c.dataset_id, lines.c.position)
        )

        def op(connection: sa.Connection) -> dict[str, list[Lineage]]:
            found: dict[str, list[Lineage]] = {}
            for row in connection.execute(query):
                found.setdefault(row.dataset_id, []).append(_lineage_of(row))
            return found

        return await self._db.read(op)

    async def _select(self, query: sa.Select[Any]) -> list[Dataset]:
        def op(connection: sa.Connection) -> Sequence[sa.Row[Any]]:
            return connection.execute(query).all()

        return [_dataset_of(row) for row in await self._db.read(op)]

    async def _lineage(self, query: sa.Select[Any]) -> list[Lineage]:
        def op(connection: sa.Connection) -> list[Lineage]:
            return [_lineage_of(row) for row in connection.execute(query)]

        return await self._db.read(op)


def _dataset_of(row: sa.Row[Any]) -> Dataset:
    values = dict(row._mapping)  # of SQLAlchemy: public
    files = {name: Path(values[name]) for name in ("train_file", "validation_file")}
    return Dataset(**values | files)


def _lineage_of(row: sa.Row[Any]) -> Lineage:
    return Lineage(row.split, row.line, row.turn_id, row.asker, row.author)
