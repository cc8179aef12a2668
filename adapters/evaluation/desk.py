"""Scorecards as the console shows them: runs, what differs between two, and one that is started."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from adapters.evaluation.answers import EvaluationFiles
from adapters.evaluation.apart import COMMAND, sealed
from adapters.evaluation.ordering import KIND, order_of, run_wanted, standing_of
from adapters.evaluation.standing import Standing, StandingFile, State
from bot.errors import NotFoundError, StorageError, UsageError
from bot.evaluation.scorecard import differences
from bot.store.audit import AuditTrail
from bot.store.evaluation import EvaluationBook, Place, Record, RunLine
from bot.store.suites import SuiteCaseBook
from bot.telemetry import log
from bot.work.jobs import Jobs, Status

if TYPE_CHECKING:
    from bot.ports import Clock
    from bot.settings import Settings
    from bot.store.base import Database

MODES = ("rag", "voice", "hybrid", "auto")
USUAL = ("rag", "voice", "hybrid")
SAMPLE = "sample"
_ENDING = ".jsonl"
_TREND = 20
"""Runs that a trend goes back."""
_END_S = 5.0
_CHOICES = 50
"""Runs that one can be compared with from a list."""

_KEPT = (
    "id", "question", "answers", "gold", "answerable", "right", "refused", "values", "router",
    "grounding",
)  # fmt: skip

Differences = Mapping[str, Mapping[str, Mapping[str, Any]]]
"""By mode and figure, each as :meth:`bot.evaluation.pairing.Pairing.json` has it."""


class RunGoesOnError(UsageError):
    """A run of {suite} goes on; wait for its end, or cancel it."""


class Application(Protocol):
    """What the desk needs of the application."""

    @property
    def settings(self) -> Settings: ...
    @property
    def database(self) -> Database: ...
    @property
    def clock(self) -> Clock: ...


@dataclass(frozen=True, slots=True)
class Story:
    """A run with its cases by mode, without their sources and claims, and what it is compared with:
    the ``other`` run, its cases, and the differences to it. ``other`` is ``None`` where it is
    compared with none, or that is gone."""

    line: RunLine
    records: Mapping[str, Sequence[Record]]
    other: RunLine | None = None
    before: Mapping[str, Sequence[Record]] | None = None
    differences: Differences | None = None


class ScorecardDesk:
    """The evaluations of a home."""

    def __init__(self, settings: Settings, database: Database, clock: Clock) -> None:
        self._settings = settings
        self._database = database
        self._clock = clock
        self._book = EvaluationBook(database)
        self._audit = AuditTrail(database)
        self._files = EvaluationFiles(settings.home)
        self._standing = StandingFile(settings.home)
        self._jobs = Jobs(database, clock)

    async def page(
        self, limit: int, after: Place | None = None, suite: str = ""
    ) -> Sequence[RunLine]:
        """Runs, the newest first."""
        return await self._book.page(limit, after, suite)

    async def asked(self) -> Sequence[tuple[str, int]]:
        """The suites that were asked, with their numbers of runs, the last one first."""
        return await self._book.suites()

    async def of_suite(self, suite: str, until: RunLine | None = None) -> Sequence[RunLine]:
        """The last runs of a suite up to one, the oldest first, for a trend."""
        after = Place(until.at, until.id) if until else None
        found = await self._book.page(_TREND - bool(until), after, suite)
        return [*reversed(found), *([until] if until else [])]

    async def comparable(self, line: RunLine) -> Sequence[RunLine]:
        """The other runs of its suite, the newest first."""
        found = await self._book.page(_CHOICES + 1, None, line.suite)
        return [each for each in found if each.id != line.id][:_CHOICES]

    async def line(self, run: str) -> RunLine:
        """One run. Raises NotFoundError."""
        return await self._book.get(run)

    async def story(self, run: str, against: str = "", *, tested: bool = True) -> Story:
        """A run beside another one, or the baseline that it has; ``tested``: with the differences,
        which take a moment. Raises NotFoundError for a run that is not there."""
        line = await self._book.get(run)
        records = await self._outlines(line)
        kept = line.baseline or {}
        name = against or str(kept.get("run", ""))
        if not name:
            return Story(line, records)
        try:
            other = await self._book.get(name)
        except NotFoundError:
            if against:
                raise
            return Story(line, records, differences=kept["differences"])
        before = await self._outlines(other)
        if not tested:
            return Story(line, records, other, before)
        if name == kept.get("run"):
            return Story(line, records, other, before, kept["differences"])
        found = await asyncio.to_thread(_differences, records, before)
        return Story(line, records, other, before, found)

    async def _outlines(self, line: RunLine) -> Mapping[str, Sequence[Record]]:
        """The cases of a run, its modes in the order in which they were asked."""
        found = await self._book.cases(line.id, _outline)
        return {mode: found[mode] for mode in line.modes if mode in found}

    async def case(self, run: str, case: str) -> tuple[RunLine, Mapping[str, Record]]:
        """What each mode said to a case of a run. Raises NotFoundError."""
        line = await self._book.get(run)
        found = await self._book.case(run, case)
        return line, {mode: found[mode] for mode in line.modes if mode in found}

    async def report(self, run: str) -> bytes | None:
        """The page of a run that stands alone; ``None`` where it is no longer there. Raises
        NotFoundError."""
        await self._book.get(run)
        try:
            return await asyncio.to_thread(self._files.report(run).read_bytes)
        except OSError:
            return None

    async def json(self, run: str) -> dict[str, Any]:
        """All of a run, with its cases. Raises NotFoundError."""
        line = await self._book.get(run)
        told: dict[str, Any] = {
            "run": line.id, "suite": line.suite, "digest": line.digest, "persona": line.persona,
            "by": line.by, "at": line.at.isoformat(), "modes": line.modes,
        }  # fmt: skip
        baseline = {"baseline": line.baseline} if line.baseline else {}
        return {**told, **baseline, "cases": await self._book.cases(run)}

    async def remove(self, run: str, by: str) -> RunLine:
        """Delete a run, its cases and its page. Raises NotFoundError."""
        line = await self._book.remove(run, by=by, audit=self._audit)
        await asyncio.to_thread(self._files.report(run).unlink, missing_ok=True)
        return line

    async def suites(self) -> list[str]:
        """The suites that can be asked: files of the folder, approved ones, and the sample's."""
        files = await asyncio.to_thread(_files_of, self._settings.config.parent / "suites")
        book = SuiteCaseBook(self._database, self._audit, self._clock)
        kept = [line.name for line in await book.suites() if line.approved]
        return list(dict.fromkeys((*files, *sorted(kept), SAMPLE)))

    async def standing(self) -> Standing | None:
        """How the run stands that was started here last."""
        there = await asyncio.to_thread(self._standing.read)
        under_way = await self._jobs.page(1, kind=KIND, status=Status.RUNNING)
        job = under_way[0] if under_way else await self._jobs.newest(KIND)
        if job is None or (there and there.order.id != job.id and there.at > job.created_at):
            return there
        return standing_of(job)

    async def start(
        self, suite: str, modes: Sequence[str], *, baseline: str = "", by: str
    ) -> Standing:
        """Put the job that asks a suite: a worker begins it. Raises UsageError, RunGoesOnError,
        StorageError."""
        if suite not in await self.suites():
            raise UsageError(f'There is no suite "{suite[:80]}" here; choose one from the list.')
        wanted = tuple(mode for mode in MODES if mode in modes)
        if not wanted:
            raise UsageError("Choose at least one mode.")
        if baseline:
            await self._book.get(baseline)
        there = await self.standing()
        if there is not None and there.running:
            raise RunGoesOnError(suite=there.order.suite)
        job, new = await self._jobs.put(run_wanted(suite, wanted, baseline, by))
        if not new:  # somebody was quicker
            raise RunGoesOnError(suite=order_of(job).suite)
        await self._audit.operator("evaluation started", by, subject=suite, modes=" ".join(wanted))
        return standing_of(job)

    async def cancel(self, by: str) -> None:
        """Ask the run that goes on to end; what was answered is kept."""
        there = await self.standing()
        if there is None or not there.running:
            raise UsageError("No run goes on.")
        try:
            await self._jobs.cancel(there.order.id, by)
        except NotFoundError:  # the watch asks, which is no job
            await asyncio.to_thread(self._standing.cancel, there.order.id)
        await self._audit.operator("evaluation cancelled", by, subject=there.order.suite)


def desk_of(app: Application) -> ScorecardDesk:
    """The desk of an application."""
    return ScorecardDesk(app.settings, app.database, app.clock)


def _outline(record: Record) -> Record:
    """What lists, figures and plots need of a case."""
    told = record["told"]
    return {
        **{name: record[name] for name in _KEPT if name in record},
        "told": {"error": told["error"], "text": told["text"], "route": told["route"], "found": ()},
    }


def _differences(
    now: Mapping[str, Sequence[Record]], before: Mapping[str, Sequence[Record]]
) -> Differences:
    return {
        mode: {name: each.json() for name, each in found.items()}
        for mode, found in differences(now, before).items()
    }


def _files_of(folder: Path) -> list[str]:
    if not folder.is_dir():
        return []
    return sorted(path.stem for path in folder.glob(f"*{_ENDING}") if path.is_file())


async def begin(settings: Settings, standing: Standing) -> None:
    """Begin a run in a process of its own, which writes how it stands. Raises RunGoesOnError,
    StorageError."""
    file = StandingFile(settings.home)
    lock = await asyncio.to_thread(file.take)
    if lock is None:
        there = await asyncio.to_thread(file.read)
        raise RunGoesOnError(suite=there.order.suite if there else "another suite")
    try:
        await asyncio.to_thread(file.write, standing)
        await _started(settings, standing, lock)
    finally:
        os.close(lock)  # who runs it has it now


_watching: set[asyncio.Task[None]] = set()
"""Who waits for the end of runs; the loop itself would forget them."""


async def _started(settings: Settings, standing: Standing, lock: int) -> None:
    try:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-P", "-c", COMMAND, str(lock),
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            pass_fds=(lock,),
            start_new_session=True,  # Ctrl-C is for the server, which then ends its runs
        )  # fmt: skip
        assert process.stdin is not None
        process.stdin.write(sealed(settings, standing))
        await process.stdin.drain()
    except OSError as error:
        raise StorageError(f"No run can be started here ({error.strerror}); try later.") from error
    task = asyncio.create_task(_until_over(process, standing.order.id, StandingFile(settings.home)))
    _watching.add(task)
    task.add_done_callback(_watching.discard)


async def _until_over(process: asyncio.subprocess.Process, order: str, file: StandingFile) -> None:
    """Wait for its end; a server that stops ends it, too."""
    assert process.stdin is not None
    try:
        code = await process.wait()
    except asyncio.CancelledError:
        process.stdin.close()
        with suppress(TimeoutError):
            await asyncio.wait_for(process.wait(), _END_S)
        raise
    there = await asyncio.to_thread(file.read)
    mine = there is not None and there.order.id == order
    if code and mine and there is not None and there.state is State.STOPPED:
        log.warning("a run from the console was ended from outside", code=code)
        stopped = replace(there, error=f"Its process ended with code {code}; start it again.")
        await asyncio.to_thread(file.write, stopped)
