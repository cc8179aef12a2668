"""From a version back to the turns and people that its data set was made of."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

from bot.errors import NotFoundError
from bot.store.base import Database
from persona.tables import dataset_examples, datasets


@dataclass(frozen=True, slots=True)
class Lineage:
    """What a data set was made of: how many examples, of which turns, asked or written by whom."""

    examples: int = 0
    turns: tuple[str, ...] = ()
    people: tuple[str, ...] = ()


async def lineage_of(db: Database, dataset: str, *, must_exist: bool = False) -> Lineage:
    """The lineage of a data set; nothing of one that is not known here. ``must_exist``: then it
    raises NotFoundError."""

    def op(connection: sa.Connection) -> Lineage:
        known = sa.select(datasets.c.id).where(datasets.c.id == dataset)
        if must_exist and connection.scalar(known) is None:
            raise NotFoundError(kind="data set", id=dataset)
        query = sa.select(
            dataset_examples.c.turn_id, dataset_examples.c.asker, dataset_examples.c.author
        ).where(dataset_examples.c.dataset_id == dataset)
        rows = list(connection.execute(query.order_by(dataset_examples.c.position)))
        people = {key for row in rows for key in (row.asker, row.author) if key}
        turns = tuple(dict.fromkeys(row.turn_id for row in rows if row.turn_id))
        return Lineage(len(rows), turns, tuple(sorted(people)))

    return await db.read(op)
