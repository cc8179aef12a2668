"""The style check of an application: what any process trained is taken up by the others."""

from __future__ import annotations

import asyncio

import sqlalchemy as sa

from adapters.teaching.styling import styler_of
from bot.ports_releasing import StyleCheck
from bot.store.base import Database
from persona.book import StyleBook
from persona.profile import Persona
from persona.style_model import train
from persona.tables import style_models
from tests.unit.persona.style_examples import LetterEmbedder, examples

PERSONA = Persona(name="Fern")
STIFF = "The subscription may be suspended during the winter, upon request of the customer."


async def test_a_classifier_trained_elsewhere_counts_within_a_moment(database: Database) -> None:
    """Scoring goes on by the rules, then by what was trained, then by what was trained anew."""
    styler = styler_of(PERSONA, LetterEmbedder(), database, every_s=0)
    check: StyleCheck = styler
    assert await check(STIFF) == 1.0
    await StyleBook(database).keep(PERSONA.version, train(examples(50)))
    for _ in range(2000):
        score = await check(STIFF)
        if score != 1.0:
            break
        await asyncio.sleep(0.02)
    assert score is not None and score < 0.5
    assert (await styler.score(STIFF)).findings
    await styler.close()


async def test_a_closed_database_is_no_fault_of_the_answer(sqlite_database: Database) -> None:
    """When nothing can be read the rules go on."""
    styler = styler_of(PERSONA, LetterEmbedder(), sqlite_database, every_s=0)
    await sqlite_database.close()
    assert await styler(STIFF) == 1.0
    await styler.refresh()
    await styler.close()
    assert await styler(STIFF) == 1.0
    await styler.close()


async def test_a_damaged_row_is_no_classifier(sqlite_database: Database) -> None:
    """Weights that cannot be read are left aside."""
    book = StyleBook(sqlite_database)
    await book.keep(PERSONA.version, train(examples(6)))
    good = train(examples(6)).weights()
    for broken in ({**good, "vector": "!"}, {}, {**good, "numbers": [1]}):
        change = sa.update(style_models).values(weights=broken)

        def damage(connection: sa.Connection, change: sa.Update = change) -> int:
            return connection.execute(change).rowcount

        await sqlite_database.write(damage)
        assert await book.of(PERSONA.version) is None
