"""Turns that lose their words and keep their figures: what every erasure of them has in common."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from bot.conversation import Role
from bot.store.cost_tables import answer_cache
from bot.store.tables import citations, messages, turns

_this_turn = sa.update(turns).where(turns.c.id == sa.bindparam("of"))


def erase_words(connection: sa.Connection, ids: Sequence[str], **more: object) -> None:
    """Leave the skeleton of turns; ``more`` are columns of ``turns`` that change with it.

    What was found, kept back and noted goes too: it tells what was asked. Nobody is given their
    answers again.
    """
    here = messages.c.turn_id.in_(ids)
    connection.execute(sa.update(messages).where(here).values(text=""))
    connection.execute(sa.delete(citations).where(citations.c.turn_id.in_(ids)))
    connection.execute(sa.delete(answer_cache).where(answer_cache.c.turn_id.in_(ids)))
    emptied: dict[str, object] = {"query": "", "error": "", "notes": [], "passages": [], **more}
    checked = sa.select(turns.c.id, turns.c.claims, turns.c.rejected).where(turns.c.id.in_(ids))
    changes = [
        {
            "of": row.id,
            "claims": [verdict_alone(claim) for claim in row.claims],
            "rejected": [_without_words(each) for each in row.rejected],
            **emptied,
        }
        for row in connection.execute(checked)
    ]
    if changes:  # in one go: one by one is a way to the server each
        connection.execute(_this_turn, changes)


def unborrow(
    connection: sa.Connection,
    thread: str,
    said: Sequence[sa.ColumnElement[bool]],
    others: sa.ColumnElement[bool],
) -> None:
    """Of ``others`` among the turns of a thread, the query that borrowed from what was ``said``:
    the question alone stays, and nothing that was noted about the query."""
    texts = connection.scalars(sa.select(messages.c.text).where(*said))
    theirs: set[str] = set().union(*map(_words, texts))
    follow_ups = (
        sa.select(turns.c.id, turns.c.query, messages.c.text)
        .join(messages, (messages.c.turn_id == turns.c.id) & (messages.c.role == Role.USER.value))
        .where(turns.c.thread_id == thread, others)
    )
    for row in connection.execute(follow_ups).all():
        if (_words(row.query) - _words(row.text)) & theirs:
            change = sa.update(turns).where(turns.c.id == row.id)
            connection.execute(change.values(query=row.text, notes=[]))


def verdict_alone(claim: Mapping[str, Any]) -> dict[str, Any]:
    """Of a statement only how the check of it ended."""
    return {**claim, "start": 0, "end": 0, "text": "", "passage": None, "finding": ""}


def _words(text: str) -> set[str]:
    return set(re.findall(r"\w+", text.casefold()))


def _without_words(rejected: Mapping[str, Any]) -> dict[str, Any]:
    """Of a sentence that was kept back only that there was one."""
    return {**rejected, "text": "", "finding": "", "became": ""}
