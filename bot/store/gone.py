"""Words that were erased, to look for in the bytes of the file; and erasures that were cut off.

Which words they were is known only while they are erased. Whoever is killed then has said before
that they began: the next one writes the file anew instead of looking.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import sqlalchemy as sa

from bot.store.base import Database, insert
from bot.store.columns import Moment, Words
from bot.store.tables import messages

_MOST_TEXT = 50_000_000
"""Characters of what went that are kept in mind."""
_LONGEST = 1024
_PIECE, _TELLING = 128, 16
"""Characters of what is looked for: at most, and at least, since less is found by chance."""
_AT_ONCE = 10_000
_BEGUN = "unfinished:"

# The leases belong to bot.work, which stands on the store.
_leases = sa.Table(
    "leases",
    sa.MetaData(),
    sa.Column("name", Words, primary_key=True),
    sa.Column("owner", Words),
    sa.Column("token", sa.BigInteger),
    sa.Column("until", Moment),
)


@dataclass(slots=True)
class Gone:
    """What people had written, cut to 1,024 characters; ``too_many``: not all is kept in mind."""

    words: list[str] = field(default_factory=list)
    too_many: bool = False
    _room: int = _MOST_TEXT

    def add(self, texts: Iterable[str]) -> None:
        for text in texts:
            if len(text) < _TELLING:
                continue
            self._room -= min(len(text), _LONGEST)
            if self._room < 0:
                self.too_many = True
                return
            self.words.append(text[:_LONGEST])


async def scrub(db: Database, tables: Sequence[str], gone: Gone, traces: Sequence[str]) -> None:
    """Have the bytes gone too: of ``traces``, and of words that nobody else wrote. Where any is
    found the file is written anew. Raises StorageError."""
    if gone.too_many:
        await db.compact(tables)
        return
    words = await left_out(db, gone.words)
    await db.scrub(tables, [*traces, *pieces(words)])


async def left_out(db: Database, words: Sequence[str]) -> list[str]:
    """Those of some texts that nobody else wrote: they may be nowhere in the file."""
    there: set[str] = set()
    start = sa.func.substr(messages.c.text, 1, _LONGEST)
    for at in range(0, len(words), _AT_ONCE):
        query = sa.select(start).where(start.in_(words[at : at + _AT_ONCE]))
        there.update(await db.read(lambda c, query=query: list(c.scalars(query))))  # type: ignore[misc]  # bound now
    return [word for word in words if word not in there]


def pieces(words: Iterable[str]) -> Iterator[str]:
    """What is looked for of texts."""
    for word in words:
        for at in range(0, len(word), _PIECE):
            if len(piece := word[at : at + _PIECE]) >= _TELLING:
                yield piece


async def begin(db: Database, what: str) -> bool:
    """Say that words are being erased; whether somebody had said so and was cut off."""
    row = {"name": _BEGUN + what, "owner": "", "token": 0, "until": datetime.now(UTC)}

    def op(connection: sa.Connection) -> bool:
        new = insert(connection, _leases).on_conflict_do_nothing(index_elements=["name"])
        return connection.execute(new, row).rowcount == 0

    return await db.write(op)


async def finish(db: Database, what: str) -> None:
    """Say that the bytes are gone too."""
    done = sa.delete(_leases).where(_leases.c.name == _BEGUN + what)
    await db.write(lambda connection: connection.execute(done).rowcount)
