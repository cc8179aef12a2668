"""Consent: the latest choice counts, none is ever changed."""

from __future__ import annotations

import sqlalchemy as sa

from bot.store.base import Database
from bot.store.chat_tables import consent
from bot.store.consent import ConsentLedger

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
