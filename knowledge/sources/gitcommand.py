"""The ``git`` command: no shell, no prompts, no hooks, bounded in time, its complaints translated.

Git is a program that runs others: hooks, file system monitors, helpers named in a repository's own
settings. What is started here reads objects and fetches over the protocols it was allowed, nothing
else.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import signal
from collections.abc import Sequence
from pathlib import Path

from bot.errors import DiskFullError, SourceUnavailableError
from bot.settings.addresses import without_secrets
from bot.settings.child import child_environment

_SAFE = (
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "core.askPass=",
    "credential.interactive=never",
    "submodule.recurse=false",
    "fetch.recurseSubmodules=false",
    "gc.auto=0",
    "maintenance.auto=false",
    "http.lowSpeedLimit=500",
    "http.lowSpeedTime=30",
    "http.followRedirects=false",
    "safe.directory=*",
    "protocol.allow=never",
)
UNKNOWN = "git says:"
"""How a reason begins that this module has no words for."""

_COMPLAINTS = (
    (r"could not read (username|password)|authentication failed|permission denied|error: 40[13]"
     r"|invalid username|access denied",
     "it asks for a key: set up git's credential helper or an SSH key for the user who runs this."),
    (r"host key verification failed",
     "its server's host key is not known; connect once by hand with ssh."),
    (r"couldn't find remote ref|invalid refspec", "it has no such branch."),
    (r"error: 30\d|redirect", "it has moved; write its new address."),
    (r"not found|does not exist|not appear to be a git repository|no such file|error: 404",
     "there is no repository at this address, or it cannot be seen without a key."),
    (r"transport '.*' not allowed", "addresses of this kind are not read."),
    (r"could not resolve|connection refused|failed to connect|connection timed out|unreachable"
     r"|connection reset|timed out|low speed|transfer rate|early eof|hung up",
     "its server cannot be reached."),
    (r"certificate|ssl", "its server's certificate cannot be trusted."),
)  # fmt: skip


Setting = tuple[str, str]
"""A setting of git and its value."""


def shown(address: str) -> str:
    """An address as people may read it: without a name, a password or a key in it."""
    return without_secrets(address)


class Git:
    """Git for one repository: a ``bare`` one is at ``folder``, else that is in its work tree.
    ``place`` names it in errors, ``protocols`` may be fetched over, ``seconds`` bounds a command.
    """

    def __init__(
        self,
        folder: Path,
        place: str,
        *,
        bare: bool = False,
        protocols: Sequence[str] = (),
        seconds: float = 600.0,
    ) -> None:
        self._folder = folder
        # Named, not looked for: the folder of a broken one may be inside another repository.
        self._where = ["--git-dir", str(folder)] if bare else ["-C", str(folder)]
        self._place = shown(place)
        self._protocols = tuple(protocols)
        self._seconds = seconds

    @property
    def seconds(self) -> float:
        """How long a command may take."""
        return self._seconds

    async def run(self, *arguments: str, settings: Sequence[Setting] = ()) -> bytes:
        """What a git command prints. Raises SourceUnavailableError, DiskFullError."""
        process = await self.start(*arguments, settings=settings)
        try:
            async with asyncio.timeout(self._seconds):
                output, complaint = await process.communicate()
        except TimeoutError as error:
            reason = f"git took longer than {self._seconds:g} s."
            raise SourceUnavailableError(source=self._place, reason=reason) from error
        finally:
            await end(process)
        if process.returncode:
            raise self._error(complaint.decode("utf-8", "replace"))
        return output

    async def start(
        self, *arguments: str, settings: Sequence[Setting] = ()
    ) -> asyncio.subprocess.Process:
        """A git command under way. Raises SourceUnavailableError where there is no git."""
        allowed = [f"protocol.{name}.allow=always" for name in self._protocols]
        options = [part for each in (*_SAFE, *allowed) for part in ("-c", each)]
        try:
            return await asyncio.create_subprocess_exec(
                "git",
                *options,
                *self._where,
                *arguments,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                env=_environment(settings),
                start_new_session=True,  # no terminal to ask at, and helpers end with it
            )
        except FileNotFoundError as error:
            reason = "git is not installed; install it (Debian: apt install git)."
            raise SourceUnavailableError(source=self._place, reason=reason) from error

    def _error(self, complaint: str) -> SourceUnavailableError | DiskFullError:
        if "No space left on device" in complaint:
            return DiskFullError(path=self._folder)
        for pattern, reason in _COMPLAINTS:
            if re.search(pattern, complaint, re.IGNORECASE):
                return SourceUnavailableError(source=self._place, reason=reason)
        lines = [line for line in complaint.splitlines() if line.strip()] or ["nothing"]
        said = shown(next((x for x in lines if x.startswith("fatal:")), lines[-1]))[:200]
        return SourceUnavailableError(source=self._place, reason=f"{UNKNOWN} {said}")


def _environment(settings: Sequence[Setting]) -> dict[str, str]:
    """Settings with secrets travel here: arguments can be read by everybody on the machine."""
    values = {"GIT_TERMINAL_PROMPT": "0", "GIT_NO_LAZY_FETCH": "1", "LC_ALL": "C"}
    values["GIT_CONFIG_COUNT"] = str(len(settings))
    for n, (key, value) in enumerate(settings):
        values[f"GIT_CONFIG_KEY_{n}"] = key
        values[f"GIT_CONFIG_VALUE_{n}"] = value
    return child_environment(
        values,
        defaults={"GIT_SSH_COMMAND": "ssh -oBatchMode=yes -oConnectTimeout=15"},
        without=("GIT_", "SSH_ASKPASS"),
    )


async def end(process: asyncio.subprocess.Process) -> None:
    """End a command and what it started; harmless where it is over."""
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    if process.stdin is not None:
        process.stdin.close()
    # Not wait(): that never comes back while something of what it wrote is not read.
    await process.communicate()


class Objects:
    """Reads the contents of a repository one after the other, from one process."""

    def __init__(self, git: Git) -> None:
        self._git = git
        self._process: asyncio.subprocess.Process | None = None
        self._lock = asyncio.Lock()

    async def read(self, name: str) -> bytes:
        """The content of an object. Raises SourceUnavailableError."""
        async with self._lock:
            whole = False
            try:
                async with asyncio.timeout(self._git.seconds):
                    content = await self._read(name)
                whole = True
            except TimeoutError as error:
                reason = f"git took longer than {self._git.seconds:g} s."
                raise SourceUnavailableError(source=name, reason=reason) from error
            finally:
                if not whole:  # broken off between two answers: the next reader starts afresh
                    await self._end()
            return content

    async def _read(self, name: str) -> bytes:
        if self._process is None:
            self._process = await self._git.start("cat-file", "--batch")
        process = self._process
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            process.stdin.write(f"{name}\n".encode())
            await process.stdin.drain()
            head = (await process.stdout.readline()).split()
            if len(head) != 3:
                raise SourceUnavailableError(source=name, reason="it is missing in the repository.")
            content = await process.stdout.readexactly(int(head[2]))
            await process.stdout.readexactly(1)
        except (OSError, asyncio.IncompleteReadError) as error:
            reason = "git ended while it was read."
            raise SourceUnavailableError(source=name, reason=reason) from error
        return content

    async def close(self) -> None:
        """End the process."""
        async with self._lock:
            await self._end()

    async def _end(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            await end(process)
