"""``wellspoken serve`` as processes that are killed, stopped, put to sleep and started again."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

from tests.platforms.command import COMMAND, environment

STOPPING_S = 120.0
"""A process has 30 s to finish (``[serve] drain``); this is for one that is stuck."""
STARTING_S = 120.0
"""So long may a start take on a busy machine; alone it takes a second or two."""


@dataclass
class Bot:
    """One process; ``settings`` go into its environment. Its starts and kills are written down."""

    name: str
    home: Path
    settings: dict[str, str]
    parts: str = "slack,discord,worker"
    process: subprocess.Popen[bytes] | None = None
    wanted: bool = False
    """Whether it is started again when it ends."""
    starts: list[float] = field(default_factory=list)
    ends: list[float] = field(default_factory=list)
    kills: int = 0
    exits: list[int] = field(default_factory=list)
    """The codes with which it ended by itself or by SIGTERM."""
    _before: int = 0
    """How long its log was when it was started."""

    @property
    def log_file(self) -> Path:
        """What it writes, over all its starts."""
        return self.home.parent / f"{self.name}.log"

    @property
    def log(self) -> str:
        """All that it wrote."""
        return self.log_file.read_text("utf-8", "replace") if self.log_file.exists() else ""

    @property
    def running(self) -> bool:
        """Whether the process lives."""
        return self.process is not None and self.process.poll() is None

    @property
    def _command(self) -> list[str]:
        if "CHAOS_CLOCK" in self.settings:
            return [sys.executable, "-m", "tests.chaos.clocked"]
        return COMMAND

    def start(self) -> None:
        """Start it where it does not run."""
        if self.running:
            return
        self._note_end()
        self._before = self._length
        around = environment(self.home, WELLSPOKEN_HOME=str(self.home), **self.settings)
        around.pop("PYTHONDONTWRITEBYTECODE", None)  # as installed: not compiled at every start
        with self.log_file.open("ab") as log:
            self.process = subprocess.Popen(
                [*self._command, "serve", "--only", self.parts],
                cwd=self.home,
                env=around,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self.starts.append(time.time())

    def _note_end(self) -> None:
        if self.process is not None and len(self.ends) < len(self.starts):
            self.ends.append(time.time())
            code = self.process.poll()
            if code is not None and code != -signal.SIGKILL:
                self.exits.append(code)

    def kill(self) -> bool:
        """``kill -9``; whether it ran."""
        if self.process is None or not self.running:
            return False
        self.process.kill()
        self.process.wait(10)
        self._note_end()
        self.kills += 1
        return True

    def signal(self, which: signal.Signals) -> None:
        """Send a signal, where it runs."""
        if self.process is not None and self.running:
            self.process.send_signal(which)

    async def _up(self) -> None:
        """Until it said something: before that it does not listen to signals yet."""
        until = time.monotonic() + STARTING_S
        while self.running and self._length == self._before and time.monotonic() < until:  # noqa: ASYNC110  # of another process
            await asyncio.sleep(0.05)

    @property
    def _length(self) -> int:
        return self.log_file.stat().st_size if self.log_file.exists() else 0

    async def stop(self) -> int:
        """SIGTERM, and wait; the exit code. One that does not end is killed and gives -9."""
        self.wanted = False
        if self.process is None or not self.running:
            return self.exits[-1] if self.exits else 0
        await self._up()
        self.process.send_signal(signal.SIGTERM)
        try:
            code = await asyncio.to_thread(self.process.wait, STOPPING_S)
        except subprocess.TimeoutExpired:
            self.kill()
            self.exits.append(-signal.SIGKILL)
            return -signal.SIGKILL
        self._note_end()
        return code


async def keep_up(bots: list[Bot]) -> None:
    """Start again whichever is wanted and does not run, until cancelled."""
    while True:
        for bot in bots:
            if bot.wanted and not bot.running:
                bot.start()
        await asyncio.sleep(0.05)
