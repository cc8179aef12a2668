"""The real command in a home of its own, as somebody outside would run it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from benchmarks.open_sets import ROOT
from bot.settings import environment_names

COMMAND = [sys.executable, "-c", "from adapters.cli.main import main; main()"]


def environment() -> dict[str, str]:
    """This process's, without settings of somebody's own bot: a benchmark must not reach it."""
    ours = {row.environment for row in environment_names()}
    return {k: v for k, v in os.environ.items() if k not in ours}


def command(folder: Path, *arguments: str, given: str = "") -> str:
    """What the real command prints in a fresh home; ends this process where it fails."""
    done = subprocess.run(
        [*COMMAND, *arguments],
        cwd=folder,
        env={**environment(), "PYTHONPATH": str(ROOT), "WELLSPOKEN_HOME": str(folder / "home")},
        input=given,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(done.stderr)
    return done.stdout
