"""The threads in which the bot takes part: who spoke last, and whether it was meant.

Only who spoke and when is kept here, never a word: people who talk to each other in a thread have
not asked the bot to remember what they say.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from bot.store.base import Database, insert
from bot.store.chat_tables import participation
from bot.store.timing import utc_now

ANSWERS, HANDOFF = "answers", "handoff"
_REMEMBERED = 12
_LOOKED_AT = 200

_row = sa.select(participation).where(participation.c.key == sa.bindparam("key"))
_latest_in = (
    sa.select(participation)
    .where(participation.c.channel_key == sa.bindparam("channel"))
    .order_by(participation.c.updated_at.desc(), participation.c.key.desc())
    .limit(sa.bindparam("most"))
)
_channels = (
    sa.select(participation.c.channel_key)
    .where(participation.c.channel_key.startswith(sa.bindparam("prefix"), autoescape=False))
    .group_by(participation.c.channel_key)
    .order_by(sa.func.max(participation.c.updated_at).desc())
    .limit(sa.bindparam("most"))
)


@dataclass(frozen=True, slots=True)
class Utterance:
    """That somebody spoke in a thread.

    ``author`` is a key like ``slack:U024BE7LH``, or ``bot`` for the bot itself, of which is noted
    whether it ``asked`` something, and whether that was an offer to its asker (``offered``).
    """

    author: str
    at: datetime
    for_bot: bool
    asked: bool = False
    offered: bool = False


@dataclass(frozen=True, slots=True)
class ThreadRecord:
    """A thread in which the bot takes part.

    ``key`` is the place's, like ``slack:T1:C1:171.1``. ``role`` is ``answers`` (then
    ``conversation`` is the engine's thread) or ``handoff`` (then it is the handoff's id).
    ``heard`` are the last 12 utterances, oldest first.
    """

    key: str
    conversation: str
    role: str
    muted: bool
    heard: tuple[Utterance, ...]
    updated_at: datetime


def channel_of(key: str) -> str:
    """The key of a thread without the thread: ``slack:T1:C1`` of ``slack:T1:C1:171.1``."""
    return key.rpartition(":")[0]


def _record_of(row: sa.Row[Any]) -> ThreadRecord:
    heard = tuple(
        Utterance(
            said["author"],
            datetime.fromisoformat(said["at"]),
            said["for_bot"],
            said["asked"],
            said.get("offered", False),
        )
        for said in row.heard
    )
    return ThreadRecord(row.key, row.conversation, row.role, row.muted, heard, row.updated_at)


class Participation:
    """The bot's threads in a database."""

    def __init__(self, db: Database, clock: Callable[[], datetime] = utc_now) -> None:
        self._db = db
        self._clock = clock

    def join_in(
        self, connection: sa.Connection, key: str, conversation: str, role: str = ANSWERS
    ) -> None:
        """Take part in a thread, inside the caller's transaction.

        A thread that is known keeps what it is and counts as used now.
        """
        new = insert(connection, participation)
        upsert = new.on_conflict_do_update(
            index_elements=["key"], set_={"updated_at": new.excluded.updated_at}
        )
        row = {
            "key": key,
            "channel_key": channel_of(key),
            "conversation": conversation,
            "role": role,
            "muted": False,
            "heard": [],
            "updated_at": self._clock(),
        }
        connection.execute(upsert, row)

    def heard_in(self, connection: sa.Connection, key: str, utterance: Utterance) -> None:
        """Note that somebody spoke, inside the caller's transaction.

        The same utterance twice counts once, and a late one is put in its place. In a thread where
        the bot takes no part nothing is noted.
        """
        row = connection.execute(_row.with_for_update(), {"key": key}).one_or_none()
        if row is None:
            return
        heard = sorted({*_record_of(row).heard, utterance}, key=lambda u: (u.at, u.author))
        said = [
            {
                "author": u.author,
                "at": u.at.astimezone(UTC).isoformat(),
                "for_bot": u.for_bot,
                "asked": u.asked,
                "offered": u.offered,
            }
            for u in heard[-_REMEMBERED:]
        ]
        change = sa.update(participation).where(participation.c.key == key)
        connection.execute(change.values(heard=said, updated_at=self._clock()))

    async def find(self, key: str) -> ThreadRecord | None:
        """The thread with this key; ``None`` where the bot takes no part."""

        def op(connection: sa.Connection) -> ThreadRecord | None:
            row = connection.execute(_row, {"key": key}).one_or_none()
            return None if row is None else _record_of(row)

        return await self._db.read(op)

    async def mute(self, key: str, muted: bool) -> bool:
        """Be silent in a thread, or no longer; ``False`` where the bot takes no part."""
        change = sa.update(participation).where(participation.c.key == key).values(muted=muted)
        return await self._db.write(lambda connection: connection.execute(change).rowcount == 1)

    async def last_in(self, prefix: str, author: str | None = None) -> ThreadRecord | None:
        """The thread of a channel that was used last, among those in which ``author`` spoke.

        ``prefix`` is the beginning of the keys up to the thread, like ``slack:T1:C1``. An author
        is looked for in the 200 threads that were used last.
        """
        given = {"channel": prefix.removesuffix(":"), "most": 1 if author is None else _LOOKED_AT}

        def op(connection: sa.Connection) -> ThreadRecord | None:
            for row in connection.execute(_latest_in, given):
                record = _record_of(row)
                if author is None or any(said.author == author for said in record.heard):
                    return record
            return None

        return await self._db.read(op)

    async def channels(self, prefix: str, limit: int) -> tuple[str, ...]:
        """The channels in which the bot takes part, the last used first, at most ``limit``.

        Keys like ``slack:T1:C1``; ``prefix`` is their beginning, without ``%`` and ``_``.
        """
        given = {"prefix": prefix, "most": limit}
        return await self._db.read(lambda c: tuple(c.execute(_channels, given).scalars()))
