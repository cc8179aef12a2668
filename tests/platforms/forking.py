"""The command ``wellspoken``, forked from a process that has loaded the house already.

To load Python and the house takes most of a second of CPU, and the tests ask for more than a
thousand commands. A forked one is a process like any other, with memory, folder, environment and
files of its own; only the loading was done before it.
"""

from __future__ import annotations

import array
import atexit
import contextlib
import gc
import importlib
import json
import os
import pkgutil
import selectors
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import IO, Any, NoReturn

ROOT = Path(__file__).parents[2]
LONGEST = 150_000
"""Characters of a command with its environment."""

_HOUSE = ("adapters", "bot", "knowledge", "persona")
_ELSEWHERE = ("persona.tuning.trainer.", "bot.store.migrations.")
"""Runs in another interpreter, or is loaded by what migrates."""


class Forked:
    """A command that runs, with what :class:`subprocess.Popen` says and does of one."""

    def __init__(self, arguments: Sequence[str], line: socket.socket) -> None:
        self.args = list(arguments)
        self.returncode: int | None = None
        self.pid = _number(line)
        self._over = threading.Event()
        threading.Thread(target=self._hear, args=[line], daemon=True).start()

    def poll(self) -> int | None:
        """The exit code, where it is over."""
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """The exit code, once it is over. Raises TimeoutExpired."""
        if not self._over.wait(timeout):
            raise subprocess.TimeoutExpired(self.args, timeout or 0)
        if self.returncode is None:
            raise ForksGoneError
        return self.returncode

    def send_signal(self, what: int) -> None:
        """Send a signal, where it still runs."""
        if self.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, what)

    def terminate(self) -> None:
        """SIGTERM."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """``kill -9``."""
        self.send_signal(signal.SIGKILL)

    def _hear(self, line: socket.socket) -> None:
        with line, contextlib.suppress(ForksGoneError):
            self.returncode = _number(line)
        self._over.set()


class ForksGoneError(Exception):
    """The process that forks commands is gone."""


def _number(line: socket.socket) -> int:
    """The next number that is said. Raises ForksGoneError."""
    said = line.recv(_SIZE)
    if len(said) != _SIZE:
        raise ForksGoneError
    return int(array.array("i", said)[0])


_SIZE = array.array("i").itemsize


class Forks:
    """Forks commands from one process, which is started with the first of them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._line: socket.socket | None = None
        self._from: subprocess.Popen[bytes] | None = None

    def start(
        self,
        arguments: Sequence[str],
        cwd: Path,
        env: Mapping[str, str],
        files: tuple[IO[bytes], IO[bytes], IO[bytes]],
        *,
        session: bool = False,
    ) -> Forked:
        """Fork a command with its input, its output and what it says of errors; ``session``: in
        one of its own."""
        told = {"arguments": arguments, "cwd": str(cwd), "env": dict(env), "session": session}
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs, self._lock:
            given = [*(file.fileno() for file in files), theirs.fileno()]
            message = [json.dumps(told).encode()]
            try:
                socket.send_fds(self._open(), message, given)
            except ConnectionError:  # it was killed: there shall be another one
                self._close()
                socket.send_fds(self._open(), message, given)
        return Forked(arguments, ours)

    def _open(self) -> socket.socket:
        if self._line is None:
            self._line, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            with theirs:
                self._from = subprocess.Popen(
                    [sys.executable, "-m", "tests.platforms.forking", str(theirs.fileno())],
                    cwd=ROOT,
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    pass_fds=[theirs.fileno()],
                )
            atexit.register(self._close)
        return self._line

    def _close(self) -> None:
        if self._line is not None and self._from is not None:
            self._line.close()
            self._from.wait()
            self._line = self._from = None


# -- the process that forks -----------------------------------------------------------------


def _modules() -> Iterator[str]:
    for root in _HOUSE:
        yield root
        for found in pkgutil.walk_packages([str(ROOT / root)], f"{root}."):
            if not found.name.startswith(_ELSEWHERE):
                yield found.name


def _serve(line: socket.socket) -> None:
    """Fork a command for each message until the other side is gone. In a child it never returns."""
    waiting = selectors.DefaultSelector()
    waiting.register(line, selectors.EVENT_READ)
    while True:
        for key, _ in waiting.select():
            if key.fileobj is not line:
                waiting.unregister(key.fd)
                _say_how_it_ended(key.fd, *key.data)
                continue
            told, files, _, _ = socket.recv_fds(line, LONGEST, 4)
            if not told:
                return
            pid = os.fork()
            if pid == 0:
                line.close()
                for other in (key for key in waiting.get_map().values() if key.data):
                    os.close(other.fd)
                    os.close(other.data[1])
                waiting.close()
                _become(json.loads(told), *files)
            *its, caller = files
            for file in its:
                os.close(file)
            waiting.register(os.pidfd_open(pid), selectors.EVENT_READ, (pid, caller))


def _say_how_it_ended(watched: int, pid: int, caller: int) -> None:
    os.close(watched)
    _say(caller, os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
    os.close(caller)


def _say(caller: int, number: int) -> None:
    try:
        os.write(caller, array.array("i", [number]).tobytes())
    except BrokenPipeError:  # it waits no more
        return


def _become(told: Mapping[str, Any], *files: int) -> NoReturn:
    """Be the command."""
    if told["session"]:
        os.setsid()
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for number, file in enumerate(files[:3]):
        os.dup2(file, number)
    os.chdir(told["cwd"])
    _say(files[3], os.getpid())
    for file in files:
        os.close(file)
    os.environ.clear()
    os.environ.update(told["env"])
    sys.argv = ["-c", *told["arguments"]]
    sys.modules["__main__"] = ModuleType("__main__")  # a worker that it spawns loads none of this
    from adapters.cli.main import main

    main()
    raise AssertionError("main() leaves by itself")


if __name__ == "__main__":
    for name in _modules():
        importlib.import_module(name)
    gc.freeze()
    _this = sys.modules["__main__"]  # what runs here stays when it becomes another
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # who asks for commands ends them, and it
    _line = socket.socket(fileno=int(sys.argv[1]))
    _serve(_line)
    _line.close()
