"""Consent: the latest choice counts, none is ever changed."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from bot.store.base import Database
from bot.store.chat_tables import consent
from bot.store.consent import ConsentLedger, NoChannelError
from bot.store.timing import utc_now

ANN, BEN, CARL = "slack:U024BE7LH", "discord:80351110224678912", "web:carl"


async def test_the_latest_choice_counts(database: Database) -> None:
    """Who changed their mind is asked for the last word; who said nothing has none."""
    ledger = ConsentLedger(database)
    await ledger.choose(ANN, False)
    await ledger.choose(ANN, True)
    await ledger.choose(BEN, False)
    assert await ledger.choice(ANN) is True
    assert await ledger.choice(BEN) is False
    assert await ledger.choice(CARL) is None


async def test_choices_of_many_are_read_at_once(database: Database) -> None:
    """Those who made a choice are in the answer, with their latest."""
    ledger = ConsentLedger(database)
    for author, allowed in ((ANN, True), (BEN, True), (ANN, False)):
        await ledger.choose(author, allowed)
    crowd = [f"web:{number}" for number in range(1200)]
    assert await ledger.choices([ANN, *crowd, BEN, CARL]) == {ANN: False, BEN: True}
    assert await ledger.choices([]) == {}


async def test_choices_stay_on_record(database: Database) -> None:
    """A new choice is added to the ones before: when somebody consented can be shown."""
    ledger = ConsentLedger(database)
    await ledger.choose(ANN, True)
    await ledger.choose(ANN, False)
    kept = await database.read(
        lambda c: list(c.execute(sa.select(consent.c.allowed).order_by(consent.c.id)).scalars())
    )
    assert kept == [True, False]


async def test_a_channel_has_a_choice_of_its_own(database: Database) -> None:
    """Until the last word for everywhere; who does not know the channel sees the refusal."""
    ledger, lobby = ConsentLedger(database), "slack:C1"
    await ledger.choose(ANN, True, source="chat: opt-in")
    await ledger.choose(ANN, False, channel=lobby, source="console")
    assert await ledger.choice(ANN, lobby) is False
    assert await ledger.choice(ANN, "slack:C2") is True
    assert await ledger.choices([ANN]) == {ANN: False}
    assert await ledger.standing([ANN, BEN]) == ({ANN: True}, {(ANN, lobby): False})
    await ledger.choose(ANN, True)
    assert await ledger.choice(ANN, lobby) is True
    assert await ledger.choices([ANN]) == {ANN: True}


async def test_the_ledger_tells_when_and_how(database: Database) -> None:
    """Every line with its channel and source, the newest first."""
    ledger = ConsentLedger(database)
    await ledger.choose(ANN, False, source="chat: opt-out")
    await ledger.choose(BEN, True, channel="discord:1", source="console")
    told = [(c.author, c.allowed, c.channel, c.source) for c in await ledger.listing()]
    assert told == [(BEN, True, "discord:1", "console"), (ANN, False, "", "chat: opt-out")]
    assert [c.author for c in await ledger.listing(ANN)] == [ANN]


async def test_a_choice_that_no_turn_could_meet_is_refused(database: Database) -> None:
    """What is no channel's id as turns name theirs is not kept; each that they do name is."""
    ledger = ConsentLedger(database)
    for name in ("#support", "support", "slack:support", "slack:T1:C1", "discord:lobby", "slack:"):
        with pytest.raises(NoChannelError, match="by its id"):
            await ledger.choose(ANN, False, channel=name)
    assert await ledger.listing() == []
    for name in ("slack:C0G9QF9GZ", "slack:D024BE7LH", "discord:1234", "web", "widget", "api"):
        await ledger.choose(ANN, False, channel=name)
    assert all(choice.counts for choice in await ledger.listing())


async def test_an_old_choice_for_no_channel_tells_so(database: Database) -> None:
    """It stays on record, marked as one that never counts."""
    row = {"author": ANN, "allowed": False, "at": utc_now(), "channel": "#support", "source": "x"}
    await database.write(lambda c: c.execute(sa.insert(consent), row).rowcount)
    (choice,) = await ConsentLedger(database).listing()
    assert not choice.counts
