"""Whoever is forgotten while they are being answered: the answer comes, and is not kept.

An answer is stored when it is ready, which may be after its asker was forgotten. So an erasure
leaves a fence for an hour: a digest with a salt of its own, of the person and of the threads in
which they asked. What was begun before the erasure was over is stored as the erasure would have
left it.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from hashlib import sha256
from typing import Any

import sqlalchemy as sa

from bot.conversation import Author, Turn
from bot.evidence import Grounding, Rejected
from bot.store.columns import Moment, Words
from bot.store.forgetting import FORGOTTEN, Person
from bot.store.ids import new_id

LIFE = timedelta(hours=1)
"""Longer than any answer takes."""

_NAME = "forgotten:"
_DIGITS = 16
_LOCK = 0x666F7267  # "forg": one number for the whole database server

# The leases belong to bot.work, which stands on the store: what ends by itself stands there.
_leases = sa.table(
    "leases",
    sa.column("name", Words),
    sa.column("owner", Words),
    sa.column("token", sa.BigInteger),
    sa.column("until", Moment),
)
_is_fence = _leases.c.name.startswith(_NAME)
_standing = sa.select(_leases.c.name, _leases.c.owner, _leases.c.until).where(_is_fence)


def put_up(connection: sa.Connection, person: Person, threads: Iterable[str], salt: str) -> None:
    """Fence a person and their threads off: what was begun until now. The same salt moves a fence
    on to now; those that are too old go."""
    _lock(connection, "pg_advisory_xact_lock")
    now = datetime.now(UTC)
    clear(connection, now)
    connection.execute(sa.delete(_leases).where(_leases.c.name == _NAME + salt))
    digests = [_digest(salt, person.key), *(_digest(salt, thread) for thread in threads)]
    row = {"name": _NAME + salt, "owner": " ".join(digests), "token": 0, "until": now + LIFE}
    connection.execute(sa.insert(_leases), row)


def new_salt() -> str:
    """Without it whoever reads the fence could guess who was forgotten."""
    return secrets.token_hex(_DIGITS)


def clear(connection: sa.Connection, now: datetime) -> int:
    """Take down the fences that are no longer needed; how many."""
    return connection.execute(sa.delete(_leases).where(_is_fence, _leases.c.until < now)).rowcount


def kept_of(connection: sa.Connection, turn: Turn) -> Turn:
    """What may be stored of a turn, inside the transaction that stores it.

    Of one whose asker was forgotten meanwhile its figures; of another one in such a thread all but
    the query, which may have borrowed the person's words.
    """
    if turn.begun is None:
        return turn
    _lock(connection, "pg_advisory_xact_lock_shared")
    for row in connection.execute(_standing).all():
        if turn.begun > row.until - LIFE:
            continue
        salt, (asker, *threads) = row.name.removeprefix(_NAME), row.owner.split()
        if _digest(salt, turn.author.key) == asker:
            return without_person(turn)
        if _digest(salt, turn.thread) in threads:
            turn = replace(turn, query=turn.question, notes=())
    return turn


def without_person(turn: Turn) -> Turn:
    """The skeleton of a turn, as :class:`bot.store.erasure.Erasure` leaves it."""
    person = Person(turn.author.platform, turn.author.id)
    claims = (
        replace(claim, start=0, end=0, text="", passage=None, finding="")
        for claim in turn.grounding.claims
    )
    rejected = (Rejected("", "", each.score, "") for each in turn.grounding.rejected)
    return replace(
        turn,
        thread=person.without(turn.thread, new_id(FORGOTTEN)),
        channel=person.without(turn.channel),
        question="",
        query="",
        answer="",
        author=Author(turn.author.platform, FORGOTTEN, ""),
        citations=(),
        passages=(),
        grounding=Grounding(tuple(claims), tuple(rejected)),
        error="",
        notes=(),
    )


def _digest(salt: str, text: str) -> str:
    told = sha256(f"{salt}:{text}".encode("utf-8", "surrogatepass"))
    return told.hexdigest()[:_DIGITS]


@cache
def _taken(function: str) -> sa.Select[Any]:
    return sa.select(getattr(sa.func, function)(_LOCK))


def _lock(connection: sa.Connection, function: str) -> None:
    """Either a turn is stored before the fence stands, and found by the erasure, or it sees it.
    SQLite has one writer at a time."""
    if connection.dialect.name == "postgresql":
        connection.execute(_taken(function))
