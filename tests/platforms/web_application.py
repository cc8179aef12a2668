"""A stand-in application for the web adapter: real storage, an engine that plays prepared answers.

Run it to look at the pages by hand: ``python -m tests.platforms.web_application [PORT]``.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import threading
import time
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path

import uvicorn

from adapters.advising import AdviceDesk, advice_desk
from adapters.amended import AmendedSettings
from adapters.costing import CostDesk
from adapters.documents import DocumentDesk
from adapters.evaluation.desk import ScorecardDesk
from adapters.first_run import FirstRun
from adapters.forgetting import desk_with as forgetting_with
from adapters.gap_owners import OwnerDesk
from adapters.gaps import GapDesk
from adapters.governance.desk import GovernanceDesk
from adapters.governance.people import PeopleDesk
from adapters.jobs.desk import JobDesk
from adapters.jobs.desk import desk_of as job_desk
from adapters.models import load_voice_persona
from adapters.release.gate_records import GateBook, GateDesk, GateFiles
from adapters.release.releasing import ReleaseDesk, release_desk
from adapters.routing import RoutingDesk, routing_desk
from adapters.settings_desk import SettingsDesk
from adapters.suites import SuiteDesk
from adapters.teaching.datasets import DatasetDesk
from adapters.teaching.handing_out import HandingOut, handing_out_of
from adapters.teaching.persona import PersonaDesk
from adapters.teaching.reviewing import Review
from adapters.teaching.tuning import TuningDesk
from adapters.teaching.tuning import desk_of as tuning_desk
from adapters.trials import Audience, Choice, Choices, Prompt, Trial, Tried
from adapters.uploaded_files import UploadedFiles
from adapters.uploads import UploadDesk
from adapters.watch.desk import WatchDesk
from adapters.web.app import create_app
from adapters.web.auth.sessions import Access
from adapters.web.auth.sso import SingleSignOn
from adapters.web.ports.application import Application, Show
from adapters.web.widget.gate import Widget
from bot.conversation import (
    Author,
    Outcome,
    Platform,
    Principal,
    Question,
    Route,
    RouteDecision,
    Turn,
    Usage,
)
from bot.errors import ModelUnavailableError, WellspokenError
from bot.evidence import Chunk, Citation, Claim, Grounding, Passage, Retrieval
from bot.handoff import HandoffBook
from bot.metrics import Metrics
from bot.ports import ChatMessage
from bot.sentences import split
from bot.settings import Settings, load_settings
from bot.store.audit import AuditTrail
from bot.store.base import Database
from bot.store.cited import CitedBook
from bot.store.console_ends import ConsoleEnds
from bot.store.feedback import FeedbackBook
from bot.store.gap_intake import GapIntake
from bot.store.gap_owners import GapOwners
from bot.store.gaps import GapBook
from bot.store.history import History
from bot.store.ids import new_id
from bot.store.processes import ProcessBook
from bot.store.reviews import ReviewBook
from bot.store.rewrites import RewriteBook
from bot.store.setting_changes import SettingChanges
from bot.store.timing import utc_now
from bot.store.today import TodayBook
from bot.store.turn_list import TurnList
from bot.work.jobs import Jobs
from bot.work.leases import Leases
from knowledge.catalogue import Catalogue
from knowledge.embedder import BuiltinEmbedder
from knowledge.exclusive import Exclusive
from knowledge.gaps.gathering import Gatherer
from knowledge.indexes import MissingEmbedder
from knowledge.ingest import Ingestor
from knowledge.ledger import DocumentRecord, Ledger
from knowledge.retrieval import HybridRetriever
from knowledge.sources.folder import FolderSource
from knowledge.standing import SourceDesk
from knowledge.stores.base import DocumentKey, StoreStats
from knowledge.stores.embedded import EmbeddedStore
from knowledge.stores.shelf import IndexSpec
from knowledge.syncbook import SyncBook
from knowledge.syncing import Plan
from persona.profile import default_persona
from persona.style import StyleScore, StyleScorer
from tests.platforms.migrated import migrated

TOKEN = "a-token-for-tests"

HANDBOOK = Plan(
    "handbook",
    "docs/handbook",
    lambda: FolderSource("docs/handbook"),
    frozenset({"staff"}),
    timedelta(hours=1),
)
"""A source that is set up and was never read."""

RESET_TEXT = (
    "Before you start, note the serial number on the underside.\n\n"
    "Hold the power button for ten seconds until the light turns amber. "
    "Release it and wait for the light to turn green.\n\n"
    "Your schedules are kept; the Wi-Fi password is not."
)
SALARY_TEXT = "Night shifts are paid at 1.5 times the usual rate."


def chunk(document: str, title: str, text: str, *groups: str, uri: str = "") -> Chunk:
    """A stored piece that is its whole document."""
    return Chunk(
        id=f"{document}#0",
        document=document,
        source="sample",
        revision="r1",
        ordinal=0,
        title=title,
        headings=(title, "Step by step"),
        text=text,
        start=0,
        end=len(text),
        uri=uri or document,
        groups=frozenset(groups),
    )


RESET = chunk("hardware/reset.md", "Resetting the hub", RESET_TEXT)
LIGHTS = chunk(
    "hardware/lights.md",
    "What the lights mean",
    "| Light | Meaning |\n|---|---|\n| amber | restarting |\n| green | ready |",
    uri="https://docs.example.com/lights",
)
SALARY = chunk("staff/pay.md", "Pay", SALARY_TEXT, "staff")


@dataclass(frozen=True)
class Scripted:
    """A prepared answer."""

    text: str
    outcome: Outcome = Outcome.ANSWERED
    passages: tuple[Chunk, ...] = ()
    quotes: tuple[tuple[Chunk, str], ...] = ()
    route: Route = Route.RAG
    withheld: tuple[str, ...] = ()


RESET_ANSWER = Scripted(
    "Hold the **power button** for ten seconds until the light turns amber [1]. "
    "Release it and wait for green [1]. The lights mean this [2]:\n\n"
    "| Light | Meaning |\n|---|---|\n| amber | restarting |\n| green | ready |\n\n"
    "Your schedules are kept; the Wi-Fi password is not [1].",
    passages=(RESET, LIGHTS),
    quotes=(
        (RESET, "Hold the power button for ten seconds until the light turns amber."),
        (LIGHTS, "| amber | restarting |"),
    ),
)
UNKNOWN = Scripted(
    "I could not find that in the documentation. Near it I know about resetting the hub.",
    outcome=Outcome.ABSTAINED,
    passages=(RESET,),
    withheld=("staff/pay.md",),
)


@dataclass
class ScriptedEngine:
    """Plays prepared answers, records them, and keeps what it was asked."""

    history: History
    metrics: Metrics
    script: dict[str, Scripted] = field(default_factory=lambda: {"reset": RESET_ANSWER})
    pause: float = 0.0
    asked: list[Question] = field(default_factory=list)
    fails: Exception | None = None
    loses: str = ""
    hold: asyncio.Event | None = None

    async def answer(self, question: Question, show: Show = ..., /) -> Turn:  # type: ignore[assignment]  # the port's own default
        """The prepared answer whose key word the question holds."""
        self.asked.append(question)
        if self.fails is not None:
            raise self.fails
        if question.key is not None:
            known = await self.history.turn_for_key(question.key)
            if known is not None:
                await show(known.answer)
                return known
        scripted = self.scripted(question)
        await asyncio.sleep(self.pause)
        at = 0
        for sentence in split(scripted.text):
            await show(scripted.text[at : sentence.end])
            at = sentence.end
            await asyncio.sleep(self.pause)
            if self.hold is not None:
                await self.hold.wait()
        turn = stand_in_turn(question, scripted)
        if self.loses:
            return replace(turn, error=self.loses)
        await self.history.record(turn, question.key)
        self.metrics.observe_turn(turn)
        return turn

    def scripted(self, question: Question) -> Scripted:
        if "paid" in question.text and "staff" in question.principal.groups:
            return Scripted(
                f"{SALARY_TEXT} [1]", passages=(SALARY,), quotes=((SALARY, SALARY_TEXT),)
            )
        for word, scripted in self.script.items():
            if word in question.text.lower():
                return scripted
        return UNKNOWN


def stand_in_turn(question: Question, scripted: Scripted) -> Turn:
    """A whole turn around a prepared answer."""
    citations = tuple(
        Citation(
            n=n,
            document=piece.document,
            title=piece.title,
            uri=piece.uri,
            quote=quote,
            chunk=piece.id,
            revision=piece.revision,
            start=piece.text.index(quote),
            end=piece.text.index(quote) + len(quote),
        )
        for n, (piece, quote) in enumerate(scripted.quotes, 1)
    )
    claims = tuple(
        Claim(s.start, s.end, s.text, supported=True, score=0.94, passage=0)
        for s in split(scripted.text)
        if scripted.outcome is Outcome.ANSWERED
    )
    return Turn(
        id=new_id("turn"),
        thread=question.thread or new_id("thread"),
        question=question.text,
        query=question.text,
        author=question.author,
        channel=question.channel,
        audience=question.principal.groups,
        route=RouteDecision(scripted.route, 0.9, ("it asks for a fact",)),
        answer=scripted.text,
        outcome=scripted.outcome,
        citations=citations,
        grounding=Grounding(claims),
        passages=tuple(
            Passage(piece, score=1.0 - i / 4, lexical=7.2 - i, cosine=0.61 - i / 10)
            for i, piece in enumerate(scripted.passages)
        ),
        withheld=scripted.withheld,
        model="extractive",
        persona="Juniper@1",
        usage=Usage(812, 96),
        timings_ms={
            "history": 1.2,
            "rewrite": 0.3,
            "route": 0.8,
            "retrieve": 9.4,
            "first_sentence": 14.0,
            "speak": 22.5,
            "store": 4.1,
            "total": 38.3,
        },
        at=datetime.now(UTC),
    )


@dataclass(frozen=True)
class Card:
    """The persona as the page shows it."""

    name: str = "Juniper"
    label: str = "Juniper@1"
    greeting: tuple[str, ...] = (
        "Hello. I know the Mossgate documentation and show where each answer comes from.",
    )


@dataclass
class StandInStore:
    """Counts of a knowledge store, and whether what was cited is still for everybody."""

    found: StoreStats = field(default_factory=lambda: StoreStats(3, 3, 1))
    closed: bool = False

    async def stats(self) -> StoreStats:
        return self.found

    async def chunk(self, id: str, principal: Principal) -> Chunk | None:  # noqa: A002 - as there
        made = Chunk(id, "a", "docs", "r", 0, "A", (), "text", 0, 4, "a")
        return None if self.closed else made


def stand_in_review(database: Database, ledger: Ledger, store: EmbeddedStore) -> Review:
    """The review as it is, over a knowledge base without vectors."""
    audit = AuditTrail(database)
    return Review(
        feedback=FeedbackBook(database),
        reviews=ReviewBook(database, audit),
        rewrites=RewriteBook(database, audit),
        handoffs=HandoffBook(database),
        history=History(database),
        audit=audit,
        ingestor=lambda: Ingestor(ledger, store, Leases(database)),
    )


@dataclass(frozen=True)
class StandInRetriever:
    """Finds the same three documents for every question, as far as the asker may see them."""

    async def retrieve(self, query: str, principal: Principal, k: int = 6) -> Retrieval:
        found = [piece for piece in (RESET, LIGHTS, SALARY) if principal.may_see(piece.groups)]
        return Retrieval(tuple(Passage(piece, 1.0 - i / 4) for i, piece in enumerate(found)))


async def no_title(document: str) -> str:
    """The title of a document that is gone."""
    return ""


def stand_in_gaps(
    folder: Path, database: Database, ledger: Ledger, store: EmbeddedStore
) -> GapDesk:
    """The gap loop as it is, over documents that are always the same."""
    intake = GapIntake(database)
    leases = Exclusive(Leases(database))
    settings, trail = load_settings(WELLSPOKEN_HOME=folder), AuditTrail(database)
    return GapDesk(
        settings=settings,
        book=GapBook(database, trail),
        owners=OwnerDesk(settings, GapOwners(database, trail), trail, utc_now),
        intake=intake,
        gatherer=Gatherer(intake, BuiltinEmbedder(), leases, no_title),
        retriever=StandInRetriever(),
        ledger=ledger,
        ingestor=lambda: Ingestor(ledger, store, Leases(database)),
    )


@dataclass(frozen=True)
class TuningHome:
    """Fulfils :class:`adapters.teaching.tuning.Application`."""

    settings: Settings
    database: Database
    audit: AuditTrail

    def clock(self) -> datetime:
        return utc_now()


@dataclass
class StandInTrials:
    """Plays the prepared answers, and keeps what it was asked; "grand" is a model that speaks
    another way, and was sent a prompt."""

    engine: ScriptedEngine
    asked: list[Trial] = field(default_factory=list)
    fails: WellspokenError | None = None

    async def choices(self) -> Choices:
        return Choices(
            (Choice("", "Whoever answers today"), Choice("grand", "v2, candidate")),
            (Choice("", "Juniper, as it is today"), Choice("0123456789", "Juniper, 0123456789")),
            (Choice("", "The one that answers today"),),
            (
                Audience(
                    "Slack channel:C1", "Slack channel C1", Platform.SLACK, frozenset({"staff"})
                ),
                Audience("person:slack:U9", "slack:U9", Platform.SLACK, frozenset({"hr"})),
            ),
        )

    async def ask(self, trial: Trial, by: Author, *, keep: bool = False) -> Tried:
        """The prepared answer, perhaps as another model would give it."""
        self.asked.append(trial)
        if self.fails is not None:
            raise self.fails
        question = Question(trial.question, by, Principal(trial.groups), history=trial.history)
        turn = stand_in_turn(question, self.engine.scripted(question))
        prompts: tuple[Prompt, ...] = ()
        if trial.model:
            turn = replace(turn, model=trial.model, usage=Usage(900, 120, 0.0021))
            prompts = (Prompt(trial.model, (ChatMessage("system", "You are Juniper."),)),)
        if keep:
            await self.engine.history.record(turn)
        return Tried(trial, turn, prompts, keep)


@dataclass
class WebApplication:
    """Fulfils :class:`adapters.web.ports.application.Application`."""

    history: History
    feedback: FeedbackBook
    ledger: Ledger
    metrics: Metrics
    engine: ScriptedEngine
    review: Review
    handoffs: HandoffBook
    sources: SourceDesk
    gaps: GapDesk
    costs: CostDesk
    routing: RoutingDesk
    turn_list: TurnList
    audit: AuditTrail
    database: Database
    indexed: EmbeddedStore
    store: StandInStore = field(default_factory=StandInStore)
    persona: Card = field(default_factory=Card)
    console_token: str = TOKEN
    suggestions: Sequence[str] = (
        "How do I reset the hub?",
        "What do the lights mean?",
        "How much are night shifts paid?",
    )
    not_ready: dict[str, str | None] = field(default_factory=dict)
    home: Path = Path()

    @property
    def handing_out(self) -> HandingOut:
        return handing_out_of(self)

    @cached_property
    def trials(self) -> StandInTrials:
        return StandInTrials(self.engine)

    @property
    def documents(self) -> DocumentDesk:
        """The documents of the ledger, over a store that holds them without vectors."""
        spec = IndexSpec("stand-in", 8, 1)
        by_words = MissingEmbedder(spec, ModelUnavailableError(url="nowhere"))
        return DocumentDesk(
            self.ledger,
            Catalogue(self.database),
            CitedBook(self.database),
            self.indexed,
            HybridRetriever(self.indexed, by_words),
        )

    @property
    def today(self) -> TodayBook:
        return TodayBook(self.database)

    @property
    def first_run(self) -> FirstRun:
        def settings() -> Settings:
            return load_settings(WELLSPOKEN_HOME=self.home)

        return FirstRun(
            settings(),
            settings,
            store=self.store,
            sources=self.sources,
            today=self.today,
            voice=self.persona.label,
        )

    @property
    def in_force(self) -> SettingsDesk:
        changes = SettingChanges(self.database, self.audit)
        return SettingsDesk(load_settings(WELLSPOKEN_HOME=self.home), changes)

    @property
    def console_ends(self) -> ConsoleEnds:
        return ConsoleEnds(self.database)

    @property
    def processes(self) -> ProcessBook:
        return ProcessBook(self.database)

    @property
    def datasets(self) -> DatasetDesk:
        return DatasetDesk(
            settings=load_settings(WELLSPOKEN_HOME=self.home),
            database=self.database,
            persona=default_persona("Juniper"),
            clock=utc_now,
        )

    @property
    def governance(self) -> GovernanceDesk:
        """The trail and the people in this database; no knowledge is there to be taken back."""

        async def nothing(_documents: Sequence[str]) -> None:
            return None

        settings = load_settings(WELLSPOKEN_HOME=self.home)
        parts = TuningHome(settings, self.database, self.audit)
        people = PeopleDesk(self.database, self.audit, self.home, utc_now)
        forgetting = forgetting_with(parts, nothing)
        return GovernanceDesk(self.audit, people, forgetting, self.home)

    @property
    def models(self) -> ReleaseDesk:
        return release_desk(load_settings(WELLSPOKEN_HOME=self.home), self.database)

    @property
    def persona_room(self) -> PersonaDesk:
        """The persona of the folder's file where there is one; the rules alone judge."""
        settings = load_settings(WELLSPOKEN_HOME=self.home).model_copy(
            update={"config": self.home / "wellspoken.toml"}
        )
        persona = load_voice_persona(settings)
        return PersonaDesk(settings, persona, self.database, None, self.trials)

    @property
    def tuning(self) -> TuningDesk:
        """Rounds in this database; nothing is set that could train."""
        return tuning_desk(
            TuningHome(load_settings(WELLSPOKEN_HOME=self.home), self.database, self.audit)
        )

    @property
    def jobs(self) -> JobDesk:
        """Jobs in this database; nobody works on them."""
        return job_desk(
            TuningHome(load_settings(WELLSPOKEN_HOME=self.home), self.database, self.audit)
        )

    @property
    def uploads(self) -> UploadDesk:
        """Uploads into this folder; nobody reads them in."""

        def ingestor() -> Ingestor:
            raise AssertionError("nothing is read in here")

        return UploadDesk(
            files=UploadedFiles(self.home),
            home=self.home,
            database=self.database,
            jobs=Jobs(self.database),
            ledger=self.ledger,
            ingestor=ingestor,
            audit=self.audit,
            limit=25_000_000,
            settings=AmendedSettings(load_settings(WELLSPOKEN_HOME=self.home), self.database),
        )

    @property
    def advising(self) -> AdviceDesk:
        return advice_desk(load_settings(WELLSPOKEN_HOME=self.home), self.database, utc_now)

    @property
    def suites(self) -> SuiteDesk:
        """Cases in this database, tried on a search that finds nothing unless a test says what."""
        return SuiteDesk(
            settings=load_settings(WELLSPOKEN_HOME=self.home),
            database=self.database,
            audit=self.audit,
            ledger=self.ledger,
            retriever=StandInRetriever,
            clock=utc_now,
        )

    @property
    def watch(self) -> WatchDesk:
        settings = load_settings(WELLSPOKEN_HOME=self.home)
        return WatchDesk(settings.watch, self.database, utc_now)

    @property
    def scorecards(self) -> ScorecardDesk:
        """Runs in this database, and those that are started."""
        settings = load_settings(
            WELLSPOKEN_HOME=self.home, DATABASE_URL=f"sqlite:///{self.home / 'web.db'}"
        )
        return ScorecardDesk(settings, self.database, utc_now)

    @property
    def gate_book(self) -> GateBook:
        return GateBook(self.database)

    @property
    def gates(self) -> GateDesk:
        return GateDesk(self.gate_book, GateFiles(self.home))

    async def style_of(self, text: str) -> StyleScore:
        return StyleScorer(default_persona("Juniper")).score(text)

    async def readiness(self) -> Mapping[str, str | None]:
        return {"database": None, "knowledge": None} | self.not_ready


@asynccontextmanager
async def web_application(folder: Path) -> AsyncIterator[WebApplication]:
    """An application with an empty database in ``folder`` and three documents in its ledger."""
    database = await migrated(folder / "web.db")
    store = EmbeddedStore(folder / "knowledge.db", "stand-in", 8)
    await store.open()
    try:
        history, metrics, ledger = History(database), Metrics(), Ledger(database)
        for piece in (RESET, LIGHTS, SALARY):
            await ledger.record([(record_of(piece), piece.text)])
            await store.put(DocumentKey(piece.source, piece.document), [piece])
        yield WebApplication(
            history,
            FeedbackBook(database),
            ledger,
            metrics,
            ScriptedEngine(history, metrics),
            stand_in_review(database, ledger, store),
            HandoffBook(database),
            SourceDesk([HANDBOOK], ledger, SyncBook(database), Leases(database)),
            stand_in_gaps(folder, database, ledger, store),
            CostDesk(load_settings(WELLSPOKEN_HOME=folder), database, utc_now),
            routing_desk(database),
            TurnList(database),
            AuditTrail(database),
            database,
            store,
            home=folder,
        )
    finally:
        await store.close()
        await database.close()


def record_of(piece: Chunk) -> DocumentRecord:
    return DocumentRecord(
        source=piece.source,
        document=piece.document,
        title=piece.title,
        uri=piece.uri,
        groups=piece.groups,
        hash="h",
        revision=piece.revision,
        chunks=1,
        characters=len(piece.text),
        ingested_at=datetime.now(UTC),
    )


@dataclass(frozen=True)
class Served:
    """A running server and the application behind it."""

    address: str
    application: WebApplication
    loop: asyncio.AbstractEventLoop


@contextmanager
def served(
    folder: Path,
    *,
    port: int = 0,
    pause: float = 0.0,
    access: Access | None = None,
    sso: SingleSignOn | None = None,
    widget: Widget | None = None,
) -> Iterator[Served]:
    """Serve the stand-in in a thread of its own until the block ends."""
    ready = threading.Event()
    holder: list[tuple[uvicorn.Server, WebApplication, asyncio.AbstractEventLoop]] = []

    async def run() -> None:
        async with web_application(folder) as application:
            application.engine.pause = pause
            contract: Application = application
            config = uvicorn.Config(
                create_app(contract, access=access, sso=sso, widget=widget),
                host="127.0.0.1",
                port=port,
                log_level="warning",
                ws="none",
            )
            server = uvicorn.Server(config)
            holder.append((server, application, asyncio.get_running_loop()))
            ready.set()
            await server.serve()

    thread = threading.Thread(target=lambda: asyncio.run(run()), daemon=True)
    thread.start()
    ready.wait(90)
    server, application, loop = holder[0]
    while not server.started and thread.is_alive():
        time.sleep(0.02)
    bound = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield Served(f"http://127.0.0.1:{bound}", application, loop)
    finally:
        server.should_exit = True
        thread.join(60)


def down(server: str = "http://127.0.0.1:9") -> ModelUnavailableError:
    """What an engine raises whose model server is gone."""
    return ModelUnavailableError(url=server)


def main() -> None:
    """Serve until interrupted."""
    port = int(sys.argv[1]) if len(sys.argv) > 1 else 8099
    with tempfile.TemporaryDirectory() as folder, served(Path(folder), port=port, pause=0.4) as it:
        it.application.engine.script["lights"] = replace(RESET_ANSWER, text="See [2].")
        sys.stdout.write(f"{it.address}/console with the token {TOKEN}\n")
        threading.Event().wait()


if __name__ == "__main__":
    main()
