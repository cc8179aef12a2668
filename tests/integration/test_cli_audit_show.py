"""``audit show`` as an operator sees it: a turn from the question to the check."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from tests.platforms.command import environment, run_command

PAGE = """---
title: MG-200
---
# MG-200

The warranty of the MG-200 is 24 months.
"""


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The command in a folder of its own."""
    return run_command(
        *arguments,
        cwd=folder,
        env=environment(folder),
        timeout=60,
    )


def test_a_turn_is_told_whole(tmp_path: Path) -> None:
    """For people and for scripts; an unknown turn is one sentence and exit code 2."""
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "mg-200.md").write_text(PAGE, "utf-8")
    assert run(tmp_path, "ingest", "docs").returncode == 0
    asked = json.loads(run(tmp_path, "ask", "How long is the MG-200's warranty?", "--json").stdout)

    told = run(tmp_path, "audit", "show", asked["turn"])
    assert told.returncode == 0
    for part in ("warranty", "supported", "mg-200.md", "[1]", "entry 1, holds"):
        assert part in told.stdout

    story = json.loads(run(tmp_path, "audit", "show", asked["turn"], "--json").stdout)
    assert story["answer"] == asked["answer"]
    assert story["claims"][0]["supported"]
    assert story["passages"][0]["cited"] == [1]
    assert story["audit"]["holds"]

    unknown = run(tmp_path, "audit", "show", "nope")
    assert (unknown.returncode, unknown.stdout) == (2, "")
    assert unknown.stderr.count("\n") == 1
