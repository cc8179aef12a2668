"""Fine-tuning rounds, shared by command line, console and server: started, watched, cancelled.

Whoever watches tends: a job whose beginning was cut off is begun, one whose trainer was killed goes
on, and one that is done is registered as a candidate, once.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from adapters.teaching.rounds import Build, Watcher, built_apart
from bot.errors import (
    NotFoundError,
    TooFewExamplesError,
    TrainingError,
    TuningUnavailableError,
    UsageError,
    WellspokenError,
)
from bot.telemetry import log
from knowledge.exclusive import Exclusive, TakenError
from persona.dataset_files import check_files
from persona.datasets import Dataset, DatasetBook
from persona.registry import Registry
from persona.tuning.base import Backend, Event, Method, Report, Status, Tuner, TuningJob
from persona.tuning.jobs import JobBook
from persona.tuning.losses import Loss, joined, kept_losses, told_losses

if TYPE_CHECKING:
    from pathlib import Path

    from adapters.home import Home
    from bot.settings import Settings
    from bot.settings.loop import TuningSection

Seen = Callable[[TuningJob], None]
_EVERY_S = {Backend.LOCAL: 0.5, Backend.OPENAI: 5.0}
_RESTARTS = 2
"""How often a trainer that was killed is started again before it got any further."""

_CANCELLING = "cancelling"
_OUT_OF_TOUCH_S = 600.0
"""How long ``watch`` waits for a service that cannot be reached."""


class NoDatasetError(UsageError):
    """There is no data set for {method} yet; build one with `wellspoken dataset build --format
    {method}`."""


@dataclass(frozen=True, slots=True)
class Round:
    """A job with what happened to it, and the losses on the way."""

    job: TuningJob
    events: Sequence[Event]
    losses: Sequence[Loss] = ()


class TuningDesk:
    """The rounds of one home."""

    def __init__(
        self,
        *,
        book: JobBook,
        datasets: DatasetBook,
        registry: Registry,
        tuners: Callable[[Backend], Tuner],
        exclusive: Exclusive,
        settings: Settings,
        pace: Mapping[Backend, float] = _EVERY_S,
    ) -> None:
        self._book = book
        self._datasets = datasets
        self._registry = registry
        self._tuners = tuners
        self._exclusive = exclusive
        self._settings = settings
        self._pace = pace

    # -- starting -------------------------------------------------------------------------------

    async def start(
        self,
        *,
        by: str,
        backend: Backend | None = None,
        method: Method | None = None,
        base: str | None = None,
        dataset: str | None = None,
    ) -> TuningJob:
        """Begin a round and return; what is not said is as in ``[tuning]``, and the data set the
        newest of the method.

        Raises UsageError, NotFoundError, TooFewExamplesError, RoundRunningError, TrainingError
        where the set's files are not those that were built, and what the tuner's ``check`` and
        ``begin`` raise.
        """
        wanted = self._settings.tuning
        backend = backend or Backend(wanted.backend)
        chosen, method = await self._chosen(dataset, method)
        least = self._settings.training.least
        if chosen.examples < least:
            missing = least - chosen.examples
            raise TooFewExamplesError(found=chosen.examples, needed=least, missing=missing)
        tuner = self._tuners(backend)
        await asyncio.to_thread(check_files, chosen)
        base = await tuner.check(method, base or wanted.base, chosen)
        running = await self._book.active()
        if running is not None:  # a trainer that was killed is no round that runs
            await self._refreshed(running)
        job = await self._book.add(
            backend=backend, method=method, base=base, dataset=chosen.id, by=by, options={}
        )
        try:
            return await self._begin(job)
        except TakenError:  # the worker was faster
            return await self._book.get(job.id)

    async def persona_of(self, job: TuningJob) -> str:
        """The persona that a round's data set was built for: its name and version."""
        return (await self._datasets.get(job.dataset)).persona

    async def _chosen(self, name: str | None, method: Method | None) -> tuple[Dataset, Method]:
        if name is not None:
            found = await self._datasets.get(name)
            if method is not None and method.value != found.format:
                raise UsageError(
                    f"Data set {name} is one of {found.format}; train it with --method "
                    f"{found.format}, or choose another one."
                )
            return found, Method(found.format)
        method = method or Method(self._settings.tuning.method)
        newest = await self._datasets.newest(method.value)
        if newest is None:
            raise NoDatasetError(method=method.value)
        return newest, method

    async def _begin(self, job: TuningJob) -> TuningJob:
        """Have the tuner begin, one process at a time. Raises TakenError."""
        async with self._exclusive.lease(f"tuning:{job.id}"):
            job = await self._book.get(job.id)
            if job.status.over:
                return job
            try:
                chosen = await self._datasets.get(job.dataset)
                keep = partial(self._book.keep, job.id)
                remote = await self._tuners(job.backend).begin(job, chosen, keep)
            except TuningUnavailableError:
                raise
            except WellspokenError as error:
                over = isinstance(error, TrainingError | NotFoundError)
                report = Report(Status.FAILED, error=str(error), resumable=not over)
                await self._book.seen(job.id, report)
                raise
            job = await self._book.begun(job.id, remote)
            if job.status is Status.CANCELLED:  # while it was being uploaded
                await self._tuners(job.backend).cancel(replace(job, remote=remote))
            return job

    # -- looking --------------------------------------------------------------------------------

    async def listing(self) -> list[TuningJob]:
        """All jobs, the newest first, as they stand now."""
        running = await self._book.active()
        if running is not None:
            await self._refreshed(running)
        return await self._book.listing()

    async def story(self, id: str, *, glance: bool = False) -> Round:  # noqa: A002 - its word
        """A job as it stands now, with its events. ``glance``: without asking a service, for who
        looks every other second. Raises NotFoundError."""
        job = await self._book.get(id)
        if not (glance and job.backend is Backend.OPENAI):
            job = await self._refreshed(job)
        events = await self._book.events(id)
        kept: Sequence[Loss] = ()
        if job.backend is Backend.LOCAL:
            kept = await asyncio.to_thread(kept_losses, _folder_of(self._settings) / job.id)
        return Round(job, events, joined(told_losses(events), kept))

    async def _refreshed(self, job: TuningJob) -> TuningJob:
        """The job as its tuner sees it; as it was known where that cannot be told."""
        if job.status.over or not job.remote:
            return job
        try:
            return await self._settled(job, await self._tuners(job.backend).look(job))
        except TuningUnavailableError as error:
            log.warning("the job was not looked at", job=job.id, error=str(error))
            return job

    async def _settled(self, job: TuningJob, report: Report) -> TuningJob:
        """Keep a report; a model that came of it is registered before the job is over."""
        version = ""
        if report.status is Status.SUCCEEDED:
            try:
                version = await self._registered(job, report)
            except UsageError as error:  # its model is another version already
                report = replace(report, error=str(error))
        return await self._book.seen(job.id, report, version)

    async def _registered(self, job: TuningJob, report: Report) -> str:
        """The version that a finished job is, the same however often it is asked for."""
        try:
            persona = (await self._datasets.get(job.dataset)).persona
        except NotFoundError:  # erased since
            persona = ""
        registered = await self._registry.register(
            model=report.served_as or report.model,
            base=job.base,
            backend=job.backend.value,
            method=job.method.value,
            dataset=job.dataset,
            job=job.id,
            adapter=report.adapter,
            persona=persona,
            by=job.by,
        )
        return registered.version

    # -- watching -------------------------------------------------------------------------------

    async def tend(self, id: str) -> TuningJob:  # noqa: A002 - the store's own word
        """Look at a job once, and do what it needs. Raises TuningUnavailableError."""
        job = await self._book.get(id)
        if job.status.over:
            return job
        if not job.remote:
            return await self._taken_up(job)
        report = await self._tuners(job.backend).look(job)
        if report.vanished and await self._may_restart(job, report):
            return await self._taken_up(job)
        return await self._settled(job, report)

    async def _taken_up(self, job: TuningJob) -> TuningJob:
        try:
            return await self._begin(job)
        except TakenError:  # somebody else is at it
            return job

    async def _may_restart(self, job: TuningJob, report: Report) -> bool:
        """Whether a trainer that vanished is started again: not for ever at the same place."""
        step, before = report.progress.step, job.options
        if before.get(_CANCELLING):
            return False
        same = step <= int(before.get("restarted_at", -1))
        restarts = int(before.get("restarts", 0)) + 1 if same else 1
        if restarts > _RESTARTS:
            return False
        await self._book.seen(job.id, Report(Status.RUNNING, progress=report.progress))
        await self._book.keep(job.id, {"restarts": restarts, "restarted_at": step})
        log.info("a trainer that was killed goes on", job=job.id, step=step)
        return True

    async def watch(self, id: str, seen: Seen, *, by: str) -> TuningJob:  # noqa: A002 - its word
        """Wait for a job's end, taking it up again wherever it stopped; ``seen`` is called with it
        now and then. Raises NotFoundError, RoundRunningError, TuningUnavailableError where the
        service is not there at first, or gone for ten minutes later, and what ``begin`` raises."""
        job = await self.resume(id, by=by)
        lost_since: float | None = None
        found = False
        while True:
            seen(job)
            if job.status.over:
                return job
            if found:
                await asyncio.sleep(self._pace[job.backend])
            try:
                job = await self.tend(id)
                lost_since, found = None, True
            except TuningUnavailableError as error:
                if not found:  # nobody has to wait to hear of a wrong address
                    raise
                lost_since = lost_since or time.monotonic()
                if time.monotonic() - lost_since > _OUT_OF_TOUCH_S:
                    raise
                log.warning("asked again later", job=id, error=str(error))

    async def resume(self, id: str, *, by: str) -> TuningJob:  # noqa: A002 - its word
        """Take a failed job up again that can go on; others stay as they are. Raises NotFoundError,
        RoundRunningError, and what ``begin`` raises."""
        job = await self._book.get(id)
        if not job.resumable:
            return job
        job = await self._book.reopened(id, by)
        return job if job.status.over else await self._taken_up(job)

    # -- ending ---------------------------------------------------------------------------------

    async def cancel(self, id: str, by: str) -> TuningJob:  # noqa: A002 - the store's own word
        """End a job; one that is over stays as it is. Raises NotFoundError, and
        TuningUnavailableError where the service could not be told: then it goes on."""
        job = await self._book.get(id)
        if job.status.over and not job.resumable:
            return job
        await self._book.keep(id, {_CANCELLING: True})  # so that nobody starts it again meanwhile
        await self._tuners(job.backend).cancel(job)
        return await self._book.cancelled(id, by)

    @property
    def usual(self) -> TuningSection:
        """What a round is like where nothing else is said."""
        return self._settings.tuning

    # -- by itself ------------------------------------------------------------------------------

    async def active(self) -> TuningJob | None:
        """The round that is under way."""
        return await self._book.active()

    async def last(self) -> TuningJob | None:
        """The round that was started last."""
        return await self._book.last()


def _folder_of(settings: Settings) -> Path:
    """Where the rounds of this machine are."""
    return settings.home.absolute() / "tuning"


def tuner_for(settings: Settings, backend: Backend) -> Tuner:
    """The tuner of a backend, as the settings say."""
    wanted = settings.tuning
    if backend is Backend.OPENAI:
        from persona.tuning.openai import OpenAITuner

        if not (settings.openai_api_key or settings.openai_base_url):
            raise UsageError(
                "No service is set; set OPENAI_API_KEY, and OPENAI_BASE_URL for another than "
                "OpenAI, or train with --backend local."
            )
        key = settings.openai_api_key
        secret = key.get_secret_value() if key else None
        return OpenAITuner(settings.openai_base_url, secret, epochs=wanted.epochs)
    from persona.tuning.local import Hyperparameters, LocalTuner

    return LocalTuner(
        _folder_of(settings),
        settings.beside(wanted.python) if wanted.python else None,
        Hyperparameters(wanted.epochs, wanted.learning_rate, wanted.rank, wanted.tokens),
    )


def desk_of(app: Home) -> TuningDesk:
    """The rounds of an application."""
    from bot.work.leases import Leases

    return TuningDesk(
        book=JobBook(app.database, app.audit, app.clock),
        datasets=DatasetBook(app.database),
        registry=Registry(app.database, app.audit, app.clock),
        tuners=partial(tuner_for, app.settings),
        exclusive=Exclusive(Leases(app.database)),
        settings=app.settings,
    )


def watcher_of(app: Home, build: Build = built_apart) -> Watcher:
    """What tends the rounds: run it in the worker."""
    return Watcher(desk_of(app), app.database, app.settings, app.clock, build)


def job_json(round_: Round) -> dict[str, Any]:
    """A job as ``tune start --json`` and ``tune show --json`` print it."""
    job = round_.job
    return {
        "job": job.id,
        "backend": job.backend.value,
        "method": job.method.value,
        "base": job.base,
        "dataset": job.dataset,
        "status": job.status.value,
        "model": job.model or None,
        "error": job.error or None,
        "events": [
            {
                "at": event.at.isoformat() if event.at else None,
                "kind": event.kind,
                "message": event.message,
                "data": event.data,
            }
            for event in round_.events
        ],
    }
