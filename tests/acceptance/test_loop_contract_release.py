"""From a data set to a model that speaks and back, as somebody meets it who has the contract alone.

The service that trains and the server of the models are stand-ins; the bot, its commands and its
servers are real processes.
"""

from __future__ import annotations

import json
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.platforms.command import COMMAND, Cli, environment
from tests.platforms.models_server import ModelsServer
from tests.platforms.openai_answers import Message, quote_passages
from tests.platforms.openai_server import Behaviour
from tests.platforms.rated_bot import rate_all, sample_in
from tests.platforms.served_bot import serving, until
from tests.platforms.tuning_server import TuningServer

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]

JOB = {"job", "backend", "method", "base", "dataset", "status", "model", "error", "events"}
VERSION = {
    "version", "model", "base", "backend", "dataset", "state", "share", "scores", "created_at",
}  # fmt: skip
GENERAL = "general"


def shouted(messages: list[Message]) -> str:
    """The quoted sentences, in a voice that no persona wants."""
    return "UNFORTUNATELY, as an AI!!! " + quote_passages(messages).replace(".", "!!!")


def invented(messages: list[Message]) -> str:
    """Something that no source says, but where there are no sources: what a check would refuse is
    said by the next model."""
    if "<passage" not in str(messages[-1].get("content")):
        return "Hello! What's growing?"
    return "It takes 77 days and costs 912 euros, as everybody at the moon base knows [1]."


class Loop:
    """A bot with data sets, a service that trains, and a server of models."""

    def __init__(self, folder: Path, trains: TuningServer, models: ModelsServer) -> None:
        self.trains, self.models = trains, models
        self.folder = folder
        self.speaking = {"OPENAI_BASE_URL": models.url, "WELLSPOKEN_MODEL": GENERAL}
        tuned = {"OPENAI_BASE_URL": trains.url, "OPENAI_API_KEY": "sk-not-told"}
        self.tuned = {**tuned, "WELLSPOKEN_MODEL": GENERAL}
        self.tune = Cli(folder, self.tuned)
        self.cli = Cli(folder, self.speaking)

    def start(self, *more: str) -> dict[str, Any]:
        """A round at the service, in the place of one that a test left."""
        for job in self.tune.json("tune", "list"):
            if job["status"] in ("queued", "running"):
                self.tune.json("tune", "cancel", job["job"])
        words = ("start", "--backend", "openai", "--base", "small-1", *more)
        told: dict[str, Any] = self.tune.json("tune", *words)
        return told

    def remote(self) -> str:
        """The newest job at the service."""
        return list(self.trains.jobs)[-1]

    def trained(self, says: Callable[[list[Message]], str]) -> str:
        """A new version whose model speaks in a way."""
        job = self.start()["job"]
        self.trains.end(self.remote())
        watched = self.tune.json("tune", "watch", job)
        self.models.by_model = {**self.models.by_model, watched["model"]: Behaviour(answer=says)}
        [version] = [v for v in self.versions() if v["model"] == watched["model"]]
        assert version["state"] == "candidate"
        return str(version["version"])

    def versions(self) -> list[dict[str, Any]]:
        """The registry."""
        listed: list[dict[str, Any]] = self.cli.json("models", "list")
        assert all(set(version) == VERSION for version in listed)
        return listed

    def version(self, name: str) -> dict[str, Any]:
        """One version of the registry."""
        [found] = [v for v in self.versions() if v["version"] == name]
        return found


@pytest.fixture(scope="module")
def loop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Loop]:
    folder = tmp_path_factory.mktemp("bot")
    cli = sample_in(folder)
    with serving(folder, {}) as api:
        rate_all(api, folder)
    for wanted in ("dpo", "kto", "sft"):
        cli.json("dataset", "build", "--format", wanted, timeout=120)
    cases = (folder / "suites" / "sample.jsonl").read_text("utf-8").splitlines()
    answerable = [line for line in cases if json.loads(line).get("answerable", True)]
    (folder / "suites" / "support.jsonl").write_text("\n".join(answerable[:14]), "utf-8")
    with TuningServer() as trains, ModelsServer(Behaviour(answer=shouted)) as models:
        yield Loop(folder, trains, models)


def refused(done: subprocess.CompletedProcess[str], code: int, *words: str) -> None:
    """One sentence on stderr, nothing on stdout, an exit code."""
    assert (done.returncode, done.stdout) == (code, ""), done
    assert len(done.stderr.strip().splitlines()) == 1, done.stderr
    assert not [word for word in words if word not in done.stderr], done.stderr


# -- rounds -----------------------------------------------------------------------------------


def test_a_round_at_a_service_is_told_as_promised(loop: Loop) -> None:
    """Started and back at once, its events and the model shown, one candidate however often it is
    watched; the key is nowhere."""
    told = loop.start()
    assert set(told) == JOB
    assert (told["backend"], told["method"], told["base"]) == ("openai", "sft", "small-1")
    assert told["status"] in ("queued", "running")
    assert told["model"] is None and told["error"] is None
    created = loop.trains.jobs[loop.remote()]
    assert created["model"] == "small-1" and created["method"]["type"] == "supervised"
    loop.trains.advance(loop.remote(), 5, 10, 0.7)
    shown = loop.tune.json("tune", "show", told["job"])
    assert shown["status"] == "running" and "Step 5/10" in json.dumps(shown["events"])
    loop.trains.end(loop.remote())
    for _ in range(2):
        watched = loop.tune.json("tune", "watch", told["job"])
        assert (watched["status"], set(watched)) == ("succeeded", JOB)
        assert watched["model"] == loop.trains.jobs[loop.remote()]["fine_tuned_model"]
    [version] = [v for v in loop.versions() if v["model"] == watched["model"]]
    assert (version["state"], version["base"], version["backend"], version["dataset"]) == (
        "candidate", "small-1", "openai", told["dataset"],
    )  # fmt: skip
    assert version["share"] == 0
    assert "sk-not-told" not in json.dumps(watched)


def test_preferences_are_trained_at_a_service_and_thumbs_are_not(loop: Loop) -> None:
    """DPO is OpenAI's; KTO is refused before anything is sent, and names what can be done."""
    before = len(loop.trains.calls)
    done = loop.tune("tune", "start", "--backend", "openai", "--base", "b", "--method", "kto")
    refused(done, 2, "kto", "--backend local")
    assert len(loop.trains.calls) == before
    told = loop.start("--method", "dpo")
    created = loop.trains.jobs[loop.remote()]
    assert (told["method"], created["method"]["type"]) == ("dpo", "dpo")
    sent = loop.trains.contents[created["training_file"]].splitlines()
    assert set(json.loads(sent[0])) == {"input", "preferred_output", "non_preferred_output"}
    assert loop.tune.json("tune", "cancel", told["job"])["status"] == "cancelled"
    assert loop.trains.jobs[loop.remote()]["status"] == "cancelled"
    assert loop.tune("tune", "watch", told["job"]).returncode == 1


def test_an_interrupted_watch_goes_on_with_the_same_job(loop: Loop) -> None:
    """SIGINT: 130 without a traceback; watched again, the service has one job more, not two."""
    before = len(loop.trains.jobs)
    job = loop.start()["job"]
    looks = f"GET /v1/fine_tuning/jobs/{loop.remote()}"
    seen = loop.trains.calls.count(looks)
    watching = subprocess.Popen(
        [*COMMAND, "tune", "watch", job],
        cwd=loop.folder,
        env=environment(loop.folder, **loop.tuned),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    until(lambda: loop.trains.calls.count(looks) > seen, "a look at the job")
    watching.send_signal(signal.SIGINT)
    _, said = watching.communicate(timeout=120)
    assert watching.returncode == 130
    assert "Traceback" not in said
    loop.trains.end(loop.remote())
    assert loop.tune.json("tune", "watch", job)["status"] == "succeeded"
    assert len(loop.trains.jobs) == before + 1


def test_a_closed_service_is_refused_with_the_alternatives(loop: Loop) -> None:
    """403: exit code 1, the service's words, and what to do instead; the round has failed."""
    loop.trains.refusal = (403, "Fine-tuning is closed for your organization.")
    try:
        done = loop.tune("tune", "start", "--backend", "openai", "--base", "small-1")
    finally:
        loop.trains.refusal = None
    refused(done, 1, "closed", "--backend local", "OPENAI_BASE_URL")
    newest = loop.tune.json("tune", "list")[0]
    assert (newest["status"], newest["model"]) == ("failed", None)
    assert "closed" in newest["error"]


def test_a_service_that_is_gone_for_a_while_does_not_end_the_round(loop: Loop) -> None:
    """Down in the middle: the round is still there, and it ends well once the service is back."""
    job = loop.start()["job"]
    loop.trains.down = True
    shown = loop.tune.json("tune", "show", job)
    assert shown["status"] in ("queued", "running")
    refused(loop.tune("tune", "cancel", job), 1, "service")
    watched = loop.tune("tune", "watch", job)
    assert watched.returncode == 1 and f"tune watch {job}" in watched.stderr
    assert "Traceback" not in watched.stderr
    loop.trains.down = False
    loop.trains.end(loop.remote())
    assert loop.tune.json("tune", "watch", job)["status"] == "succeeded"


def test_a_failed_round_says_why(loop: Loop) -> None:
    """The service's reason in ``error``, and watching it exits with 1."""
    job = loop.start()["job"]
    loop.trains.end(loop.remote(), "failed", "The loss is no number")
    watched = loop.tune("tune", "watch", job, "--json")
    assert watched.returncode == 1
    told = json.loads(watched.stdout)
    assert told["status"] == "failed" and "The loss is no number" in told["error"]


def test_wrong_usage_of_rounds_exits_with_two(loop: Loop) -> None:
    """Unknown jobs, data sets and backends, and no base: one sentence, nothing sent."""
    before = len(loop.trains.jobs)
    for arguments in (
        ("show", "j404"), ("watch", "j404"), ("cancel", "j404"),
        ("start", "--backend", "openai", "--base", "b", "--dataset", "d404"),
        ("start", "--backend", "openai"),
        ("start", "--backend", "magic", "--base", "b"),
    ):  # fmt: skip
        refused(loop.tune("tune", *arguments, "--json"), 2)
    assert len(loop.trains.jobs) == before


# -- gate -------------------------------------------------------------------------------------


def test_the_gate_tells_better_from_worse_and_the_release_follows(loop: Loop) -> None:
    """A better voice passes, is promoted and heard by two running servers within seconds; a worse
    one fails and is refused; a reason is audited; a canary has its share of threads, each thread
    one voice; the roll-back is heard as well."""
    better, worse = loop.trained(quote_passages), loop.trained(invented)
    refused(loop.cli("models", "promote", better), 1, "gate")
    passed = loop.cli("models", "gate", better, "--suite", "support", "--json", timeout=120)
    told = json.loads(passed.stdout)
    assert set(told) == {"version", "verdict", "reasons", "candidate", "live"}
    assert (passed.returncode, told["verdict"], told["version"]) == (0, "pass", better), told
    assert loop.version(better)["state"] == "gated" and loop.version(better)["scores"]
    with serving(loop.folder, loop.speaking) as one, serving(loop.folder, loop.speaking) as two:
        assert {one.speaker("a"), two.speaker("a")} == {GENERAL}
        loop.cli.json("models", "promote", better)
        model = loop.version(better)["model"]
        for api in (one, two):
            until(lambda api=api: api.speaker("b") == model, "the promotion")
        assert (loop.version(better)["state"], loop.version(better)["share"]) == ("live", 1)
        _gated_worse(loop, worse)
        loop.cli.json("models", "canary", worse, "--share", "0.5", *_FORCED)
        other = loop.version(worse)["model"]
        assert loop.version(worse)["state"] == "canary" and loop.version(worse)["share"] == 0.5
        assert loop.version(better)["share"] == 0.5
        time.sleep(5)
        heard = {f"t{n}": one.speaker(f"t{n}") for n in range(24)}
        assert set(heard.values()) == {model, other}
        assert {thread: two.speaker(thread) for thread in heard} == heard
        assert {f"t{n}": one.speaker(f"t{n}") for n in range(24)} == heard
        metrics = one.text("/metrics")
        loop.cli.json("models", "rollback")
        until(lambda: two.speaker(_of(heard, other)) == model, "the canary's end")
        loop.cli.json("models", "rollback")
        for api in (one, two):
            until(lambda api=api: api.speaker("b") == GENERAL, "the roll-back")
    assert loop.version(better)["state"] == "retired"
    counted = [line for line in metrics.splitlines() if "wellspoken_model_answers_total" in line]
    assert all(any(f'model="{name}"' in line for line in counted) for name in (model, other))
    refused(loop.cli("models", "rollback"), 2, "roll")
    assert loop.cli.json("audit", "verify")["ok"]


_FORCED = ("--force", "--reason", "a rehearsal of the worst case")


def _of(heard: dict[str, str], model: str) -> str:
    return next(thread for thread, speaker in heard.items() if speaker == model)


def _gated_worse(loop: Loop, worse: str) -> None:
    """Held to the suite it fails, and only force with a reason makes it speak."""
    failed = loop.cli("models", "gate", worse, "--suite", "support", "--json", timeout=120)
    told = json.loads(failed.stdout)
    assert (failed.returncode, told["verdict"]) == (1, "fail"), told
    assert told["reasons"]
    refused(loop.cli("models", "promote", worse), 1, "gate", "--force")
    refused(loop.cli("models", "promote", worse, "--force"), 2, "--reason")
    refused(loop.cli("models", "canary", worse, "--share", "7"), 2)


def test_force_is_audited_with_its_reason(loop: Loop) -> None:
    """Who, what and why stand among the operators' entries."""
    version = loop.trained(quote_passages)
    reason = "the chief wants it by Friday"
    loop.cli.json("models", "promote", version, "--force", "--reason", reason)
    audited = json.dumps(loop.cli.json("audit", "list", "--kind", "operator"))
    assert reason in audited and version in audited
    loop.cli.json("models", "rollback")


def test_unknown_versions_and_suites_are_wrong_usage(loop: Loop) -> None:
    """Exit code 2 and a sentence each."""
    version = loop.versions()[0]["version"]
    refused(loop.cli("models", "gate", "v404", "--suite", "support", "--json"), 2, "v404")
    refused(loop.cli("models", "gate", version, "--suite", "nowhere", "--json"), 2, "nowhere")
    for command in ("show", "promote", "canary"):
        refused(loop.cli("models", command, "v404"), 2, "v404")


def test_questions_of_a_gated_suite_are_kept_out_of_data_sets(loop: Loop) -> None:
    """What was rated in the suite's words or nearly so leaves the set; the reason is counted."""
    listed = loop.cli.json("feedback", "list")
    asked = "How do I connect the controller to Wi-Fi?"
    [turn] = [entry["turn"] for entry in listed if asked in entry["question"]]
    loop.cli.json("dataset", "build", "--format", "sft")
    assert turn in loop.cli.json("dataset", "show")["turns"]
    suite = loop.folder / "suites" / "held.jsonl"
    rows = [{"id": 1, "question": asked.replace("Wi-Fi", "the Wi-Fi"), "answers": ["Wi-Fi"]}]
    suite.write_text("\n".join(json.dumps(row) for row in rows))
    version = loop.versions()[0]["version"]
    assert loop.cli("models", "gate", version, "--suite", "held").returncode == 1  # one case
    told = loop.cli.json("dataset", "build", "--format", "sft")
    assert turn not in loop.cli.json("dataset", "show")["turns"]
    assert any("suite" in reason and count for reason, count in told["dropped"].items())


# -- settings ---------------------------------------------------------------------------------


def test_a_model_that_is_named_wins_over_the_registry(loop: Loop) -> None:
    """WELLSPOKEN_VOICE_MODEL speaks whatever is released; without a release the general model."""
    version = loop.trained(quote_passages)
    model = loop.version(version)["model"]
    assert loop.cli.json("ask", "Hello!")["model"] == GENERAL
    loop.cli.json("models", "promote", version, *_FORCED)
    assert loop.cli.json("ask", "Hello!")["model"] == model
    named = Cli(loop.folder, {**loop.speaking, "WELLSPOKEN_VOICE_MODEL": "named"})
    assert named.json("ask", "Hello!")["model"] == "named"
    loop.cli.json("models", "rollback")
    assert loop.cli.json("ask", "Hello!")["model"] == GENERAL
