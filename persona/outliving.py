"""Data sets that outlive the turns they were built from, or the consent of those whose words are in
them: marked, so that whoever trains sees it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from bot.store.base import Database
from bot.store.consent import ConsentLedger
from bot.store.tables import turns
from persona.tables import dataset_examples, datasets

MARK = "turns_gone"
"""In a card: of how many lines the turn was removed because it was too old."""

WITHDRAWN = "consent_withdrawn"
"""In a card: of how many lines somebody opted out since, the asker or whose words are taught."""

_gone = (
    sa.select(dataset_examples.c.dataset_id, sa.func.count().label("lines"))
    .where(
        dataset_examples.c.turn_id != "",
        ~sa.exists().where(turns.c.id == dataset_examples.c.turn_id),
    )
    .group_by(dataset_examples.c.dataset_id)
)


async def mark_outlived(db: Database) -> tuple[str, ...]:
    """Note in each data set's card how many of its lines have no turn any more; those that were
    marked anew. Their files stay as they are: lines that may be taught were approved."""

    return await db.write(
        lambda c: _mark(c, MARK, {row.dataset_id: row.lines for row in c.execute(_gone)})
    )


async def mark_withdrawn(db: Database, author: str) -> tuple[str, ...]:
    """After a choice of a person: note in the cards of the data sets that hold their words how many
    lines would be left out today; those that were marked anew. The files stay as they are.

    Who said nothing counts as they did when it was built.
    """
    theirs = sa.or_(dataset_examples.c.asker == author, dataset_examples.c.author == author)
    named = sa.select(dataset_examples.c.dataset_id).where(theirs).distinct()
    found = await db.read(lambda c: sorted(c.scalars(named)))
    ledger = ConsentLedger(db)
    counts = {dataset: await _refused(db, ledger, dataset) for dataset in found}
    return await db.write(lambda c: _mark(c, WITHDRAWN, counts))


async def _refused(db: Database, ledger: ConsentLedger, dataset: str) -> int:
    """How many lines of a data set somebody refuses."""
    query = (
        sa.select(dataset_examples.c.asker, dataset_examples.c.author, turns.c.channel)
        .join(turns, turns.c.id == dataset_examples.c.turn_id, isouter=True)
        .where(dataset_examples.c.dataset_id == dataset)
    )
    lines: Sequence[Any] = await db.read(lambda c: c.execute(query).all())
    people = {key for line in lines for key in (line.asker, line.author) if key}
    overall, channels = await ledger.standing(people)

    def refuses(key: str, channel: str | None) -> bool:
        return channels.get((key, channel or ""), overall.get(key)) is False

    return sum(refuses(x.asker, x.channel) or refuses(x.author, x.channel) for x in lines)


def _mark(connection: sa.Connection, mark: str, counts: Mapping[str, int]) -> tuple[str, ...]:
    """Put numbers into cards, 0 only in place of another; the data sets that changed."""
    marked = []
    for dataset in sorted(counts):
        here = datasets.c.id == dataset
        card = connection.scalar(sa.select(datasets.c.card).where(here)) or {}
        if card.get(mark, 0) != counts[dataset]:
            changed = {**card, mark: counts[dataset]}
            connection.execute(sa.update(datasets).where(here).values(card=changed))
            marked.append(dataset)
    return tuple(marked)
