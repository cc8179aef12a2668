"""Data sets, shared by command line and console: built of rated turns, kept with their lineage."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from shutil import rmtree
from typing import IO, TYPE_CHECKING, Any, Protocol

import orjson

from bot.errors import NotFoundError, TrainingError
from bot.store.ids import new_id
from bot.store.rated import RatedTurns
from persona.curation.card import Made, card_of, markdown_of
from persona.curation.carrying import Carrier
from persona.curation.choosing import Format
from persona.curation.curator import Curator, Gathered
from persona.curation.held_out import HeldOut
from persona.curation.preparing import Policy, Preparer
from persona.curation.writing import Spool, check_writable, for_disk, publish
from persona.datasets import Dataset, DatasetBook, Lineage
from persona.suites import SuiteBook

if TYPE_CHECKING:
    from bot.ports import Clock, Grounder
    from bot.settings import Settings
    from bot.store.base import Database
    from persona.curation.privacy import Finder
    from persona.profile import Persona

Progress = Callable[[int, int], None]
"""Called with how many rated turns were read, and of how many."""

_BY = "terminal:operator"
_LEASE = "dataset"
_LEASE_S = 60.0
_WAIT_S = 600.0
_ASK_AGAIN_S = 0.3


def _silent(done: int, total: int) -> None:
    """Tell nobody."""


@dataclass(frozen=True, slots=True)
class Told:
    """A data set with where its lines come from."""

    dataset: Dataset
    lines: tuple[Lineage, ...]

    @property
    def turns(self) -> tuple[str, ...]:
        """The turns, each once, in the order of the lines."""
        return tuple(dict.fromkeys(line.turn for line in self.lines))


class DatasetDesk:
    """The data sets of one home."""

    def __init__(
        self,
        *,
        settings: Settings,
        database: Database,
        persona: Persona,
        clock: Clock,
        finder: Callable[[], Finder] | None = None,
    ) -> None:
        self._settings = settings
        self.database = database
        self._persona = persona
        self._clock = clock
        self._finder = finder or _finder
        self._book = DatasetBook(database)

    # -- looking --------------------------------------------------------------------------------

    async def listing(self) -> list[Dataset]:
        """All data sets, the newest first."""
        return await self._book.listing()

    async def show(self, id: str = "") -> Told:  # noqa: A002 - the store's own word
        """A data set, or the newest one. Raises NotFoundError."""
        dataset = await (self._book.get(id) if id else self._book.newest())
        if dataset is None:
            raise NotFoundError("No data set was built yet; run `wellspoken dataset build`.")
        return Told(dataset, tuple(await self._book.examples(dataset.id)))

    async def page(self, id: str, limit: int, offset: int) -> Told:  # noqa: A002 - its word
        """A data set with some of its lines. Raises NotFoundError."""
        dataset = await self._book.get(id)
        return Told(dataset, tuple(await self._book.examples(id, limit, offset)))

    # -- building -------------------------------------------------------------------------------

    async def build(
        self,
        wanted: Format,
        out: Path | None = None,
        progress: Progress = _silent,
        waiting: Callable[[], None] | None = None,
        *,
        by: str = _BY,
    ) -> Dataset:
        """Make a data set of everything that was rated, corrected and approved so far.

        One at a time in a home: another build is waited for, which ``waiting`` is told. ``by`` is
        who asked, for the record. Raises
        TrainingError where nothing can be taught, UsageError for a file that cannot be written,
        DiskFullError.
        """
        if out is not None:
            check_writable(out)
        async with self._alone(waiting):
            return await self._built(wanted, out, progress, by)

    async def _built(
        self, wanted: Format, out: Path | None, progress: Progress, by: str
    ) -> Dataset:
        id_ = new_id("dataset")
        folder = self._settings.home.absolute() / "datasets"
        with for_disk(folder):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        questions = await SuiteBook(self.database).questions()
        held_out, finder = HeldOut(questions), self._finder()
        spool = Spool(folder)
        try:
            with _grounder(self._settings) as grounder:
                carrier = Carrier(grounder)
                gathered = await self._gathered(wanted, held_out, finder, carrier, spool, progress)
            made = self._made(wanted, gathered, carrier, finder, len(questions))
            dataset = await asyncio.to_thread(
                self._written, id_, folder / id_, out, gathered, made, spool
            )
        finally:
            spool.close()
        try:
            await self._book.add(dataset, _lineage(gathered))
        except BaseException:
            _remove(folder / id_, dataset.train_file, dataset.validation_file)
            raise
        await self._put_on_record(dataset, by)
        return dataset

    async def _put_on_record(self, dataset: Dataset, by: str) -> None:
        from bot.store.audit import AuditTrail

        await AuditTrail(self.database).operator(
            "data set built",
            by,
            subject=dataset.id,
            format=dataset.format,
            examples=dataset.examples,
            digest=dataset.digest,
        )

    async def _gathered(
        self,
        wanted: Format,
        held_out: HeldOut,
        finder: Finder,
        carrier: Carrier,
        spool: Spool,
        progress: Progress,
    ) -> Gathered:
        from bot.store.consent import ConsentLedger

        training = self._settings.training
        policy = Policy(training.use_user_messages, self._settings.models.prompt_tokens)
        preparer = Preparer(self._persona, policy, held_out, finder, carrier)
        silence = training.consent == "opt-out"
        choices = ConsentLedger(self.database)
        curator = Curator(wanted, preparer, choices, spool, silence=silence)
        turns = RatedTurns(self.database)
        return await curator.curate(turns.batches(), await turns.count(), progress)

    def _made(
        self, wanted: Format, gathered: Gathered, carrier: Carrier, finder: Finder, suites: int
    ) -> Made:
        from adapters.models import prices_of

        config = self._settings
        return Made(
            wanted=wanted,
            persona=self._persona.label,
            rated=gathered.rated,
            dropped=gathered.dropped,
            settled=carrier.counts,
            finder=finder.id,
            consent=config.training.consent,
            user_messages=config.training.use_user_messages,
            price=prices_of(config).of(config.tuning.base),
            suites=suites,
        )

    def _written(
        self,
        id_: str,
        folder: Path,
        out: Path | None,
        gathered: Gathered,
        made: Made,
        spool: Spool,
    ) -> Dataset:
        """Write files and card; a folder that could not be filled is taken away again."""
        with for_disk(folder):
            folder.mkdir(mode=0o700)
        train = out.absolute() if out else folder / "train.jsonl"
        validation = beside(train) if out else folder / "validation.jsonl"
        selection = gathered.selection
        digests: dict[Path, str] = {}

        def lines(path: Path, kept: Sequence[Any]) -> Callable[[IO[bytes]], None]:
            def write(file: IO[bytes]) -> None:
                digests[path] = spool.write(kept, file)

            return write

        card: dict[str, Any] = {}

        def as_json(file: IO[bytes]) -> None:
            both = f"{digests[train]}\n{digests[validation]}\n"
            card.update(card_of(made, selection, sha256(both.encode()).hexdigest()))
            file.write(orjson.dumps(card, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))

        def as_markdown(file: IO[bytes]) -> None:
            file.write(markdown_of(card, id_).encode())

        try:
            publish(
                {
                    train: lines(train, selection.train),
                    validation: lines(validation, selection.validation),
                    folder / "card.json": as_json,
                    folder / "card.md": as_markdown,
                }
            )
        except BaseException:
            _remove(folder)
            raise
        return Dataset(
            id=id_,
            format=made.wanted.value,
            persona=made.persona,
            examples=card["examples"],
            train=card["train"],
            validation=card["validation"],
            dropped=card["dropped"],
            card=card,
            digest=card["digest"],
            train_file=train,
            validation_file=validation,
            at=self._clock(),
        )

    @asynccontextmanager
    async def _alone(self, waiting: Callable[[], None] | None) -> AsyncIterator[None]:
        """Hold the lease of whoever builds; wait for another one."""
        from bot.work.leases import Leases

        leases, owner = Leases(self.database, self._clock), new_id("build")
        until, told = time.monotonic() + _WAIT_S, False
        while await leases.acquire(_LEASE, owner, _LEASE_S) is None:
            if time.monotonic() > until:
                raise TrainingError("Another data set is still being built; wait and repeat.")
            if waiting is not None and not told:
                waiting()
                told = True
            await asyncio.sleep(_ASK_AGAIN_S)
        async with leases.hold(_LEASE, owner, _LEASE_S):
            yield


def beside(train: Path) -> Path:
    """The validation file of a training file: ``data.jsonl`` has ``data.validation.jsonl``."""
    return train.with_name(f"{train.stem}.validation{train.suffix}")


def _finder() -> Finder:
    from persona.curation.presidio import finder

    return finder()


@contextmanager
def _grounder(settings: Settings) -> Iterator[Grounder]:
    """The check of answers; its model loads with the first sentence that it is asked about."""
    from adapters.models import build_grounder, open_checker

    with open_checker(warm=False) as encoder:
        yield build_grounder(settings, encoder)


def _lineage(gathered: Gathered) -> list[Lineage]:
    """Where the lines of both files come from; a pair of two turns has both."""
    selection = gathered.selection
    lines = []
    for split, part in (("train", selection.train), ("validation", selection.validation)):
        for line, kept in enumerate(part):
            lines.append(Lineage(split, line, kept.turn, kept.asker, kept.author))
            turn, asker = kept.other
            lines += [Lineage(split, line, turn, asker)] if turn else []
    return lines


def _remove(folder: Path, *files: Path) -> None:
    """Take the files of a set away that could not be kept."""
    for path in files:
        path.unlink(missing_ok=True)
    rmtree(folder, ignore_errors=True)


class Application(Protocol):
    """What the data sets need of the application."""

    @property
    def settings(self) -> Settings: ...
    @property
    def database(self) -> Database: ...
    @property
    def persona(self) -> Persona: ...
    @property
    def clock(self) -> Clock: ...


def desk_of(app: Application) -> DatasetDesk:
    """The data sets of an application."""
    return DatasetDesk(
        settings=app.settings, database=app.database, persona=app.persona, clock=app.clock
    )
