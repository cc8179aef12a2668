"""A run that is started from the console: in a process of its own, one at a time, to its end."""

from __future__ import annotations

import asyncio
import json
import os
import pickle
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from adapters.evaluation.desk import RunGoesOnError, ScorecardDesk
from adapters.evaluation.ordering import KIND
from adapters.evaluation.standing import Standing, State
from adapters.evaluation.working import kind_of
from adapters.home import open_database
from bot.errors import UsageError
from bot.ports import Clock
from bot.settings import Settings, load_settings
from bot.store.audit import AuditTrail
from bot.store.base import Database
from bot.store.timing import utc_now
from bot.work.runner import Runner
from tests.platforms.command import ROOT
from tests.platforms.models_server import ModelsServer
from tests.platforms.openai_answers import quote_passages
from tests.platforms.openai_server import Behaviour
from tests.platforms.pumps import HOURS, PUMPS

pytestmark = pytest.mark.slow


@pytest.fixture
def server() -> Iterator[ModelsServer]:
    slow = Behaviour(answer=quote_passages, first_token_s=1.5)
    with ModelsServer(by_model={"general": Behaviour(answer=quote_passages), "slow": slow}) as it:
        yield it


@pytest.fixture
def settings(home: Path, tmp_path: Path) -> Settings:
    """A home that knows pumps, with a suite about them."""
    config = tmp_path / "wellspoken.toml"
    config.touch()
    (tmp_path / "suites").mkdir()
    cases = [
        {"id": n, "question": f"How long does the {n} pump run?", "answers": [f"{HOURS[n]} hours"]}
        for n in PUMPS
    ]
    (tmp_path / "suites" / "pumps.jsonl").write_text("\n".join(map(json.dumps, cases)))
    return load_settings(WELLSPOKEN_HOME=home, WELLSPOKEN_CONFIG=config)


@pytest.fixture
async def database(settings: Settings) -> AsyncIterator[Database]:
    async with open_database(settings) as found:
        yield found


@dataclass
class Home:
    """What a worker needs to ask suites."""

    settings: Settings
    database: Database
    clock: Clock = utc_now


@asynccontextmanager
async def worker(settings: Settings, database: Database) -> AsyncIterator[None]:
    """A worker that asks what is put, until the end of the block."""
    kinds = {KIND: kind_of(Home(settings, database))}
    task = asyncio.create_task(Runner(database, kinds, renew_s=0.2, idle_s=0.1).run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def until(desk: ScorecardDesk, wanted: Callable[[Standing], object]) -> Standing:
    """Look until it stands as wanted."""
    for _ in range(900):
        found = await desk.standing()
        if found is not None and wanted(found):
            return found
        assert found is None or found.state is not State.FAILED, found.error
        await asyncio.sleep(0.1)
    raise TimeoutError(found)


def runners() -> list[int]:
    """The processes of runs that this one started."""
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdecimal():
            try:
                told = (folder / "cmdline").read_bytes()
                parent = (folder / "stat").read_text().rpartition(")")[2].split()[1]
            except OSError:
                continue
            if b"adapters.evaluation.apart" in told and int(parent) == os.getpid():
                found.append(int(folder.name))
    return found


async def test_a_run_comes_to_its_scorecard(settings: Settings, database: Database) -> None:
    """Without a model, the reader answers; the run, its page and the audit's entry are there."""
    desk = ScorecardDesk(settings, database, utc_now)
    assert await desk.suites() == ["pumps", "sample"]
    assert await desk.standing() is None
    async with worker(settings, database):
        await desk.start("pumps", ["rag"], by="web:operator")
        done = await until(desk, lambda s: not s.running)
        assert (done.state, done.done, done.total) == (State.DONE, 8, 8), done.error
    (line,) = await desk.page(10)
    assert (line.id, line.by, list(line.modes)) == (done.run, "web:operator", ["rag"])
    assert line.modes["rag"]["accuracy"] == 1
    assert b"pump run?" in (await desk.report(done.run) or b"")
    said = [entry.content.get("action") for entry in await AuditTrail(database).listing()]
    assert said == ["evaluation started"]
    with pytest.raises(UsageError, match="No run goes on"):
        await desk.cancel("web:operator")


async def test_one_goes_on_and_nothing_is_asked_twice(
    settings: Settings, database: Database, server: ModelsServer
) -> None:
    """A second start is refused while one runs, by any desk of the home; cancelled and started
    again, killed and taken up by itself, it goes on where it stood. Its process is at a low
    priority."""
    slow = {"openai_base_url": server.url, "model": "slow"}
    settings = settings.model_copy(update=slow)
    desk, other = (ScorecardDesk(settings, database, utc_now) for _ in range(2))
    async with worker(settings, database):
        await desk.start("pumps", ["rag"], by="web:operator")
        with pytest.raises(RunGoesOnError, match="A run of pumps goes on"):
            await other.start("sample", ["rag"], by="web:operator")
        await until(other, lambda s: s.done >= 2)
        await other.cancel("web:operator")
        cancelled = await until(desk, lambda s: not s.running)
        assert cancelled.state is State.CANCELLED

        await other.start("pumps", ["rag"], by="web:operator")
        await until(desk, lambda s: s.done >= 4)
        (process,) = runners()
        assert os.getpriority(os.PRIO_PROCESS, process) >= 10
        os.kill(process, signal.SIGKILL)
        done = await until(desk, lambda s: not s.running)
    assert done.state is State.DONE
    # Eight questions; those on their way when it was ended twice, two at once, were asked again.
    assert len(PUMPS) <= server.asked("slow") <= len(PUMPS) + 4
    assert len(await desk.page(10)) == 1


async def test_a_run_that_cannot_be_says_why(settings: Settings, database: Database) -> None:
    """A broken suite ends it with its own sentence; the next one may begin."""
    folder = settings.config.parent / "suites"
    (folder / "broken.jsonl").write_text("{")
    desk = ScorecardDesk(settings, database, utc_now)
    await desk.start("broken", ["rag"], by="web:operator")
    async with worker(settings, database):
        for _ in range(300):
            found = await desk.standing()
            if found and not found.running:
                break
            await asyncio.sleep(0.1)
    assert found
    assert found.state is State.FAILED
    assert "line 1: it is no valid JSON" in found.error
    assert not await desk.page(1)


SERVER = """
import asyncio, os, pickle, sys
from bot.store.timing import utc_now
from adapters.evaluation.desk import ScorecardDesk
from adapters.home import open_database
from tests.integration.test_scorecard_runs import worker

async def serve():
    settings = pickle.loads(sys.stdin.buffer.read())
    async with open_database(settings) as database:
        desk = ScorecardDesk(settings, database, utc_now)
        await desk.start("pumps", ["rag"], by="web:operator")
        async with worker(settings, database):
            while (await desk.standing()).done < 2:
                await asyncio.sleep(0.1)
            os._exit(9)

asyncio.run(serve())
"""


async def test_a_run_ends_with_its_server(
    settings: Settings, database: Database, server: ModelsServer
) -> None:
    """A server that dies leaves no process behind; the next one takes the run up by itself, and
    goes on with what was answered."""
    settings = settings.model_copy(update={"openai_base_url": server.url, "model": "slow"})
    desk = ScorecardDesk(settings, database, utc_now)
    died = await asyncio.to_thread(
        subprocess.run, [sys.executable, "-c", SERVER], input=pickle.dumps(settings),
        cwd=ROOT, timeout=90, check=False,
    )  # fmt: skip
    assert died.returncode == 9
    asked = server.asked("slow")
    assert asked < len(PUMPS)
    async with worker(settings, database):
        assert (await until(desk, lambda s: not s.running)).state is State.DONE
    assert server.asked("slow") <= len(PUMPS) + 2
