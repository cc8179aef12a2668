"""A version against what is live, end to end: real documents, real check, a model server."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from adapters.jobs.gating import gating, kind_of
from adapters.release.gate_records import Story
from adapters.release.gating import gate, gate_desk
from adapters.web.console.gate_report import report_page
from bot.errors import ConfigurationError, NotFoundError, UsageError
from bot.evaluation.running import TooManyFailedError
from bot.settings import Settings, load_settings
from bot.store.audit import OPERATOR, AuditTrail
from bot.store.base import Database
from bot.work.jobs import Job, Jobs, Status
from bot.work.runner import Runner
from persona.datasets import Dataset, DatasetBook
from persona.gate import Measure
from persona.registry import Registry
from persona.suites import SuiteBook
from persona.tables import gates
from tests.platforms.models_server import ModelsServer
from tests.platforms.openai_server import Behaviour, Fault, OpenAIServer
from tests.platforms.warranties import (
    ODD,
    PUMPS,
    loud,
    months,
    plain,
    read_documents,
    write_suite,
)

pytestmark = pytest.mark.slow

BY = "terminal:operator"


def inventing(messages: list[Any]) -> str:
    """The same, and what no passage says."""
    said = plain(messages)
    return said if said == "NO_ANSWER" else f"{said} Every pump comes with a free sailing trip."


def shy(messages: list[Any]) -> str:
    """Says of every second pump that it does not know, in its own words."""
    found = months(messages)
    return "I could not find that, sorry." if found and found[1] % 2 else plain(messages)


@pytest.fixture(scope="module")
def _read_in(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with the pumps' documents, one of them for staff alone."""
    folder = tmp_path_factory.mktemp("gate")
    asyncio.run(read_documents(folder / "docs", folder / "home"))
    return folder / "home"


@pytest.fixture
def home(_read_in: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(_read_in, tmp_path / "home"))


@pytest.fixture
def server() -> Iterator[ModelsServer]:
    behaviours = {
        "plain": Behaviour(answer=plain),
        "loud": Behaviour(answer=loud),
        "inventing": Behaviour(answer=inventing),
        "shy": Behaviour(answer=shy),
        "slow": Behaviour(answer=plain, first_token_s=1.5),
        "broken": Behaviour(answer=plain, fault=Fault.FAILED),
        "stumbling": Behaviour(answer=plain, fault=Fault.FAILED, strikes=3),
    }
    with ModelsServer(by_model=behaviours) as running:
        yield running


@pytest.fixture
def suite(tmp_path: Path) -> Path:
    """Every pump's warranty, and questions that nothing answers."""
    return write_suite(tmp_path / "suites" / "pumps.jsonl")


@pytest.fixture
def settled(
    home: Path, server: ModelsServer, suite: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Settings]:
    """Settings of the home; the general model shouts."""
    config = suite.parent.parent / "wellspoken.toml"
    config.touch()
    monkeypatch.setenv("WELLSPOKEN_CONFIG", str(config))

    def settle(**more: Any) -> Settings:
        plainly: dict[str, Any] = {
            "WELLSPOKEN_HOME": home,
            "OPENAI_BASE_URL": server.url,
            "WELLSPOKEN_MODEL": "loud",
        }
        return load_settings(**(plainly | more))

    return settle


async def register(settings: Settings, model: str, **more: Any) -> str:
    database = await Database.open(settings.database)
    version = await Registry(database).register(model=model, by=BY, **more)
    await database.close()
    return version.version


async def run(settings: Settings, version: str, **more: Any) -> tuple[Story, Path]:
    return await gate(settings, version, ["pumps"], by=BY, page=report_page, **more)


def failed(story: Story) -> set[str]:
    return {m.name for m in story.measures if not m.passed}


def measure(story: Story, name: str) -> Measure:
    return next(m for m in story.measures if m.name == name)


async def test_a_better_styled_version_passes_and_may_be_promoted(
    settled: Callable[..., Settings],
) -> None:
    """The verdict is kept, audited and shown; the suite's questions are never trained on; the
    version is gated with its scores."""
    settings = settled()
    version = await register(settings, "plain")
    story, report = await run(settings, version)
    assert story.passed, story.reasons
    assert (story.against, story.candidate["accuracy"], story.live["accuracy"]) == ("loud", 1, 1)
    assert story.candidate["citation_recall"] == 1.0
    assert "PX-07" in report.read_text()
    assert sorted(path.suffix for path in report.parent.iterdir()) == [".html", ".json"]

    database = await Database.open(settings.database)
    kept = await Registry(database).get(version)
    assert kept.state == "gated"
    assert kept.scores["verdict"] == "pass"
    questions = await SuiteBook(database).questions()
    assert len(questions) == 2 * PUMPS + len(ODD)
    assert "For how many months is a PX-03 under warranty?" in questions
    actions = [e.content["action"] for e in await AuditTrail(database).listing(kind=OPERATOR)]
    assert "gate passed" in actions
    change = await Registry(database).promote(version, by=BY)
    assert change.version == version
    await database.close()


@pytest.mark.parametrize(
    ("model", "wrong"),
    [("inventing", {"grounding"}), ("shy", {"correctness", "refusals"}), ("slow", {"latency"})],
)
async def test_a_version_that_got_worse_fails_by_name(
    settled: Callable[..., Settings], model: str, wrong: set[str]
) -> None:
    """Inventing fails on grounding though the check would repair it, shyness on refusals, slowness
    on latency; the version is rejected and may be gated again."""
    settings = settled()
    version = await register(settings, model)
    story, _ = await run(settings, version)
    assert failed(story) == wrong, story.reasons
    database = await Database.open(settings.database)
    assert (await Registry(database).get(version)).state == "rejected"
    await database.close()
    again, _ = await run(settings, version)
    assert again.id != story.id


async def test_a_dear_version_fails(settled: Callable[..., Settings], suite: Path) -> None:
    """By the prices of the settings."""
    prices = "[models.prices]\nplain = {prompt = 30.0, completion = 90.0}\n"
    prices += "loud = {prompt = 1.0, completion = 3.0}\n"
    (suite.parent.parent / "wellspoken.toml").write_text(prices)
    settings = settled()
    story, _ = await run(settings, await register(settings, "plain"))
    assert failed(story) == {"cost"}
    assert "where 1.5 are allowed" in measure(story, "cost").reason


async def test_the_live_version_is_what_a_candidate_is_held_against(
    settled: Callable[..., Settings],
) -> None:
    """Not the general model; and a version is never held against itself."""
    settings = settled()
    first, second = await register(settings, "loud"), await register(settings, "plain")
    database = await Database.open(settings.database)
    await Registry(database).promote(first, by=BY, force=True, reason="the first one")
    await database.close()
    story, _ = await run(settings, second)
    assert (story.against, story.live["model"]) == (first, "loud")
    itself, _ = await run(settings, first)
    assert itself.against == "extractive"  # the general model is the same one
    assert "not compared" in measure(itself, "cost").reason


async def test_an_adapter_is_loaded_before_it_is_asked(
    settled: Callable[..., Settings], server: ModelsServer, tmp_path: Path
) -> None:
    """The candidate's and the live version's, each at the model server."""
    settings = settled()
    first = await register(settings, "loud", adapter=tmp_path / "one")
    second = await register(settings, "plain", adapter=tmp_path / "two")
    database = await Database.open(settings.database)
    await Registry(database).promote(first, by=BY, force=True, reason="the first one")
    await database.close()
    story, _ = await run(settings, second)
    assert story.passed
    assert sorted(server.loaded) == ["loud", "plain"]


async def test_what_the_candidate_was_trained_on_is_left_out(
    settled: Callable[..., Settings], tmp_path: Path
) -> None:
    """A question in its data set is no test; the verdict says how many there were."""
    settings = settled()
    files = tmp_path / "train.jsonl", tmp_path / "validation.jsonl"
    asked = [{"role": "user", "content": f"How long is the warranty of the PX-{n:02d} pump?"}
             for n in range(3)]  # fmt: skip
    files[0].write_text("".join(json.dumps({"messages": [line]}) + "\n" for line in asked))
    files[1].write_text("")
    built = Dataset("ds1", "sft", "Juniper@1", 3, 3, 0, {}, {}, "0" * 64, *files, datetime.now(UTC))
    database = await Database.open(settings.database)
    await DatasetBook(database).add(built, [])
    await database.close()
    story, _ = await run(settings, await register(settings, "plain", dataset="ds1"))
    assert story.passed
    assert story.candidate["n"] == PUMPS + len(ODD) - 3
    assert any("3 cases were left out" in reason for reason in story.reasons)


async def test_a_data_set_that_is_gone_is_told(
    settled: Callable[..., Settings], tmp_path: Path
) -> None:
    """Whether the suite was held out cannot be looked at; the verdict does not keep silent."""
    settings = settled()
    files = tmp_path / "gone.jsonl", tmp_path / "gone.validation.jsonl"
    built = Dataset("ds1", "sft", "Juniper@1", 3, 3, 0, {}, {}, "0" * 64, *files, datetime.now(UTC))
    database = await Database.open(settings.database)
    await DatasetBook(database).add(built, [])
    await database.close()
    story, _ = await run(settings, await register(settings, "plain", dataset="ds1"))
    assert story.candidate["n"] == PUMPS + len(ODD)
    assert any("nobody can tell" in reason for reason in story.reasons)


async def test_a_server_that_fails_gives_no_verdict(settled: Callable[..., Settings]) -> None:
    """More than a tenth: one sentence and nothing kept. A single failure counts as wrong."""
    settings = settled()
    broken, stumbling = await register(settings, "broken"), await register(settings, "stumbling")
    with pytest.raises(TooManyFailedError, match="broken failed 3 times in 24 cases"):
        await run(settings, broken)
    database = await Database.open(settings.database)
    assert (
        await database.read(lambda c: c.scalar(sa.select(sa.func.count()).select_from(gates))) == 0
    )
    assert (await Registry(database).get(broken)).state == "candidate"
    await database.close()
    story, _ = await run(settings, stumbling, at_once=1)
    assert story.candidate["errors"] == 1
    assert failed(story) == {"correctness"}
    assert any("one answer of" in reason for reason in story.reasons)


async def test_an_interrupted_run_goes_on_where_it_stood(
    settled: Callable[..., Settings], server: ModelsServer
) -> None:
    """What was answered is not asked again, unless the question or its passages changed."""
    settings = settled()
    version = await register(settings, "plain")
    enough = asyncio.Event()

    def progress(done: int, _total: int) -> None:
        if done >= 8:
            enough.set()

    running = asyncio.create_task(run(settings, version, at_once=2, progress=progress))
    await enough.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    asked = server.asked("plain")
    assert 8 <= asked < PUMPS
    story, _ = await run(settings, version)
    assert story.passed
    assert server.asked("plain") <= PUMPS + len(ODD) + 2  # two were under way


@asynccontextmanager
async def worked_off(settings: Settings, version: str) -> AsyncIterator[tuple[Database, Job]]:
    """A version held to the gate by a worker: the job as it ended."""
    database = await Database.open(settings.database)
    kind = kind_of(settings, report_page)
    working = asyncio.create_task(Runner(database, {kind.name: kind}).run())
    try:
        job, _ = await Jobs(database).put(gating(version, ["pumps"], "web:operator"))
        for _ in range(1200):
            if (job := await Jobs(database).get(job.id)).status.over:
                break
            await asyncio.sleep(0.1)
        yield database, job
    finally:
        working.cancel()
        await asyncio.gather(working, return_exceptions=True)
        await database.close()


async def test_a_job_of_the_console_holds_a_version_to_the_gate(
    settled: Callable[..., Settings],
) -> None:
    """A worker does it, says how far it is, and leaves verdict and run; the registry and the audit
    trail name who pressed the button."""
    settings = settled()
    version = await register(settings, "plain")
    async with worked_off(settings, version) as (database, job):
        assert (job.status, job.error) == (Status.SUCCEEDED, "")
        assert (job.done, job.total) == (PUMPS + len(ODD), PUMPS + len(ODD))
        assert (job.result["version"], job.result["verdict"]) == (version, "pass")
        assert (await Registry(database).get(version)).state == "gated"
        line, story = await gate_desk(settings, database).story(job.result["gate"])
        assert (line.by, story is not None) == ("web:operator", True)


async def test_a_server_that_loads_no_adapters_ends_the_job_at_once(
    settled: Callable[..., Settings], tmp_path: Path
) -> None:
    """It is not tried again: the job says how to start the server."""
    with OpenAIServer(Behaviour(answer=loud, models=("loud",))) as server:
        settings = settled(OPENAI_BASE_URL=server.url)
        version = await register(settings, "plain", adapter=tmp_path)
        async with worked_off(settings, version) as (_database, job):
            assert (job.status, job.attempts) == (Status.FAILED, 1)
            assert "cannot load adapters while it runs; start vLLM with" in job.error


async def test_what_cannot_be_gated_is_told(settled: Callable[..., Settings]) -> None:
    """An unknown version or suite, no suite at all, no model server: wrong usage, one sentence."""
    settings = settled()
    version = await register(settings, "plain")
    for named, error in ((["gone"], NotFoundError), ([], UsageError)):
        with pytest.raises(error) as caught:
            await gate(settings, version, named, by=BY, page=report_page)
        assert caught.value.exit_code == 2
    with pytest.raises(NotFoundError, match="v9"):
        await run(settings, "v9")
    with pytest.raises(ConfigurationError, match="OPENAI_BASE_URL"):
        await run(settled(OPENAI_BASE_URL=None, WELLSPOKEN_MODEL=None), version)


async def test_a_server_that_makes_the_gate_wait_is_waited_for(
    settled: Callable[..., Settings],
) -> None:
    """A first word that takes longer than a chat would wait is no failure: several are asked at
    once. What it takes is judged as latency."""
    settings = settled(models={"first_token": timedelta(seconds=1)})
    story, _ = await run(settings, await register(settings, "slow"))
    assert failed(story) == {"latency"}
