"""``wellspoken sources`` and the schedule of ``wellspoken serve``, as processes of their own."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from bot.store.base import Database
from bot.store.processes import ProcessBook
from bot.work.leases import Leases
from knowledge.ledger import Ledger
from knowledge.standing import SourceDesk, Standing, State
from knowledge.syncbook import SyncBook
from tests.platforms.command import COMMAND, environment, run_command

pytestmark = pytest.mark.slow

Cli = Callable[..., subprocess.CompletedProcess[str]]

SETTINGS = """
[[sources]]
name = "docs"
path = "docs"
sync = "{every}"

[[sources]]
name = "away"
path = "not-there"
sync = "{every}"
"""


@pytest.fixture
def cli(tmp_path: Path) -> Cli:
    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return run_command(
            *arguments,
            cwd=tmp_path,
            env=environment(tmp_path),
            timeout=60,
        )

    (tmp_path / "wellspoken.toml").write_text(SETTINGS.format(every="1h"))
    (tmp_path / "docs").mkdir()
    for name in ("a", "b", "c"):
        (tmp_path / "docs" / f"{name}.md").write_text(f"# {name}\n\nAbout quasars.\n")
    return run


@contextmanager
def serving(folder: Path, count: int = 1) -> Iterator[None]:
    """Workers that are up; they are stopped with SIGTERM and must be down soon and cleanly."""
    command = [*COMMAND, "serve", "--only", "worker"]
    path = folder / "serve.log"
    with path.open("ab") as log:
        workers = [
            subprocess.Popen(command, cwd=folder, env=environment(folder), stderr=log)
            for _ in range(count)
        ]
    try:
        asyncio.run(_up(folder, workers))
        yield
        for worker in workers:
            worker.send_signal(signal.SIGTERM)
        ends = [worker.wait(120) for worker in workers]
    finally:
        for worker in workers:
            worker.kill()
            worker.wait(60)
    said = path.read_text("utf-8")
    assert ends == [0] * count, said
    assert "Traceback" not in said, said


async def _up(folder: Path, workers: Sequence[subprocess.Popen[bytes]]) -> None:
    """Each has noted itself: from before that on it hears SIGTERM."""
    database = await Database.open(f"sqlite:///{folder / '.wellspoken' / 'wellspoken.db'}")
    try:
        book = ProcessBook(database)
        end = time.monotonic() + 90
        while not {w.pid for w in workers} <= {p.pid for p in await book.listing()}:
            said = (folder / "serve.log").read_text("utf-8")
            assert all(worker.poll() is None for worker in workers), said
            assert time.monotonic() < end, said
            await asyncio.sleep(0.1)
    finally:
        await database.close()


def standing(cli: Cli, name: str) -> dict[str, Any]:
    found = json.loads(cli("sources", "list", "--json").stdout)
    return next(s for s in found if s["source"] == name)


def until(folder: Path, name: str, holds: Callable[[Standing], bool]) -> None:
    """Look into the database until a source stands as it shall."""

    async def look() -> list[Standing]:
        database = await Database.open(f"sqlite:///{folder / '.wellspoken' / 'wellspoken.db'}")
        try:
            leases = Leases(database)
            desk = SourceDesk([], Ledger(database), SyncBook(database), leases)
            return await desk.standings()
        finally:
            await database.close()

    end = time.monotonic() + 90
    while not any(s.name == name and holds(s) for s in asyncio.run(look())):
        assert time.monotonic() < end
        time.sleep(0.1)


def test_sources_are_read_and_told(cli: Cli, tmp_path: Path) -> None:
    """One that is down is said, ends the command with 1, and keeps nobody else from being read."""
    done = cli("sources", "sync")
    assert done.returncode == 1
    assert "docs: 3 added" in done.stdout
    assert "not-there does not exist" in done.stderr
    docs, away = standing(cli, "docs"), standing(cli, "away")
    assert (docs["state"], docs["documents"], docs["sync"]) == ("up to date", 3, "1h")
    assert (away["state"], away["documents"]) == ("down", 0)
    assert "does not exist" in away["reason"]
    listed = cli("sources", "list").stdout
    assert "down since" in listed
    checks = {c["check"]: c for c in json.loads(cli("doctor", "--json").stdout)}
    assert not checks["sources"]["ok"] and '"away" is down' in checks["sources"]["detail"]
    assert "sources sync" in checks["sources"]["fix"]
    for path in (tmp_path / "docs").iterdir():
        path.unlink()
    held = json.loads(cli("sources", "sync", "docs", "--json").stdout)
    assert held["removed"] == 0
    assert "none was removed" in held["down"][0]["error"]
    assert standing(cli, "docs")["documents"] == 3
    assert json.loads(cli("sources", "sync", "docs", "--prune", "--json").stdout)["removed"] == 3
    history = json.loads(cli("sources", "history", "docs", "--json").stdout)
    assert [bool(run["error"]) for run in history] == [False, True, False]
    assert [run["removed"] for run in history] == [3, 0, 0]
    assert cli("sources", "sync", "nowhere").returncode == 2
    assert cli("sources", "history", "nowhere").returncode == 2


def test_two_workers_read_what_is_due_once_and_a_restart_nothing(cli: Cli, tmp_path: Path) -> None:
    """Of two processes one reads a source; after a restart only what is new is read."""
    with serving(tmp_path, 2):
        until(tmp_path, "docs", lambda s: s.state is State.CURRENT)
        until(tmp_path, "away", lambda s: s.state is State.DOWN)
    settings = tmp_path / "wellspoken.toml"
    settings.write_text(
        settings.read_text() + '[[sources]]\nname = "z"\npath = "docs"\nsync = "1h"'
    )
    with serving(tmp_path):
        until(tmp_path, "z", lambda s: s.state is State.CURRENT)
    history = json.loads(cli("sources", "history", "--json").stdout)
    assert sorted(run["source"] for run in history) == ["away", "docs", "z"]


def test_changes_are_taken_up_and_a_stop_in_the_middle_is_finished(
    cli: Cli, tmp_path: Path
) -> None:
    """Without a command what changes is in the answers; SIGTERM while hundreds of files are read
    keeps no run, and the next start completes it."""
    (tmp_path / "wellspoken.toml").write_text(SETTINGS.format(every="1s"))
    with serving(tmp_path):
        until(tmp_path, "docs", lambda s: s.documents == 3)
        (tmp_path / "docs" / "a.md").unlink()
        until(tmp_path, "docs", lambda s: s.documents == 2)
        (tmp_path / "not-there").mkdir()
        for n in range(800):
            text = f"# {n}\n\n" + f"About quasar {n}. " * 60
            (tmp_path / "not-there" / f"n{n}.md").write_text(text)
        until(tmp_path, "away", lambda s: s.state is State.SYNCING or s.documents > 0)
    with serving(tmp_path):
        until(tmp_path, "away", lambda s: s.documents == 800 and s.state is State.CURRENT)
    found = json.loads(cli("search", "quasar 799", "--json").stdout)
    assert found["passages"][0]["document"] == "n799.md"
