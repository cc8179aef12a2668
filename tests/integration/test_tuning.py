"""Rounds of fine-tuning from start to a registered candidate, with stand-ins for who trains."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from adapters.teaching.rounds import Watcher
from adapters.teaching.tuning import TuningDesk, job_json, tuner_for
from bot.conversation import Author, Platform, Question
from bot.errors import (
    NotFoundError,
    RoundRunningError,
    TooFewExamplesError,
    TrainerMissingError,
    TrainingError,
    TuningRefusedError,
    TuningUnavailableError,
    UsageError,
)
from bot.settings import Settings, load_settings
from bot.store.audit import AuditTrail
from bot.store.base import Database
from bot.store.history import History
from bot.store.rewrites import RewriteBook
from bot.store.timing import utc_now
from bot.work.leases import Leases
from knowledge.exclusive import Exclusive
from persona.datasets import Dataset, DatasetBook
from persona.forgetting_files import both_digests, digest_of
from persona.registry import Registry
from persona.tuning.base import Backend, Event, Method, Report, Status, TuningJob
from persona.tuning.jobs import JobBook
from persona.tuning.rounds import due
from persona.tuning.trainer.folder import JobFolder
from tests.contracts.test_tuners import dataset_in
from tests.platforms.trainer_program import interpreter, plan
from tests.platforms.tuning_server import TuningServer
from tests.platforms.web_application import RESET_ANSWER, stand_in_turn

FAST = {Backend.LOCAL: 0.02, Backend.OPENAI: 0.02}


class Home:
    """A home with a data set, and desks on it as other processes would have them."""

    def __init__(self, folder: Path, database: Database, url: str) -> None:
        self.folder = folder
        self.database = database
        self.settings: Settings = load_settings(
            WELLSPOKEN_HOME=folder,
            OPENAI_BASE_URL=url,
            WELLSPOKEN_MODEL="m",
            tuning={"python": str(interpreter(folder)), "base": "small"},
        )
        self.audit = AuditTrail(database)
        self.book = JobBook(database, self.audit)
        self.registry = Registry(database, self.audit)

    def desk(self) -> TuningDesk:
        return TuningDesk(
            book=self.book,
            datasets=DatasetBook(self.database),
            registry=self.registry,
            tuners=lambda backend: tuner_for(self.settings, backend),
            exclusive=Exclusive(Leases(self.database)),
            settings=self.settings,
            pace=FAST,
        )

    def dataset(self, **changes: Any) -> Dataset:
        method = Method(changes.get("format", "sft"))
        return replace(dataset_in(self.folder, method=method), **changes)

    def job(self, id: str) -> JobFolder:  # noqa: A002 - the store's own word
        return JobFolder(self.folder / "tuning" / id)


@pytest.fixture
async def service() -> AsyncIterator[TuningServer]:
    async with TuningServer() as server:
        yield server


@pytest.fixture
async def home(
    tmp_path: Path, sqlite_database: Database, service: TuningServer
) -> AsyncIterator[Home]:
    """A home whose trainers end with the test."""
    found = Home(tmp_path, sqlite_database, service.url)
    await DatasetBook(sqlite_database).add(found.dataset(), [])
    yield found
    for job in await found.book.listing():
        if job.backend is Backend.LOCAL:
            await found.desk().cancel(job.id, "test")


def nobody(_: TuningJob) -> None:
    """Looks away."""


async def until(look: Callable[[], Any], wanted: Callable[[Any], object]) -> Any:
    """Look until it is as wanted."""
    for _ in range(500):
        found = await look()
        if wanted(found):
            return found
        await asyncio.sleep(0.03)
    raise TimeoutError(found)


@pytest.mark.parametrize("backend", list(Backend))
async def test_a_round_becomes_one_candidate(
    home: Home, service: TuningServer, backend: Backend
) -> None:
    """Watched by two at once and looked at again, it is registered once, with its lineage."""
    desk = home.desk()
    job = await desk.start(by="web:operator", backend=backend)
    assert job.status is Status.RUNNING
    plan(home.folder, end="succeeded", step=10)
    for name in service.jobs:
        service.advance(name, 10, 10, 0.5)
        service.end(name)
    first, second = await asyncio.gather(
        desk.watch(job.id, nobody, by="a"), home.desk().watch(job.id, nobody, by="b")
    )
    assert first.status is second.status is Status.SUCCEEDED
    await desk.story(job.id)
    versions = await home.registry.listing()
    assert [v.version for v in versions] == [first.version] == ["v1"]
    assert (versions[0].state, versions[0].dataset, versions[0].job) == ("candidate", "d1", job.id)
    assert versions[0].persona == "Juniper 1"
    told = job_json(await desk.story(job.id))
    assert list(told) == [
        "job", "backend", "method", "base", "dataset", "status", "model", "error", "events",
    ]  # fmt: skip
    assert told["model"]
    assert told["error"] is None
    if backend is Backend.LOCAL:
        assert str(versions[0].adapter) == told["model"]
    else:
        assert versions[0].model == told["model"] == f"ft:small:{job.id}"
        assert not service.files, "what people wrote stays at the service no longer than needed"


async def test_a_killed_trainer_goes_on_from_its_checkpoint(home: Home) -> None:
    """Whoever looks says that it was killed; whoever watches takes it up where it was."""
    desk = home.desk()
    plan(home.folder, step=4)
    job = await desk.start(by="me")
    await until(lambda: home.book.get(job.id), lambda _: home.job(job.id).read_progress())
    killed = home.job(job.id).trainer()
    assert killed
    os.kill(killed, signal.SIGKILL)
    story = await until(lambda: desk.story(job.id), lambda s: s.job.status.over)
    assert story.job.status is Status.FAILED
    assert "killed at step 4 of 10" in story.job.error
    assert f"tune watch {job.id}" in story.job.error
    plan(home.folder, step=0, end="succeeded")
    done = await desk.watch(job.id, nobody, by="me")
    assert (done.status, done.version) == (Status.SUCCEEDED, "v1")
    said = [event.message for event in (await desk.story(job.id)).events]
    assert "from step 0" in said
    assert "from step 4" in said


async def test_the_worker_starts_a_killed_trainer_again_but_not_for_ever(home: Home) -> None:
    """Killed again and again at the same step, the round fails with a sentence."""
    desk = home.desk()
    plan(home.folder, step=2)
    job = await desk.start(by="me")
    watcher = Watcher(desk, home.database, home.settings, utc_now)
    kills = 0
    for _ in range(600):
        trainer, told = home.job(job.id).trainer(), home.job(job.id).read_progress()
        if trainer and told:
            os.kill(trainer, signal.SIGKILL)
            kills += 1
            await until(lambda: asyncio.sleep(0, home.job(job.id).trainer()), lambda t: t is None)
        found = await watcher.once()
        if found is None or found.status.over:
            break
        await asyncio.sleep(0.02)
    done = await home.book.get(job.id)
    assert (done.status, done.resumable) == (Status.FAILED, True)
    assert 2 <= kills <= 4


async def test_a_round_whose_start_was_cut_off_is_begun_once(
    home: Home, service: TuningServer
) -> None:
    """A row without a trainer, as a crash leaves it: who watches begins it."""
    job = await home.book.add(
        backend=Backend.OPENAI, method=Method.SFT, base="small", dataset="d1", by="me", options={}
    )
    desk = home.desk()
    await desk.tend(job.id)
    assert (await desk.tend(job.id)).remote == next(iter(service.jobs))
    assert len(service.jobs) == 1


@pytest.mark.parametrize("call", ["POST /v1/files", "POST /v1/fine_tuning/jobs"])
async def test_an_answer_that_got_lost_makes_no_second_job(
    home: Home, service: TuningServer, call: str
) -> None:
    """The service carried it out and the connection broke: it is found again, not made again."""
    service.lost_after.add(call)
    try:
        job = await home.desk().start(by="me", backend=Backend.OPENAI)
    except TuningUnavailableError as error:
        assert "tune watch" in str(error)
        job = (await home.book.listing())[0]
    again = await home.desk().tend(job.id)
    assert again.status is not Status.FAILED
    assert len(service.jobs) == 1
    used = service.jobs[again.remote]
    assert used["metadata"] == {"wellspoken_job": job.id}
    assert len(service.contents) == 2, "no file is there twice"
    service.end(again.remote)
    assert (await home.desk().tend(job.id)).status is Status.SUCCEEDED
    assert not service.files


async def test_a_file_whose_upload_was_not_noted_goes_with_the_job(
    home: Home, service: TuningServer
) -> None:
    """What people wrote does not stay at the service behind a job that was cancelled."""
    service.lost_after.add("POST /v1/files")
    with pytest.raises(TuningUnavailableError):
        await home.desk().start(by="me", backend=Backend.OPENAI)
    assert len(service.files) == 1
    job = (await home.book.listing())[0]
    assert (await home.desk().cancel(job.id, "me")).status is Status.CANCELLED
    assert not service.files


async def test_a_job_that_was_not_noted_is_cancelled_at_the_service(
    home: Home, service: TuningServer
) -> None:
    """Its creation was carried out, its answer lost: cancelling finds it all the same."""
    service.lost_after.add("POST /v1/fine_tuning/jobs")
    with pytest.raises(TuningUnavailableError):
        await home.desk().start(by="me", backend=Backend.OPENAI)
    job = (await home.book.listing())[0]
    assert (await home.desk().cancel(job.id, "me")).status is Status.CANCELLED
    assert [found["status"] for found in service.jobs.values()] == ["cancelled"]
    assert not service.files


async def test_what_never_reached_a_service_is_cancelled_without_it(
    home: Home, service: TuningServer
) -> None:
    """A round that waits for a service that is down must not stand in the way for good."""
    service.down = True
    with pytest.raises(TuningUnavailableError):
        await home.desk().start(by="me", backend=Backend.OPENAI)
    job = (await home.book.listing())[0]
    assert (await home.desk().cancel(job.id, "me")).status is Status.CANCELLED
    assert await home.book.active() is None


async def test_a_service_that_is_gone_is_waited_for(home: Home, service: TuningServer) -> None:
    """Gone at first, that is said at once; later it is waited for. Looking meanwhile shows what was
    known."""
    desk = home.desk()
    job = await desk.start(by="me", backend=Backend.OPENAI)
    service.advance(next(iter(service.jobs)), 3, 10, 0.5)
    await desk.tend(job.id)
    service.down = True
    assert (await desk.story(job.id)).job.progress.step == 3
    with pytest.raises(TuningUnavailableError, match="tune watch"):
        await desk.watch(job.id, nobody, by="me")
    service.down = False
    looks = len(service.calls)
    watching = asyncio.create_task(desk.watch(job.id, nobody, by="me"))
    await service.until(lambda: len(service.calls) >= looks + 4)  # two whole looks: it was found
    service.down = True
    looks = len(service.calls)
    await service.until(lambda: len(service.calls) >= looks + 5)  # more than one look's tries
    service.down = False
    service.end(next(iter(service.jobs)))
    assert (await watching).version == "v1"


async def test_services_that_keep_less_of_events_are_watched_as_well(
    home: Home, service: TuningServer
) -> None:
    """No list of events, and one without ids and pages: the job is looked at in a few requests."""
    desk = home.desk()
    job = await desk.start(by="me", backend=Backend.OPENAI)
    service.plain = True
    service.advance(next(iter(service.jobs)), 3, 10, 0.5)
    before = len(service.calls)
    told = await desk.story(job.id)
    assert len(service.calls) - before <= 4
    assert told.job.progress.step == 3
    assert "Step 3/10: training loss=0.5" in [event.message for event in told.events]
    service.eventless = True
    service.end(next(iter(service.jobs)))
    assert (await desk.watch(job.id, nobody, by="me")).version == "v1"


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (403, "Fine-tuning is no longer available for your organization."),
        (404, "The fine-tuning endpoint was removed."),
        (400, "Creating fine-tuning jobs ended on 2027-01-06."),
    ],
)
async def test_a_refusal_names_the_alternatives(
    home: Home, service: TuningServer, status: int, words: str
) -> None:
    """The service's words, and what to do instead; no round stays open."""
    service.refusal = (status, words)
    with pytest.raises(TuningRefusedError, match="--backend local") as refused:
        await home.desk().start(by="me", backend=Backend.OPENAI)
    assert words.rstrip(".") in str(refused.value)
    job = (await home.book.listing())[0]
    assert (job.status, job.error) == (Status.FAILED, str(refused.value))
    assert not service.files
    assert await home.book.active() is None


async def test_a_file_that_is_refused_leaves_none_behind(home: Home, service: TuningServer) -> None:
    """What people wrote does not stay at a service that trains nothing with it."""
    service.refused_file = "validation.jsonl"
    with pytest.raises(TuningRefusedError, match="Invalid file format"):
        await home.desk().start(by="me", backend=Backend.OPENAI)
    assert len(service.contents) == 1, "the training file was there"
    assert not service.files


async def test_kto_is_no_business_of_a_service(home: Home, service: TuningServer) -> None:
    """Said before anything is uploaded, with who can."""
    await DatasetBook(home.database).add(home.dataset(id="d2", format="kto"), [])
    with pytest.raises(UsageError, match="--backend local"):
        await home.desk().start(by="me", backend=Backend.OPENAI, method=Method.KTO)
    assert not service.calls
    assert await home.book.listing() == []


async def test_two_rounds_at_once_are_one(home: Home) -> None:
    """The second is told of the first; when that is cancelled it may begin."""
    plan(home.folder, step=1)
    found = await asyncio.gather(
        home.desk().start(by="a"), home.desk().start(by="b"), return_exceptions=True
    )
    jobs = [each for each in found if isinstance(each, TuningJob)]
    refused = [each for each in found if isinstance(each, RoundRunningError)]
    assert (len(jobs), len(refused)) == (1, 1)
    assert jobs[0].id in str(refused[0])
    assert (await home.desk().cancel(jobs[0].id, "me")).status is Status.CANCELLED
    assert home.job(jobs[0].id).trainer() is None
    assert (await home.desk().start(by="c")).status is Status.RUNNING


async def test_what_is_cancelled_is_not_started_again_by_the_worker(home: Home) -> None:
    """The worker looks while the trainer is being stopped, and again afterwards."""
    plan(home.folder, step=1)
    job = await home.desk().start(by="a")
    watcher = Watcher(home.desk(), home.database, home.settings, utc_now)

    async def look() -> None:
        for _ in range(20):
            await watcher.once()
            await asyncio.sleep(0.02)

    looking = asyncio.create_task(look())
    done = await home.desk().cancel(job.id, "me")
    await looking
    assert done.status is Status.CANCELLED
    assert (await home.book.get(job.id)).status is Status.CANCELLED
    assert home.job(job.id).trainer() is None


async def test_what_is_cancelled_while_it_begins_ends_at_the_service_too(
    home: Home, service: TuningServer
) -> None:
    """The service made the job after the operator had cancelled it."""
    starting = asyncio.create_task(home.desk().start(by="a", backend=Backend.OPENAI))
    job = await until(home.book.active, lambda found: found is not None)
    await home.book.cancelled(job.id, "me")
    await starting
    assert all(found["status"] == "cancelled" for found in service.jobs.values())
    assert (await home.book.get(job.id)).status is Status.CANCELLED


async def test_a_killed_round_does_not_stand_in_the_way(home: Home) -> None:
    """Nobody looked since its trainer was killed, and a new round begins."""
    plan(home.folder, step=1)
    job = await home.desk().start(by="a")
    await until(lambda: home.book.get(job.id), lambda _: home.job(job.id).read_progress())
    trainer = home.job(job.id).trainer()
    assert trainer, "0 would be every process of this test"
    os.kill(trainer, signal.SIGKILL)
    await until(lambda: asyncio.sleep(0, home.job(job.id).trainer()), lambda t: t is None)
    other = await home.desk().start(by="b")
    assert other.status is Status.RUNNING
    with pytest.raises(RoundRunningError):
        await home.desk().watch(job.id, nobody, by="a")


async def test_what_cannot_be_trained_on_is_said_before_there_is_a_job(home: Home) -> None:
    """Too few examples, no data set, another format, one class only, no trainer, no base."""
    datasets, desk = DatasetBook(home.database), home.desk()
    later = datetime.now(UTC) + timedelta(days=1)
    with pytest.raises(UsageError, match="dataset build --format dpo"):
        await desk.start(by="me", method=Method.DPO)
    with pytest.raises(NotFoundError):
        await desk.start(by="me", dataset="d404")
    with pytest.raises(UsageError, match="one of sft"):
        await desk.start(by="me", dataset="d1", method=Method.DPO)
    with pytest.raises(UsageError, match="does not exist"):
        await desk.start(by="me", base=str(home.folder / "nowhere"))
    with pytest.raises(UsageError, match=r"config\.json"):
        await desk.start(by="me", base=str(home.folder))
    plan(home.folder, packages={"torch": "2.15", "trl": ""})
    with pytest.raises(TrainerMissingError, match=r"wellspoken\[train\]"):
        await desk.start(by="me")
    plan(
        home.folder,
        packages=dict.fromkeys(
            ("torch", "transformers", "trl", "peft", "accelerate", "datasets"), "1"
        ),
    )
    kto = home.dataset(id="d2", format="kto")
    kto.train_file.write_text('{"prompt": "Q", "completion": "A", "label": true}\n' * 12)
    digest = both_digests(digest_of(kto.train_file), digest_of(kto.validation_file))
    await datasets.add(replace(kto, digest=digest), [])
    with pytest.raises(TrainingError, match="all of data set d2 are good"):
        await desk.start(by="me", dataset="d2")
    few = home.dataset(id="d3", examples=7, at=later)
    await datasets.add(few, [])
    with pytest.raises(
        TooFewExamplesError, match="10 usable examples are needed and 7 found, 3 more"
    ):
        await desk.start(by="me")
    assert await home.book.listing() == []


async def test_events_are_kept_once_in_order(database: Database) -> None:
    """Seen by two who watch, on SQLite and on PostgreSQL."""
    book = JobBook(database)
    job = await book.add(
        backend=Backend.LOCAL, method=Method.SFT, base="b", dataset="d", by="me", options={}
    )
    events = [Event(str(n), "loss", f"step {n}") for n in range(5)]
    reports = [Report(Status.RUNNING, events=events[:n]) for n in (2, 5, 3, 5)]
    await asyncio.gather(*(book.seen(job.id, report) for report in reports))
    kept = await book.events(job.id)
    assert sorted(event.message for event in kept) == [f"step {n}" for n in range(5)]
    await book.seen(job.id, Report(Status.FAILED, error="no"))
    late = await book.seen(job.id, Report(Status.RUNNING))
    assert (late.status, late.error) == (Status.FAILED, "no")


async def test_of_two_rounds_at_once_the_database_takes_one(database: Database) -> None:
    """On SQLite and on PostgreSQL, whoever comes first."""
    books = JobBook(database), JobBook(database), JobBook(database)
    wanted: dict[str, Any] = {"backend": Backend.LOCAL, "method": Method.SFT, "base": "b"}
    found = await asyncio.gather(
        *(book.add(**wanted, dataset="d", by="me", options={}) for book in books),
        return_exceptions=True,
    )
    assert sorted(type(each).__name__ for each in found) == [
        "RoundRunningError",
        "RoundRunningError",
        "TuningJob",
    ]
    assert len(await books[0].listing()) == 1


async def test_a_round_is_in_the_audit_trail(home: Home) -> None:
    """Who started it, and how it ended."""
    plan(home.folder, end="succeeded")
    job = await home.desk().start(by="web:operator")
    await home.desk().watch(job.id, nobody, by="me")
    entries = [entry.content for entry in await home.audit.listing(kind="operator")]
    about = [e for e in entries if e and e.get("subject") == job.id]
    assert {e["action"] for e in about} == {"tuning started", "tuning succeeded"}
    assert {e["actor"] for e in about} == {"web:operator"}


async def test_a_round_starts_by_itself_when_enough_was_approved(home: Home) -> None:
    """Every so often, with a set that is built for it; what fails is not tried at once again."""
    plan(home.folder, step=1)
    often = {"every": "7d", "fresh": 2}
    settings = home.settings.model_copy(
        update={"tuning": home.settings.tuning.model_validate({**_told(home.settings), **often})}
    )
    built: list[str] = []
    failing = True

    async def build(method: str) -> str:
        built.append(method)
        if failing:
            raise TrainingError(reason="nothing can be taught")
        return "d1"

    now = datetime(2026, 12, 1, tzinfo=UTC)
    watcher = Watcher(home.desk(), home.database, settings, lambda: now, build)
    assert await watcher.once() is None, "nothing was approved yet"
    for _ in range(2):
        await _approved(home)
    with pytest.raises(TrainingError):
        await watcher.once()
    assert await watcher.once() is None
    failing = False
    now += timedelta(days=8)
    job = await watcher.once()
    assert job is not None
    assert (job.dataset, job.by) == ("d1", "wellspoken:schedule")
    assert built == ["sft", "sft"]


def _told(settings: Settings) -> dict[str, Any]:
    return settings.tuning.model_dump(exclude_unset=True)


async def _approved(home: Home) -> None:
    """An operator approves an answer."""
    question = Question("How do I reset it?", Author(Platform.WEB, "a"))
    turn = stand_in_turn(question, RESET_ANSWER)
    await History(home.database).record(turn)
    await RewriteBook(home.database, home.audit).approve(turn.id, by="web:operator")


def test_a_round_is_due_only_with_time_and_examples() -> None:
    """Both have to be there; without a schedule nothing starts."""
    now, week = datetime(2026, 12, 8, tzinfo=UTC), timedelta(days=7)
    assert due(now, None, week, 5, 5)
    assert due(now, now - week, week, 5, 5)
    assert not due(now, now - week + timedelta(hours=1), week, 5, 5)
    assert not due(now, now - week, week, 4, 5)
    assert not due(now, None, None, 9, 5)
