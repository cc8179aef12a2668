"""A person's id wherever it may be: in what others wrote, in names of threads, in new tables too.

It goes by the tables that the database has, so that none can be overlooked. Documents and what was
quoted from them are left as they are: they belong to whoever wrote them, not to the person.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from bot.store.chat_tables import participation
from bot.store.forgetting import FORGOTTEN, Person
from bot.store.ids import new_id
from bot.store.tables import messages, threads, turns

_LEFT_ALONE = frozenset(
    {
        "alembic_version",
        "audit",  # a chain of hashes; its contents are redacted by its own rules
        "audit_contents",
        "audit_heads",
        "citations",
        "document_texts",
        "documents",
        "source_runs",
    }
)
_LEFT_COLUMNS = frozenset(
    {
        ("dataset_examples", "asker"),  # where persona.forgetting finds the lines of files
        ("dataset_examples", "author"),
        ("turns", "passages"),
        ("turns", "author"),  # what came meanwhile is found by it, and erased with its words
        ("feedback", "author"),
        ("rewrites", "author"),
        ("handoffs", "asker"),
        ("threads", "id"),  # renamed, with what refers to it
        ("turns", "thread_id"),
        ("messages", "thread_id"),
    }
)


@dataclass(frozen=True, slots=True)
class Place:
    """A table where the id was found: its columns of text, its keys, the rows by primary key."""

    table: sa.TableClause
    keys: tuple[str, ...]
    texts: tuple[str, ...]
    unique: frozenset[str]
    rows: list[Any]


def find(connection: sa.Connection, person: Person) -> list[Place]:
    """Where the id is."""
    inspector = sa.inspect(connection)
    names = sorted(set(inspector.get_table_names()) - _LEFT_ALONE)
    places = (_place(connection, inspector, name, person) for name in names)
    return [place for place in places if place is not None and place.rows]


def _place(
    connection: sa.Connection, inspector: sa.Inspector, name: str, person: Person
) -> Place | None:
    columns = inspector.get_columns(name)
    keys = tuple(inspector.get_pk_constraint(name)["constrained_columns"])
    texts = tuple(
        column["name"]
        for column in columns
        if isinstance(column["type"], sa.String) and (name, column["name"]) not in _LEFT_COLUMNS
    )
    if not texts or not keys:
        return None
    unique = set(keys)
    for constraint in inspector.get_unique_constraints(name):
        unique.update(constraint["column_names"])
    table = sa.table(name, *(sa.column(c["name"], c["type"]) for c in columns))
    holds = sa.or_(
        *(table.c[t].contains(trace, autoescape=True) for t in texts for trace in person.traces)
    )
    rows = connection.execute(sa.select(*(table.c[key] for key in keys)).where(holds)).all()
    return Place(table, keys, texts, frozenset(unique), [tuple(row) for row in rows])


def replace(
    connection: sa.Connection, rows: Sequence[Any], *, person: Person, place: Place
) -> None:
    """Put a word that names nobody in the id's place; in keys one that is used only once."""
    for row in rows:
        here = sa.and_(*(place.table.c[k] == v for k, v in zip(place.keys, row, strict=True)))
        query = sa.select(*(place.table.c[text] for text in place.texts)).where(here)
        found = connection.execute(query.with_for_update()).mappings().one_or_none()
        changed = {}
        for name, text in (found or {}).items():
            instead = new_id(FORGOTTEN) if name in place.unique else FORGOTTEN
            if text is not None and (new := person.without(text, instead)) != text:
                changed[name] = new
        if changed:
            connection.execute(sa.update(place.table).where(here).values(**changed))


def threads_named_after(connection: sa.Connection, person: Person) -> list[str]:
    """Threads whose id holds the person's, as those of the web chat do."""
    query = sa.select(threads.c.id).where(threads.c.id.contains(person.trace, autoescape=True))
    return [id_ for id_ in connection.scalars(query) if person.pattern.search(id_)]


def rename_thread(connection: sa.Connection, person: Person, old: str) -> None:
    """Give a thread another name, and everything that is in it."""
    thread = connection.execute(sa.select(threads).where(threads.c.id == old)).one_or_none()
    if thread is None:
        return
    new = person.without(old, new_id(FORGOTTEN))
    connection.execute(sa.insert(threads), {**thread._asdict(), "id": new})
    for column in (turns.c.thread_id, messages.c.thread_id, participation.c.conversation):
        moved = sa.update(column.table).where(column == old)
        connection.execute(moved.values({column: new}))
    connection.execute(sa.delete(threads).where(threads.c.id == old))
