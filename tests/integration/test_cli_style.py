"""``wellspoken style`` and ``persona learn`` as processes, with a home and without."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.platforms.command import ROOT, environment, run_command
from tests.platforms.openai_server import Behaviour, OpenAIServer

pytestmark = pytest.mark.slow

Cli = Callable[..., subprocess.CompletedProcess[str]]
PAIRS = ROOT / "benchmarks" / "style_pairs" / "fernbank.jsonl"
STIFF = "The subscription may be suspended during the winter, upon request of the customer."


@pytest.fixture
def cli(tmp_path: Path) -> Cli:
    def run(*arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
        return run_command(
            *arguments,
            cwd=tmp_path,
            env=environment(tmp_path, WELLSPOKEN_HOME=str(tmp_path / "home"), **more),
            timeout=60,
        )

    return run


def test_style_makes_no_home(cli: Cli, tmp_path: Path) -> None:
    """Without a home the rules alone score, and none is made."""
    done = cli("style", "--json", "We ROCK!!")
    assert done.returncode == 0
    assert set(json.loads(done.stdout)) == {"score", "findings"}
    assert not (tmp_path / "home").exists()


def test_what_is_learned_is_used_listed_and_shown(cli: Cli) -> None:
    """Learning keeps a classifier that style scores by; a dry run keeps nothing."""
    dry = json.loads(
        cli("persona", "learn", "--examples", str(PAIRS), "--dry-run", "--json").stdout
    )
    assert dry["kept"] is False
    assert cli("style", "--json", STIFF).stdout == '{"score": 1.0, "findings": []}\n'
    learned = json.loads(cli("persona", "learn", "--examples", str(PAIRS), "--json").stdout)
    assert learned["kept"] is True
    assert learned["origins"]["file"] == {"on_voice": 120, "off_voice": 120}
    assert learned["auc"] > 0.95
    scored = json.loads(cli("style", "--json", STIFF).stdout)
    assert scored["score"] < 0.5
    assert {finding["rule"] for finding in scored["findings"]} == {"voice"}
    listed = json.loads(cli("persona", "versions", "--json").stdout)
    assert [each["version"] for each in listed] == [learned["persona"]]
    shown = json.loads(cli("persona", "show", "--version", learned["persona"], "--json").stdout)
    assert shown["classifier"]["on_voice"] == 120


def test_wrong_use_is_one_sentence(cli: Cli) -> None:
    """Too few examples, no model to judge, an unknown version: a sentence and its exit code."""
    for arguments, code, words in (
        (("persona", "learn"), 1, "more in the voice"),
        (("style", "--judge", "Hi."), 2, "WELLSPOKEN_MODEL"),
        (("persona", "show", "--version", "nope"), 2, 'no persona version "nope"'),
    ):
        done = cli(*arguments)
        assert done.returncode == code
        assert words in done.stderr
        assert "Traceback" not in done.stderr


def test_a_model_judges_beside_the_rules(cli: Cli) -> None:
    """The judge's score and reason stand beside the score; what is no judgement fails, in words."""
    said = '{"score": 0.3, "reason": "an office speaks"}'
    with OpenAIServer(Behaviour(models=("big",), answer=said)) as server:
        models = {"OPENAI_BASE_URL": server.url, "WELLSPOKEN_MODEL": "big"}
        done = cli("style", "--judge", "--json", STIFF, **models)
        assert json.loads(done.stdout)["judge"] == {"score": 0.3, "reason": "an office speaks"}
        server.behaviour = Behaviour(models=("big",), answer="Lovely text.")
        unclear = cli("style", "--judge", STIFF, **models)
    assert unclear.returncode == 1
    assert "gave no score" in unclear.stderr
