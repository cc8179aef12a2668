"""Which messages of a platform carry which turn: so that a reaction finds what it is about."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from bot.conversation import Platform
from bot.store.base import Database, insert
from bot.store.chat_tables import replies

_in_channel = sa.and_(
    replies.c.platform == sa.bindparam("platform"), replies.c.channel == sa.bindparam("channel")
)
_turn_of = sa.select(replies.c.turn).where(
    _in_channel, replies.c.message == sa.bindparam("message")
)
_messages: sa.BindParameter[object] = sa.bindparam("messages", expanding=True)
_known = sa.select(replies.c.message).where(_in_channel, replies.c.message.in_(_messages))


class Replies:
    """The bot's own messages in a database."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def keep_in(
        self,
        connection: sa.Connection,
        platform: Platform,
        channel: str,
        messages: Sequence[str],
        turn: str,
    ) -> None:
        """Keep which messages carry a turn, inside the caller's transaction.

        A message that is known keeps its turn.
        """
        rows = [
            {"platform": platform.value, "channel": channel, "message": message, "turn": turn}
            for message in messages
        ]
        if rows:
            connection.execute(insert(connection, replies).on_conflict_do_nothing(), rows)

    async def turn_of(self, platform: Platform, channel: str, message: str) -> str | None:
        """The turn that a message carries; ``None`` where it is none of the bot's answers."""
        place = {"platform": platform.value, "channel": channel, "message": message}
        return await self._db.read(lambda connection: connection.scalar(_turn_of, place))

    async def known(self, platform: Platform, channel: str, messages: Sequence[str]) -> set[str]:
        """Those of some messages that carry answers. Meant for a page of them."""
        if not messages:
            return set()
        place = {"platform": platform.value, "channel": channel, "messages": list(messages)}
        return await self._db.read(lambda connection: set(connection.scalars(_known, place)))
