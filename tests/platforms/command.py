"""The command ``wellspoken`` as a process of its own, with nobody's settings but the test's."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from bot.settings import environment_names

ROOT = Path(__file__).parents[2]
COMMAND = [sys.executable, "-c", "from adapters.cli.main import main; main()"]


def environment(home: Path, **more: str) -> dict[str, str]:
    """This process's environment without our settings, in another home, with ``more`` set."""
    ours = {row.environment for row in environment_names()}
    kept = {k: v for k, v in os.environ.items() if k not in ours}
    return {**kept, "PYTHONPATH": str(ROOT), "HOME": str(home), **more}
