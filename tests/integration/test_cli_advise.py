"""``wellspoken advise`` as a process of its own, in an empty home."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.platforms.command import environment, run_command

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
    def run(*arguments: str, typed: str = "") -> subprocess.CompletedProcess[str]:
        return run_command(
            "advise",
            *arguments,
            cwd=tmp_path,
            env=environment(tmp_path, WELLSPOKEN_HOME=str(tmp_path / "home")),
            typed=typed,
            timeout=60,
        )

    return run


def test_an_empty_home_gets_an_advice_for_people_and_for_scripts(cli: Cli) -> None:
    """What is assumed is said; the object has the eight factors."""
    told = cli()
    assert told.returncode == 0, told.stderr
    assert told.stdout.startswith("Use retrieval")
    for heading in (
        "Why",
        "Next",
        "The four questions",
        "The eight factors",
        "What would change the advice",
        "Not said, so taken as",
    ):
        assert f"\n{heading}\n" in told.stdout
    found = json.loads(cli("--json").stdout)
    assert list(found)[:3] == ["recommendation", "factors", "next_steps"]
    assert found["summary"].startswith("Use retrieval")
    assert [set(q) for q in found["questions"]] == [
        {"question", "answer", "origin", "speaks_for"}
    ] * 4
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


def test_the_example_is_an_answers_file(cli: Cli, tmp_path: Path) -> None:
    """What is printed is read again."""
    path = tmp_path / "answers.json"
    path.write_text(cli("--example").stdout, "utf-8")
    done = cli("--answers", str(path), "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["recommendation"] == "rag"
    assert json.loads(done.stdout)["assumed"] == []


def test_questions_are_asked_one_by_one_and_kept(cli: Cli, tmp_path: Path) -> None:
    """A wrong answer is asked again, a beginning is enough, Enter leaves one open."""
    typed = "\nsometimes\nnev\nhigh\n\n\nno\n\n\n\n20,000\n"
    done = cli("--ask", "--out", "mine.json", "--json", typed=typed)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["recommendation"] == "fine-tuning"
    assert "write one of hourly" in done.stderr
    assert json.loads((tmp_path / "mine.json").read_text()) == {
        "new_data": "never",
        "style_control": "high",
        "sources_required": False,
        "monthly_queries": 20000.0,
    }
    again = cli("--ask", "--out", "mine.json", typed=typed)
    assert again.returncode == 2
    assert "is there already" in again.stderr


def test_nobody_there_leaves_all_questions_open(cli: Cli) -> None:
    """The end of the input is no endless loop."""
    assert cli("--ask", typed="").returncode == 0


def test_the_end_of_the_input_leaves_the_rest_open(cli: Cli) -> None:
    """One Ctrl-D is enough; the advice comes from what was answered."""
    done = cli("--ask", "--json", typed="shop help\nnev\n")
    assert done.returncode == 0, done.stderr
    assert (" 3. " in done.stderr, " 4. " in done.stderr) == (True, False)
    assert json.loads(done.stdout)["questions"][0]["answer"] == "no, it never changes"


def test_wrong_answers_are_wrong_usage(cli: Cli, tmp_path: Path) -> None:
    """Exit code 2 and one sentence."""
    path = tmp_path / "answers.json"
    path.write_text('{"new_data": "sometimes"}', "utf-8")
    for file in (str(path), str(tmp_path / "missing.json")):
        done = cli("--answers", file)
        assert done.returncode == 2
        assert done.stderr.count("\n") == 1
        assert not done.stdout
    path.write_text('{"new_data": "sometimes"}', "utf-8")
    told = cli("--answers", str(path)).stderr
    for part in ('"new_data"', '"sometimes"', "hourly, daily, weekly, monthly, yearly, never"):
        assert part in told
    nothing = [f"--weight={factor.replace(' ', '-')}=0" for factor in EIGHT]
    assert cli(*nothing).returncode == 2
