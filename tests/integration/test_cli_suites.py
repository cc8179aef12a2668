"""``wellspoken suite`` as a process of its own, over the sample documents."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.platforms.command import environment, run_command

pytestmark = pytest.mark.slow

Cli = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def cli(tmp_path: Path) -> Cli:
    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return run_command(
            *arguments,
            cwd=tmp_path,
            env=environment(tmp_path, WELLSPOKEN_HOME=str(tmp_path / "home")),
            timeout=110,
        )

    return run


def test_from_documents_to_a_suite_that_evaluate_finds(cli: Cli, tmp_path: Path) -> None:
    """Proposed, shown, decided on, exported; `evaluate` asks the approved cases by name."""
    assert cli("init", "--sample", ".").returncode == 0
    assert cli("ingest").returncode == 0
    done = json.loads(cli("suite", "propose", "trial", "--count", "12", "--json").stdout)
    assert (done["suite"], done["proposed"], done["known"]) == ("trial", 12, 0)
    cases = json.loads(cli("suite", "show", "trial", "--json").stdout)
    assert len(cases) == 12
    assert {"id", "question", "answers", "state", "quote", "origin"} <= set(cases[0])
    assert any(not case["answerable"] for case in cases)
    first, second, third = (case["id"] for case in cases[:3])
    assert cli("suite", "reject", "trial", first).stdout == "1 case of trial rejected\n"
    assert cli("suite", "approve", "trial", second, third).returncode == 0
    added = cli("suite", "add", "trial", "Who sings?", "--no-answer", "--id", "song")
    assert added.stdout == "song added to trial\n"
    (line,) = json.loads(cli("suite", "list", "--json").stdout)
    assert (line["proposed"], line["approved"], line["rejected"]) == (9, 3, 1)
    told = cli("suite", "export", "trial", "--out", "trial.jsonl")
    assert told.stdout == "3 cases of trial in trial.jsonl\n"
    lines = [json.loads(x) for x in (tmp_path / "trial.jsonl").read_text().splitlines()]
    assert {line["id"] for line in lines} == {second, third, "song"}
    (tmp_path / "trial.jsonl").write_text("mine\n")
    again = cli("suite", "export", "trial", "--out", "trial.jsonl")
    assert (again.returncode, (tmp_path / "trial.jsonl").read_text()) == (2, "mine\n")
    assert "trial.jsonl is there already; name another file, or add --force." in again.stderr
    assert cli("suite", "export", "trial", "--out", "trial.jsonl", "--force").returncode == 0
    assert len((tmp_path / "trial.jsonl").read_text().splitlines()) == 3
    (tmp_path / "trial.jsonl").unlink()
    card = json.loads(cli("evaluate", "trial", "--mode", "rag", "--json").stdout)
    assert (card["suite"], card["modes"]["rag"]["n"]) == ("trial", 3)
    deeds = json.loads(cli("audit", "list", "--kind", "operator", "--json").stdout)
    runs = [deed for deed in deeds if deed["action"] == "evaluation started"]
    assert [(run["subject"], run["modes"]) for run in runs] == [("trial", "rag")]


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("show", "nothing"), "nothing"),
        (("approve", "nothing"), "--all"),
        (("add", "trial", "Who?"), "--answer"),
        (("propose", "a/b"), "letters"),
        (("propose",), "wellspoken ingest"),
        (("export", "nothing"), "nothing"),
    ],
)
def test_a_mistake_gets_one_sentence(cli: Cli, arguments: tuple[str, ...], why: str) -> None:
    """Exit code 2, what to do, and no traceback."""
    told = cli("suite", *arguments)
    assert told.returncode == 2, told.stderr
    assert why in told.stderr
    assert "Traceback" not in told.stderr
