"""The suites of one home: proposed from documents and turns, reviewed, found by their name.

The command line and the console share this.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any, Protocol

from adapters.excerpts import Excerpt, excerpt_of
from bot.errors import NotFoundError, UsageError
from bot.evaluation.cases import Case, Suite, digest_of
from bot.store.audit import AuditTrail
from bot.store.suites import (
    CaseDraft,
    CaseState,
    NoSuiteError,
    Origin,
    SuiteCase,
    SuiteCaseBook,
    SuiteLine,
    suite_name,
)

if TYPE_CHECKING:
    from datetime import datetime

    from bot.conversation import Usage
    from bot.ports import Clock, Retriever
    from bot.settings import Settings
    from bot.store.base import Database
    from knowledge.ledger import Ledger
    from knowledge.proposing.material import Candidate, Material
    from knowledge.proposing.proposing import Proposed

OWN = "own"
"""The suite that is proposed where no name is given."""

COUNT = 40
_TEXTS = 500  # documents that are read at once
_MOST = 2_000
"""Documents that cases are made of, at most; of more the seed draws so many."""
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Done:
    """What a proposal came to: new cases, those that were there before, and why not more."""

    suite: str
    new: int
    known: int
    dropped: dict[str, int]
    model: str = ""


@dataclass(frozen=True, slots=True)
class Wish:
    """What is wanted of a proposal. The same documents and ``seed`` give the same cases."""

    documents: bool = True
    turns: bool = False
    count: int = COUNT
    seed: int = 0
    model: bool = True


def case_of(draft: CaseDraft) -> Case:
    """A kept case as a suite has it."""
    return Case(**{name: getattr(draft, name) for name in CaseDraft.__slots__})


def line_of(case: CaseDraft) -> dict[str, Any]:
    """A case as a line of a suite; what is empty is left out."""
    told = {k: list(v) if isinstance(v, tuple) else v for k, v in asdict(case).items()}
    return {k: v for k, v in told.items() if v not in ([], ()) or k == "answers"}


async def kept_suite(database: Database, name: str) -> Suite | None:
    """The approved cases of a suite that was proposed or made here; ``None`` where there are none.

    Its ``path`` is its name: it has no file.
    """
    book = SuiteCaseBook(database, AuditTrail(database))
    found = await book.listing(name, CaseState.APPROVED)
    cases = tuple(case_of(each.case) for each in found)
    return Suite(name, Path(name), digest_of(cases), cases) if cases else None


async def suite_of_home(settings: Settings, name: str) -> Suite | None:
    """:func:`kept_suite` of a home, for who has no database open."""
    from adapters.home import open_database

    async with open_database(settings) as database:
        return await kept_suite(database, name)


class SuiteDesk:
    """Suites as operators look at them and decide on them."""

    def __init__(
        self,
        *,
        settings: Settings,
        database: Database,
        audit: AuditTrail,
        ledger: Ledger,
        retriever: Callable[[], Retriever],
        clock: Clock,
    ) -> None:
        self._settings = settings
        self._database = database
        self._ledger = ledger
        self._retriever = retriever
        self._clock = clock
        self._book = SuiteCaseBook(database, audit, clock)

    # -- looking --------------------------------------------------------------------------------

    async def suites(self) -> list[SuiteLine]:
        """Every suite with its counts."""
        return await self._book.suites()

    async def counts(self, name: str) -> SuiteLine:
        """A suite's counts. Raises NotFoundError."""
        return await self._book.counts(name)

    async def cases(
        self, name: str, state: CaseState | None = None, limit: int | None = None, offset: int = 0
    ) -> list[SuiteCase]:
        """Cases in the order of their proposal."""
        return await self._book.listing(name, state, limit, offset)

    async def find(self, suite: str, case: str) -> SuiteCase:
        """A case by its id, or by its name in the suite. Raises NotFoundError."""
        found = await self._book.listing(suite)
        if not found:
            raise NoSuiteError(kind="suite", id=suite)
        for each in found:
            if case in (each.id, each.case.id):
                return each
        raise NotFoundError(kind="case", id=case)

    async def last(self, suite: str, by: str, since: datetime) -> Sequence[SuiteCase]:
        """What an operator decided last in a suite, since a moment: one case, or all of a deed."""
        newest = await self._book.last(suite, by, since)
        if newest is None:
            return ()
        alike = await self._book.listing(suite, newest.state)
        return [c for c in alike if (c.by, c.decided_at) == (newest.by, newest.decided_at)]

    async def lines(self, name: str) -> list[dict[str, Any]]:
        """The approved cases as lines of a suite. Raises NotFoundError, and UsageError where none
        is approved."""
        await self.counts(name)
        found = await self._book.listing(name, CaseState.APPROVED)
        if not found:
            raise UsageError(
                f"No case of {name} is approved yet; review it with `wellspoken suite show {name}`."
            )
        return [line_of(each.case) for each in found]

    async def excerpts(self, cases: Sequence[SuiteCase]) -> dict[str, Excerpt]:
        """The quotes of cases with what stands around them in the document, by the case's id;
        without it where the document is not there any more."""
        found = {}
        for each in cases:
            text = ""
            if each.origin is Origin.DOCUMENT and each.place:
                for record in await self._ledger.find(each.place):
                    _, body = await self._ledger.show(each.place, record.source)
                    text = body if each.quote in body else text
            found[each.id] = excerpt_of(text, each.quote, each.case.answers)
        return found

    # -- deciding -------------------------------------------------------------------------------

    async def approve(self, id: str, by: str, edited: CaseDraft | None = None) -> SuiteCase:  # noqa: A002
        """Take a case into its suite, as proposed or as edited."""
        return await self._book.approve(id, by=by, edited=edited)

    async def decide(self, ids: Sequence[str], state: CaseState, by: str) -> None:
        """The same decision on several cases: all or none."""
        await self._book.decide_all(ids, state, by=by)

    async def undo(self, id: str, by: str) -> SuiteCase:  # noqa: A002
        """Take a decision back."""
        return await self._book.undo(id, by=by)

    async def add(self, suite: str, case: CaseDraft, by: str) -> SuiteCase:
        """Add a case by hand; without an id it gets one of its question."""
        digest = hashlib.sha256(case.question.encode()).hexdigest()[:8]
        named = case if case.id else replace(case, id=f"own-{digest}")
        return await self._book.add(suite, named, by=by)

    # -- proposing ------------------------------------------------------------------------------

    async def propose(
        self, name: str, wish: Wish, progress: Progress = lambda _done, _total: None
    ) -> Done:
        """Propose cases; those that the suite has already stay as they are.

        Raises UsageError where there is nothing to make them of, and the errors of the parts.
        """
        name = suite_name(name)
        asked = [each.case.question for each in await self._book.listing(name)]
        dropped: Counter[str] = Counter()
        new = known = 0
        model = ""
        if wish.turns:
            made = await self._from_turns(dropped, wish.count)
            fresh = await self._book.propose(name, made)
            new, known = new + fresh, known + len(made) - fresh
        if wish.documents and wish.count > new:
            rest = replace(wish, count=wish.count - new)
            done, model = await self._from_documents(rest, asked, progress)
            new += await self._book.propose(name, done.cases)
            dropped.update({str(why): n for why, n in done.dropped.items()})
        return Done(name, new, known, dict(dropped), model)

    async def _from_documents(
        self, wish: Wish, asked: Sequence[str], progress: Progress
    ) -> tuple[Proposed, str]:
        from knowledge.proposing.choosing import Dropped
        from knowledge.proposing.proposing import propose

        materials = await self._materials(wish.seed)
        if not materials:
            raise UsageError(
                "There are no documents to propose cases from; read some in with "
                "`wellspoken ingest`."
            )
        config, dropped = self._settings, Counter[Dropped]()
        set_ = bool(config.model and (config.openai_api_key or config.openai_base_url))
        async with AsyncExitStack() as stack:
            written = None
            if wish.model and set_:
                written = await self._written(stack, materials, wish.seed, dropped)
            done = await propose(
                materials,
                self._retriever(),
                wish.count,
                seed=wish.seed,
                known=asked,
                written=written,
                dropped=dropped,
                progress=progress,
            )
        return done, (config.model or "") if written else ""

    async def _written(
        self,
        stack: AsyncExitStack,
        materials: Sequence[Material],
        seed: int,
        dropped: Counter[Any],
    ) -> AsyncIterator[Candidate]:
        """Candidates by the general model, what it charges in the books."""
        from adapters.models import model_server, prices_of
        from bot.llm.openai import OpenAIChatModel
        from bot.store.costs import CostBook
        from knowledge.proposing.modelled import written_cases

        config, costs = self._settings, CostBook(self._database)
        limits, server = config.models, await stack.enter_async_context(model_server(config))
        if server is None or not config.model:
            raise UsageError("No model is set; propose cases with --no-model.")
        model = OpenAIChatModel(
            config.model,
            server=server,
            first_token_s=limits.first_token.total_seconds(),
            answer_s=limits.answer.total_seconds(),
            prices=prices_of(config).of(config.model).pair,
            setting="WELLSPOKEN_MODEL",
        )

        async def charged(name: str, usage: Usage) -> None:
            await costs.drafted(self._clock(), name, usage)

        return written_cases(model, materials, seed, dropped, charged)

    async def _materials(self, seed: int) -> list[Material]:
        """The documents of the ledger with their texts; where there are too many, a draw."""
        from knowledge.proposing.material import Material

        records = await self._ledger.listing()
        if len(records) > _MOST:
            drawn = Random(seed).sample(range(len(records)), _MOST)  # noqa: S311 - no secret
            records = [records[place] for place in sorted(drawn)]
        found = []
        for at in range(0, len(records), _TEXTS):
            batch = records[at : at + _TEXTS]
            texts = await self._ledger.texts([(r.source, r.document) for r in batch])
            for record in batch:
                text = texts.get((record.source, record.document), "")
                if text:
                    found.append(
                        Material(record.source, record.document, record.title, text, record.groups)
                    )
        return found

    async def _from_turns(self, dropped: Counter[str], count: int) -> list[Any]:
        """Cases of approved turns, the newest first."""
        from bot.store.consent import ConsentLedger
        from bot.store.rated import RatedTurns
        from bot.store.suites import Proposal
        from persona.curation.choosing import Consent
        from persona.curation.preparing import Policy
        from persona.curation.presidio import finder
        from persona.proposing import case_of as case_of_turn

        training, found = self._settings.training, finder()
        policy = Policy(training.use_user_messages)
        ledger = ConsentLedger(self._database)
        kept: list[Proposal] = []
        async for batch in RatedTurns(self._database).batches():
            people = set(_people(batch))
            consent = Consent(await ledger.choices(people), training.consent == "opt-out")
            for rated in batch:
                made = case_of_turn(rated, consent, policy, found)
                if isinstance(made, Proposal):
                    kept.append(made)
                else:
                    dropped[f"turn: {made}"] += 1
                if len(kept) >= count:
                    return kept
        return kept


def _people(batch: Sequence[Any]) -> Iterator[str]:
    """The keys of everybody whose words a batch of rated turns holds."""
    for rated in batch:
        yield rated.turn.author.key
        yield from (said.author for said in rated.said)
        if rated.rewritten and rated.rewritten.author:
            yield rated.rewritten.author


class Application(Protocol):
    """What the suites need of the application."""

    @property
    def settings(self) -> Settings: ...
    @property
    def database(self) -> Database: ...
    @property
    def audit(self) -> AuditTrail: ...
    @property
    def ledger(self) -> Ledger: ...
    @property
    def retriever(self) -> Retriever: ...
    @property
    def clock(self) -> Clock: ...


def desk_of(app: Application) -> SuiteDesk:
    """The suites of an application."""
    return SuiteDesk(
        settings=app.settings,
        database=app.database,
        audit=app.audit,
        ledger=app.ledger,
        retriever=lambda: app.retriever,
        clock=app.clock,
    )
