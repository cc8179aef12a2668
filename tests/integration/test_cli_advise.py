"""``wellspoken advise`` as a process of its own, in an empty home."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.platforms.command import COMMAND, environment

pytestmark = pytest.mark.slow

Cli = Callable[..., subprocess.CompletedProcess[str]]
EIGHT = [
    "upfront cost",
    "time to deploy",
    "factual accuracy",
    "handling of new data",
    "style and behaviour control",
    "hallucination risk",
    "data governance",
    "task fit",
]


@pytest.fixture
def cli(tmp_path: Path) -> Cli:
    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*COMMAND, "advise", *arguments],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=60,
            env=environment(tmp_path, WELLSPOKEN_HOME=str(tmp_path / "home")),
            check=False,
        )

    return run


def test_an_empty_home_gets_an_advice_for_people_and_for_scripts(cli: Cli) -> None:
    """What is assumed is said; the object has the eight factors."""
    told = cli()
    assert told.returncode == 0, told.stderr
    assert told.stdout.startswith("Use retrieval")
    for heading in ("Why", "Next", "What would change the advice", "Not said, so taken as"):
        assert f"\n{heading}\n" in told.stdout
    found = json.loads(cli("--json").stdout)
    assert set(found) == {"recommendation", "factors", "next_steps"}
    assert [factor["factor"] for factor in found["factors"]] == EIGHT
    names = {"factor", "rag", "fine_tuning", "hybrid", "weight", "reason", "evidence"}
    assert all(set(factor) == names for factor in found["factors"])


def test_answers_decide(cli: Cli, tmp_path: Path) -> None:
    """Read from a file; a weight can be changed."""
    path = tmp_path / "answers.json"
    path.write_text(json.dumps({"style_control": "high", "new_data": "never"}), "utf-8")
    assert json.loads(cli("--answers", str(path), "--json").stdout)["recommendation"] == (
        "fine-tuning"
    )
    heavier = cli("--answers", str(path), "--json", "--weight", "data-governance=100")
    assert json.loads(heavier.stdout)["recommendation"] == "rag"


def test_wrong_answers_are_wrong_usage(cli: Cli, tmp_path: Path) -> None:
    """Exit code 2 and one sentence."""
    path = tmp_path / "answers.json"
    path.write_text('{"new_data": "sometimes"}', "utf-8")
    for file in (str(path), str(tmp_path / "missing.json")):
        done = cli("--answers", file)
        assert done.returncode == 2
        assert done.stderr.count("\n") == 1
        assert not done.stdout
