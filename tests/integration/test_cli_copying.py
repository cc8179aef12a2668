"""``wellspoken knowledge copy``, as processes of its own."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from bot.store.base import Database
from bot.work.leases import Leases
from knowledge.exclusive import Exclusive
from tests.platforms.command import COMMAND, environment
from tests.platforms.weaviate_server import WeaviateProcess, free_block

TO_WEAVIATE = ("knowledge", "copy", "--from", "embedded", "--to", "weaviate")
TO_EMBEDDED = ("knowledge", "copy", "--from", "weaviate", "--to", "embedded")
QUESTIONS = ("How long does the Alpha pump run?", "Beta pump battery", "maintenance of a pump")
_numbers = count(1)


class Shell:
    """The command line in a data folder."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self._config = home / "wellspoken.toml"
        self._config.write_text(f'[weaviate]\ncollection = "Shell{next(_numbers)}"\n')

    def start(self, *arguments: str, **settings: str) -> subprocess.Popen[str]:
        ours = {"WELLSPOKEN_HOME": str(self.home), "WELLSPOKEN_CONFIG": str(self._config)}
        return subprocess.Popen(
            [*COMMAND, *arguments],
            cwd=self.home,
            env=environment(self.home, **ours, **settings),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def __call__(self, *arguments: str, told: str = "", **settings: str) -> tuple[int, str, str]:
        process = self.start(*arguments, **settings)
        out, err = process.communicate(told, timeout=90)
        return process.returncode, out, err

    def json(self, *arguments: str, **settings: str) -> Any:
        code, out, err = self(*arguments, "--json", **settings)
        assert code == 0, err
        return json.loads(out)

    def found(self, **settings: str) -> list[list[tuple[str, str]]]:
        """What each question finds, in an order of its own: the stores weigh words differently."""
        told = "".join(json.dumps({"id": q, "query": q}) + "\n" for q in QUESTIONS)
        code, out, err = self("search", "--jsonl", "-", told=told, **settings)
        assert code == 0, err
        answers = [json.loads(line) for line in out.splitlines()]
        return [sorted((p["document"], p["text"]) for p in a["passages"]) for a in answers]


@pytest.fixture
def shell(home: Path) -> Shell:
    return Shell(home)


@pytest.fixture
def empty_shell(tmp_path: Path) -> Iterator[Shell]:
    (tmp_path / "empty").mkdir()
    yield Shell(tmp_path / "empty")


def test_wrong_usage_is_one_sentence(empty_shell: Shell) -> None:
    """Onto itself, from nowhere, to a place that is not set: exit code 2 and what to do."""
    for arguments, word in (
        (("--from", "embedded", "--to", "embedded"), "onto itself"),
        (("--from", "embedded", "--to", "paper"), "paper"),
        (("--to", "embedded"), "--from"),
        (("--from", "embedded", "--to", "weaviate"), "WEAVIATE_URL"),
        (("--from", "weaviate", "--to", "embedded"), "WEAVIATE_URL"),
    ):
        code, out, err = empty_shell("knowledge", "copy", *arguments)
        assert (code, out) == (2, "")
        assert word in err and err.count("\n") == 1


def test_a_server_that_is_away_is_one_sentence(shell: Shell) -> None:
    """Exit code 1, which address, and nothing is changed."""
    url = f"http://127.0.0.1:{free_block()}"
    code, out, err = shell(*TO_WEAVIATE, WEAVIATE_URL=url)
    assert (code, out) == (1, "")
    assert url in err and "Traceback" not in err and err.count("\n") == 1
    assert shell.found()[0]


@pytest.mark.weaviate
def test_there_and_back_again(shell: Shell, weaviate: WeaviateProcess) -> None:
    """The same questions find the same in both stores; repeated, nothing is copied; and an embedded
    store that was lost is there again."""
    before = shell.found()
    assert before[0]
    there = shell.json(*TO_WEAVIATE, **weaviate.environment)
    assert there["copied"] == there["documents"] > 0
    assert (there["unchanged"], there["removed"], there["waiting"]) == (0, 0, 0)
    assert shell.found(**weaviate.environment) == before
    again = shell.json(*TO_WEAVIATE, **weaviate.environment)
    assert (again["copied"], again["checksum"]) == (0, there["checksum"])
    for path in shell.home.glob("knowledge*"):
        path.unlink()
    code, out, err = shell(*TO_EMBEDDED, **weaviate.environment)
    assert code == 0
    assert "counts and checksums agree" in out and there["checksum"] in out
    assert "unset WEAVIATE_URL" in err
    assert shell.found() == before


@pytest.mark.weaviate
def test_an_empty_home_has_nothing_to_copy(empty_shell: Shell, weaviate: WeaviateProcess) -> None:
    """One sentence, exit code 2."""
    code, _, err = empty_shell(*TO_WEAVIATE, **weaviate.environment)
    assert code == 2
    assert "holds no index yet" in err and err.count("\n") == 1


@pytest.mark.weaviate
async def test_it_waits_for_others_and_can_be_stopped(
    shell: Shell, weaviate: WeaviateProcess
) -> None:
    """While documents are read in it waits and says so; Ctrl-C ends it with 130 and the advice to
    repeat it, which then goes through."""
    database = await Database.open(f"sqlite:///{shell.home / 'wellspoken.db'}")
    async with Exclusive(Leases(database)).lease("embed"):
        process = await asyncio.to_thread(shell.start, *TO_WEAVIATE, **weaviate.environment)
        assert process.stderr is not None
        said = await asyncio.to_thread(process.stderr.readline)
        assert "waiting for it" in said
        process.send_signal(signal.SIGINT)
        out, err = await asyncio.to_thread(process.communicate, timeout=60)
    await database.close()
    assert (process.returncode, out) == (130, "")
    assert err.startswith("Stopped;") and err.count("\n") == 1
    done = await asyncio.to_thread(shell.json, *TO_WEAVIATE, **weaviate.environment)
    assert done["copied"] == done["documents"]
