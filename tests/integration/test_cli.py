"""The command line as a user sees it: a process of its own, in an empty folder."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from tests.platforms.command import COMMAND, environment, run_command

Cli = Callable[..., subprocess.CompletedProcess[str]]

PAGE = """---
title: MG-200
uri: https://docs.example/mg-200
---
# MG-200

## Pressure

The MG-200 needs 2.5 bar of water pressure.

## Warranty

The warranty of the MG-200 is 24 months.
"""
STAFF = """---
title: Discounts
groups: [staff]
---
# Discounts

A support agent may grant a discount of up to 17 percent without asking.
"""


@pytest.fixture
def cli(tmp_path: Path) -> Cli:
    def run(*arguments: str, stdin: str = "", **variables: str) -> subprocess.CompletedProcess[str]:
        return run_command(
            *arguments,
            cwd=tmp_path,
            env=environment(tmp_path, **variables),
            typed=stdin,
            timeout=60,
        )

    return run


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    folder = tmp_path / "docs"
    (folder / "staff").mkdir(parents=True)
    (folder / "mg-200.md").write_text(PAGE, "utf-8")
    (folder / "staff" / "discounts.md").write_text(STAFF, "utf-8")
    return folder


def objects(text: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in text.splitlines()]


def test_documents_in_cited_answer_out(cli: Cli, docs: Path) -> None:
    """The whole path: init, ingest, ask; the answer quotes its source."""
    assert cli("init").returncode == 0
    read = json.loads(cli("ingest", "docs", "--json").stdout)
    assert read.keys() == {
        "added",
        "changed",
        "unchanged",
        "removed",
        "failed",
        "chunks",
        "seconds",
    }
    assert (read["added"], read["failed"]) == (2, [])
    done = cli("ask", "How much water pressure does the MG-200 need?", "--json")
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert "2.5 bar" in answer["answer"]
    assert answer["outcome"] == "answered"
    assert answer["citations"][0]["document"] == "mg-200.md"
    assert answer["citations"][0]["uri"] == "https://docs.example/mg-200"
    assert "2.5 bar" in answer["citations"][0]["quote"]
    assert answer["grounding"]["supported"] is True
    assert answer.keys() == {
        "answer",
        "outcome",
        "route",
        "citations",
        "grounding",
        "model",
        "usage",
        "timings_ms",
        "turn",
    }


def test_staff_documents_are_for_staff(cli: Cli, docs: Path) -> None:
    """Without the group neither search nor answer knows them; with it both do."""
    cli("ingest", "docs")
    question = "How much discount may a support agent grant?"
    public = json.loads(cli("ask", question, "--json").stdout)
    assert public["outcome"] == "abstained"
    assert "17" not in public["answer"] and public["citations"] == []
    staff = json.loads(cli("ask", question, "--group", "staff", "--json").stdout)
    assert "17 percent" in staff["answer"]
    found = json.loads(cli("search", "discount", "--json").stdout)["passages"]
    assert all(p["document"] != "staff/discounts.md" for p in found)


def test_a_second_ingest_changes_nothing_and_a_removed_file_is_gone(cli: Cli, docs: Path) -> None:
    """What is gone from the folder is gone from the answers."""
    cli("ingest", "docs")
    again = json.loads(cli("ingest", "docs", "--json").stdout)
    assert (again["unchanged"], again["added"], again["changed"]) == (2, 0, 0)
    (docs / "mg-200.md").unlink()
    pruned = json.loads(cli("ingest", "docs", "--json").stdout)
    assert pruned["removed"] == 1
    answer = json.loads(cli("ask", "How long is the warranty of the MG-200?", "--json").stdout)
    assert answer["outcome"] == "abstained"


def test_json_lines_keep_order_and_report_bad_lines(cli: Cli, docs: Path) -> None:
    """A bad line gets its error, the rest goes on, and the exit code says so."""
    cli("ingest", "docs")
    lines = [
        '{"id": "a", "question": "How long is the warranty of the MG-200?"}',
        "not json",
        '{"id": "c"}',
        '{"id": 4, "question": "How much discount may an agent grant?", "groups": ["staff"]}',
        '{"id": "e", "question": ""}',
    ]
    done = cli("ask", "--jsonl", "-", stdin="\n".join(lines) + "\n")
    assert done.returncode == 1
    results = objects(done.stdout)
    assert [r["id"] for r in results] == ["a", None, "c", 4, "e"]
    assert "24 months" in str(results[0]["answer"])
    assert all(results[i].keys() == {"id", "error"} for i in (1, 2, 4))
    assert "17 percent" in str(results[3]["answer"])


def test_each_stage_runs_alone(cli: Cli, docs: Path) -> None:
    """route, rewrite, ground and style answer without a knowledge base."""
    routed = cli("route", "--jsonl", "-", stdin='{"id": 1, "text": "Hello!"}\n')
    assert objects(routed.stdout)[0].keys() == {"id", "route", "confidence", "reasons"}
    assert objects(routed.stdout)[0]["route"] == "voice"
    history = [
        {"role": "user", "text": "How long is the warranty of the MG-200?"},
        {"role": "assistant", "text": "It is 24 months."},
    ]
    asked = json.dumps({"id": 1, "question": "And the MG-400?", "history": history})
    query = str(objects(cli("rewrite", "--jsonl", "-", stdin=asked).stdout)[0]["query"])
    assert "warranty" in query and "MG-400" in query
    checked = json.dumps(
        {
            "id": 1,
            "answer": "It needs 2.5 bar. It costs 99 EUR.",
            "passages": ["The MG-200 needs 2.5 bar of pressure. It needs 2.5 bar."],
        }
    )
    (grounded,) = objects(cli("ground", "--jsonl", "-", stdin=checked).stdout)
    assert grounded["supported"] is False
    (claim,) = grounded["unsupported"]  # type: ignore[misc]
    assert claim["text"] == "It costs 99 EUR."  # type: ignore[index]
    styled = json.loads(cli("style", "We leverage synergies!!!", "--json").stdout)
    assert 0 <= styled["score"] <= 1


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["ingest", "nowhere"], "nowhere does not exist"),
        (["ingest"], "Nothing to read in"),
        (["ask"], "Give a question"),
        (["ask", "x", "--jsonl", "y"], "Give a question"),
        (["ask", "--jsonl", "nowhere.jsonl"], "nowhere.jsonl does not exist"),
        (["documents", "show", "nothing.md"], "nothing.md"),
        (["search", "x", "-k", "0"], "greater than or equal to 1"),
        (["serve", "--only", "fax"], "--only takes"),
        (["persona", "check", "nowhere.yaml"], "nowhere.yaml does not exist"),
        (["fly"], "fly"),
        (["ask", ""], "question"),
    ],
)
def test_wrong_usage_is_one_sentence_and_exit_code_2(
    cli: Cli, arguments: Sequence[str], words: str
) -> None:
    """Never a traceback for a user's mistake."""
    done = cli(*arguments)
    assert done.returncode == 2, done.stderr
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_a_broken_settings_file_is_named_with_its_line(cli: Cli, tmp_path: Path) -> None:
    """The file, the line, what to write."""
    (tmp_path / "wellspoken.toml").write_text('[bot]\nname = "X"\nreply_wen = "x"\n', "utf-8")
    done = cli("ask", "hello")
    assert done.returncode == 2
    assert 'wellspoken.toml:3: unknown setting "reply_wen"' in done.stderr


def test_an_unreachable_database_is_one_sentence(cli: Cli) -> None:
    """It says what to start or correct, and hides the password."""
    url = "postgresql://user:hidden@127.0.0.1:1/db"
    done = cli("ask", "hello", DATABASE_URL=url)
    assert done.returncode == 1
    assert "cannot be reached" in done.stderr and "hidden" not in done.stderr
    assert "Traceback" not in done.stderr


def test_an_unreachable_model_server_still_gives_the_quoted_answer(cli: Cli, docs: Path) -> None:
    """The built-in reader steps in, and a remark on stderr says why."""
    cli("ingest", "docs")
    done = cli(
        "ask",
        "How long is the warranty of the MG-200?",
        OPENAI_BASE_URL="http://127.0.0.1:1/v1",
        WELLSPOKEN_MODEL="m",
    )
    assert "24 months" in done.stdout
    assert "cannot be reached" in done.stderr


def test_doctor_names_what_is_wrong_and_how_to_mend_it(cli: Cli) -> None:
    """A healthy folder passes; a model server that is down fails with a fix."""
    healthy = cli("doctor", "--json")
    checks = json.loads(healthy.stdout)
    assert healthy.returncode == 0, checks
    assert all(c.keys() == {"check", "ok", "detail", "fix"} for c in checks)
    sick = cli("doctor", "--json", OPENAI_BASE_URL="http://127.0.0.1:1/v1", WELLSPOKEN_MODEL="m")
    assert sick.returncode == 1
    (fault,) = [c for c in json.loads(sick.stdout) if not c["ok"]]
    assert fault["check"] == "model" and fault["fix"]


def test_secrets_are_never_shown(cli: Cli) -> None:
    """config show prints stars."""
    done = cli(
        "config",
        "show",
        SLACK_BOT_TOKEN="xoxb-hidden",
        OPENAI_API_KEY="sk-hidden",
        WELLSPOKEN_MODEL="m",
    )
    assert "hidden" not in done.stdout + done.stderr
    assert "********" in done.stdout


def test_init_keeps_what_is_there(cli: Cli, tmp_path: Path) -> None:
    """A second init overwrites nothing."""
    cli("init")
    (tmp_path / "persona.yaml").write_text("name: Mine\n", "utf-8")
    again = json.loads(cli("init", "--json").stdout)
    assert again["written"] == []
    assert (tmp_path / "persona.yaml").read_text("utf-8") == "name: Mine\n"
    assert cli("persona", "check", "persona.yaml").returncode == 0


def test_ctrl_c_ends_with_130_and_without_a_traceback(tmp_path: Path) -> None:
    """An interrupted command says nothing more."""
    process = subprocess.Popen(
        [*COMMAND, "ask", "--jsonl", "-"],
        cwd=tmp_path,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(tmp_path),
    )
    assert process.stdin is not None and process.stdout is not None
    process.stdin.write('{"id": 1, "question": "Hello!"}\n')
    process.stdin.flush()
    assert json.loads(process.stdout.readline())["id"] == 1
    time.sleep(0.2)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=120)
    assert process.returncode == 130
    assert "Traceback" not in errors
