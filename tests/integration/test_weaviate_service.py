"""The program with a real Weaviate, as an operator meets it: what is wrong is said in one sentence,
and `serve` goes on by itself once the server is back."""

from __future__ import annotations

import asyncio
import json
import re
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import httpx2
import pytest

from bot.errors import StoreUnavailableError
from knowledge.stores.weaviate_examination import Finding, Target, examine_weaviate
from tests.platforms.command import environment, run_command, start_command
from tests.platforms.weaviate_server import WeaviateProcess

pytestmark = [pytest.mark.weaviate, pytest.mark.timeout(240)]

QUESTION = "How long does the Alpha pump run?"
ANSWER = "runs for 11 hours"


@dataclass
class Home:
    """A data folder with one document beside it, and the command that uses it."""

    folder: Path
    node: WeaviateProcess
    collection: str

    def settings(self, **more: str) -> dict[str, str]:
        ours = {**self.node.environment, "WELLSPOKEN_HOME": str(self.folder / "home")}
        return environment(self.folder, **{**ours, **more})

    def run(self, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
        """The command's end; no traceback, and no secret in what it says."""
        done = run_command(
            *arguments,
            cwd=self.folder,
            env=self.settings(**more),
            timeout=100,
        )
        assert "Traceback" not in done.stderr
        assert more.get("WEAVIATE_API_KEY") or self.node.key not in done.stdout + done.stderr
        return done

    def doctor(self, **more: str) -> dict[str, dict[str, object]]:
        done = self.run("doctor", "--json", **more)
        return {check["check"]: check for check in json.loads(done.stdout)}


def _home(folder: Path, node: WeaviateProcess, collection: str) -> Home:
    (folder / "docs").mkdir()
    text = "# The Alpha pump\n\nThe Alpha pump runs for 11 hours on one battery.\n"
    (folder / "docs" / "alpha.md").write_text(text)
    (folder / "wellspoken.toml").write_text(f'[weaviate]\ncollection = "{collection}"\n')
    return Home(folder, node, collection)


@pytest.fixture(scope="module")
def served_home(
    weaviate: WeaviateProcess, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Home]:
    """Knowledge in the server of this test run."""
    name = f"Service{uuid4().hex}"  # an alias outlives its collections
    home = _home(tmp_path_factory.mktemp("service"), weaviate, name)
    assert home.run("ingest", "docs").returncode == 0
    yield home
    for made in _ours(weaviate, name):
        weaviate.ask("DELETE", f"schema/{made}")


def _ours(node: WeaviateProcess, prefix: str) -> list[str]:
    classes = node.ask("GET", "schema")["classes"]
    return [c["class"] for c in classes if c["class"].startswith(f"{prefix}_")]


def _sentence(done: subprocess.CompletedProcess[str]) -> str:
    """What a command that failed said: one line."""
    assert done.returncode == 1
    assert done.stdout == ""
    lines = [line for line in done.stderr.splitlines() if line.startswith("wellspoken: ")]
    assert len(lines) == 1, done.stderr
    return lines[0]


# -- what is wrong, in one sentence ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"WEAVIATE_URL": "http://127.0.0.1:9"}, "docker compose up weaviate"),
        ({"WEAVIATE_API_KEY": "not-the-key"}, "correct WEAVIATE_API_KEY"),
        ({"WEAVIATE_GRPC_URL": "http://127.0.0.1:9"}, "WEAVIATE_GRPC_URL"),
    ],
    ids=["address", "key", "gRPC"],
)
def test_a_wrong_setting_is_named(served_home: Home, wrong: dict[str, str], told: str) -> None:
    """In one sentence that says what to do; the key is not repeated."""
    sentence = _sentence(served_home.run("ask", QUESTION, **wrong))
    assert told in sentence
    assert "not-the-key" not in sentence


def test_a_collection_of_another_program_is_left_alone(
    served_home: Home, weaviate: WeaviateProcess, tmp_path: Path
) -> None:
    """It is named, with what to do, and nothing of it is changed."""
    weaviate.ask("POST", "schema", {"class": "Foreign", "description": "of others"})
    before = weaviate.ask("GET", "schema/Foreign")
    home = _home(tmp_path, weaviate, "Foreign")
    for command in (("ask", QUESTION), ("ingest", "docs")):
        assert "set another one in [weaviate]" in _sentence(home.run(*command))
    check = home.doctor()["weaviate collection"]
    assert check["ok"] is False
    assert "another program" in str(check["detail"])
    assert weaviate.ask("GET", "schema/Foreign") == before
    weaviate.ask("DELETE", "schema/Foreign")


def test_a_collection_of_a_newer_version_is_left_alone(
    weaviate: WeaviateProcess, tmp_path: Path
) -> None:
    """The sentence names it; the older program writes nothing into it."""
    home = _home(tmp_path, weaviate, "Newer")
    assert home.run("ingest", "docs").returncode == 0
    [name] = _ours(weaviate, "Newer")
    found = weaviate.ask("GET", f"schema/{name}")
    said = {**json.loads(found["description"]), "wellspoken": 99}
    weaviate.ask("PUT", f"schema/{name}", {**found, "description": json.dumps(said)})
    (tmp_path / "docs" / "new.md").write_text("# New\n\nSomething new.\n")
    for command in (("ask", QUESTION), ("ingest", "docs")):
        assert "newer version" in _sentence(home.run(*command))
    assert home.doctor()["weaviate collection"]["ok"] is False
    weaviate.ask("DELETE", f"schema/{name}")


def test_a_full_disk_stops_writes_and_no_answers(weaviate: WeaviateProcess, tmp_path: Path) -> None:
    """Read-only shards take no document and say so, nothing is lost, questions are answered; once
    there is space, reading in again brings everything."""
    home = _home(tmp_path, weaviate, "Full")
    assert home.run("ingest", "docs").returncode == 0
    [name] = _ours(weaviate, "Full")
    (tmp_path / "docs" / "bravo.md").write_text("# Bravo\n\nThe Bravo pump runs for 12 hours.\n")

    def shards(status: str) -> None:
        for shard in weaviate.ask("GET", f"schema/{name}/shards"):
            weaviate.ask("PUT", f"schema/{name}/shards/{shard['name']}", {"status": status})

    shards("READONLY")
    assert "free some space" in _sentence(home.run("ingest", "docs"))
    assert ANSWER in home.run("ask", QUESTION).stdout
    check = home.doctor()["weaviate disk"]
    assert (check["ok"], "READY" in str(check["fix"])) == (False, True)
    shards("READY")
    assert home.run("ingest", "docs").returncode == 0
    assert "12 hours" in home.run("ask", "How long does the Bravo pump run?").stdout
    weaviate.ask("DELETE", f"schema/{name}")


# -- doctor ---------------------------------------------------------------------------------------


def test_doctor_finds_nothing_wrong_where_all_is_well(served_home: Home) -> None:
    """Version, key, gRPC, nodes, collection with its model, disk, and what is stored."""
    found = served_home.doctor()
    ours = [name for name in found if name.startswith(("weaviate", "knowledge"))]
    assert ours == [
        *("weaviate", "weaviate key", "weaviate gRPC", "weaviate nodes", "weaviate collection"),
        *("weaviate disk", "knowledge"),
    ]
    assert all(found[name]["ok"] and not found[name]["fix"] for name in ours)
    assert "version 1." in str(found["weaviate"]["detail"])
    assert "minilm-l6-v2-int8" in str(found["weaviate collection"]["detail"])
    assert found["knowledge"]["detail"] == "1 document, 1 chunk"


def _target(home: Home, **other: object) -> Target:
    node = home.node
    made = {"url": node.url, "grpc_url": node.grpc_url, "key": node.key}
    return Target(**{**made, "collection": home.collection, **other})


async def _faults(target: Target) -> dict[str, Finding]:
    found = {f.name: f for f in await examine_weaviate(target, patience_s=2)}
    assert all(bool(f.fix) is not f.ok for f in found.values())
    return {name: f for name, f in found.items() if not f.ok}


@contextmanager
def _silent_port() -> Iterator[str]:
    """A port that takes connections and says nothing."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(16)
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"


async def test_a_blocked_grpc_port_is_told_from_a_server_that_is_down(
    weaviate: WeaviateProcess, served_home: Home
) -> None:
    """Only gRPC is named, in each way in which it may fail to answer; the rest is well."""
    with _silent_port() as silent:
        for wrong in ("http://127.0.0.1:9", weaviate.url, silent):
            [fault] = (await _faults(_target(served_home, grpc_url=wrong))).values()
            assert fault.name == "weaviate gRPC"
            assert "WEAVIATE_GRPC_URL" in fault.fix


@pytest.mark.parametrize(
    ("other", "name", "fix"),
    [
        ({"url": "http://127.0.0.1:9"}, "weaviate", "WEAVIATE_URL"),
        ({"url": "http://:x"}, "weaviate", "WEAVIATE_URL"),
        ({"url": "http://no-such-host.invalid:8080"}, "weaviate", "WEAVIATE_URL"),
        ({"key": "another"}, "weaviate key", "WEAVIATE_API_KEY"),
        ({"key": None}, "weaviate key", "WEAVIATE_API_KEY"),
        ({"replicas": 3}, "weaviate nodes", "fewer replicas"),
    ],
    ids=["down", "no address", "no host", "wrong key", "no key", "replicas"],
)
async def test_each_mistake_has_a_name_and_a_fix(
    served_home: Home, other: dict[str, object], name: str, fix: str
) -> None:
    """One fault each, with what to do about it."""
    faults = await _faults(_target(served_home, **other))
    assert list(faults) == [name]
    assert fix in faults[name].fix


async def _other_program(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello")
    await writer.drain()
    writer.close()


async def test_what_answers_but_is_no_weaviate_is_told_so() -> None:
    """Another program's page, and a port that never answers."""
    from knowledge.stores.weaviate import WeaviateServer

    other = await asyncio.start_server(_other_program, "127.0.0.1", 0)
    async with other:
        port = other.sockets[0].getsockname()[1]
        target = Target(f"http://127.0.0.1:{port}", None, None, "Service")
        assert "no Weaviate" in (await _faults(target))["weaviate"].detail
        with pytest.raises(StoreUnavailableError, match="is no Weaviate; correct WEAVIATE_URL"):
            await WeaviateServer(target.url).open()
    with _silent_port() as silent:
        faults = await _faults(Target(silent, silent, None, "Service"))
        assert "no answer in time" in faults["weaviate"].detail


# -- serve ----------------------------------------------------------------------------------------


class Serving:
    """`wellspoken serve` as a process of its own."""

    def __init__(self, home: Home) -> None:
        self._log = home.folder / "log"
        with self._log.open("wb") as log:
            self.process = start_command(
                "serve",
                "--port",
                "0",
                "--only",
                "web,worker",
                cwd=home.folder,
                env=home.settings(WELLSPOKEN_CONSOLE_TOKEN="a-token-for-tests"),
                out=log,
            )
        self.client = httpx2.Client(base_url=self._address(), timeout=120, trust_env=False)

    @property
    def log(self) -> str:
        """All that it said."""
        return self._log.read_text("utf-8", "replace")

    def _address(self) -> str:
        until = time.monotonic() + 90
        while time.monotonic() < until and self.process.poll() is None:
            if found := re.search(r" is at (http://\S+)", self.log):
                return found[1]
            time.sleep(0.05)
        raise RuntimeError(self.log)

    def ask(self) -> tuple[str, str]:
        """Outcome and answer, as a script gets them."""
        token = {"authorization": "Bearer a-token-for-tests"}
        answer = self.client.post("/api/ask", json={"question": QUESTION}, headers=token)
        assert answer.status_code == 200
        return answer.json()["outcome"], answer.json()["answer"]

    def chat(self) -> str:
        """The page of a visitor who has just asked."""
        self.client.post("/ask", data={"question": QUESTION}, headers={"accept": "text/html"})
        return self.client.get("/", headers={"accept": "text/html"}).text

    def not_ready(self) -> dict[str, str]:
        return dict(self.client.get("/readyz").json()["not_ready"])

    def until(self, ready: bool, seconds: float = 120) -> None:
        until = time.monotonic() + seconds
        while bool(self.not_ready()) is ready:
            assert time.monotonic() < until, self.not_ready()
            time.sleep(0.1)

    def stop(self) -> None:
        self.client.close()
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(40)
        finally:
            self.process.kill()
            self.process.wait()


def test_serve_outlives_its_knowledge_store(weaviate_node: WeaviateProcess, tmp_path: Path) -> None:
    """While the server is away a visitor reads a plain sentence, /readyz and the console name it;
    once it is back the next question is answered, without a restart of ours."""
    home = _home(tmp_path, weaviate_node, "Outlives")
    assert home.run("ingest", "docs").returncode == 0
    serving = Serving(home)
    try:
        serving.until(ready=True)
        assert ANSWER in serving.ask()[1]
        serving.client.post("/console/login", data={"token": "a-token-for-tests"})
        weaviate_node.kill()
        outcome, answer = serving.ask()
        assert (outcome, answer) == (
            "error",
            "Sorry, I could not answer that: the knowledge base cannot be reached just now."
            " Please try again in a moment. Would you like me to ask a person?",
        )
        page = serving.chat()
        assert "the knowledge base cannot be reached just now" in page
        assert weaviate_node.url not in page
        serving.until(ready=False)
        assert "docker compose up weaviate" in serving.not_ready()["knowledge"]
        console = serving.client.get("/console").text
        assert "<strong>Knowledge</strong>, not ready since" in console
        weaviate_node.start()
        serving.until(ready=True)
        assert ANSWER in serving.ask()[1]
        assert 'id="attention-title"' not in serving.client.get("/console").text
        assert "Traceback" not in serving.log
        assert "Connection to Weaviate failed" not in serving.log  # the client's own prints
    finally:
        serving.stop()


def test_serve_without_its_knowledge_store_says_how_to_start_it(
    weaviate_node: WeaviateProcess, tmp_path: Path
) -> None:
    """It ends at once with one sentence, before anybody is told an address."""
    home = _home(tmp_path, weaviate_node, "Absent")
    weaviate_node.kill()
    sentence = _sentence(home.run("serve", "--port", "0"))
    assert "docker compose up weaviate" in sentence


async def test_what_is_asked_at_once_while_it_dies_ends_for_everybody(
    weaviate_node: WeaviateProcess, tmp_path: Path
) -> None:
    """Of many questions under way when the server is killed each one gets an answer or the
    sentence, and none hangs."""
    home = _home(tmp_path, weaviate_node, "Dying")
    assert home.run("ingest", "docs").returncode == 0
    serving = Serving(home)
    try:
        serving.until(ready=True)
        asking = [asyncio.create_task(asyncio.to_thread(serving.ask)) for _ in range(12)]
        await asyncio.sleep(0.05)
        weaviate_node.kill()
        for outcome, answer in await asyncio.gather(*asking):
            assert outcome == "answered" or "cannot be reached just now" in answer
    finally:
        serving.stop()
