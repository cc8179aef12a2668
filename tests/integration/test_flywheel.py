"""The whole loop on real parts: thumbs, a data set, a trained model, gate, canary, live, and back.

The model is tiny and random, so what it says is noise; who speaks, and when, is real.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.platforms.command import Cli, environment, start_command
from tests.platforms.ports import free_port
from tests.platforms.training import training_python

pytestmark = [pytest.mark.train, pytest.mark.slow, pytest.mark.timeout(600)]

TOKEN = "operator"
RATED = 200
SETTINGS = """
[bot]
persona = "persona.yaml"
[models]
prompt_tokens = 1500
answer_tokens = 24
[tuning]
base = "tiny"
python = "{python}"
tokens = 4096
epochs = 2
rank = 4
learning_rate = 0.00001
"""


def until(holds: Callable[[], bool], what: str, seconds: float = 60) -> None:
    """Wait for something to be true."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if holds():
            return
        time.sleep(0.25)
    pytest.fail(f"{what} did not happen within {seconds:g} s")


def answers(address: str) -> bool:
    """Whether somebody is there."""
    try:
        return httpx2.get(address, timeout=60).status_code == 200
    except httpx2.TransportError:
        return False


@contextmanager
def running(folder: Path, more: Mapping[str, str], *arguments: str, at: str) -> Iterator[None]:
    """A command that goes on until the end, taken down by SIGTERM."""
    log = (folder / f"{arguments[0]}.log").open("ab")
    process = start_command(
        *arguments,
        cwd=folder,
        env=environment(folder, **more),
        out=log,
        session=True,
    )
    try:
        until(lambda: answers(at), f"{arguments[0]} at {at}", 90)
        yield
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        process.wait(45)
        log.close()


class Api:
    """The bot's API with the operator's token."""

    def __init__(self, port: int) -> None:
        self.address = f"http://127.0.0.1:{port}"

    def post(self, path: str, body: Mapping[str, object]) -> dict[str, Any]:
        """The answer's body; it must have worked."""
        headers = {"authorization": f"Bearer {TOKEN}"}
        response = httpx2.post(f"{self.address}{path}", json=body, headers=headers, timeout=120)
        assert response.status_code == 200, response.text
        found: dict[str, Any] = response.json()
        return found

    def speaker(self, thread: str) -> str:
        """The model that greets in a thread."""
        return str(self.post("/api/ask", {"question": "Hello!", "thread": thread})["model"])


@pytest.fixture(scope="module")
def bot(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample as a bot of its own, with a tiny model to start from, and rated turns."""
    python = training_python()
    folder = tmp_path_factory.mktemp("bot")
    cli = Cli(folder)
    assert cli("init", "--sample", ".").returncode == 0
    (folder / "wellspoken.toml").write_text(SETTINGS.format(python=python))
    assert cli("ingest", "docs").returncode == 0
    assert cli("tune", "practice", "tiny", timeout=120).returncode == 0
    _rate(folder)
    return folder


def _rate(folder: Path) -> None:
    """Two hundred turns through the API, rated as the sample's operator does."""
    said = [json.loads(line) for line in (folder / "ratings.jsonl").read_text().splitlines()]
    port = free_port()
    api = Api(port)
    served = ("serve", "--only", "web", "--port", str(port))
    with running(folder, {"WELLSPOKEN_CONSOLE_TOKEN": TOKEN}, *served, at=f"{api.address}/readyz"):
        for number in range(RATED):
            line = said[number % len(said)]
            turn = api.post("/api/ask", {"question": line["question"]})["turn"]
            words = {key: line[key] for key in ("rating", "reason", "correction") if key in line}
            api.post("/api/feedback", {"turn": turn, **words})


def test_from_thumbs_to_a_voice_and_back(bot: Path) -> None:
    """Curated, trained, gated, as a canary, live within seconds, and rolled back."""
    cli = Cli(bot)
    assert len(cli.json("feedback", "list")) == RATED
    built = cli.json("dataset", "build", "--format", "sft", timeout=120)
    assert built["examples"] >= 25
    assert built["train"] + built["validation"] == built["examples"]

    job = cli.json("tune", "start", "--backend", "local")["job"]
    watched = cli.json("tune", "watch", job, timeout=400)
    assert watched["status"] == "succeeded", watched["error"]
    assert "left out" not in {event["kind"] for event in watched["events"]}
    [version] = cli.json("models", "list")
    assert (version["state"], version["dataset"]) == ("candidate", built["dataset"])

    server, port = free_port(), free_port()
    models = {
        "OPENAI_BASE_URL": f"http://127.0.0.1:{server}/v1",
        "WELLSPOKEN_MODEL": str(bot / "tiny"),
        "WELLSPOKEN_CONSOLE_TOKEN": TOKEN,
    }
    at = f"http://127.0.0.1:{server}/v1/models"
    with running(bot, {}, "tune", "serve", "--port", str(server), at=at):
        _gated(Cli(bot, models))
        api = Api(port)
        served = ("serve", "--only", "web,worker", "--port", str(port))
        with running(bot, models, *served, at=f"{api.address}/readyz"):
            _released(Cli(bot, models), api, version["model"], str(bot / "tiny"))


def _gated(cli: Cli) -> None:
    """The verdict is told and kept; without a pass nothing is promoted."""
    cases = (cli.folder / "suites" / "sample.jsonl").read_text("utf-8").splitlines()[:4]
    (cli.folder / "suites" / "few.jsonl").write_text("\n".join(cases), "utf-8")
    judged = cli("models", "gate", "v1", "--suite", "few", "--json", timeout=300)
    assert judged.stdout, judged.stderr
    told = json.loads(judged.stdout)
    assert told["verdict"] == "fail"  # four cases are too few to tell anything
    assert judged.returncode == 1
    assert told["reasons"]
    refused = cli("models", "promote", "v1")
    assert refused.returncode == 1
    assert "has not passed the gate" in refused.stderr
    assert cli("models", "promote", "v1", "--force").returncode == 2


def _released(cli: Cli, api: Api, candidate: str, base: str) -> None:
    """A canary in every thread, live, and back: each is heard within seconds."""
    assert api.speaker("before") == base
    forced = ("--force", "--reason", "a rehearsal")
    cli.json("models", "canary", "v1", "--share", "1.0", *forced)
    until(lambda: api.speaker("canary") == candidate, "the canary")
    cli.json("models", "promote", "v1", *forced)
    assert cli.json("models", "list")[0]["state"] == "live"
    until(lambda: api.speaker("live") == candidate, "the promotion")
    cli.json("models", "rollback")
    until(lambda: api.speaker("live") == base, "the roll-back")
    actions = [entry["action"] for entry in cli.json("audit", "list", "--kind", "operator")]
    assert {"model promoted", "model rolled back"} <= set(actions)
    verified = cli.json("audit", "verify")
    assert (verified["ok"], verified["broken"]) == (True, None)
    assert cli.json("models", "show", "v1")["state"] == "retired"
