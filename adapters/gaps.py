"""The gap loop, shared by command line, console and server: what could not be answered, by topic.

Gaps are gathered from stored turns, shown with what is near and what people said, and answered by
an operator: the answer becomes a document on the one way that reviewed answers take.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Protocol

from adapters.gap_marks import Change, ChangedError, changed, mark_of
from adapters.gap_owners import OwnerDesk
from adapters.gap_story import Answered, Listing, Near, Shown, Story, for_all, readers_for, unclear
from bot.conversation import Principal, Usage
from bot.errors import ModelError, NotFoundError, StorageError, UsageError
from bot.store.costs import CostBook
from bot.store.gap_intake import GapIntake
from bot.store.gap_owners import GapOwners
from bot.store.gaps import Asked, Gap, GapBook, GapState, Told
from bot.telemetry import log
from knowledge.answers import publish
from knowledge.gaps.drafting import Draft, Kind, said_already, written
from knowledge.gaps.gathering import Gatherer
from knowledge.gaps.naming import Name, name_of
from knowledge.sources.answers import NAME, Answer

if TYPE_CHECKING:
    from bot.ports import ChatModel, Clock, Embedder, Retriever
    from bot.settings import Settings
    from bot.store.audit import AuditTrail
    from bot.store.base import Database
    from knowledge.ingest import Ingestor
    from knowledge.ledger import DocumentRecord, Ledger

QUESTIONS = 20
"""Questions of a gap that are shown."""

_PASSAGES = 6
_LONGEST_TITLE = 200


class GapDesk:
    """The gaps of one home. ``ingestor`` is asked for when an answer is published; ``drafted``
    hears what a model that wrote a draft charged; ``owners`` says who sees to which."""

    def __init__(
        self,
        *,
        settings: Settings,
        book: GapBook,
        intake: GapIntake,
        gatherer: Gatherer,
        retriever: Retriever,
        ledger: Ledger,
        ingestor: Callable[[], Ingestor],
        owners: OwnerDesk,
        drafted: Callable[[str, Usage], Awaitable[None]] | None = None,
    ) -> None:
        self.owners = owners
        self._settings = settings
        self._book = book
        self._intake = intake
        self._gatherer = gatherer
        self._retriever = retriever
        self._ledger = ledger
        self._ingestor = ingestor
        self._drafted = drafted

    async def pending(self) -> bool:
        """Whether there is anything to gather."""
        return await self._gatherer.pending()

    async def gather(
        self, limit: int | None = None, progress: Callable[[int], None] | None = None
    ) -> int:
        """Put new questions into gaps, about ``limit`` at most; how many. ``progress`` is called
        with how many there were so far."""
        return await self._gatherer.gather(limit, progress)

    async def waiting(self) -> int:
        """How many questions have not been put into a gap yet."""
        return await self._intake.waiting()

    # -- looking --------------------------------------------------------------------------------

    async def listing(
        self,
        state: GapState | None = GapState.OPEN,
        search: str = "",
        *,
        owner: str | None = None,
        limit: int | None = None,
        offset: int = 0,
    ) -> Listing:
        """Gaps, the most asked for first; ``search``: those with a question that has the words,
        ``owner``: those that an operator has, by key, empty for nobody's."""
        wanted = None if limit is None else limit + 1
        found = await self._book.listing(
            state, search.split(), owner=owner, limit=wanted, offset=offset
        )
        page = found if limit is None else found[:limit]
        names = await self._names(page)
        return Listing(
            tuple(Shown(gap, names[gap.id]) for gap in page),
            await self._intake.waiting(),
            len(found) > len(page),
        )

    async def gap(self, id: str) -> Gap:  # noqa: A002
        """A gap as it is. Raises NotFoundError."""
        return await self._book.get(id)

    async def story(self, id: str, *, write: bool = False) -> Story:  # noqa: A002
        """A gap with what is near and what people said. ``write``: have the general model draft an
        answer, where one is set. Raises NotFoundError."""
        gap = await self._book.get(id)
        name = (await self._names([gap]))[gap.id]
        asked = await self._book.asked(gap.id, QUESTIONS)
        told = await self._book.told(gap.id)
        groups = tuple(await self._ledger.groups())
        record, text = await self._document(gap.document or gap.id)
        title = record.title if record else name.question
        draft = await self._draft(gap, asked, told, title, write=write)
        return Story(
            gap=gap,
            name=name,
            asked=tuple(asked),
            near=await self._near(title, gap, groups),
            told=tuple(told),
            draft=draft,
            readers=await self._readers(gap, record, own=draft.kind is not Kind.MODEL),
            groups=groups,
            title=title[:_LONGEST_TITLE],
            record=record,
            text=text,
            can_write=self._can_write,
        )

    # -- judging --------------------------------------------------------------------------------

    async def answer(
        self,
        id: str,  # noqa: A002
        text: str,
        by: str,
        *,
        title: str = "",
        groups: frozenset[str] | None = None,
        own: bool = True,
        seen: str | None = None,
    ) -> Answered:
        """Make a document of an answer: found by its words at once, and the gap is answered.

        ``by`` is the operator's key. ``groups`` may read it (empty: everybody), ``None``: whose
        the document is that it replaces, else what all have who asked. Not ``own``: it is what
        somebody said already (:meth:`reply`), not the operator's. ``seen``: the mark of the gap as
        the operator saw it; ``None``: whatever was published is replaced. Raises NotFoundError,
        ChangedError where the gap is not as it was seen, UsageError where there is no text or it
        cannot be told who may read it, and the errors of the stores.
        """
        gap = await self._book.get(id)
        if not text.strip():
            raise UsageError("The answer is empty; write what should be said.")
        record, _ = await self._document(gap.document or gap.id)
        readers = await self._readers(gap, record, own=own) if groups is None else groups
        if readers is None:
            raise UsageError(unclear(gap, record))
        title = " ".join((title or await self._title(gap, record)).split())[:_LONGEST_TITLE]
        if not title:
            raise UsageError(f"No words are left of what was asked in {gap.id}; give a title.")
        document = gap.document or gap.id
        said = Answered(gap, document, title, readers)

        async def unchanged() -> None:
            if seen is not None:
                await self._unchanged(id, seen, said, text)

        await unchanged()
        answer = Answer(document, title, text)
        await publish(self._ingestor(), answer, readers, first=unchanged)
        done = await self._book.answered(gap.id, document, by, readers)
        return replace(said, gap=done)

    async def reply(self, id: str) -> str:  # noqa: A002
        """What a person said to a question of a gap already; empty: nobody did."""
        gap = await self._book.get(id)
        return said_already(await self._book.told(gap.id)).text

    async def dismiss(self, id: str, by: str) -> Gap:  # noqa: A002
        """Put a gap aside; it stays there, and is counted, until somebody takes it up again."""
        return await self._book.dismissed(id, by)

    async def reopen(self, id: str, by: str) -> Gap:  # noqa: A002
        """Take a gap up again."""
        return await self._book.reopened(id, by)

    # -- parts ----------------------------------------------------------------------------------

    async def _unchanged(self, id_: str, seen: str, said: Answered, text: str) -> None:
        """Raises ChangedError where a gap is not as it was seen; to publish what stands there
        already replaces nothing."""
        gap = await self._book.get(id_)
        # The first answer is there before it is noted that it answers the gap.
        record, there = await self._document(gap.document or gap.id)
        change = changed(seen, mark_of(gap, record))
        if change in (Change.PUBLISHED, Change.REPLACED) and record is not None:
            stands = (gap.document or gap.id, record.title, record.groups)
            same = there.splitlines() == text.strip().splitlines()
            if same and stands == (said.document, said.title, said.groups):
                return
        if change is not None:
            raise ChangedError(change)

    async def _names(self, gaps: Sequence[Gap]) -> dict[str, Name]:
        samples = await self._book.samples([gap.id for gap in gaps])
        names = {}
        for gap in gaps:
            sample = samples[gap.id]
            names[gap.id] = name_of(sample.queries, sample.headings)
            if not sample.queries and gap.document:
                record, _ = await self._document(gap.document)
                if record is not None:
                    names[gap.id] = Name(record.title, record.title)
        return names

    async def _readers(
        self, gap: Gap, record: DocumentRecord | None, *, own: bool
    ) -> frozenset[str] | None:
        public = bool(gap.audiences) and not gap.common and not gap.mixed
        asked = public and not (own and record is not None)  # else it would change nothing
        private = asked and await self._book.told_in_private(gap.id)
        return readers_for(gap, record, private=private, own=own)

    async def _title(self, gap: Gap, record: DocumentRecord | None) -> str:
        return record.title if record else (await self._names([gap]))[gap.id].question

    async def _document(self, name: str) -> tuple[DocumentRecord | None, str]:
        """What answered a gap last, without its heading; nothing where it was removed."""
        if not name:
            return None, ""
        try:
            record, text = await self._ledger.show(name, NAME)
        except NotFoundError:
            return None, ""
        return record, text.removeprefix(f"# {record.title}").strip()

    async def _near(self, query: str, gap: Gap, groups: Sequence[str]) -> tuple[Near, ...]:
        """What is near in all documents: an operator sees whether the answer is there already, and
        only hidden from those who ask."""
        if not query:
            return ()
        found = await self._retriever.retrieve(query, Principal(frozenset(groups)), _PASSAGES)
        return tuple(Near(p, for_all(p, gap)) for p in found.passages)

    @property
    def _can_write(self) -> bool:
        config = self._settings
        return bool(config.model and (config.openai_api_key or config.openai_base_url))

    async def _draft(
        self, gap: Gap, asked: Sequence[Asked], told: Sequence[Told], query: str, *, write: bool
    ) -> Draft:
        if not (write and self._can_write and query):
            return said_already(told)
        found = await self._retriever.retrieve(query, Principal(gap.common), _PASSAGES)
        questions = [a.query for a in asked] or [query]
        try:
            async with _general_model(self._settings) as model:
                draft = await written(model, questions, told, found.passages)
        except ModelError as error:
            return replace(said_already(told), note=f"The model wrote no draft: {error}")
        if self._drafted is not None and draft.usage != Usage():
            try:
                await self._drafted(draft.model, draft.usage)
            except StorageError as error:  # the draft is there, and paid for
                log.error("what a draft cost could not be noted", error=str(error))
        return draft


@asynccontextmanager
async def _general_model(settings: Settings) -> AsyncIterator[ChatModel]:
    """The general model, with a connection of its own: a draft is wanted seldom."""
    from adapters.models import model_server, prices_of
    from bot.llm.openai import OpenAIChatModel

    limits = settings.models
    async with model_server(settings) as server:
        if server is None or not settings.model:
            raise UsageError("No model is set; write the answer yourself.")
        yield OpenAIChatModel(
            settings.model,
            server=server,
            first_token_s=limits.first_token.total_seconds(),
            answer_s=limits.answer.total_seconds(),
            prices=prices_of(settings).of(settings.model).pair,
            setting="WELLSPOKEN_MODEL",
        )


class Application(Protocol):
    """What the gap loop needs of the application."""

    @property
    def settings(self) -> Settings: ...
    @property
    def database(self) -> Database: ...
    @property
    def embedder(self) -> Embedder: ...
    @property
    def retriever(self) -> Retriever: ...
    @property
    def audit(self) -> AuditTrail: ...
    @property
    def ledger(self) -> Ledger: ...
    @property
    def ingestor(self) -> Ingestor: ...
    @property
    def clock(self) -> Clock: ...


def desk_of(app: Application) -> GapDesk:
    """The gaps of an application."""
    intake = GapIntake(app.database, app.clock)
    owners = GapOwners(app.database, app.audit, app.clock)
    costs = CostBook(app.database)
    return GapDesk(
        settings=app.settings,
        book=GapBook(app.database, app.audit, app.clock),
        intake=intake,
        gatherer=gatherer_of(app, intake),
        retriever=app.retriever,
        ledger=app.ledger,
        ingestor=lambda: app.ingestor,
        owners=OwnerDesk(app.settings, owners, app.audit, app.clock),
        drafted=lambda model, usage: costs.drafted(app.clock(), model, usage),
    )


def gatherer_of(app: Application, intake: GapIntake | None = None) -> Gatherer:
    """What gathers gaps: run it in the worker."""
    from bot.work.leases import Leases
    from knowledge.exclusive import Exclusive

    async def title_of(document: str) -> str:
        try:
            return (await app.ledger.show(document, NAME))[0].title
        except NotFoundError:
            return ""

    builtin = app.settings.embedding_model == "builtin"
    return Gatherer(
        intake or GapIntake(app.database, app.clock),
        app.embedder if builtin else _builtin_embedder(),
        Exclusive(Leases(app.database)),
        title_of,
    )


@cache
def _builtin_embedder() -> Embedder:
    """The built-in model beside a model server's: what is near was measured with it."""
    from knowledge.embedder import BuiltinEmbedder

    return BuiltinEmbedder()
