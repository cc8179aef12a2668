"""``wellspoken serve`` on Slack as a process of its own, with a little knowledge to answer from."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.platforms.command import Process, environment, start_command
from tests.platforms.slack_server import SlackServer
from tests.platforms.slack_state import Message


def answered(message: Message) -> bool:
    """Whether a message of the bot is an answer in its last form, with the thumbs below."""
    return message.has_feedback and not message.streaming


@dataclass
class Service:
    """The process. ``settings`` go into its environment, ``parts`` into ``--only``."""

    slack: SlackServer
    home: Path
    settings: dict[str, str] = field(default_factory=dict)
    parts: str = "slack"
    name: str = "serve"
    port: int = 0
    process: Process | None = None

    @property
    def address(self) -> str:
        """Where its web server listens, if it has one."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start it; its log is appended to the one of earlier starts."""
        way = {"SLACK_APP_TOKEN": self.slack.app_token}
        if self.slack.outbox.request_url is not None:
            way = {"SLACK_SIGNING_SECRET": self.slack.signing_secret}
        given = {
            "WELLSPOKEN_HOME": str(self.home),
            "SLACK_API_URL": self.slack.url,
            "SLACK_BOT_TOKEN": self.slack.bot_token,
            **way,
            **self.settings,
        }
        listening = ("--port", str(self.port)) if self.port else ()
        with self._log.open("ab") as log:
            self.process = start_command(
                *("serve", "--only", self.parts, *listening),
                cwd=self.home,
                env=environment(self.home, **{k: v for k, v in given.items() if v}),
                out=log,
                session=True,
            )

    @property
    def running(self) -> bool:
        """Whether the process lives."""
        return self.process is not None and self.process.poll() is None

    async def stop(self, how: signal.Signals = signal.SIGTERM, within: float = 40.0) -> int:
        """Send a signal and wait for the end; the exit code. Raises TimeoutExpired."""
        assert self.process is not None
        self.process.send_signal(how)
        return await asyncio.to_thread(self.process.wait, within)

    def kill(self) -> None:
        """``kill -9``, where it still runs."""
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait(60)

    @property
    def _log(self) -> Path:
        return self.home / f"{self.name}.log"

    @property
    def log(self) -> str:
        """All that it wrote to its log and to its terminal."""
        return self._log.read_text("utf-8") if self._log.exists() else ""

    def said(self, event: str) -> list[dict[str, Any]]:
        """The lines of the log about an event."""
        lines = (json.loads(line) for line in self.log.splitlines() if line.endswith("}"))
        return [line for line in lines if line.get("event") == event]

    def cpu_seconds(self) -> float:
        """The processor time that it has used."""
        assert self.process is not None
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def assert_clean(log: str, *words: str) -> None:
    """No traceback, no token, no secret in a log, and none of the ``words`` that people wrote."""
    assert "Traceback" not in log, log[log.index("Traceback") - 600 :][:3000]
    assert not re.search(r"xox[a-z]-|xapp-|signing-secret|ticket=", log)
    for word in words:
        assert word not in log, [line for line in log.splitlines() if word in line][:3]


@asynccontextmanager
async def serving(service: Service, *, connected: bool = True) -> AsyncIterator[Service]:
    """The process between start and end; ``connected`` waits for Socket Mode."""
    service.start()
    try:
        if connected:
            await service.slack.connected()
        yield service
    finally:
        service.kill()
