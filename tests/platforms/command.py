"""The command ``wellspoken`` as a process of its own, with nobody's settings but the test's."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bot.settings import environment_names

ROOT = Path(__file__).parents[2]
COMMAND = [sys.executable, "-c", "from adapters.cli.main import main; main()"]


def environment(home: Path, **more: str) -> dict[str, str]:
    """This process's environment without our settings, in another home, with ``more`` set."""
    ours = {row.environment for row in environment_names()}
    kept = {k: v for k, v in os.environ.items() if k not in ours}
    return {**kept, "PYTHONPATH": str(ROOT), "HOME": str(home), **more}


@dataclass
class Cli:
    """The command in a home of its own; ``more`` is set in its environment."""

    folder: Path
    more: Mapping[str, str] = field(default_factory=dict)

    def __call__(self, *arguments: str, timeout: float = 240) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*COMMAND, *arguments],
            cwd=self.folder,
            env=environment(self.folder, **self.more),
            capture_output=True,
            text=True,
            check=False,
            timeout=timeout,
        )

    def json(self, *arguments: str, timeout: float = 240) -> Any:
        """What ``--json`` prints; it must have worked."""
        done = self(*arguments, "--json", timeout=timeout)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)
