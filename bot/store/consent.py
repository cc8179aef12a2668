"""Whether what a person writes may be used to improve the bot: their choices, never changed.

A choice holds everywhere, or in one channel; the last word counts, so that one that holds
everywhere takes back what was said for channels before.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from bot.errors import UsageError
from bot.store.base import Database
from bot.store.chat_tables import consent
from bot.store.timing import utc_now

_BATCH = 500
_CHANNEL = re.compile(r"slack:[CDG][A-Z0-9]+|discord:[0-9]+|web|widget|api|playground")
"""Channels as turns name theirs. A Slack name such as ``#support`` is no id: it may change, and
another channel may take it."""

_authors: sa.BindParameter[object] = sa.bindparam("authors", expanding=True)
_in_order = (
    sa.select(consent.c.author, consent.c.channel, consent.c.allowed)
    .where(consent.c.author.in_(_authors))
    .order_by(consent.c.id)
)


class NoChannelError(UsageError):
    """Name the channel by its id, like slack:C0G9QF9GZ or discord:1234; leave it empty for
    everywhere."""


def is_channel(channel: str) -> bool:
    """Whether turns can name this channel: a choice for any other would never count."""
    return bool(_CHANNEL.fullmatch(channel))


@dataclass(frozen=True, slots=True)
class ConsentChoice:
    """A line of the ledger. ``channel``: empty for everywhere; ``source``: the way it came."""

    author: str
    allowed: bool
    at: datetime
    channel: str = ""
    source: str = ""

    @property
    def counts(self) -> bool:
        """Whether the choice can hold for any turn: older ones may name no channel's id."""
        return not self.channel or is_channel(self.channel)


class ConsentLedger:
    """The choices in a database. An author is a key like ``slack:U024BE7LH``, a channel one like
    ``slack:C0G9QF9GZ``, as turns name theirs."""

    def __init__(self, db: Database, clock: Callable[[], datetime] = utc_now) -> None:
        self._db = db
        self._clock = clock

    async def choose(
        self, author: str, allowed: bool, *, channel: str = "", source: str = ""
    ) -> None:
        """Add an author's choice; the ones before stay on record. Raises NoChannelError."""
        if channel and not is_channel(channel):
            raise NoChannelError
        row = {
            "author": author,
            "allowed": allowed,
            "at": self._clock(),
            "channel": channel,
            "source": source,
        }
        await self._db.write(
            lambda connection: connection.execute(sa.insert(consent), row).rowcount
        )

    async def choice(self, author: str, channel: str = "") -> bool | None:
        """The choice that counts for an author, in a channel or where none is named; ``None`` where
        none was made."""
        overall, channels = await self.standing([author])
        return channels.get((author, channel), overall.get(author))

    async def choices(self, authors: Iterable[str]) -> dict[str, bool]:
        """Of those authors who made one, the choice that holds everywhere. Who opted out in a
        channel counts as having opted out: for those who do not know the channel."""
        overall, channels = await self.standing(authors)
        refused = {author: False for (author, _), allowed in channels.items() if not allowed}
        return overall | refused

    async def standing(
        self, authors: Iterable[str]
    ) -> tuple[dict[str, bool], dict[tuple[str, str], bool]]:
        """The choices that count: those for everywhere by author, and those that differ for a
        channel by author and channel."""
        wanted = sorted(set(authors))

        def op(
            connection: sa.Connection,
        ) -> tuple[dict[str, bool], dict[tuple[str, str], bool]]:
            overall: dict[str, bool] = {}
            channels: dict[tuple[str, str], bool] = {}
            for start in range(0, len(wanted), _BATCH):
                batch = {"authors": wanted[start : start + _BATCH]}
                for row in connection.execute(_in_order, batch):
                    if row.channel:
                        channels[row.author, row.channel] = row.allowed
                        continue
                    overall[row.author] = row.allowed
                    for pair in [pair for pair in channels if pair[0] == row.author]:
                        del channels[pair]
            return overall, channels

        return await self._db.read(op)

    async def listing(
        self, author: str | None = None, *, limit: int | None = None
    ) -> list[ConsentChoice]:
        """The lines of the ledger, newest first; of one author or of all."""
        query = sa.select(
            consent.c.author, consent.c.allowed, consent.c.at, consent.c.channel, consent.c.source
        ).order_by(consent.c.id.desc())
        if author is not None:
            query = query.where(consent.c.author == author)
        return await self._db.read(
            lambda c: [ConsentChoice(**row._asdict()) for row in c.execute(query.limit(limit))]
        )
