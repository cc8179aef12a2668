"""``wellspoken tune`` as a process of its own, with a stand-in for the training interpreter."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.store.base import Database
from persona.datasets import DatasetBook
from persona.tuning.trainer.folder import JobFolder
from tests.contracts.test_tuners import dataset_in
from tests.platforms.command import Cli
from tests.platforms.trainer_program import interpreter, plan

pytestmark = pytest.mark.slow


async def _fill(folder: Path) -> None:
    database = await Database.open(f"sqlite:///{folder / 'wellspoken.db'}")
    await DatasetBook(database).add(dataset_in(folder), [])
    await database.close()


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    """A home with a data set, whose trainers end with the test."""
    folder = tmp_path / "home"
    folder.mkdir()
    asyncio.run(_fill(folder))
    yield folder
    for job in (folder / "tuning").glob("*"):
        if trainer := JobFolder(job).trainer():
            os.kill(trainer, signal.SIGKILL)


@pytest.fixture
def cli(home: Path) -> Cli:
    settings = home.parent / "wellspoken.toml"
    settings.write_text(f'[tuning]\npython = "{interpreter(home)}"\n')
    return Cli(home.parent, {"WELLSPOKEN_HOME": str(home)})


def test_a_round_from_start_to_candidate(cli: Cli, home: Path) -> None:
    """Started at once, killed, watched to its end; then a candidate in the registry."""
    plan(home, step=3)
    started = cli.json("tune", "start", "--backend", "local", "--base", "small")
    job = started["job"]
    assert started["status"] == "running"
    second = cli("tune", "start", "--base", "small")
    assert second.returncode == 1
    assert f"tune watch {job}" in second.stderr
    folder = JobFolder(home / "tuning" / job)
    for _ in range(500):
        if folder.trainer() and folder.read_progress():
            break
        time.sleep(0.02)
    trainer = folder.trainer()
    assert trainer, "0 would be every process of this test"
    os.kill(trainer, signal.SIGKILL)
    while folder.trainer() is not None:
        time.sleep(0.02)
    shown = cli.json("tune", "show", job)
    assert shown["status"] == "failed"
    assert "killed at step 3 of 10" in shown["error"]
    plan(home, end="succeeded")
    watched = cli("tune", "watch", job)
    assert watched.returncode == 0, watched.stderr
    assert "v1 is a candidate" in watched.stdout
    assert [each["status"] for each in cli.json("tune", "list")] == ["succeeded"]
    versions = cli.json("models", "list")
    assert [(v["version"], v["state"], v["backend"]) for v in versions] == [
        ("v1", "candidate", "local")
    ]


def test_what_fails_exits_with_one_and_what_is_wrong_with_two(cli: Cli, home: Path) -> None:
    """One sentence each, no traceback."""
    plan(home, step=1, end="failed", error="There is not enough memory.")
    job = cli.json("tune", "start", "--base", "small")["job"]
    watched = cli("tune", "watch", job)
    assert watched.returncode == 1
    assert "There is not enough memory." in watched.stdout
    wrong = (
        ("tune", "show", "j404"),
        ("tune", "watch", "j404"),
        ("tune", "cancel", "j404"),
        ("tune", "start"),
        ("tune", "start", "--base", "small", "--method", "kto"),
        ("tune", "start", "--base", "small", "--backend", "openai"),
        ("tune", "start", "--base", "small", "--backend", "magic"),
        ("tune", "serve"),
    )
    for arguments in wrong[:-1]:
        done = cli(*arguments)
        assert done.returncode == 2, (arguments, done.stderr)
        assert len(done.stderr.splitlines()) == 1, done.stderr
        assert done.stdout == ""
    done = cli(*wrong[-1])
    assert done.returncode == 2
    assert "--base" in done.stderr


def test_a_cancelled_round_stays_cancelled(cli: Cli, home: Path) -> None:
    """Its trainer is gone, watching it is over at once, and a new round may begin."""
    plan(home, step=1)
    job = cli.json("tune", "start", "--base", "small")["job"]
    assert cli.json("tune", "cancel", job)["status"] == "cancelled"
    assert JobFolder(home / "tuning" / job).trainer() is None
    assert cli("tune", "watch", job).returncode == 1
    assert cli.json("tune", "start", "--base", "small")["status"] == "running"


def test_a_practice_model_needs_a_python_that_can_train(tmp_path: Path) -> None:
    """Without the extra one sentence says what to install; a folder in use is kept."""
    cli = Cli(tmp_path)
    refused = cli("tune", "practice", "models/tiny")
    assert refused.returncode == 1
    assert "wellspoken[train]" in refused.stderr
    assert refused.stderr.count("\n") == 1
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "a.md").write_text("A page.")
    kept = cli("tune", "practice", "docs")
    assert kept.returncode == 2
    assert "is not empty" in kept.stderr


def test_a_voice_that_changed_since_is_told(cli: Cli, home: Path) -> None:
    """The round begins, and the operator hears that its data set is of an older persona."""
    plan(home, step=1)
    started = cli("tune", "start", "--base", "small")
    assert started.returncode == 0, started.stderr
    assert "built for Juniper 1" in started.stderr
    assert "dataset build" in started.stderr
