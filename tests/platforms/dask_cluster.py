"""A real Dask cluster on this machine: a scheduler and workers, each a process of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

ROOT = Path(__file__).parents[2]
_PATIENCE_S = 60.0
_DASK = (sys.executable, "-m", "dask")

DEADLY = "This text ends whoever reads it."
"""What a worker that was started with :data:`FRAGILE` does not survive reading."""

FRAGILE = f"""
import os
from knowledge.readers import plain

def read(content, raw, rest=plain.read):
    if {DEADLY!r}.encode() in content:
        os._exit(11)  # as a library in C that meets a file it was not made for
    return rest(content, raw)

plain.read = read
"""

BARE = """
import sys

class Nothing:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {"knowledge", "bot"}:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Nothing())
"""
"""A worker on whose machine there is no Wellspoken."""

OLDER = """
from knowledge import remote

made = {**remote.make(), "Wellspoken": "0.0.1"}
remote.make = lambda: made
"""
"""A worker with another version."""


def eventually(condition: Callable[[], bool], what: str) -> None:
    """Wait until something holds."""
    deadline = time.monotonic() + _PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, f"{what} took longer than {_PATIENCE_S:g} s"
        time.sleep(0.05)


class DaskCluster:
    """Starts with a scheduler alone; every process ends with :meth:`stop`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._processes: list[subprocess.Popen[bytes]] = []
        told = folder / "scheduler.json"
        self._scheduler = self._start(
            "scheduler", "--host", "127.0.0.1", "--port", "0", "--scheduler-file", str(told)
        )
        eventually(lambda: _holds_json(told), "the scheduler")
        self.address: str = json.loads(told.read_text())["address"]

    def add_worker(self, preload: str = "", *, nanny: bool = False) -> subprocess.Popen[bytes]:
        """Start a worker of one thread; ``preload`` is a script that it runs first. With a
        ``nanny`` it is started again whenever it ends."""
        number = len(self._processes)
        more: Sequence[str] = () if nanny else ("--no-nanny",)
        if preload:
            script = self._folder / f"preload{number}.py"
            script.write_text(preload)
            more = (*more, "--preload", str(script))
        return self._start(
            *("worker", self.address, "--nthreads", "1", "--host", "127.0.0.1"),
            *("--local-directory", str(self._folder / f"worker{number}"), *more),
        )

    def ready(self) -> str:
        """The scheduler's address, once every worker has reported there."""
        logs = list(self._folder.glob("worker*.log"))
        eventually(
            lambda: all(b"Registered to:" in log.read_bytes() for log in logs), "the workers"
        )
        return self.address

    def end_scheduler(self) -> None:
        """``kill -9`` of the scheduler."""
        self._scheduler.kill()
        self._scheduler.wait()

    def stop(self) -> None:
        """End everything that was started, and what that started."""
        for process in reversed(self._processes):
            try:
                os.killpg(process.pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        for process in self._processes:
            process.wait()

    def _start(self, *arguments: str) -> subprocess.Popen[bytes]:
        log = self._folder / f"{arguments[0]}{len(self._processes)}.log"
        with log.open("wb") as file:
            process = subprocess.Popen(
                [*_DASK, *arguments, "--no-dashboard"],
                cwd=self._folder,
                env={**os.environ, "PYTHONPATH": str(ROOT)},
                stdout=file,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._processes.append(process)
        return process


def _holds_json(path: Path) -> bool:
    try:
        return bool(json.loads(path.read_text()))
    except (OSError, ValueError):
        return False
