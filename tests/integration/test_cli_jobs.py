"""``wellspoken jobs``: what is under way, ended and gone on with from the terminal."""

from __future__ import annotations

import asyncio
import json
import subprocess
from pathlib import Path

import pytest

from bot.store.base import Database
from bot.work.claims import Claims, Patience
from bot.work.jobs import Jobs, Wanted
from tests.platforms.command import environment, run_command

pytestmark = pytest.mark.slow


def seed(home: Path) -> tuple[str, str, str]:
    """One job that waits, one that failed and one that is done; their ids."""

    async def fill() -> tuple[str, str, str]:
        database = await Database.open(f"sqlite:///{home / 'wellspoken.db'}")
        jobs, worker = Jobs(database), Claims(database, "worker")
        ended = []
        for title in ("Read wiki", "Read docs"):
            await jobs.put(Wanted("sync", title, {"source": title}, by="web:ada"))
            (job,) = await worker.claim("sync", 1, Patience())
            await worker.advance(job, 3, 4, "documents")
            ended.append(job)
        await worker.fail(ended[0], "its server is down", Patience(tries=1))
        await worker.succeed(ended[1], {"added": 4})
        waits, _ = await jobs.put(Wanted("retention", "Remove what is too old"))
        await database.close()
        return waits.id, ended[0].id, ended[1].id

    home.mkdir()
    return asyncio.run(fill())


def test_jobs_are_listed_shown_cancelled_and_resumed(tmp_path: Path) -> None:
    """Each with its exit code: what cannot be is one sentence and 2."""
    waits, failed, done = seed(tmp_path / "home")

    def cli(*arguments: str) -> subprocess.CompletedProcess[str]:
        return run_command(
            "jobs",
            *arguments,
            cwd=tmp_path,
            env=environment(tmp_path, WELLSPOKEN_HOME=str(tmp_path / "home")),
            timeout=90,
        )

    listed = json.loads(cli("list", "--json").stdout)
    assert [job["job"] for job in listed] == [waits, done, failed]
    assert "3 of 4, documents" in cli("list", "--kind", "sync").stdout
    shown = json.loads(cli("show", failed, "--json").stdout)
    assert (shown["status"], shown["error"], shown["by"]) == (
        "failed", "its server is down", "web:ada",
    )  # fmt: skip
    assert cli("cancel", waits).stdout == f"{waits} is cancelled.\n"
    assert cli("resume", waits).stdout == f"{waits} is queued.\n"
    assert json.loads(cli("resume", failed, "--json").stdout)["status"] == "queued"
    for arguments, said in (
        (("show", "nope"), 'There is no job "nope"'),
        (("cancel", done), f"Job {done} is over already (succeeded)"),
        (("resume", done), f"Job {done} is done; start a new one"),
        (("list", "--status", "asleep"), 'There is no status "asleep"'),
    ):
        refused = cli(*arguments)
        assert (refused.returncode, refused.stdout) == (2, ""), arguments
        assert said in refused.stderr
        assert refused.stderr.count("\n") == 1
