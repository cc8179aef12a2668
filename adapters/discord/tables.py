"""The table of what the bot noted about servers and threads."""

from __future__ import annotations

import sqlalchemy as sa

from bot.store.base import metadata
from bot.store.columns import Words

notes = sa.Table(
    "discord_notes",
    metadata,
    # like "heard:BOT", "hint:THREAD", "lacks:GUILD:send_messages"
    sa.Column("key", Words, primary_key=True),
    sa.Column("value", Words, nullable=False),
)
