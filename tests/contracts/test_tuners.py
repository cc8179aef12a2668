"""The contract of tuners: both begin once, tell how far they are, and end in one of three ways."""

from __future__ import annotations

import asyncio
import json
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from bot.store.base import Database
from persona.datasets import Dataset
from persona.forgetting_files import both_digests, digest_of
from persona.tuning.base import Backend, Method, Report, Status, Tuner, TuningJob
from persona.tuning.jobs import JobBook
from persona.tuning.local import LocalTuner
from persona.tuning.openai import OpenAITuner
from tests.platforms.trainer_program import interpreter, plan
from tests.platforms.tuning_server import TuningServer


def sft_line(number: int) -> dict[str, Any]:
    """An example of imitation."""
    asked = {"role": "user", "content": f"Question {number}?"}
    return {"messages": [asked, {"role": "assistant", "content": f"Answer {number}."}]}


def dataset_in(folder: Path, lines: int = 12, method: Method = Method.SFT) -> Dataset:
    """A data set of a format, with two lines to validate with."""
    line: Callable[[int], dict[str, Any]] = sft_line
    if method is Method.DPO:

        def line(n: int) -> dict[str, Any]:
            good, bad = ({"role": "assistant", "content": word} for word in ("Yes.", "No."))
            asked = {"messages": [{"role": "user", "content": f"Question {n}?"}]}
            return {"input": asked, "preferred_output": [good], "non_preferred_output": [bad]}

    if method is Method.KTO:

        def line(n: int) -> dict[str, Any]:
            return {"prompt": f"Question {n}?", "completion": "Yes.", "label": n % 2 == 0}

    files = folder / "train.jsonl", folder / "validation.jsonl"
    for path, count in zip(files, (lines, 2), strict=True):
        path.write_text("".join(json.dumps(line(n)) + "\n" for n in range(count)), "utf-8")
    at = datetime(2026, 11, 1, tzinfo=UTC)
    digest = both_digests(*(digest_of(path) for path in files))
    return Dataset("d1", method.value, "Juniper 1", lines + 2, lines, 2, {}, {}, digest, *files, at)


class Stage(ABC):
    """A tuner with what it trains with, which a test moves on."""

    backend: Backend
    base = "small"
    tuner: Tuner

    @abstractmethod
    def advance(self, step: int, steps: int) -> None:
        """Be at a step."""

    @abstractmethod
    def succeed(self) -> None: ...

    @abstractmethod
    def fail(self) -> None: ...

    @abstractmethod
    def begun(self) -> int:
        """How many trainings there are, or ever were."""

    @abstractmethod
    def again(self) -> Tuner:
        """A tuner as another process has it."""


class LocalStage(Stage):
    backend = Backend.LOCAL

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._python = interpreter(folder)
        self.tuner = self.again()

    def again(self) -> Tuner:
        return LocalTuner(self._folder / "tuning", self._python)

    def advance(self, step: int, steps: int) -> None:
        plan(self._folder, step=step, steps=steps)

    def succeed(self) -> None:
        plan(self._folder, end="succeeded")

    def fail(self) -> None:
        plan(self._folder, end="failed", error="The data set cannot be trained on.")

    def begun(self) -> int:
        events = self._folder.glob("tuning/*/events.jsonl")
        return sum(path.read_text().count('"started"') for path in events)


class OpenAIStage(Stage):
    backend = Backend.OPENAI

    def __init__(self, server: TuningServer) -> None:
        self._server = server
        self.tuner = self.again()

    def again(self) -> Tuner:
        return OpenAITuner(self._server.url, "secret")

    @property
    def _job(self) -> str:
        return next(iter(self._server.jobs))

    def advance(self, step: int, steps: int) -> None:
        self._server.advance(self._job, step, steps, 2.0 / (step + 1))

    def succeed(self) -> None:
        self._server.end(self._job)

    def fail(self) -> None:
        self._server.end(self._job, "failed", "The data set cannot be trained on.")

    def begun(self) -> int:
        return len(self._server.jobs)


@pytest.fixture(params=["local", "openai"])
async def stage(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Stage]:
    """Each tuner with its stand-in."""
    if request.param == "local":
        yield LocalStage(tmp_path)
        return
    async with TuningServer() as server:
        yield OpenAIStage(server)


class Round:
    """A job in a database and its tuner."""

    def __init__(self, stage: Stage, book: JobBook, dataset: Dataset, job: TuningJob) -> None:
        self.stage, self.book, self.dataset, self.id = stage, book, dataset, job.id

    async def begin(self, tuner: Tuner | None = None) -> None:
        async def keep(values: Mapping[str, Any]) -> None:
            await self.book.keep(self.id, values)

        job = await self.book.get(self.id)
        remote = await (tuner or self.stage.tuner).begin(job, self.dataset, keep)
        await self.book.begun(self.id, remote)

    async def look(self, tuner: Tuner | None = None) -> Report:
        report = await (tuner or self.stage.tuner).look(await self.book.get(self.id))
        await self.book.seen(self.id, report)
        return report

    async def until(self, wanted: Callable[[Report], object]) -> Report:
        for _ in range(1800):
            report = await self.look()
            if wanted(report):
                return report
            await asyncio.sleep(0.05)
        raise TimeoutError(report)


@pytest.fixture
async def training(stage: Stage, sqlite_database: Database, tmp_path: Path) -> AsyncIterator[Round]:
    """A job that is queued."""
    dataset = dataset_in(tmp_path)
    await stage.tuner.check(Method.SFT, stage.base, dataset)
    book = JobBook(sqlite_database)
    job = await book.add(
        backend=stage.backend, method=Method.SFT, base=stage.base, dataset="d1", by="me", options={}
    )
    found = Round(stage, book, dataset, job)
    yield found
    await stage.tuner.cancel(await book.get(job.id))


async def test_it_tells_whether_there_is_anything_to_train_with(stage: Stage) -> None:
    """A sentence, and no training began."""
    assert await stage.tuner.probe()
    assert stage.begun() == 0


async def test_a_training_tells_how_far_it_is_and_what_came_of_it(training: Round) -> None:
    """Begun, on its way with steps and loss, done with a model; events are kept once."""
    await training.begin()
    training.stage.advance(3, 10)
    report = await training.until(lambda r: r.progress.step == 3)
    assert report.status is Status.RUNNING
    assert report.progress.steps == 10
    assert report.progress.loss == 0.5
    training.stage.succeed()
    report = await training.until(lambda r: r.status.over)
    assert report.status is Status.SUCCEEDED
    assert report.model
    await training.look()
    job = await training.book.get(training.id)
    assert job.model == report.model
    messages = [event.message for event in await training.book.events(training.id)]
    assert len(messages) == len(set(messages)) >= 2


async def test_begun_twice_is_one_training(training: Round) -> None:
    """Two processes that take up the same job start one trainer, or one job at the service."""
    await training.begin()
    await training.begin(training.stage.again())
    training.stage.advance(1, 10)
    await training.until(lambda r: r.progress.step == 1)
    assert training.stage.begun() == 1


async def test_another_process_watches_on(training: Round) -> None:
    """The training needs nobody who looks, and who looks later sees the same."""
    await training.begin()
    training.stage.advance(4, 10)
    await training.until(lambda r: r.progress.step == 4)
    other = training.stage.again()
    report = await training.look(other)
    assert (report.status, report.progress.step) == (Status.RUNNING, 4)


async def test_what_failed_says_why(training: Round) -> None:
    """One sentence, and the job is over for good."""
    await training.begin()
    training.stage.advance(1, 10)
    await training.until(lambda r: r.progress.step == 1)
    training.stage.fail()
    report = await training.until(lambda r: r.status.over)
    assert report.status is Status.FAILED
    assert "cannot be trained on" in report.error
    assert not report.resumable


async def test_a_cancelled_training_ends(training: Round) -> None:
    """Nothing trains on, and cancelling again is no error."""
    await training.begin()
    training.stage.advance(1, 10)
    await training.until(lambda r: r.progress.step == 1)
    job = await training.book.get(training.id)
    await training.stage.tuner.cancel(job)
    await training.stage.tuner.cancel(job)
    done = await training.book.cancelled(training.id, "me")
    assert done.status is Status.CANCELLED
    report = await training.stage.tuner.look(done)
    assert report.status is not Status.RUNNING


async def test_without_a_base_nothing_begins(stage: Stage, tmp_path: Path) -> None:
    """It is said before there is a job."""
    with pytest.raises(Exception, match="--base"):
        await stage.tuner.check(Method.SFT, "", dataset_in(tmp_path))


async def test_lines_of_another_kind_are_refused_before_anything_begins(
    stage: Stage, tmp_path: Path
) -> None:
    """With the line's number."""
    dataset = dataset_in(tmp_path)
    with dataset.train_file.open("a") as file:
        file.write('{"messages": []}\n')
    with pytest.raises(Exception, match=r"train\.jsonl, line 13"):
        await stage.tuner.check(Method.SFT, stage.base, dataset)
