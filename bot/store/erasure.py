"""Erasing a person: words and id leave every table and, with SQLite, every byte of the file.

Of a turn its skeleton stays for the statistics: when, how it was routed, how it ended, what it
took. The author becomes ``slack:forgotten``; what was asked, found and answered goes. Ratings,
better answers, choices and waiting events go altogether, the audit trail is redacted and still
verifies. The files of data sets are ``persona.forgetting``'s.

First it is read what there is to erase, then it is erased in small transactions: others write in
between, and what a crash leaves undone is done by running it again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar

import sqlalchemy as sa

from bot.store import fences, forgetting, gone, setting_changes, sweeping
from bot.store.audit import AuditTrail
from bot.store.base import Database
from bot.store.forgetting import Person
from bot.store.tables import turns

_BATCH = 50  # rows in one transaction: others write in between
_PASSES = 3  # of somebody who goes on meanwhile
_ERASURE = "erasure"

T = TypeVar("T")
Rows = Sequence[Any]
Progress = Callable[[int, int], None]
"""Told how many turns are erased, and of how many."""


def _tell_nobody(_done: int, _total: int) -> None:
    """Nobody waits to see it."""


@dataclass(frozen=True, slots=True)
class Erased:
    """What was erased: messages of the author, ratings, handoffs asked for or answered.

    ``approved`` are ids of handoffs among them whose answer became knowledge: documents made of
    them lie outside the store, and whoever keeps those has to look after them.
    """

    messages: int = 0
    feedback: int = 0
    handoffs: int = 0
    approved: tuple[str, ...] = ()


@dataclass(slots=True)
class _Tally:
    """What was done so far."""

    messages: int = 0
    feedback: int = 0
    handoffs: int = 0
    approved: list[str] = field(default_factory=list)
    words: gone.Gone = field(default_factory=gone.Gone)


class Erasure:
    """Forgets people in a database with its audit trail."""

    def __init__(self, db: Database, audit: AuditTrail) -> None:
        self._db = db
        self._audit = audit

    async def forget(self, author: str, progress: Progress = _tell_nobody) -> Erased:
        """Erase everything of an author, a key like ``slack:U024BE7LH``; what there was.

        A second time there is nothing. What the author says afterwards is new. Raises UsageError
        for what is no key, StorageError where the database cannot do it now: then run it again.
        """
        person = Person.of(author)
        done = _Tally()
        if person.is_forgotten:
            return Erased()
        cut_off = await gone.begin(self._db, _ERASURE)
        threads = await self._db.read(lambda c: forgetting.threads_of(c, person))
        salt = fences.new_salt()
        await self._db.write(lambda c: fences.put_up(c, person, threads, salt))
        for _ in range(_PASSES):
            await self._pass(person, done, progress)
            # What was begun meanwhile counts as said before, and what came of it goes too.
            await self._db.write(lambda c: fences.put_up(c, person, threads, salt))
            if not await self._db.read(lambda c: forgetting.is_there(c, person)):
                break
        done.words.too_many |= cut_off  # and nobody knows any more which words those were
        tables = await self._db.read(lambda c: sorted(sa.inspect(c).get_table_names()))
        await gone.scrub(self._db, tables, done.words, person.traces)
        await gone.finish(self._db, _ERASURE)
        return Erased(done.messages, done.feedback, done.handoffs, tuple(done.approved))

    async def _pass(self, person: Person, done: _Tally, progress: Progress) -> None:
        mine = sa.select(turns.c.id).where(turns.c.author == person.key).order_by(turns.c.id)
        ids = await self._db.read(lambda c: list(c.scalars(mine)))
        for few in _batches(ids):
            done.words.add(await self._db.read(partial(forgetting.words_of, ids=few)))
        written = await self._db.read(lambda c: forgetting.better_answers(c, person))
        done.words.add(written)
        await self._events(person, ids)
        for document in await self.answers(person.key):
            await self._shown(person, document)
        await self._handoffs(person, done)
        await self._turns(person, ids, done, progress)
        await self._rest(person, done)
        await self._redact(person)
        await self._sweep(person)

    async def answers(self, author: str) -> tuple[str, ...]:
        """The handoffs of an author whose answer became a document of the same name: whoever keeps
        documents takes these back before :meth:`forget`, which leaves no word of whose they are.

        Raises UsageError for what is no key.
        """
        person = Person.of(author)
        if person.is_forgotten:
            return ()
        return tuple(await self._db.read(lambda c: forgetting.answers_of(c, person)))

    async def _one(self, op: Callable[[sa.Connection, Any], T], what: Any) -> T:
        return await self._db.write(lambda connection: op(connection, what))

    async def _each(self, ids: Rows, op: Callable[[sa.Connection, Rows], T]) -> list[T]:
        """The results of an operation on some rows at a time."""
        return [await self._one(op, few) for few in _batches(ids)]

    async def _events(self, person: Person, turn_ids: Rows) -> None:
        """Close what waits or runs for the person, and empty what is done."""
        known = frozenset(turn_ids)
        found: Rows = await self._db.read(lambda c: forgetting.events_of(c, person, known))
        await self._each(found, forgetting.close_events)

    async def _shown(self, person: Person, document: str) -> None:
        """What others were shown of a document that was made of an answer."""
        found = await self._db.read(lambda c: forgetting.turns_showing(c, document))
        await self._each(found, lambda c, few: forgetting.erase_shown(c, person, document, few))

    async def _handoffs(self, person: Person, done: _Tally) -> None:
        found = await self._db.read(lambda c: forgetting.handoffs_of(c, person))
        for each in await self._each(
            found, lambda c, few: forgetting.erase_handoffs(c, person, few)
        ):
            done.handoffs += each.rows
            done.approved += each.approved

    async def _turns(
        self, person: Person, turn_ids: Rows, done: _Tally, progress: Progress
    ) -> None:
        """Queries that hold the person's words first, while it is known which words these are."""
        threads = await self._db.read(lambda c: forgetting.threads_of(c, person))
        for thread in threads:
            await self._one(lambda c, one: forgetting.erase_derived(c, person, one), thread)
        await self._each(turn_ids, forgetting.erase_from_gaps)
        await self._each(turn_ids, forgetting.erase_rewrites)
        erased = 0
        for few in _batches(turn_ids):
            done.messages += await self._one(
                lambda c, those: forgetting.erase_turns(c, person, those), few
            )
            erased += len(few)
            progress(erased, len(turn_ids))
        for old in await self._db.read(lambda c: sweeping.threads_named_after(c, person)):
            await self._one(lambda c, one: sweeping.rename_thread(c, person, one), old)

    async def _rest(self, person: Person, done: _Tally) -> None:
        """Better answers, ratings, choices, and that the person spoke."""
        await self._db.write(lambda c: forgetting.erase_better_answers(c, person))
        done.feedback += await self._db.write(lambda c: forgetting.erase_feedback(c, person))
        await self._db.write(lambda c: forgetting.erase_consent(c, person))
        await self._db.write(lambda c: forgetting.erase_verdicts(c, person))
        await self._db.write(lambda c: setting_changes.forget(c, person))
        heard = await self._db.read(lambda c: forgetting.threads_heard(c, person))
        await self._each(heard, lambda c, few: forgetting.erase_heard(c, person, few))

    async def _redact(self, person: Person) -> None:
        """In the audit trail the person becomes nobody; what came along with questions goes."""

        def op(connection: sa.Connection, few: Rows) -> None:
            contents = self._audit.contents_in(connection, few)
            redacted = {
                sequence: content and forgetting.without(person, content)
                for sequence, content in contents.items()
            }
            changed = {s: new for s, new in redacted.items() if not new or new != contents[s]}
            if changed:
                self._audit.redact_in(connection, changed)

        for trace in person.traces:
            await self._each(await self._audit.mentioning(trace), op)

    async def _sweep(self, person: Person) -> None:
        """The id wherever else it is: others may have named the person."""
        for place in await self._db.read(lambda c: sweeping.find(c, person)):
            await self._each(place.rows, partial(sweeping.replace, person=person, place=place))


def _batches(ids: Rows) -> Iterator[Rows]:
    for start in range(0, len(ids), _BATCH):
        yield ids[start : start + _BATCH]
