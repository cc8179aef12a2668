"""Scorecards as a person makes them: the command, real documents, a model server."""

from __future__ import annotations

import json
import re
import signal
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from bot.evaluation.scorecard import RATES
from tests.platforms.command import COMMAND, environment, run_command
from tests.platforms.models_server import ModelsServer
from tests.platforms.openai_answers import Message, quote_passages
from tests.platforms.openai_server import Behaviour, Fault
from tests.platforms.pumps import HOURS, PUMPS

pytestmark = pytest.mark.slow

Cli = Callable[..., subprocess.CompletedProcess[str]]
KEYS = {"n", *RATES, *(f"{name}_ci95" for name in RATES), "cost_usd", "p50_ms", "p95_ms"}


def remembering(messages: list[Message]) -> str:
    """Quotes passages where there are any; else it makes things up."""
    if "<passages>" in str(messages[-1]["content"]):
        return quote_passages(messages)
    return "That pump runs for 99 hours."


@pytest.fixture
def server() -> Iterator[ModelsServer]:
    behaviours = {
        "general": Behaviour(answer=quote_passages),
        "brand": Behaviour(answer=remembering),
        "broken": Behaviour(answer=quote_passages, fault=Fault.FAILED),
        "slow": Behaviour(answer=quote_passages, first_token_s=1.0),
    }
    with ModelsServer(by_model=behaviours) as running:
        yield running


@pytest.fixture
def cli(home: Path, tmp_path: Path) -> Cli:
    def run(*arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
        return run_command(
            "evaluate",
            *arguments,
            cwd=tmp_path,
            env=environment(home.parent, WELLSPOKEN_HOME=str(home), **more),
            timeout=100,
        )

    return run


@pytest.fixture
def pumps(tmp_path: Path) -> list[dict[str, Any]]:
    """Cases about four pumps, and one that nothing answers; they are the suite ``pumps``."""
    cases: list[dict[str, Any]] = [
        {
            "id": name,
            "question": f"How long does the {name} pump run?",
            "answers": [f"{HOURS[name]} hours"],
            "gold": [f"{name.lower()}.md"],
            "paraphrases": [f"For how long does a {name} pump run?"],
        }
        for name in PUMPS[:4]
    ]
    odd = {"id": "moon", "question": "Who painted the moon rover?", "answers": []}
    cases.append({**odd, "answerable": False})
    (tmp_path / "suites").mkdir()
    (tmp_path / "suites" / "pumps.jsonl").write_text("\n".join(map(json.dumps, cases)))
    return cases


def test_without_a_model_the_reader_answers_and_the_voice_abstains(
    cli: Cli, pumps: list[dict[str, Any]], home: Path, tmp_path: Path
) -> None:
    """The contract's object, and more; the reason on stderr; nothing among the turns; the questions
    kept out of training; the page stands alone; a run is listed and compared with itself."""
    done = cli("pumps", "--mode", "all", "--json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert set(told) == {"run", "suite", "modes", "report"}
    assert (told["suite"], list(told["modes"])) == ("pumps", ["rag", "voice", "hybrid"])
    for card in told["modes"].values():
        assert set(card) > KEYS
        assert card["n"] == len(pumps)
    voice = told["modes"]["voice"]
    assert (voice["abstain_recall"], voice["hallucination_rate"]) == (1, None)
    assert voice["retrieval_recall_at_5"] is None
    assert "no model speaks as the brand" in done.stderr
    with sqlite3.connect(home / "wellspoken.db") as database:
        assert database.execute("SELECT count(*) FROM turns").fetchone() == (0,)
        kept = {row[0] for row in database.execute("SELECT question FROM suite_questions")}
    assert {pumps[0]["question"], pumps[0]["paraphrases"][0]} <= kept
    page = Path(told["report"]).read_text()
    assert pumps[0]["question"] in page
    assert told["modes"]["rag"]["accuracy"] == 1
    assert not re.search(r"\b(?:src|href)=['\"]|url\(|@import", page)
    assert [p.suffix for p in (home / "evaluations").iterdir()] == [".html"]

    again = cli("pumps", "--mode", "rag", "--baseline", told["run"], "--json")
    compared = json.loads(again.stdout)["baseline"]
    assert compared["run"] == told["run"]
    assert compared["differences"]["rag"]["accuracy"]["verdict"] == "cannot tell"
    assert set(compared["differences"]) == {"rag"}
    other = tmp_path / "other.jsonl"
    case = {"id": "1", "question": "Is it?", "answers": ["x"], "gold": ["no"]}
    other.write_text(json.dumps(case))
    apart = cli(str(other), "--mode", "voice", "--mode", "rag", "--baseline", told["run"])
    assert apart.returncode == 0
    assert f"{told['run']} has none of these cases in these modes" in apart.stderr
    assert "rag: 1 of 1 gold documents are not in this home (no)" in apart.stderr
    assert "voice: 1 of 1" not in apart.stderr
    assert "other, 1 case " in apart.stdout
    assert "against" not in apart.stdout
    listed = json.loads(cli("--list", "--json").stdout)
    assert [line["run"] for line in listed][2] == told["run"]


def test_the_voice_alone_is_held_to_the_gold_documents(
    cli: Cli, pumps: list[dict[str, Any]], server: ModelsServer
) -> None:
    """What it makes up is a hallucination; the check keeps that out of the hybrid's answers."""
    models = {"OPENAI_BASE_URL": server.url, "WELLSPOKEN_MODEL": "general"}
    done = cli("pumps", "--json", WELLSPOKEN_VOICE_MODEL="brand", **models)
    assert done.returncode == 0, done.stderr
    modes = json.loads(done.stdout)["modes"]
    assert modes["voice"]["hallucination_rate"] == 1
    assert modes["voice"]["abstain_recall"] == 0
    assert modes["hybrid"]["hallucination_rate"] in (0, None)
    assert server.asked("brand") >= 2 * len(pumps)
    assert server.asked("general") > 0


def test_wrong_usage_is_one_sentence(cli: Cli, pumps: list[dict[str, Any]]) -> None:
    """No suite, an unknown suite, run or mode: exit code 2, and nothing on stdout."""
    assert pumps
    for arguments, told in (
        ((), "Name a suite"),
        (("gone",), 'no suite "gone"'),
        (("gone.jsonl",), "does not exist"),
        (("pumps", "--baseline", "run9"), '"run9"'),
        (("pumps", "--mode", "magic"), "magic"),
        (("pumps", "--judge"), "a judge is a model, and none is set"),
        (("pumps", "--repeat", "0"), "--repeat"),
    ):
        done = cli(*arguments)
        assert (done.returncode, done.stdout) == (2, ""), done
        assert told in done.stderr


def test_ctrl_c_keeps_what_was_answered(
    home: Path, tmp_path: Path, pumps: list[dict[str, Any]], server: ModelsServer, cli: Cli
) -> None:
    """Exit code 130 without a traceback; the next run asks only what is left."""
    models = {"OPENAI_BASE_URL": server.url, "WELLSPOKEN_MODEL": "slow"}
    process = subprocess.Popen(
        [*COMMAND, "evaluate", "pumps", "--mode", "voice", "--at-once", "1"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(home.parent, WELLSPOKEN_HOME=str(home), **models),
    )
    deadline = time.monotonic() + 60
    while server.asked("slow") < 4 and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=120)
    assert process.returncode == 130
    assert "Traceback" not in said
    before = server.asked("slow")
    questions = sum(1 + len(case.get("paraphrases", [])) for case in pumps)
    assert cli("pumps", "--mode", "voice", **models).returncode == 0
    assert server.asked("slow") - before <= questions - 3


def test_a_model_that_is_down_is_not_measured(
    cli: Cli, pumps: list[dict[str, Any]], server: ModelsServer
) -> None:
    """Exit code 1 and one sentence, instead of figures of the reader that stands in."""
    assert pumps
    for mode in ("hybrid", "voice"):
        done = cli("pumps", "--mode", mode, OPENAI_BASE_URL=server.url, WELLSPOKEN_MODEL="broken")
        assert (done.returncode, done.stdout) == (1, ""), done
        assert "broken failed" in done.stderr
        assert "Traceback" not in done.stderr


def test_several_suites_are_an_object_a_line(
    cli: Cli, pumps: list[dict[str, Any]], tmp_path: Path
) -> None:
    """Each with its own run, in their order; a second time with the same name is the same suite."""
    (tmp_path / "other.jsonl").write_text(json.dumps(pumps[0]))
    done = cli("other.jsonl", "pumps", "other.jsonl", "--mode", "auto", "--json")
    told = [json.loads(line) for line in done.stdout.splitlines()]
    assert [card["suite"] for card in told] == ["other", "pumps"]
    assert told[0]["run"] != told[1]["run"]
    assert list(told[0]["modes"]) == ["auto"]


def test_each_case_is_asked_with_its_groups(cli: Cli, home: Path, tmp_path: Path) -> None:
    """Staff get the answer, in both wordings; whoever is in no group is refused it."""
    docs = tmp_path / "staff"
    docs.mkdir()
    (docs / "bonus.md").write_text(
        "---\ngroups: [staff]\n---\n# Bonus\n\nThe staff bonus is 300 dollars a year.\n"
    )
    subprocess.run(
        [*COMMAND, "ingest", str(docs)],
        cwd=tmp_path,
        env=environment(home.parent, WELLSPOKEN_HOME=str(home)),
        check=True,
        capture_output=True,
        timeout=60,
    )
    asked = "How much is the staff bonus?"
    lines = [
        {"id": 1, "question": asked, "answers": ["300 dollars"], "groups": ["staff"],
         "gold": ["bonus.md"], "paraphrases": ["What is the staff bonus?"]},
        {"id": 2, "question": asked, "answers": [], "answerable": False},
    ]  # fmt: skip
    (tmp_path / "bonus.jsonl").write_text("\n".join(map(json.dumps, lines)))
    done = cli("bonus", "--mode", "hybrid", "--json")
    card = json.loads(done.stdout)["modes"]["hybrid"]
    assert (card["accuracy"], card["abstain_recall"], card["consistency"]) == (1, 1, 1)
    assert card["retrieval_recall_at_5"] == card["citation_recall"] == 1


def test_the_same_question_again_is_really_asked_again(
    cli: Cli, pumps: list[dict[str, Any]], server: ModelsServer
) -> None:
    """A voice that says another number each time is consistent in no run, and is charged for all
    of them; the judge calls what it makes up made up, and is told apart from who answers."""
    said = iter(range(10, 1000))
    server.by_model = {
        "moody": Behaviour(answer=lambda _messages: f"That pump runs for {next(said)} hours."),
        "strict": Behaviour(
            answer=lambda messages: (
                '{"verdict": "INCORRECT", "reason": "another number"}'
                if "You grade" in str(messages[0]["content"])
                else '{"verdict": "UNSUPPORTED", "passage": null, "reason": "made up"}'
            )
        ),
    }
    models = {"OPENAI_BASE_URL": server.url, "WELLSPOKEN_MODEL": "moody"}
    done = cli(
        "pumps", "--mode", "voice", "--repeat", "3", "--judge-model", "strict", "--json", **models
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    card = told["modes"]["voice"]
    assert (told["repeat"], told["judge"]) == (3, "strict")
    assert card["consistency_over_runs"] == 0
    assert server.asked("moody") == 3 * len(pumps) + sum(
        len(c.get("paraphrases", ())) for c in pumps
    )
    assert (card["judge_accuracy"], card["judge_hallucination_rate"]) == (0, 1)
    assert card["models"]["moody"]["asked"] == server.asked("moody")
    assert card["models"]["strict"]["prompt_tokens"] > 0
    assert card["prompt_tokens"] < card["models"]["moody"]["prompt_tokens"]
