"""What the web pages need from the application: fulfilled by ``adapters.assembly``."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Protocol

from adapters.costing import Statement
from adapters.gap_owners import OwnerDesk
from adapters.gap_story import Answered
from adapters.gap_story import Listing as GapListing
from adapters.gap_story import Story as GapStory
from adapters.governance.desk import GovernanceDesk
from adapters.teaching.datasets import Told
from adapters.web.ports.documents import Documents
from adapters.web.ports.gates import Gates
from adapters.web.ports.jobs import JobList
from adapters.web.ports.models import Models
from adapters.web.ports.persona import PersonaRoom
from adapters.web.ports.review import HandingOut, Review
from adapters.web.ports.scorecards import Scorecards
from adapters.web.ports.suites import Suites
from adapters.web.ports.today import FirstRun, InForce, Today
from adapters.web.ports.training import Tuning
from adapters.web.ports.turns import Trials, TurnList
from adapters.web.ports.uploads import Uploads
from adapters.web.ports.watch import Watch
from bot.advisor import Advice, Answers
from bot.conversation import Author, Feedback, Principal, Question, Turn
from bot.evidence import Chunk
from bot.metrics import Metrics
from bot.routing import Thresholds
from bot.routing.confusion import Confusion
from bot.store.audit import AuditTrail
from bot.store.console_ends import ConsoleEnds
from bot.store.feedback import Place as RatedPlace
from bot.store.feedback import RatedTurn
from bot.store.gaps import Gap, GapState
from bot.store.processes import ProcessBook
from bot.store.route_book import DoubtfulTurn, RouteShare
from bot.store.routing import RoutingVersion
from knowledge.ledger import DocumentRecord, RunRecord
from knowledge.standing import Standing
from knowledge.stores.base import StoreStats
from persona.datasets import Dataset
from persona.style import StyleScore

Show = Callable[[str], Awaitable[None]]
"""Takes a checked piece of an answer as soon as it may be seen."""


class Engine(Protocol):
    """Answers questions; the pieces shown, joined, are the answer."""

    async def answer(self, question: Question, show: Show = ..., /) -> Turn: ...


class History(Protocol):
    """Stored turns."""

    async def turn(self, id: str, /) -> Turn:  # noqa: A002 - the store's own word
        """One turn; raises NotFoundError."""
        ...

    async def turns(self, ids: Sequence[str], /) -> Mapping[str, Turn]:
        """Those of some turns that are there."""
        ...

    async def turn_for_key(self, key: str, /) -> Turn | None:
        """The turn of an idempotency key."""
        ...

    async def of_thread(self, thread: str, limit: int = 50) -> Sequence[Turn]:
        """The last turns of a thread, oldest first."""
        ...


class FeedbackBook(Protocol):
    """Ratings: one a turn and author, the last word counts."""

    async def rate(self, feedback: Feedback, /) -> None:
        """Keep a rating; raises NotFoundError for an unknown turn."""
        ...

    async def take_back(self, turn: str, author: Author, /) -> None: ...

    async def of(self, turn: str, /) -> Sequence[Feedback]: ...

    async def of_many(self, turns: Sequence[str], /) -> Mapping[str, Sequence[Feedback]]:
        """The feedback on each turn of a page."""
        ...

    async def listing(
        self, limit: int | None = None, after: RatedPlace | None = None
    ) -> Sequence[RatedTurn]:
        """Ratings with their turn, the latest word first, those behind a place."""
        ...


class Ledger(Protocol):
    """What was read in, for operators' eyes."""

    async def page(
        self, limit: int, after: tuple[str, str] | None = None, source: str | None = None
    ) -> Sequence[DocumentRecord]:
        """Documents by source and name, those after the source and name ``after``."""
        ...

    async def groups(self) -> Sequence[str]:
        """Every group that some document names."""
        ...


class Store(Protocol):
    """The knowledge store, as far as the pages look at it."""

    async def stats(self) -> StoreStats: ...

    async def chunk(self, id: str, principal: Principal, /) -> Chunk | None:  # noqa: A002 - as there
        """A chunk, where the principal may see it."""
        ...


class Sources(Protocol):
    """How the sources stand, and what an operator can ask of them."""

    async def standings(self) -> Sequence[Standing]: ...

    async def want(self, name: str, /) -> None:
        """Have a source read now; raises NotFoundError where its place is not known."""
        ...

    async def runs(self, name: str, limit: int | None = None) -> Sequence[RunRecord]:
        """The runs of a source, the last one first."""
        ...


class Routing(Protocol):
    """How messages are routed, and what operators say of it."""

    async def shares(self, days: int, /) -> Sequence[RouteShare]:
        """How turns of the last days went, by route."""
        ...

    async def doubtful(self, days: int, limit: int, /) -> Sequence[DoubtfulTurn]:
        """The closest decisions of the last days without a label."""
        ...

    async def confusion(self) -> Confusion:
        """Labelled turns: right route by decided route."""
        ...

    async def label(self, turn: str, route: str, by: str, /) -> None:
        """Say which route is right; raises UsageError, NotFoundError."""
        ...

    async def live(self) -> Thresholds:
        """The thresholds in force."""
        ...

    async def versions(self) -> Sequence[RoutingVersion]:
        """Learned versions, the newest first."""
        ...

    async def roll_back(self, by: str, to: int | None = None) -> Thresholds:
        """Make a version live again, 0 the shipped one; raises UsageError, NotFoundError."""
        ...


class Costs(Protocol):
    """The books on what answering cost."""

    async def statement(self, days: int = ...) -> Statement:
        """The last so many days, today included."""
        ...


class Advising(Protocol):
    """Retrieval, fine-tuning or both."""

    async def advice(self, answers: Answers | None = ...) -> Advice:
        """From answers and from the records."""
        ...


class Datasets(Protocol):
    """Curated training data. A set that is not there raises NotFoundError."""

    async def listing(self) -> Sequence[Dataset]:
        """All of them, the newest first."""
        ...

    async def page(self, id: str, limit: int, offset: int) -> Told:  # noqa: A002 - as there
        """One of them, with some of its lines."""
        ...


class Gaps(Protocol):
    """What could not be answered, by topic. A gap that is not there raises NotFoundError."""

    @property
    def owners(self) -> OwnerDesk:
        """Who sees to which."""
        ...

    async def gather(self, limit: int | None = None) -> int:
        """Put new questions into gaps, about ``limit`` at most."""
        ...

    async def listing(
        self,
        state: GapState | None = ...,
        search: str = "",
        *,
        owner: str | None = None,
        limit: int | None = None,
        offset: int = 0,
    ) -> GapListing:
        """Gaps, the most asked for first."""
        ...

    async def story(self, id: str, *, write: bool = False) -> GapStory:  # noqa: A002 - as there
        """All of a gap; ``write``: with a draft by the model, where one is set."""
        ...

    async def answer(
        self,
        id: str,  # noqa: A002 - as there
        text: str,
        by: str,
        *,
        title: str = "",
        groups: frozenset[str] | None = None,
        seen: str | None = None,
    ) -> Answered:
        """Publish an answer; raises UsageError where something has to be said first, ChangedError
        where the gap is not as its mark says that it was ``seen``."""
        ...

    async def dismiss(self, id: str, by: str) -> Gap: ...  # noqa: A002 - as there

    async def reopen(self, id: str, by: str) -> Gap: ...  # noqa: A002 - as there


class PersonaCard(Protocol):
    """How the bot introduces itself."""

    @property
    def name(self) -> str: ...
    @property
    def label(self) -> str:
        """Its name and version, as turns keep it."""
        ...

    @property
    def greeting(self) -> Sequence[str]:
        """Ways to say hello; the first one opens the page."""
        ...


class Application(Protocol):
    """Everything the web adapter is handed. ``readiness`` maps a part's name to ``None``, or to
    one sentence on why questions cannot be taken."""

    @property
    def console_token(self) -> str: ...
    @property
    def persona(self) -> PersonaCard: ...
    @property
    def suggestions(self) -> Sequence[str]: ...
    @property
    def engine(self) -> Engine: ...
    @property
    def history(self) -> History: ...
    @property
    def today(self) -> Today: ...
    @property
    def first_run(self) -> FirstRun: ...
    @property
    def in_force(self) -> InForce: ...
    @property
    def turn_list(self) -> TurnList: ...
    @property
    def trials(self) -> Trials: ...
    @property
    def audit(self) -> AuditTrail: ...
    @property
    def governance(self) -> GovernanceDesk: ...
    @property
    def console_ends(self) -> ConsoleEnds: ...
    @property
    def processes(self) -> ProcessBook: ...
    @property
    def feedback(self) -> FeedbackBook: ...
    @property
    def ledger(self) -> Ledger: ...
    @property
    def documents(self) -> Documents: ...
    @property
    def store(self) -> Store: ...
    @property
    def metrics(self) -> Metrics: ...
    @property
    def review(self) -> Review: ...
    @property
    def handing_out(self) -> HandingOut: ...
    @property
    def sources(self) -> Sources: ...
    @property
    def uploads(self) -> Uploads: ...
    @property
    def gaps(self) -> Gaps: ...
    @property
    def routing(self) -> Routing: ...
    @property
    def datasets(self) -> Datasets: ...
    @property
    def costs(self) -> Costs: ...
    @property
    def advising(self) -> Advising: ...
    @property
    def watch(self) -> Watch: ...
    @property
    def suites(self) -> Suites: ...
    @property
    def tuning(self) -> Tuning: ...
    @property
    def jobs(self) -> JobList: ...
    @property
    def gates(self) -> Gates: ...
    @property
    def models(self) -> Models: ...
    @property
    def persona_room(self) -> PersonaRoom: ...
    @property
    def scorecards(self) -> Scorecards: ...

    async def style_of(self, text: str, /) -> StyleScore: ...

    async def readiness(self) -> Mapping[str, str | None]: ...
