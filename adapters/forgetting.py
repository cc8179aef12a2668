"""Forgetting a person everywhere: in the database, in documents, in data sets and their files.

One path for the chat's "forget me" and for ``wellspoken forget``. Cut off anywhere, doing it again
finishes it.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from adapters.forgetting_evaluations import EvaluationErasure, Unasked
from adapters.governance.files import remove_exports
from adapters.home import Home
from bot.errors import StorageError, TrainingError, WellspokenError
from bot.handoff import HandoffBook
from bot.store.erasure import Erased, Erasure
from bot.store.forgetting import TABLES, Person
from bot.telemetry import log
from persona.forgetting import DatasetErasure, Untaught

if TYPE_CHECKING:
    from pathlib import Path

    from bot.store.audit import AuditTrail
    from bot.store.base import Database
    from knowledge.ingest import Ingestor

FORGOTTEN = "person forgotten"
"""The deed in the audit trail."""

BUILDING = "dataset"
"""The lease of whoever builds a data set (``adapters.teaching.datasets``)."""

_WAIT_S = 600.0

Withdraw = Callable[[Sequence[str]], Awaitable[None]]
"""Takes documents of the source ``answers`` out of the knowledge; unknown ones are no error."""


@dataclass(frozen=True, slots=True)
class Forgotten:
    """What was erased: messages, ratings, handoffs, examples of data sets, and documents that had
    become of answers; and the versions of the voice that were trained on the examples.

    ``rounds`` of fine-tuning were ended. ``left`` are files of data sets that had been changed
    since they were built: nobody can tell which of their lines are the person's. Of evaluations
    ``cases`` went, proposed, approved or answered, and ``pages`` that showed them.
    """

    messages: int = 0
    feedback: int = 0
    handoffs: int = 0
    examples: int = 0
    datasets: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    documents: tuple[str, ...] = ()
    rounds: tuple[str, ...] = ()
    left: tuple[Path, ...] = ()
    cases: int = 0
    pages: tuple[Path, ...] = ()

    @property
    def nothing(self) -> bool:
        """Whether nothing of the person was there."""
        return self == Forgotten()


class ForgettingDesk:
    """Forgets people in one home. ``stop`` ends a round of fine-tuning."""

    def __init__(
        self,
        *,
        database: Database,
        audit: AuditTrail,
        home: Path,
        withdraw: Withdraw,
        stop: Callable[[str, str], Awaitable[object]],
        wait_s: float = _WAIT_S,
    ) -> None:
        self._database = database
        self._audit = audit
        self._home = home
        self._erasure = Erasure(database, audit)
        self._datasets = DatasetErasure(database, audit, home)
        self._evaluations = EvaluationErasure(database, home)
        self._handoffs = HandoffBook(database)
        self._withdraw = withdraw
        self._stop = stop
        self._wait_s = wait_s

    async def forget(
        self,
        author: str,
        *,
        by: str,
        waiting: Callable[[], None] | None = None,
        progress: Callable[[int, int], None] = lambda *_: None,
    ) -> Forgotten:
        """Forget an author, a key like ``slack:U024BE7LH``; what there was, nothing a second time.

        A data set that is being built is waited for, which ``waiting`` is told; ``progress``
        hears how many turns are erased, and of how many. Raises UsageError
        for what is no key; StorageError, DiskFullError, TrainingError where data sets cannot be
        cleaned now, while the database is; the errors of the knowledge's stores before that, since
        the database alone knows which documents are meant. Then do it again.
        """
        person = Person.of(author)
        untaught = Untaught()
        trouble: WellspokenError | None = None
        documents = await self._erasure.answers(author)
        texts = await self._texts(documents)
        unasked = await self._unasked(author, documents, texts)
        try:
            async with self._alone(waiting):
                untaught = await self._datasets.forget(
                    author,
                    by=by,
                    stop=lambda job: self._stop(job, person.without(by)),
                    texts=texts,
                )
        except WellspokenError as error:  # the lineage stays: another time finds the lines
            trouble = error
        except OSError as error:
            trouble = _unreadable(error)
        if documents:
            await self._withdraw(documents)
        erased = await self._erasure.forget(author, progress)
        if erased == Erased() and untaught.examples:
            await self._database.scrub(TABLES, person.traces)
        if unasked.words:
            await self._evaluations.scrub(unasked.words)
        await self._remove_exports(person)
        if trouble is not None:
            raise trouble
        gone = Forgotten(
            messages=erased.messages,
            feedback=erased.feedback,
            handoffs=erased.handoffs,
            examples=untaught.examples,
            datasets=untaught.datasets,
            models=untaught.models,
            documents=documents,
            rounds=untaught.rounds,
            left=untaught.left,
            cases=unasked.cases,
            pages=unasked.pages,
        )
        if not gone.nothing:
            await self._put_on_record(gone, person.without(by))
        return gone

    async def _remove_exports(self, person: Person) -> None:
        try:
            await asyncio.to_thread(remove_exports, self._home, person)
        except OSError as error:
            raise _unreadable(error) from error

    async def _put_on_record(self, gone: Forgotten, by: str) -> None:
        """That somebody was forgotten, by whom it was asked; not who."""
        await self._audit.operator(
            FORGOTTEN,
            by,
            messages=gone.messages,
            feedback=gone.feedback,
            handoffs=gone.handoffs,
            examples=gone.examples,
            datasets=list(gone.datasets),
            models=list(gone.models),
            documents=len(gone.documents),
        )

    async def _unasked(
        self, author: str, documents: Sequence[str], texts: Sequence[str]
    ) -> Unasked:
        """Evaluations come first: the messages tell which words are the person's."""
        try:
            return await self._evaluations.forget(author, documents=documents, texts=texts)
        except OSError as error:
            raise _unreadable(error) from error

    async def _texts(self, documents: Sequence[str]) -> list[str]:
        """What documents are made of."""
        found = [await self._handoffs.get(document) for document in documents]
        return [text for handoff in found for text in (handoff.question, handoff.answer)]

    @asynccontextmanager
    async def _alone(self, waiting: Callable[[], None] | None) -> AsyncIterator[None]:
        """Hold the lease of whoever builds a data set: none shall come of what goes."""
        from bot.work.leases import Leases
        from knowledge.exclusive import Exclusive

        exclusive = Exclusive(Leases(self._database))
        async with AsyncExitStack() as held:
            try:
                async with asyncio.timeout(self._wait_s):
                    await held.enter_async_context(exclusive.awaited(BUILDING, waiting))
            except TimeoutError as error:
                reason = "A data set is still being built; wait and forget again."
                raise TrainingError(reason) from error
            yield


def _unreadable(error: OSError) -> StorageError:
    return StorageError(
        f"{error.filename or 'A file'} cannot be read ({error.strerror or error}); check its "
        "permissions and forget again."
    )


class Knowing(Home, Protocol):
    """And of one whose knowledge is open."""

    @property
    def ingestor(self) -> Ingestor: ...


def desk_of(app: Knowing) -> ForgettingDesk:
    """The desk of an application."""

    async def withdraw(documents: Sequence[str]) -> None:
        await withdrawn(app, documents)

    return desk_with(app, withdraw)


def desk_with(app: Home, withdraw: Withdraw) -> ForgettingDesk:
    """The desk of parts, with documents taken back in a way of their own."""
    from adapters.teaching.tuning import desk_of as tuning_of

    return ForgettingDesk(
        database=app.database,
        audit=app.audit,
        home=app.settings.home,
        withdraw=withdraw,
        stop=lambda job, by: tuning_of(app).cancel(job, by),
    )


async def withdrawn(app: Knowing, documents: Sequence[str]) -> None:
    """Take answers out of the knowledge, and out of indexes that are not live: one of them may be
    used again, and its file holds the words."""
    from adapters.indexes import open_shelf, shelf_kind
    from knowledge.answers import withdraw
    from knowledge.sources.answers import NAME
    from knowledge.stores.base import DocumentKey

    for document in documents:
        await withdraw(app.ingestor, document)
    async with open_shelf(app.settings, shelf_kind(app.settings)) as shelf:
        for record in await shelf.records():
            if record.state == "live":
                continue
            store = shelf.store(record)
            await store.open()
            try:
                await store.remove([DocumentKey(NAME, document) for document in documents])
            finally:
                await store.close()
    for path in app.settings.home.glob("knowledge*.db"):
        await asyncio.to_thread(_empty_journal, path)


def _empty_journal(path: Path) -> None:
    """Cut off what SQLite keeps beside a file, where nobody reads from it just now."""
    from bot.store.traces import empty_journal

    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        if not empty_journal(connection):
            log.warning("the journal is in use; it is emptied later", file=path.name)


def forgotten_json(gone: Forgotten) -> dict[str, Any]:
    """As the contract names it."""
    return {
        "messages": gone.messages,
        "feedback": gone.feedback,
        "examples": gone.examples,
        "datasets": list(gone.datasets),
        "models": list(gone.models),
    }
