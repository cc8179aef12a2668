"""Real training of a tiny model: the loss falls, the adapter answers, a killed one goes on.

Needs a Python with the extra ``train``, see ``tests/platforms/training.py``.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx2
import pytest

from bot.store.base import Database
from persona.datasets import Dataset
from persona.tuning.base import Backend, Method, Report, Status
from persona.tuning.deploying import Deployer
from persona.tuning.jobs import JobBook
from persona.tuning.local import PROGRAM, Hyperparameters, LocalTuner, trainer_environment
from persona.tuning.trainer.folder import read_object
from tests.platforms.training import QUESTIONS, SYSTEM, lines_of, make_base, training_python

pytestmark = [pytest.mark.train, pytest.mark.slow, pytest.mark.timeout(400)]

PATIENCE_S = 300


@pytest.fixture(scope="module")
def python() -> Path:
    return training_python()


@pytest.fixture(scope="module")
def base(python: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_base(python, tmp_path_factory.mktemp("base") / "tiny")


@pytest.fixture(autouse=True)
def one_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    """Threads cost a model this small more than they bring."""
    monkeypatch.setenv("OMP_NUM_THREADS", "1")


class Training:
    """One job on the real tuner."""

    def __init__(self, folder: Path, base: Path, python: Path, db: Database, method: str) -> None:
        wanted = Hyperparameters(
            epochs=8,
            learning_rate=1e-2 if method == "sft" else 2e-3,
            rank=8,
            tokens=256,
            checkpoint_every=6,
        )
        self.tuner = LocalTuner(folder / "tuning", python, wanted)
        self.book = JobBook(db)
        self.base, self.method = base, Method(method)
        files = folder / "train.jsonl", folder / "validation.jsonl"
        files[0].write_text(lines_of(method, 24))
        files[1].write_text(lines_of(method, 4) if method == "sft" else "")
        self.dataset = Dataset(
            "d1", method, "Juniper 1", 24, 24, 0, {}, {}, "", *files, datetime.now(UTC)
        )

    async def start(self) -> str:
        base = await self.tuner.check(self.method, str(self.base), self.dataset)
        job = await self.book.add(
            backend=Backend.LOCAL, method=self.method, base=base, dataset="d1", by="me", options={}
        )
        await self.begin(job.id)
        return job.id

    async def begin(self, job: str) -> None:
        async def keep(values: Mapping[str, Any]) -> None:
            await self.book.keep(job, values)

        await self.book.begun(
            job, await self.tuner.begin(await self.book.get(job), self.dataset, keep)
        )

    async def until(self, job: str, wanted: Callable[[Report], object]) -> Report:
        deadline = time.monotonic() + PATIENCE_S
        while True:
            report = await self.tuner.look(await self.book.get(job))
            if wanted(report):
                return report
            log = self.tuner.folder(job).log
            assert not report.status.over, f"{report.error}\n{log.read_text()[-3000:]}"
            assert time.monotonic() < deadline, report
            await asyncio.sleep(0.1)


def done(report: Report) -> bool:
    return report.status is Status.SUCCEEDED


@contextmanager
def served(python: Path, base: Path) -> Iterator[str]:
    """The small server with a base model; its address."""
    command = [python, PROGRAM, "--serve", base, "--port", "0"]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env=trainer_environment({})
    )
    try:
        assert process.stdout is not None
        yield process.stdout.readline().strip()
    finally:
        process.terminate()
        assert process.wait(30) == 0
        process.stdout.close()


async def answer(url: str, model: str, question: str) -> str:
    """The likeliest answer of a model."""
    messages = [SYSTEM, {"role": "user", "content": question}]
    body = {"model": model, "messages": messages, "max_tokens": 24, "temperature": 0}
    async with httpx2.AsyncClient(timeout=120) as client:
        response = await client.post(f"{url}/chat/completions", json=body)
    assert response.status_code == 200, response.text
    told = response.json()
    assert told["usage"]["completion_tokens"] > 0
    return str(told["choices"][0]["message"]["content"])


async def streamed(url: str, model: str, question: str) -> tuple[str, dict[str, int]]:
    """The same, as it comes; with the usage."""
    body = {
        "model": model, "messages": [SYSTEM, {"role": "user", "content": question}],
        "max_tokens": 24, "temperature": 0, "stream": True,
        "stream_options": {"include_usage": True},
    }  # fmt: skip
    text, usage = "", {}
    async with (
        httpx2.AsyncClient(timeout=120) as client,
        client.stream("POST", f"{url}/chat/completions", json=body) as response,
    ):
        async for line in response.aiter_lines():
            if not line.startswith("data: ") or line == "data: [DONE]":
                continue
            chunk = json.loads(line.removeprefix("data: "))
            text += "".join(choice["delta"].get("content", "") for choice in chunk["choices"])
            usage = chunk.get("usage", usage)
    return text, usage


async def test_a_killed_training_goes_on_and_its_adapter_answers(
    tmp_path: Path, base: Path, python: Path, sqlite_database: Database
) -> None:
    """SFT, killed with kill -9 in the middle: goes on from the checkpoint, the loss has fallen, and
    served beside the base the adapter says what it was taught, loaded again too."""
    training = Training(tmp_path, base, python, sqlite_database, "sft")
    job = await training.start()
    folder = training.tuner.folder(job)
    await training.until(job, lambda _: folder.last_checkpoint())
    killed = folder.trainer()
    assert killed
    os.kill(killed, signal.SIGKILL)
    for _ in range(100):
        report = await training.tuner.look(await training.book.get(job))
        if report.status.over:
            break
        await asyncio.sleep(0.05)
    assert (report.status, report.vanished) == (Status.FAILED, True)
    await training.begin(job)
    report = await training.until(job, done)
    resumed = [event for event in report.events if event.kind == "resumed"]
    assert len(resumed) == 1
    assert "on from step" in resumed[0].message
    assert report.progress.step == report.progress.steps == 24

    card = read_object(Path(report.adapter) / "card.json")
    curve = card["loss"]
    assert [step for step, _ in curve] == list(range(1, 25)), "of both processes, without a hole"
    assert curve[-1][1] < 0.9 * curve[0][1]
    assert card["validation_loss"][-1] < card["validation_loss"][0]
    assert card["versions"]["trl"]
    deadline = time.monotonic() + PATIENCE_S
    while folder.checkpoints.exists():  # they go once it has succeeded
        assert time.monotonic() < deadline
        await asyncio.sleep(0.05)

    question = QUESTIONS[0][0]
    with served(python, base) as url:
        deployer = Deployer(url)
        before = await answer(url, str(base), question)
        await deployer.load("taught", Path(report.adapter))
        await deployer.load("taught", Path(report.adapter))  # already there: no error
        after = await answer(url, "taught", question)
        assert after != before
        text, usage = await streamed(url, "taught", question)
        assert text == after
        assert usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"]
        assert await answer(url, str(base), question) == before, "the base stays what it was"
        await _refused(url, "x" * 9000, "context_length_exceeded", str(base))
        await _refused(url, question, "model_not_found", "nobody")
        await deployer.unload("taught")
        await deployer.unload("taught")
        assert await answer(url, str(base), question) == before
        await deployer.load("again", Path(report.adapter))
        assert await answer(url, "again", question) == after


async def _refused(url: str, question: str, code: str, model: str) -> None:
    body = {"model": model, "messages": [{"role": "user", "content": question}]}
    async with httpx2.AsyncClient(timeout=120) as client:
        response = await client.post(f"{url}/chat/completions", json=body)
    assert response.status_code in (400, 404)
    assert response.json()["error"]["code"] == code


@pytest.mark.parametrize("method", ["dpo", "kto"])
async def test_preferences_are_trained(
    tmp_path: Path, base: Path, python: Path, sqlite_database: Database, method: str
) -> None:
    """DPO from pairs, KTO from thumbs with chat prompts: the loss falls."""
    training = Training(tmp_path, base, python, sqlite_database, method)
    report = await training.until(await training.start(), done)
    curve = [loss for _, loss in read_object(Path(report.adapter) / "card.json")["loss"]]
    first, last = sum(curve[:4]) / 4, sum(curve[-4:]) / 4
    assert last < 0.9 * first


async def test_examples_that_are_too_long_are_named_with_what_takes_them(
    tmp_path: Path, base: Path, python: Path, sqlite_database: Database
) -> None:
    """Those that fit are trained on; the others are counted, with the setting that would do."""
    training = Training(tmp_path, base, python, sqlite_database, "sft")
    words = {"role": "user", "content": "How do I reset the sensor? " * 100}
    long = {"messages": [SYSTEM, words, {"role": "assistant", "content": "Hold the button."}]}
    with (tmp_path / "train.jsonl").open("a") as file:
        file.write(json.dumps(long) + "\n")
    job = await training.start()
    await training.until(job, done)
    events = training.tuner.folder(job).read_events()
    (told,) = [each["message"] for each in events if each["kind"] == "left out"]
    assert told == (
        "1 of 25 examples is longer than 256 tokens; allow more tokens ([tuning] tokens)"
    )


async def test_an_unreadable_base_is_said_in_a_sentence(
    tmp_path: Path, python: Path, sqlite_database: Database
) -> None:
    """A folder that looks like a model and is none: no traceback in the error."""
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "config.json").write_text('{"model_type": "llama"}')
    training = Training(tmp_path, broken, python, sqlite_database, "sft")
    job = await training.start()
    deadline = time.monotonic() + PATIENCE_S
    while not (report := await training.tuner.look(await training.book.get(job))).status.over:
        assert time.monotonic() < deadline
        await asyncio.sleep(0.1)
    assert report.status is Status.FAILED
    assert report.error.startswith(f'The base model "{broken}" cannot be used:')
    assert not report.resumable
