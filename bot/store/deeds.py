"""What the console keeps of an operator: where their key stands as the doer of something.

It goes by the tables that the database has and by how such columns are named (``by``,
``judged_by``, ``owner``), so that a new table needs no word here. What was judged or changed is
told by its id and the verdict alone: the words are somebody else's.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from bot.store.forgetting import Person

_TOLD = ("verdict", "state", "status", "proposal", "route", "kind", "version", "how", "suite")
"""Columns that say what the deed was, in words of the program."""

_OF_OTHERS = frozenset({"author", "name"})
"""Parts of keys that may be another person."""


def deeds_of(connection: sa.Connection, person: Person) -> list[dict[str, Any]]:
    """Every row that names the person as its doer: table, column, id, moment and verdict."""
    inspector = sa.inspect(connection)
    return [
        deed
        for name in sorted(inspector.get_table_names())
        for deed in _deeds_in(connection, inspector, name, person)
    ]


def is_doer(column: str) -> bool:
    """Whether a column of this name says who did something."""
    return column in ("by", "owner") or column.endswith("_by")


def _deeds_in(
    connection: sa.Connection, inspector: sa.Inspector, name: str, person: Person
) -> list[dict[str, Any]]:
    columns = {each["name"]: each["type"] for each in inspector.get_columns(name)}
    doers = [each for each in columns if is_doer(each)]
    if not doers:
        return []
    keys = [
        key
        for key in inspector.get_pk_constraint(name)["constrained_columns"]
        if key not in _OF_OTHERS
    ]
    moments = [each for each in columns if each == "at" or each.endswith("_at")]
    told = [each for each in _TOLD if each in columns and each not in keys]
    table = sa.table(name, *(sa.column(each, kind) for each, kind in columns.items()))
    query = sa.select(*(table.c[each] for each in dict.fromkeys([*doers, *keys, *moments, *told])))
    theirs = sa.or_(*(table.c[each] == person.key for each in doers))
    rows = connection.execute(query.where(theirs).order_by(*(table.c[key] for key in keys)))
    return [
        {
            "kept_in": name,
            "as": [each for each in doers if row[each] == person.key],
            **{each: row[each] for each in [*keys, *moments, *told]},
        }
        for row in rows.mappings()
    ]
