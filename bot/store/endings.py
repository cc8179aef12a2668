"""How a turn ended as operators count it, of a row and as a condition: both say the same."""

from __future__ import annotations

from enum import StrEnum

import sqlalchemy as sa

from bot.conversation import Outcome
from bot.store.chat_tables import handoffs
from bot.store.tables import turns


class Ending(StrEnum):
    """How a turn ended, as operators count it; each turn in one way."""

    ANSWERED = "answered"
    UNSURE = "unsure"
    """The bot said that it does not know, or asked back."""
    HANDED_OVER = "handed over"
    """It went to a person, whatever the bot had said."""
    FAILED = "failed"


def ending_of(outcome: str, error: str, *, person: bool) -> Ending:
    """The ending of a turn; ``person``: its question went to one."""
    if person or outcome == Outcome.HANDOFF.value:
        return Ending.HANDED_OVER
    if error or outcome == Outcome.ERROR.value:
        return Ending.FAILED
    return Ending.ANSWERED if outcome == Outcome.ANSWERED.value else Ending.UNSURE


def ended_as(ending: Ending) -> sa.ColumnElement[bool]:
    """Whether a row of ``turns`` ended so."""
    passed_on = sa.exists().where(handoffs.c.turn_id == turns.c.id)
    handed_over = sa.or_(turns.c.outcome == Outcome.HANDOFF.value, passed_on)
    failed = sa.or_(turns.c.error != "", turns.c.outcome == Outcome.ERROR.value)
    answered = turns.c.outcome == Outcome.ANSWERED.value
    conditions = {
        Ending.HANDED_OVER: handed_over,
        Ending.FAILED: sa.and_(~handed_over, failed),
        Ending.ANSWERED: sa.and_(~handed_over, ~failed, answered),
        Ending.UNSURE: sa.and_(~handed_over, ~failed, ~answered),
    }
    return conditions[ending]
