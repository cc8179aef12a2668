"""``wellspoken serve`` on Discord as a process of its own."""

from __future__ import annotations

import asyncio
import re
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.platforms import command
from tests.platforms.command import environment, start_command
from tests.platforms.discord_server import DiscordServer


@dataclass
class Process:
    """The process. ``settings`` go into its environment, ``parts`` into ``--only``."""

    discord: DiscordServer
    home: Path
    settings: dict[str, str] = field(default_factory=dict)
    parts: str = "discord"
    process: command.Process | None = None
    kills: int = 0

    @property
    def running(self) -> bool:
        """Whether it lives."""
        return self.process is not None and self.process.poll() is None

    def start(self) -> None:
        """Start it, where it does not run; its log is appended to the one of earlier starts."""
        if self.running:
            return
        given = {
            "WELLSPOKEN_HOME": str(self.home),
            "DISCORD_TOKEN": self.discord.token,
            "DISCORD_API_URL": self.discord.url,
            **self.settings,
        }
        with (self.home / "serve.log").open("ab") as log:
            self.process = start_command(
                *("serve", "--only", self.parts),
                cwd=self.home,
                env=environment(self.home, **given),
                out=log,
                session=True,
            )

    async def keep_up(self) -> None:
        """Start it again whenever it was killed, until cancelled."""
        while True:
            self.start()
            await asyncio.sleep(0.05)

    def kill(self) -> None:
        """``kill -9``, where it runs."""
        if self.process is not None and self.running:
            self.process.kill()
            self.kills += 1

    async def stop(self, within: float = 40.0) -> int:
        """SIGTERM; the exit code. Raises TimeoutExpired."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        return await asyncio.to_thread(self.process.wait, within)

    @property
    def log(self) -> str:
        """All that it wrote to its log and to its terminal."""
        return (self.home / "serve.log").read_text("utf-8")

    def assert_clean(self, *words: str) -> None:
        """No traceback, no token, none of the ``words`` that people wrote."""
        log = self.log
        assert "Traceback" not in log, log[log.index("Traceback") - 600 :][:3000]
        assert self.discord.token not in log
        assert not re.search(r"token-\d+|/webhooks/|/interactions/", log)
        for word in words:
            assert word not in log, [line for line in log.splitlines() if word in line][:3]


@asynccontextmanager
async def running(process: Process) -> AsyncIterator[Process]:
    """The process between start and end, connected."""
    process.start()
    try:
        await process.discord.connected()
        yield process
    finally:
        process.kill()
        if process.process is not None:
            await asyncio.to_thread(process.process.wait, 60)
