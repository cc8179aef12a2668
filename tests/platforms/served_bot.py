"""A bot as its operator runs it: a folder of its own, the command, and servers with their API."""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.platforms.command import COMMAND, environment
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


@contextmanager
def serving(folder: Path, more: Mapping[str, str], only: str = "web") -> Iterator[Api]:
    """``serve`` as a process of its own, taken down by SIGTERM."""
    port = free_port()
    settings = {"WELLSPOKEN_CONSOLE_TOKEN": TOKEN, **more}
    with (folder / "serve.log").open("ab") as log:
        process = subprocess.Popen(
            [*COMMAND, "serve", "--only", only, "--port", str(port)],
            cwd=folder,
            env=environment(folder, **settings),
            stdout=log,
            stderr=log,
        )
        try:
            address = f"http://127.0.0.1:{port}"
            until(lambda: _ready(address), f"serve at {address}")
            yield Api(address)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(90)
