"""The Weaviate server that tests use."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from pathlib import Path

import httpx2
import pytest

from tests.platforms.weaviate_server import VERSION, WeaviateProcess, server_binary

pytestmark = pytest.mark.weaviate


def lives(pid: int) -> bool:
    """Whether a process runs; one that only waits for its parent to notice does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


def test_server_has_the_pinned_version_and_no_module(weaviate: WeaviateProcess) -> None:
    """Nothing is tested against a server other than the one that is documented."""
    meta = weaviate.ask("GET", "meta")
    assert (meta["version"], meta["modules"]) == (VERSION, {})


@pytest.mark.parametrize("key", [None, "another"])
def test_server_asks_for_its_key(weaviate: WeaviateProcess, key: str | None) -> None:
    """Without the key, or with another, nothing is read."""
    headers = {} if key is None else {"Authorization": f"Bearer {key}"}
    answer = httpx2.get(f"{weaviate.url}/v1/schema", headers=headers, trust_env=False, timeout=60)
    assert answer.status_code == 401


def test_killed_server_comes_back_where_it_was(weaviate_node: WeaviateProcess) -> None:
    """After kill -9 it has the ports and the collections that it had."""
    url = weaviate_node.url
    weaviate_node.ask("POST", "schema", {"class": "Kept"})
    weaviate_node.kill()
    assert not weaviate_node.ready()
    weaviate_node.start()
    assert weaviate_node.url == url
    classes = weaviate_node.ask("GET", "schema")["classes"]
    assert [entry["class"] for entry in classes] == ["Kept"]


def test_server_that_cannot_start_shows_its_log(weaviate_binary: Path) -> None:
    """The reason stands in the failure of the test, not in a file that is gone."""
    node = WeaviateProcess(weaviate_binary, settings={"GRPC_PORT": "no port"})
    try:
        with pytest.raises(RuntimeError, match="GRPC_PORT"):
            node.start()
    finally:
        node.remove()


def test_server_ends_with_the_process_that_started_it(weaviate_binary: Path) -> None:
    """A test run that is killed leaves no server behind."""
    code = (
        "import os, sys; from pathlib import Path;"
        "from tests.platforms.weaviate_server import WeaviateProcess as P;"
        f"p = P(Path({str(weaviate_binary)!r})); p.start(wait=False);"
        "print(p.process.pid, p.folder, flush=True); os.kill(os.getpid(), 9)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    pid, folder = done.stdout.split()
    until = time.monotonic() + 30
    while lives(int(pid)) and time.monotonic() < until:
        time.sleep(0.05)
    shutil.rmtree(folder, ignore_errors=True)
    assert not lives(int(pid))


def test_binary_is_the_one_that_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """WEAVIATE_SERVER comes before whatever else there is."""
    monkeypatch.setenv("WEAVIATE_SERVER", "/somewhere/weaviate")
    assert server_binary() == Path("/somewhere/weaviate")
