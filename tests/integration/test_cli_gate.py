"""``wellspoken models gate`` as a process of its own."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.platforms.command import COMMAND, environment, run_command
from tests.platforms.models_server import ModelsServer
from tests.platforms.openai_answers import Message, quote_passages
from tests.platforms.openai_server import Behaviour

pytestmark = pytest.mark.slow

Cli = Callable[..., subprocess.CompletedProcess[str]]


def shouted(messages: list[Message]) -> str:
    """The quoted sentences, in a voice that no persona wants."""
    return quote_passages(messages).replace(".", "!!!")


@pytest.fixture
def server() -> Iterator[ModelsServer]:
    quiet, loud = Behaviour(answer=quote_passages), Behaviour(answer=shouted)
    slow = Behaviour(answer=quote_passages, first_token_s=2.0)
    with ModelsServer(by_model={"quiet": quiet, "loud": loud, "slow": slow}) as running:
        yield running


@pytest.fixture
def settled(home: Path, server: ModelsServer) -> dict[str, str]:
    """The environment of a home whose general model shouts."""
    return environment(
        home.parent, WELLSPOKEN_HOME=str(home), OPENAI_BASE_URL=server.url, WELLSPOKEN_MODEL="loud"
    )


@pytest.fixture
def cli(tmp_path: Path, settled: dict[str, str]) -> Cli:
    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return run_command(
            "models",
            *arguments,
            cwd=tmp_path,
            env=settled,
            timeout=100,
        )

    return run


@pytest.fixture
def suite(tmp_path: Path) -> str:
    """Questions whose answers are quoted whatever they are; the name of their file."""
    (tmp_path / "suites").mkdir()
    lines = [
        json.dumps({"id": n, "question": f"How long is the warranty, {n}?", "answers": ["a"]})
        for n in range(12)
    ]
    (tmp_path / "suites" / "held-out.jsonl").write_text("\n".join(lines))
    return "held-out"


def test_a_verdict_is_printed_as_the_contract_has_it(cli: Cli, suite: str) -> None:
    """Exactly five keys, an exit code for each verdict, and the page's path on stderr."""
    cli("register", "quiet")
    cli("register", "loud-too")
    done = cli("gate", "v1", "--suite", suite, "--json")
    told = json.loads(done.stdout)
    assert (done.returncode == 0) is (told["verdict"] == "pass")
    assert set(told) == {"version", "verdict", "reasons", "candidate", "live"}
    assert told["version"] == "v1"
    assert told["candidate"]["n"] == told["live"]["n"] == 12
    assert told["candidate"]["style"] > told["live"]["style"]
    assert len(told["candidate"]["accuracy_ci95"]) == 2
    report = Path(done.stderr.rsplit(": ", 1)[1].strip())
    assert "v1 against loud" in report.read_text()
    worse = cli("gate", "v2", "--suite", f"suites/{suite}.jsonl")  # the stand-in quotes for it too
    assert worse.returncode in (0, 1)
    assert ("v2: fail" in worse.stdout) is (worse.returncode == 1)
    assert "style:" in worse.stdout


def test_wrong_usage_is_one_sentence(cli: Cli, suite: str, tmp_path: Path) -> None:
    """Unknown versions and suites, a broken line and no suite at all: exit code 2."""
    (tmp_path / "broken.jsonl").write_text('{"id": 1}\n')
    cli("register", "quiet")
    for arguments, told in (
        (("v9", "--suite", suite), '"v9"'),
        (("v1", "--suite", "gone"), 'no suite "gone"'),
        (("v1", "--suite", "gone.jsonl"), "gone.jsonl does not exist"),
        (("v1", "--suite", "broken"), "line 1"),
        (("v1",), "--suite"),
    ):
        done = cli("gate", *arguments)
        assert (done.returncode, done.stdout) == (2, ""), done
        assert told in done.stderr
        assert len(done.stderr.strip().splitlines()) == 1


def test_ctrl_c_ends_it_at_once_and_keeps_what_was_answered(
    cli: Cli, suite: str, settled: dict[str, str], server: ModelsServer, tmp_path: Path, home: Path
) -> None:
    """Exit code 130, no traceback, and no verdict."""
    cli("register", "slow")
    process = subprocess.Popen(
        [*COMMAND, "models", "gate", "v1", "--suite", suite, "--at-once", "2"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=settled,
    )
    deadline = time.monotonic() + 60
    while server.asked("slow") < 3 and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=120)
    assert process.returncode == 130
    assert "Traceback" not in said
    kept = [path.suffix for path in (home / "gates").iterdir()]
    assert kept == [".jsonl"]
