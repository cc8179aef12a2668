"""Participation: the threads of the bot, and who spoke in them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from bot.store.base import Database
from bot.store.participation import HANDOFF, Participation, Utterance

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
ANN, BEN = "slack:U024BE7LH", "slack:U0G9QF9C6"


class Clock:
    """A clock that goes on by a minute each time it is read."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        self.now += timedelta(minutes=1)
        return self.now


@pytest.fixture
def threads(database: Database) -> Participation:
    """The threads, under a clock of their own."""
    return Participation(database, Clock())


def _said(author: str, minute: int, *, for_bot: bool = False) -> Utterance:
    return Utterance(author, NOON + timedelta(minutes=minute), for_bot)


async def _join(database: Database, threads: Participation, key: str) -> None:
    await database.write(lambda c: threads.join_in(c, key, "thread-1"))


async def _hear(database: Database, threads: Participation, key: str, said: Utterance) -> None:
    await database.write(lambda c: threads.heard_in(c, key, said))


async def test_a_thread_is_found_by_its_key(database: Database, threads: Participation) -> None:
    """What was joined is found; other threads of the channel are not."""
    await database.write(lambda c: threads.join_in(c, "slack:T1:C1:171.1", "thread-1"))
    found = await threads.find("slack:T1:C1:171.1")
    assert found is not None
    assert (found.conversation, found.role, found.muted, found.heard) == (
        "thread-1",
        "answers",
        False,
        (),
    )
    assert await threads.find("slack:T1:C1:171.2") is None


async def test_joining_again_keeps_what_a_thread_is(
    database: Database, threads: Participation
) -> None:
    """The thread of a handoff stays one, muted stays muted; it counts as used."""
    key = "slack:T1:C1:171.1"
    await database.write(lambda c: threads.join_in(c, key, "h1", HANDOFF))
    first = await threads.find(key)
    await threads.mute(key, True)
    await _hear(database, threads, key, _said(ANN, 0))
    await database.write(lambda c: threads.join_in(c, key, "thread-2"))
    again = await threads.find(key)
    assert first is not None
    assert again is not None
    assert (again.conversation, again.role, again.muted) == ("h1", HANDOFF, True)
    assert again.heard == (_said(ANN, 0),)
    assert again.updated_at > first.updated_at


async def test_the_last_twelve_speakers_are_remembered(
    database: Database, threads: Participation
) -> None:
    """Older ones are forgotten; a repeated one counts once, a late one is put in its place."""
    key = "slack:T1:C1:171.1"
    await _join(database, threads, key)
    for minute in (*range(12), 13, 12, 13):
        said = _said(ANN, minute, for_bot=minute % 2 == 0)
        await _hear(database, threads, key, said)
    found = await threads.find(key)
    assert found is not None
    assert [said.at.minute for said in found.heard] == list(range(2, 14))
    assert [said.for_bot for said in found.heard] == [True, False] * 6


async def test_nothing_is_noted_where_the_bot_takes_no_part(
    database: Database, threads: Participation
) -> None:
    """Who speaks in other people's threads is none of the bot's business."""
    await _hear(database, threads, "slack:T1:C1:9", _said(ANN, 0))
    assert await threads.find("slack:T1:C1:9") is None


async def test_a_thread_is_muted_and_heard_again(
    database: Database, threads: Participation
) -> None:
    """Muting says whether there was anything to mute, and is undone the same way."""
    key = "slack:T1:C1:171.1"
    await _join(database, threads, key)
    for muted in (True, False):
        assert await threads.mute(key, muted)
        found = await threads.find(key)
        assert found is not None
        assert found.muted is muted
    assert not await threads.mute("slack:T1:C1:9", True)


async def test_the_last_thread_of_a_person_is_found(
    database: Database, threads: Participation
) -> None:
    """Of one channel alone, the one used last; with a name, where that person spoke."""
    for key in ("slack:T1:C1:1", "slack:T1:C1:2", "slack:T1:C10:3"):
        await _join(database, threads, key)
    await _hear(database, threads, "slack:T1:C1:1", _said(ANN, 0))
    await _hear(database, threads, "slack:T1:C1:2", _said(BEN, 1))
    found = {author: await threads.last_in("slack:T1:C1", author) for author in (ANN, BEN, None)}
    keys = {author: record.key if record else None for author, record in found.items()}
    assert keys == {ANN: "slack:T1:C1:1", BEN: "slack:T1:C1:2", None: "slack:T1:C1:2"}
    assert await threads.last_in("slack:T1:C1:", ANN) == found[ANN]
    assert await threads.last_in("slack:T1:C10", ANN) is None
    assert await threads.last_in("slack:T2:C1", None) is None


async def test_what_the_bot_asked_is_remembered(database: Database, threads: Participation) -> None:
    """A question, and whether it was an offer, come back as they were noted."""
    await _join(database, threads, "slack:T1:C1:1")
    spoken = Utterance("bot", NOON, for_bot=False, asked=True, offered=True)
    await _hear(database, threads, "slack:T1:C1:1", spoken)
    found = await threads.find("slack:T1:C1:1")
    assert found is not None
    assert found.heard == (spoken,)


async def test_channels_are_listed_by_their_last_use(
    database: Database, threads: Participation
) -> None:
    """Each channel once, the last used first, as many as are asked for, of one beginning."""
    for key in ("discord::D1:1", "discord::D2:2", "discord:G1:C1:3", "discord::D1:4"):
        await _join(database, threads, key)
    assert await threads.channels("discord::", 10) == ("discord::D1", "discord::D2")
    assert await threads.channels("discord:", 2) == ("discord::D1", "discord:G1:C1")
