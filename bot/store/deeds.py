"""What the console keeps of an operator: where their key stands as the doer of something.

It goes by the tables of the house and by how such columns are named (``by``, ``judged_by``,
``owner``), so that a new table needs no word here. What was judged or changed is told by its id and
the verdict alone: the words are somebody else's.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from bot.store.base import metadata
from bot.store.columns import Words
from bot.store.forgetting import Person

_TOLD = ("verdict", "state", "status", "proposal", "route", "kind", "version", "how", "suite")
"""Columns that say what the deed was, in words of the program."""

_OF_OTHERS = frozenset({"author", "name"})
"""Parts of keys that may be another person."""


def deeds_of(connection: sa.Connection, person: Person) -> list[dict[str, Any]]:
    """Every row that names the person as its doer: table, column, id, moment and verdict.

    Of tables that this process knows: whoever asks has imported them.
    """
    return [
        deed
        for _, table in sorted(metadata.tables.items())
        for deed in _deeds_in(connection, table, person)
    ]


def _is_doer(column: sa.Column[Any]) -> bool:
    """Whether a column says who did something."""
    named = column.name in ("by", "owner") or column.name.endswith("_by")
    return named and isinstance(column.type, Words)


def _deeds_in(connection: sa.Connection, table: sa.Table, person: Person) -> list[dict[str, Any]]:
    doers = [each.name for each in table.c if _is_doer(each)]
    if not doers:
        return []
    keys = [each.name for each in table.primary_key if each.name not in _OF_OTHERS]
    moments = [each.name for each in table.c if each.name == "at" or each.name.endswith("_at")]
    told = [each for each in _TOLD if each in table.c and each not in keys]
    query = sa.select(*(table.c[each] for each in dict.fromkeys([*doers, *keys, *moments, *told])))
    theirs = sa.or_(*(table.c[each] == person.key for each in doers))
    rows = connection.execute(query.where(theirs).order_by(*(table.c[key] for key in keys)))
    return [
        {
            "kept_in": table.name,
            "as": [each for each in doers if row[each] == person.key],
            **{each: row[each] for each in keys},
            **{each: row[each] and row[each].isoformat() for each in moments},
            **{each: row[each] for each in told},
        }
        for row in rows.mappings()
    ]
