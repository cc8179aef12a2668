"""The demo as a stranger meets it: one command, real processes, the sample knowledge."""

from __future__ import annotations

import json
import os
import re
import select
import signal
import stat
import subprocess
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest

from knowledge.sample import FOLLOW_UP, SUGGESTIONS
from tests.platforms.command import COMMAND, environment, run_command
from tests.platforms.ports import free_port

TOKEN = "demo-token-for-tests"
START_S = 60


def start(folder: Path, *arguments: str, **variables: str) -> subprocess.Popen[str]:
    with (folder / "log.txt").open("a", encoding="utf-8") as log:
        return subprocess.Popen(
            [*COMMAND, *arguments],
            cwd=folder,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            env=environment(folder, **variables),
        )


def announced(process: subprocess.Popen[str]) -> list[str]:
    """What is printed until the address and the way to stop are there."""
    printed = ""
    assert process.stdout is not None
    until = time.monotonic() + START_S
    while time.monotonic() < until and process.poll() is None:
        if select.select([process.stdout], [], [], 0.5)[0]:
            printed += os.read(process.stdout.fileno(), 4096).decode()
            if "Ctrl-C" in printed:
                return printed.splitlines()
    raise AssertionError(f"the server did not come up: {printed!r}")


def stopped(process: subprocess.Popen[str], name: signal.Signals) -> tuple[int, float]:
    """Exit code and seconds after a signal."""
    begun = time.monotonic()
    process.send_signal(name)
    process.communicate(timeout=120)
    return process.returncode, time.monotonic() - begun


@dataclass
class Demo:
    """A running demo."""

    url: str
    folder: Path
    http: httpx2.Client

    def ask(self, question: str, **more: Any) -> dict[str, Any]:
        done = self.http.post("/api/ask", json={"question": question, **more})
        assert done.status_code == 200, done.text
        answer: dict[str, Any] = done.json()
        return answer


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    folder = tmp_path_factory.mktemp("demo")
    port = free_port()
    process = start(folder, "demo", "--port", str(port), WELLSPOKEN_CONSOLE_TOKEN=TOKEN)
    try:
        announced(process)
        url = f"http://127.0.0.1:{port}"
        headers = {"Authorization": f"Bearer {TOKEN}"}
        with httpx2.Client(base_url=url, headers=headers, timeout=120) as http:
            yield Demo(url, folder, http)
    finally:
        process.terminate()
        process.communicate(timeout=120)


@pytest.mark.parametrize(
    ("question", "words", "document"),
    [
        (SUGGESTIONS[0], "24 months", "policies/warranty.md"),
        (SUGGESTIONS[1], "$60", "billing/plans.md"),
        (SUGGESTIONS[2], "no current flows", "troubleshooting/valve-does-not-open.md"),
        (SUGGESTIONS[3], "curl -X POST", "api/zones-and-runs.md"),
    ],
)
def test_suggestions_get_right_cited_answers(
    demo: Demo, question: str, words: str, document: str
) -> None:
    """A fact, a number that is easily confused, a table's row, and code."""
    answer = demo.ask(question)
    assert answer["outcome"] == "answered"
    assert words in answer["answer"]
    assert document in [c["document"] for c in answer["citations"]]
    assert answer["grounding"]["supported"] is True
    markers = {int(n) for n in re.findall(r"\[(\d+)\]", answer["answer"])}
    assert markers == {c["n"] for c in answer["citations"]}


def test_what_nobody_wrote_is_not_answered(demo: Demo) -> None:
    """The unanswerable suggestion is refused, without sources."""
    answer = demo.ask(SUGGESTIONS[4])
    assert (answer["outcome"], answer["citations"]) == ("abstained", [])


def test_what_only_staff_may_know_is_for_staff(demo: Demo) -> None:
    """The same question with and without the group."""
    assert demo.ask(SUGGESTIONS[5])["outcome"] == "abstained"
    staff = demo.ask(SUGGESTIONS[5], groups=["staff"])
    assert staff["outcome"] == "answered"
    assert staff["citations"][0]["document"].startswith("staff/")


def test_a_follow_up_is_understood(demo: Demo) -> None:
    """\"And the MG-400?\" asks for its warranty."""
    demo.ask(SUGGESTIONS[0], thread="follow-up")
    assert "36 months" in demo.ask(FOLLOW_UP, thread="follow-up")["answer"]


def test_what_staff_were_told_does_not_come_back_through_the_thread(demo: Demo) -> None:
    """The public follow-up in the same thread neither quotes nor repeats it."""
    told = demo.ask(SUGGESTIONS[5], groups=["staff"], thread="mixed")
    answer = demo.ask("Can you repeat that?", thread="mixed")
    assert answer["citations"] == []
    for number in re.findall(r"\d+ percent|\d+%", told["answer"]):
        assert number not in answer["answer"]


def test_an_answer_streams_and_ends_with_the_whole_object(demo: Demo) -> None:
    """Server-sent events: tokens that join to the answer, then the answer."""
    body = {"question": SUGGESTIONS[2], "stream": True}
    events: list[tuple[str, dict[str, Any]]] = []
    with demo.http.stream("POST", "/api/ask", json=body) as response:
        name = ""
        for line in response.iter_lines():
            if line.startswith("event:"):
                name = line.removeprefix("event:").strip()
            elif line.startswith("data:"):
                events.append((name, json.loads(line.removeprefix("data:"))))
    assert events[-1][0] == "answer"
    tokens = [data["text"] for name, data in events if name == "token"]
    assert "".join(tokens) == events[-1][1]["answer"]


def test_a_repeated_request_is_the_same_turn(demo: Demo) -> None:
    """The idempotency key makes one turn of two requests."""
    turns = {
        demo.http.post(
            "/api/ask", json={"question": "Hello!"}, headers={"Idempotency-Key": "k-1"}
        ).json()["turn"]
        for _ in range(2)
    }
    assert len(turns) == 1


def test_a_thumb_is_kept_with_its_turn_and_the_last_word_counts(demo: Demo) -> None:
    """Rated through the API, listed by the command in another process."""
    turn = demo.ask(SUGGESTIONS[0])["turn"]
    for body in ({"rating": "up"}, {"rating": "down", "reason": "r", "correction": "c"}):
        assert demo.http.post("/api/feedback", json={"turn": turn, **body}).status_code == 200
    listed = command(demo.folder, "feedback", "list", "--json")
    (entry,) = [e for e in json.loads(listed.stdout) if e["turn"] == turn]
    assert (entry["rating"], entry["reason"], entry["correction"]) == ("down", "r", "c")
    assert entry.keys() >= {"turn", "platform", "author", "question", "answer", "created_at"}


def command(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return run_command(
        *arguments,
        cwd=folder,
        env=environment(folder),
        timeout=60,
    )


def test_the_trail_of_the_demo_is_whole(demo: Demo) -> None:
    """Every answer is in the audit trail, and nothing is missing from it."""
    turn = demo.ask(SUGGESTIONS[0])["turn"]
    entries = json.loads(command(demo.folder, "audit", "list", "--json").stdout)
    (entry,) = [e for e in entries if e.get("turn") == turn]
    assert entry.keys() >= {
        "turn",
        "at",
        "author",
        "audience",
        "route",
        "reasons",
        "used",
        "withheld",
        "model",
        "grounding",
        "outcome",
        "hash",
    }
    assert command(demo.folder, "audit", "verify").returncode == 0


@pytest.mark.parametrize("path", ["/api/ask", "/api/feedback"])
def test_without_the_token_the_api_is_closed(demo: Demo, path: str) -> None:
    """401 as JSON, also for a wrong token."""
    for headers in ({}, {"Authorization": "Bearer wrong"}):
        with httpx2.Client(base_url=demo.url, headers=headers, timeout=60) as stranger:
            refused = stranger.post(path, json={"question": "x"})
            assert refused.status_code == 401
            assert refused.json()


def test_health_and_metrics_are_open(demo: Demo) -> None:
    """Probes and counters need no token."""
    demo.ask(SUGGESTIONS[0])
    with httpx2.Client(base_url=demo.url, timeout=60) as stranger:
        assert stranger.get("/healthz").status_code == 200
        assert stranger.get("/readyz").status_code == 200
        metrics = stranger.get("/metrics").text
    assert re.search(r'wellspoken_answers_total\{.*outcome="answered".*\} [1-9]', metrics)


def test_a_second_server_on_the_same_port_says_what_to_do(demo: Demo) -> None:
    """One sentence, exit code 1, and the first goes on."""
    port = demo.url.rpartition(":")[2]
    second = command(demo.folder, "serve", "--port", port)
    assert second.returncode == 1
    assert f"Port {port}" in second.stderr and "--port" in second.stderr
    assert "Traceback" not in second.stderr
    assert demo.http.get("/healthz").status_code == 200


def test_no_log_line_holds_a_question_or_the_token(demo: Demo) -> None:
    """At info level logs have ids, counts and times only."""
    demo.ask("How long is the warranty of the zebra-striped MG-200?")
    log = (demo.folder / "log.txt").read_text("utf-8")
    assert '"answered"' in log
    assert "zebra" not in log and TOKEN not in log and "Traceback" not in log


@pytest.mark.parametrize(("name", "codes"), [(signal.SIGTERM, (0,)), (signal.SIGINT, (0, 130))])
def test_at_rest_a_signal_stops_it_quickly(
    tmp_path: Path, name: signal.Signals, codes: Sequence[int]
) -> None:
    """Down within ten seconds, without a traceback; the token was printed once, kept privately."""
    process = start(tmp_path, "serve", "--port", "0")
    lines = announced(process)
    secret = (tmp_path / ".wellspoken/console-token").read_text("ascii")
    assert any(secret in line for line in lines)
    mode = stat.S_IMODE((tmp_path / ".wellspoken/console-token").stat().st_mode)
    assert mode == 0o600
    code, seconds = stopped(process, name)
    assert code in codes and seconds < 10
    assert "Traceback" not in (tmp_path / "log.txt").read_text("utf-8")
    again = start(tmp_path, "serve", "--port", "0")
    assert not any(secret in line for line in announced(again))
    stopped(again, signal.SIGTERM)


def test_an_empty_knowledge_base_is_ready_and_says_that_it_knows_nothing(tmp_path: Path) -> None:
    """Ready is not full: questions are taken and honestly not answered."""
    process = start(tmp_path, "serve", "--port", "0", WELLSPOKEN_CONSOLE_TOKEN=TOKEN)
    try:
        url = announced(process)[0].split()[-1]
        with httpx2.Client(base_url=url, timeout=120) as http:
            assert http.get("/readyz").status_code == 200
            answer = http.post(
                "/api/ask",
                json={"question": "How long is the warranty?"},
                headers={"Authorization": f"Bearer {TOKEN}"},
            ).json()
        assert answer["outcome"] == "abstained"
    finally:
        stopped(process, signal.SIGTERM)
