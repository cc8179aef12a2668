"""A process that is a worker and nothing else: what it does, and how it is watched."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest

from adapters.jobs.curating import building
from adapters.jobs.reindexing import reindexing
from bot.errors import ConfigurationError
from bot.settings import load_settings
from bot.store.base import Database
from bot.work.jobs import Job, Jobs
from tests.platforms.command import Cli, environment, start_command
from tests.platforms.ports import free_port
from tests.platforms.served_bot import until


@contextmanager
def worker(folder: Path, port: int) -> Iterator[str]:
    """``serve --only worker``, with the address at which it is watched."""
    (folder / "wellspoken.toml").write_text(f'[serve]\nmetrics = "127.0.0.1:{port}"\n', "utf-8")
    address = f"http://127.0.0.1:{port}"
    with (folder / "serve.log").open("ab") as log:
        process = start_command(
            "serve",
            "--only",
            "worker",
            cwd=folder,
            env=environment(folder),
            out=log,
        )

    def up() -> bool:
        assert process.poll() is None, (folder / "serve.log").read_text("utf-8")
        try:
            return httpx2.get(f"{address}/readyz", timeout=10).status_code == 200
        except httpx2.TransportError:
            return False

    try:
        until(up, "the worker", 90)
        yield address
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)


def _put(folder: Path) -> list[str]:
    """Jobs as the console puts them; their ids."""

    async def put() -> list[str]:
        database = await Database.open(f"sqlite:///{folder / '.wellspoken' / 'wellspoken.db'}")
        wanted = reindexing("web:ada", force=True), building("sft", "web:ada")
        found = [(await Jobs(database).put(each))[0].id for each in wanted]
        await database.close()
        return found

    return asyncio.run(put())


def _look(folder: Path, ids: list[str]) -> list[Job]:
    async def look() -> list[Job]:
        database = await Database.open(f"sqlite:///{folder / '.wellspoken' / 'wellspoken.db'}")
        found = [await Jobs(database).get(id_) for id_ in ids]
        await database.close()
        return found

    return asyncio.run(look())


@pytest.mark.slow
def test_a_worker_does_what_others_put_and_is_watched(tmp_path: Path) -> None:
    """An index that was asked for is built and switched to, a data set of nothing is refused in one
    sentence; without pages it gives /metrics, and a command's own work is in the same list."""
    cli = Cli(tmp_path)
    docs = tmp_path / "docs"
    docs.mkdir()
    (docs / "lamp.md").write_text("# Lamp\n\nThe warranty of the lamp lasts seven years.\n")
    assert cli("ingest", "docs").returncode == 0
    assert cli("jobs", "list").stdout == "No jobs yet: nothing long was asked for.\n"
    with worker(tmp_path, free_port()) as address:
        ids = _put(tmp_path)
        until(lambda: all(job.status.over for job in _look(tmp_path, ids)), "both jobs", 90)
        index, dataset = _look(tmp_path, ids)
        assert (index.status.value, index.result["switched"]) == ("succeeded", True)
        assert (index.result["documents"], index.asked_by) == (1, "web:ada")
        assert dataset.status.value == "failed"
        assert dataset.attempts == 1
        assert dataset.error.count("\n") == 0
        assert 'wellspoken_queued{queue="jobs"' in httpx2.get(f"{address}/metrics").text
        assert httpx2.get(f"{address}/console").status_code == 404
    built = cli.json("knowledge", "reindex", "--force")
    newest = cli.json("jobs", "list", "--kind", "reindex")[0]
    assert (newest["status"], newest["by"]) == ("succeeded", "terminal:operator")
    assert newest["result"] == built


@pytest.mark.parametrize("wrong", ["9464", "127.0.0.1", "127.0.0.1:99999", "127.0.0.1:x"])
def test_an_address_that_is_none_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wrong: str
) -> None:
    """The sentence shows how it is written."""
    file = tmp_path / "wellspoken.toml"
    file.write_text(f'[serve]\nmetrics = "{wrong}"\n', "utf-8")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigurationError, match=r"like 127\.0\.0\.1:9464"):
        load_settings(WELLSPOKEN_CONFIG=file)
