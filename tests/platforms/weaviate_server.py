"""A real Weaviate server as a process of its own, on private ports of this machine.

The binary is the one that ``WEAVIATE_SERVER`` names, else ``weaviate-server`` on the path, else
the one that ``.ci/weaviate`` built into the cache. The server asks for a key, loads no modules,
makes no collections unasked and reports nothing to anybody.
"""

from __future__ import annotations

import asyncio
import os
import random
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx2

VERSION = "1.39.0"
STARTING = 120.0
"""Seconds that a start may take on a busy machine; alone it takes two."""

# The kernel hands out ports for outgoing connections above these: a server that is killed and
# comes back must find its own free.
_PORTS = range(16_000, 32_000)
_BLOCK = 6
_given: set[int] = set()
_PATIENCE = 0.05

# The server dies with the process that runs the tests, whatever ends that one.
_LAUNCH = """
import ctypes, os, sys
ctypes.CDLL(None).prctl(1, 9)
if os.getppid() == int(sys.argv[1]):
    os.execv(sys.argv[2], sys.argv[2:])
"""


def server_binary() -> Path | None:
    """The server's program; ``None`` where there is none."""
    named = os.environ.get("WEAVIATE_SERVER")
    if named:
        return Path(named)
    on_path = shutil.which("weaviate-server")
    if on_path:
        return Path(on_path)
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    built = cache / "wellspoken" / f"weaviate-v{VERSION}" / "weaviate-server"
    return built if os.access(built, os.X_OK) else None


def free_block() -> int:
    """The first of six neighbouring ports that nobody uses, for TCP and for UDP."""
    chance = random.SystemRandom()  # a test run may have a seed that another one has too
    for _ in range(500):
        first = chance.randrange(_PORTS.start, _PORTS.stop - _BLOCK, _BLOCK)
        if first in _given:
            continue
        with ExitStack() as held:
            try:
                for port in range(first, first + _BLOCK):
                    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
                        probe = held.enter_context(socket.socket(type=kind))
                        probe.bind(("", port))
            except OSError:
                continue
            _given.add(first)
            return first
    raise RuntimeError("no six neighbouring free ports on this machine")


class WeaviateProcess:
    """One node. It keeps its ports and its data from start to start.

    ``settings`` are more environment variables of the server, or others in place of these.
    :meth:`start` belongs into the main thread: the server ends with the thread that started it.
    """

    def __init__(
        self, binary: Path, name: str = "node1", settings: Mapping[str, str] | None = None
    ) -> None:
        self.binary = binary
        self.name = name
        self.settings = dict(settings or {})
        self.key = "a-key-of-the-tests"
        self.folder = Path(tempfile.mkdtemp(prefix="wellspoken-weaviate-"))
        self.process: subprocess.Popen[bytes] | None = None
        first = free_block()
        self.port, self.grpc_port = first, first + 1
        self.gossip_port, self.data_port = first + 2, first + 3  # the server's rule: the next one
        self.raft_port, self.rpc_port = first + 4, first + 5  # on one machine the server's rule too

    @property
    def url(self) -> str:
        """``WEAVIATE_URL`` of this node."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def grpc_url(self) -> str:
        """``WEAVIATE_GRPC_URL`` of this node."""
        return f"http://127.0.0.1:{self.grpc_port}"

    @property
    def environment(self) -> dict[str, str]:
        """What a process of ours needs to use this node."""
        return {
            "WEAVIATE_URL": self.url,
            "WEAVIATE_GRPC_URL": self.grpc_url,
            "WEAVIATE_API_KEY": self.key,
        }

    @property
    def running(self) -> bool:
        """Whether the process lives."""
        return self.process is not None and self.process.poll() is None

    @property
    def log(self) -> str:
        """All that it wrote, over all its starts."""
        path = self.folder / "log"
        return path.read_text("utf-8", "replace") if path.exists() else ""

    def _settings(self) -> dict[str, str]:
        kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
        return {
            **kept,
            "HOME": str(self.folder),
            "PERSISTENCE_DATA_PATH": str(self.folder / "data"),
            "CLUSTER_HOSTNAME": self.name,
            "CLUSTER_IN_LOCALHOST": "true",
            "CLUSTER_BIND_ADDR": "127.0.0.1",
            "CLUSTER_ADVERTISE_ADDR": "127.0.0.1",
            "CLUSTER_GOSSIP_BIND_PORT": str(self.gossip_port),
            "CLUSTER_DATA_BIND_PORT": str(self.data_port),
            "RAFT_PORT": str(self.raft_port),
            "RAFT_INTERNAL_RPC_PORT": str(self.rpc_port),
            "RAFT_BOOTSTRAP_EXPECT": "1",
            "RAFT_JOIN": f"{self.name}:{self.raft_port}",
            "RAFT_TIMEOUTS_MULTIPLIER": "1",  # elections after one second of silence, not five
            "GRPC_PORT": str(self.grpc_port),
            "AUTHENTICATION_ANONYMOUS_ACCESS_ENABLED": "false",
            "AUTHENTICATION_APIKEY_ENABLED": "true",
            "AUTHENTICATION_APIKEY_ALLOWED_KEYS": self.key,
            "AUTHENTICATION_APIKEY_USERS": "wellspoken",
            "DEFAULT_VECTORIZER_MODULE": "none",
            "ENABLE_MODULES": "",
            "API_BASED_MODULES_DISABLED": "true",
            "AUTOSCHEMA_ENABLED": "false",
            "DISABLE_TELEMETRY": "true",
            "GO_PROFILING_DISABLE": "true",
            "DISK_USE_READONLY_PERCENTAGE": "100",  # a full disk of the developer is no finding
            "LOG_LEVEL": "warning",
            **self.settings,
        }

    def start(self, timeout: float = STARTING, *, wait: bool = True) -> None:
        """Start it, where it does not run, and wait until it takes requests."""
        if not self.running:
            with (self.folder / "log").open("ab") as log:
                self.process = subprocess.Popen(
                    [
                        *(sys.executable, "-I", "-S", "-c", _LAUNCH, str(os.getpid())),
                        str(self.binary),
                        *("--host", "127.0.0.1", "--port", str(self.port), "--scheme", "http"),
                    ],
                    cwd=self.folder,
                    env=self._settings(),
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                )
        if wait:
            self.wait_until_ready(timeout)

    def ready(self) -> bool:
        """Whether it takes requests just now."""
        try:
            answer = httpx2.get(f"{self.url}/v1/.well-known/ready", timeout=5, trust_env=False)
        except httpx2.HTTPError:
            return False
        return bool(answer.status_code == 200)

    def ask(self, method: str, path: str, body: object = None) -> Any:
        """A request to the server's own REST API with the key, ``path`` below ``/v1/``; what it
        answers. Raises HTTPStatusError."""
        answer = httpx2.request(
            method,
            f"{self.url}/v1/{path}",
            json=body,
            headers={"Authorization": f"Bearer {self.key}"},
            timeout=90,
            trust_env=False,
        )
        answer.raise_for_status()
        return answer.json() if answer.content else None

    def must_live(self, until: float) -> None:
        """Raise with the end of its log where it has ended, or ``until`` (monotonic) is over."""
        if not self.running:
            raise RuntimeError(f"Weaviate {self.name} ended: {self.log[-2000:]}")
        if time.monotonic() > until:
            raise TimeoutError(f"Weaviate {self.name} is not ready: {self.log[-2000:]}")

    def wait_until_ready(self, timeout: float = STARTING) -> None:
        """Wait until it takes requests; raises with the end of its log."""
        until = time.monotonic() + timeout
        while not self.ready():
            self.must_live(until)
            time.sleep(_PATIENCE)

    async def until_ready(self) -> None:
        """As :meth:`wait_until_ready`, while the event loop goes on."""
        await asyncio.to_thread(self.wait_until_ready)

    def kill(self) -> None:
        """``kill -9``, where it runs."""
        if self.process is not None and self.running:
            self.process.kill()
            self.process.wait(60)

    def stop(self, within: float = 30.0) -> None:
        """SIGTERM, as an operator stops it, and ``kill -9`` where that takes too long."""
        if self.process is None or not self.running:
            return
        self.process.terminate()
        try:
            self.process.wait(within)
        except subprocess.TimeoutExpired:
            self.kill()

    def restart(self, timeout: float = STARTING) -> None:
        """``kill -9`` and a start with the same data and ports."""
        self.kill()
        self.start(timeout)

    def remove(self) -> None:
        """End it and delete its data."""
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)


@contextmanager
def running(binary: Path, **settings: str) -> Iterator[WeaviateProcess]:
    """A server of its own for as long as it is needed."""
    node = WeaviateProcess(binary, settings=settings)
    try:
        node.start()
        yield node
    finally:
        node.remove()
