"""The command ``wellspoken`` as a process of its own, with nobody's settings but the test's.

It is forked from one that has loaded the house (:mod:`tests.platforms.forking`). With the variable
``COMMANDS=started`` each is started anew, as installed; so it is where coverage is measured, or
where the test sets what Python reads at its start. Forked ones share the seed of hashes.
"""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from bot.settings import environment_names
from tests.platforms.forking import LONGEST, Forked, Forks

ROOT = Path(__file__).parents[2]
COMMAND = [sys.executable, "-c", "from adapters.cli.main import main; main()"]
Process = Forked | subprocess.Popen[bytes]

_forks = Forks()
_OF_THE_START = ("PYTHON", "LC_", "LANG", "TZ", "TERM", "COLUMNS", "NO_COLOR", "FORCE_COLOR")
_USUAL = {"PYTHONPATH": str(ROOT)}


def environment(home: Path, **more: str) -> dict[str, str]:
    """This process's environment without our settings, in another home, with ``more`` set."""
    ours = {row.environment for row in environment_names()}
    kept = {k: v for k, v in os.environ.items() if k not in ours}
    return {**kept, **_USUAL, "HOME": str(home), **more}


def start_command(
    *arguments: str,
    cwd: Path,
    env: Mapping[str, str],
    out: IO[bytes],
    err: IO[bytes] | None = None,
    typed: IO[bytes] | None = None,
    session: bool = False,
) -> Process:
    """Start the command, whose output goes into files (``err``: the same one, if not given).
    ``typed`` is its input, ``session``: in one of its own."""
    with Path(os.devnull).open("rb") as nothing:
        files = typed or nothing, out, err or out
        if _may_fork(arguments, env):
            return _forks.start(arguments, cwd, env, files, session=session)
        return subprocess.Popen(
            [*COMMAND, *arguments],
            cwd=cwd,
            env=dict(env),
            stdin=files[0],
            stdout=files[1],
            stderr=files[2],
            start_new_session=session,
        )


def run_command(
    *arguments: str, cwd: Path, env: Mapping[str, str], typed: str = "", timeout: float = 240
) -> subprocess.CompletedProcess[str]:
    """The command, run to its end with what is ``typed``, and what it wrote. Raises
    TimeoutExpired."""
    with (
        tempfile.TemporaryFile() as given,
        tempfile.TemporaryFile() as out,
        tempfile.TemporaryFile() as err,
    ):
        given.write(typed.encode())
        given.seek(0)
        process = start_command(*arguments, cwd=cwd, env=env, out=out, err=err, typed=given)
        try:
            code = process.wait(timeout)
        except subprocess.TimeoutExpired as late:
            raise subprocess.TimeoutExpired(late.cmd, timeout, _text(out), _text(err)) from None
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
        return subprocess.CompletedProcess([*arguments], code, _text(out), _text(err))


def _may_fork(arguments: tuple[str, ...], env: Mapping[str, str]) -> bool:
    """Whether a forked command is like a started one: what Python reads at its start is as here."""
    here = {**os.environ, **_USUAL}
    names = {name for name in {*here, *env} if name.startswith(_OF_THE_START)}
    return (
        os.environ.get("COMMANDS") != "started"
        and not any(name.startswith("COVERAGE_") for name in os.environ)
        and all(here.get(name) == env.get(name) for name in names)
        and len(json.dumps([arguments, dict(env)])) < LONGEST - 1_000
    )


def _text(file: IO[bytes]) -> str:
    file.seek(0)
    return io.TextIOWrapper(io.BytesIO(file.read()), "utf-8").read()


@dataclass
class Cli:
    """The command in a home of its own; ``more`` is set in its environment."""

    folder: Path
    more: Mapping[str, str] = field(default_factory=dict)

    def __call__(self, *arguments: str, timeout: float = 240) -> subprocess.CompletedProcess[str]:
        env = environment(self.folder, **self.more)
        return run_command(*arguments, cwd=self.folder, env=env, timeout=timeout)

    def json(self, *arguments: str, timeout: float = 240) -> Any:
        """What ``--json`` prints; it must have worked."""
        done = self(*arguments, "--json", timeout=timeout)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)
