"""What is kept of a person, to be given to them: records as they stand, a page in memory at a time.

Not among it: which documents were kept back from them, and the words of others but for the answers
that they were given.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

import sqlalchemy as sa

from bot.conversation import Platform, Role
from bot.settings.changing import USERS
from bot.store.audit import TURN, AuditEntry, AuditTrail, Wanted
from bot.store.base import Database
from bot.store.chat_tables import consent, handoffs
from bot.store.deeds import deeds_of
from bot.store.forgetting import Person
from bot.store.review_tables import rewrites
from bot.store.tables import citations, feedback, messages, turns

_PAGE = 200
_PLACES = frozenset({"channel"})
"""Parts of an operator's entry that are no person, though they are written alike."""
_NOTHING: Any = object()

Record = dict[str, Any]


class PersonalData:
    """What is kept of one author, a key like ``slack:U024BE7LH``. Raises UsageError for no key."""

    def __init__(self, db: Database, trail: AuditTrail, author: str) -> None:
        self._db = db
        self._trail = trail
        self._person = Person.of(author)

    def parts(self) -> dict[str, Callable[[], AsyncIterator[Record]]]:
        """Every kind of record by name, in the order of the index."""
        return {
            "messages": self.messages,
            "ratings": self.ratings,
            "corrections": self.corrections,
            "handoffs": self.handoffs,
            "consent": self.consent,
            "audit": self.audit,
            "deeds": self.deeds,
        }

    async def messages(self) -> AsyncIterator[Record]:
        """What the person asked, and what was answered from which documents."""
        after = ""
        while rows := await self._db.read(lambda c, after=after: self._turns(c, after)):  # type: ignore[misc]  # bound now
            for row in rows:
                yield row
            after = rows[-1]["turn"]

    def _turns(self, connection: sa.Connection, after: str) -> list[Record]:
        mine = turns.c.author == self._person.key
        query = sa.select(turns).where(mine, turns.c.id > after).order_by(turns.c.id)
        rows = connection.execute(query.limit(_PAGE)).all()
        ids = [row.id for row in rows]
        said: dict[tuple[str, str], str] = {
            (row.turn_id, row.role): row.text
            for row in connection.execute(sa.select(messages).where(messages.c.turn_id.in_(ids)))
        }
        cited: dict[str, list[Record]] = {}
        found = sa.select(citations).where(citations.c.turn_id.in_(ids))
        for row in connection.execute(found.order_by(citations.c.turn_id, citations.c.position)):
            told = {"title": row.title, "uri": row.uri, "quote": row.quote}
            cited.setdefault(row.turn_id, []).append(told)
        return [
            {
                "turn": row.id,
                "at": row.at.isoformat(),
                "thread": row.thread_id,
                "channel": row.channel,
                "name": row.author_name,
                "question": said.get((row.id, Role.USER.value), ""),
                "answer": said.get((row.id, Role.ASSISTANT.value), ""),
                "outcome": row.outcome,
                "sources": cited.get(row.id, []),
            }
            for row in rows
        ]

    async def ratings(self) -> AsyncIterator[Record]:
        """Thumbs with their reasons."""
        for row in await self._rows(feedback, feedback.c.author == self._person.key):
            yield {
                "turn": row.turn_id,
                "at": row.updated_at.isoformat(),
                "rating": row.rating,
                "reason": row.reason,
            }

    async def corrections(self) -> AsyncIterator[Record]:
        """Better answers that the person sent, and what operators made of them."""
        mine = feedback.c.author == self._person.key
        for row in await self._rows(feedback, mine & (feedback.c.correction != "")):
            yield {
                "turn": row.turn_id,
                "at": row.updated_at.isoformat(),
                "correction": row.correction,
            }
        for row in await self._rows(rewrites, rewrites.c.author == self._person.key):
            yield {
                "turn": row.turn_id,
                "at": row.at.isoformat(),
                "correction": row.text,
                "verdict": row.verdict,
            }

    async def handoffs(self) -> AsyncIterator[Record]:
        """Questions that went to a person, and the replies; of others' questions only the replies
        that are the person's own."""
        key = self._person.key
        replies = sa.type_coerce(handoffs.c.replies, sa.Text)
        theirs = replies.contains(key, autoescape=True)
        for row in await self._rows(handoffs, (handoffs.c.asker == key) | theirs):
            asked = row.asker == key
            yield {
                "turn": row.turn_id,
                "at": row.created_at.isoformat(),
                "question": row.question if asked else "",
                "status": row.status,
                "replies": [
                    {"text": reply.get("text", ""), "yours": reply.get("by") == key}
                    for reply in row.replies
                    if asked or reply.get("by") == key
                ],
            }

    async def consent(self) -> AsyncIterator[Record]:
        """The choices, oldest first."""
        for row in await self._rows(consent, consent.c.author == self._person.key):
            yield {
                "at": row.at.isoformat(),
                "allowed": row.allowed,
                "channel": row.channel,
                "source": row.source,
            }

    async def audit(self) -> AsyncIterator[Record]:
        """The entries of the audit trail about the person's turns and deeds, and about what a
        colleague gave them or took over; who that was, and whom an operator did something for, is
        left out."""
        async for entry in self._trail.each(Wanted(author=self._person.key, owned=True)):
            content = self._told(entry)
            yield {**content, "sequence": entry.sequence, "kind": entry.kind, "hash": entry.hash}

    def _told(self, entry: AuditEntry) -> Record:
        if entry.kind == TURN:
            return {name: value for name, value in entry.content.items() if name != "withheld"}
        told: Record = self._without_others(entry.content)
        return told

    def _without_others(self, value: Any) -> Any:
        """A value without what in it names somebody else, however deep; ``_NOTHING``: that is all
        there was."""
        if isinstance(value, str):
            return _NOTHING if self._is_somebody_else(value) else value
        kept: Any
        if isinstance(value, Mapping):
            places = _PLACES if value.get("table") == USERS else _PLACES | {"entry"}
            kept = {
                name: told
                for name, part in value.items()
                if not self._is_somebody_else(name)
                and (told := part if name in places else self._without_others(part)) is not _NOTHING
            }
        elif isinstance(value, list):
            kept = [told for part in value if (told := self._without_others(part)) is not _NOTHING]
        else:
            return value
        return kept if kept or not value else _NOTHING

    def _is_somebody_else(self, value: str) -> bool:
        platform, colon, _ = value.partition(":")
        return bool(colon) and platform in set(Platform) and value != self._person.key

    async def deeds(self) -> AsyncIterator[Record]:
        """Where the console keeps that the person judged or changed something."""
        for row in await self._db.read(lambda c: deeds_of(c, self._person)):
            yield row

    async def _rows(self, table: sa.Table, here: sa.ColumnElement[bool]) -> list[Any]:
        query = sa.select(table).where(here).order_by(*table.primary_key.columns)
        return await self._db.read(lambda c: list(c.execute(query)))


_people = sa.select(
    turns.c.author,
    sa.func.max(turns.c.author_name).label("name"),
    sa.func.count().label("turns"),
    sa.func.max(turns.c.at).label("last"),
).group_by(turns.c.author)
"""All that it needs is in one index; of one person: the list is :mod:`bot.store.people_list`."""


async def person(db: Database, author: str) -> Any | None:
    """One of them, by the key; ``None`` where nothing was asked."""
    query = _people.where(turns.c.author == author)
    return await db.read(lambda c: c.execute(query).one_or_none())
