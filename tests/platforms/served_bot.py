"""A bot as its operator runs it: a folder of its own, the command, and servers with their API."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.platforms.command import Process, environment, start_command
from tests.platforms.ports import free_port

TOKEN = "operator-token"


def until(holds: Callable[[], object], what: str, seconds: float = 120) -> None:
    """Wait for something to be true."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if holds():
            return
        time.sleep(0.1)
    pytest.fail(f"{what} did not happen within {seconds:g} s")


@dataclass(frozen=True, slots=True)
class Api:
    """The API of a running server, with the operator's token or another one."""

    address: str
    token: str = TOKEN

    def post(self, path: str, body: object) -> httpx2.Response:
        """What it answers, whatever it is."""
        headers = {"authorization": f"Bearer {self.token}"} if self.token else {}
        return httpx2.post(f"{self.address}{path}", json=body, headers=headers, timeout=120)

    def ask(self, question: str, **more: object) -> dict[str, Any]:
        """A question's answer; it must have worked."""
        response = self.post("/api/ask", {"question": question, **more})
        assert response.status_code == 200, response.text
        found: dict[str, Any] = response.json()
        return found

    def rate(self, turn: str, rating: str, **more: str) -> int:
        """The status of a rating."""
        body = {"turn": turn, "rating": rating, **more}
        return self.post("/api/feedback", body).status_code

    def speaker(self, thread: str) -> str:
        """The model that greets in a thread."""
        return str(self.ask("Hello!", thread=thread)["model"])

    def text(self, path: str) -> str:
        """What an open page holds."""
        return httpx2.get(f"{self.address}{path}", timeout=120).text


def _ready(address: str) -> bool:
    try:
        return httpx2.get(f"{address}/readyz", timeout=60).status_code == 200
    except httpx2.TransportError:
        return False


@dataclass
class Service:
    """``serve`` as a process of its own, which may be ended, killed, and started again at the same
    address, with the settings of ``more``."""

    folder: Path
    more: Mapping[str, str] = field(default_factory=dict)
    only: str = "web"
    port: int = field(default_factory=free_port)
    _process: Process | None = None

    @property
    def api(self) -> Api:
        return Api(f"http://127.0.0.1:{self.port}")

    @property
    def pid(self) -> int | None:
        """Of the process, while it runs."""
        return self._process.pid if self._process is not None else None

    def start(self) -> Api:
        """Start it; it is ready when this returns."""
        settings = {"WELLSPOKEN_CONSOLE_TOKEN": TOKEN, **self.more}
        with (self.folder / "serve.log").open("ab") as log:
            self._process = start_command(
                *("serve", "--only", self.only, "--port", str(self.port)),
                cwd=self.folder,
                env=environment(self.folder, **settings),
                out=log,
            )
        until(lambda: _ready(self.api.address), f"serve at {self.api.address}")
        return self.api

    def kill(self) -> None:
        """As the machine does it, in the middle of anything."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """As an operator does it."""
        self._end(signal.SIGTERM)

    def _end(self, by: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(by)
            self._process.wait(90)
            self._process = None


@contextmanager
def serving(folder: Path, more: Mapping[str, str], only: str = "web") -> Iterator[Api]:
    """``serve`` as a process of its own, taken down by SIGTERM."""
    service = Service(folder, more, only)
    try:
        yield service.start()
    finally:
        service.stop()
