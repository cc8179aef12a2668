"""Replies: a message of the bot leads back to its turn."""

from __future__ import annotations

from bot.conversation import Platform
from bot.store.base import Database
from bot.store.replies import Replies


async def test_every_part_of_an_answer_leads_to_its_turn(database: Database) -> None:
    """All messages of a long answer carry the turn; a stranger's message carries none."""
    replies = Replies(database)
    await database.write(lambda c: replies.keep_in(c, Platform.SLACK, "C1", ["1.1", "1.2"], "t1"))
    assert await replies.turn_of(Platform.SLACK, "C1", "1.1") == "t1"
    assert await replies.turn_of(Platform.SLACK, "C1", "1.2") == "t1"
    assert await replies.turn_of(Platform.SLACK, "C1", "1.3") is None


async def test_the_same_number_elsewhere_is_another_message(database: Database) -> None:
    """Channels and platforms number their messages on their own."""
    replies = Replies(database)
    await database.write(lambda c: replies.keep_in(c, Platform.SLACK, "C1", ["1.1"], "t1"))
    assert await replies.turn_of(Platform.SLACK, "C2", "1.1") is None
    assert await replies.turn_of(Platform.DISCORD, "C1", "1.1") is None


async def test_a_known_message_keeps_its_turn(database: Database) -> None:
    """Kept again, after a crash, nothing changes and nothing fails."""
    replies = Replies(database)
    await database.write(lambda c: replies.keep_in(c, Platform.SLACK, "C1", ["1.1"], "t1"))
    await database.write(lambda c: replies.keep_in(c, Platform.SLACK, "C1", ["1.1", "1.2"], "t2"))
    await database.write(lambda c: replies.keep_in(c, Platform.SLACK, "C1", [], "t3"))
    assert await replies.turn_of(Platform.SLACK, "C1", "1.1") == "t1"
    assert await replies.turn_of(Platform.SLACK, "C1", "1.2") == "t2"


async def test_a_page_of_messages_is_looked_up_at_once(database: Database) -> None:
    """Those that carry answers are named, others are not."""
    replies = Replies(database)
    await database.write(lambda c: replies.keep_in(c, Platform.DISCORD, "7", ["1", "2"], "t1"))
    assert await replies.known(Platform.DISCORD, "7", ["1", "2", "3"]) == {"1", "2"}
    assert await replies.known(Platform.DISCORD, "8", ["1"]) == set()
    assert await replies.known(Platform.DISCORD, "7", []) == set()
