"""What is changed in events that were put into the inbox, while they wait or are worked on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from bot.work.tables import inbox, is_open

_OPEN = frozenset({"waiting", "running"})


@dataclass(frozen=True, slots=True)
class Known:
    """Events that are in the inbox: the thread in whose order they are worked on, and whether one
    of them waits or is worked on."""

    thread: str
    open: bool


def amend_in(
    connection: sa.Connection,
    event_ids: Sequence[str],
    change: Callable[[dict[str, Any]], dict[str, Any]],
) -> Known | None:
    """Change the payloads of those of some events that are open, inside the caller's transaction;
    ``None`` where none of them was put down.

    Who works on one goes on with the payload that it has; whoever takes over finds the new one.
    """
    here = inbox.c.event_id.in_(event_ids)
    query = sa.select(inbox.c.id, inbox.c.thread_key, inbox.c.status, inbox.c.payload)
    found = connection.execute(query.where(here).with_for_update()).all()
    for row in found:
        if row.status in _OPEN and row.payload is not None:
            new = change(row.payload)
            if new != row.payload:
                this = sa.update(inbox).where(inbox.c.id == row.id, is_open)
                connection.execute(this.values(payload=new))
    if not found:
        return None
    return Known(found[0].thread_key, any(row.status in _OPEN for row in found))
