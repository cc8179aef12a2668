"""The trainer's parts that need no torch: its folder, its lines, its words on what went wrong."""

from __future__ import annotations

import errno
import http.client
import json
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from persona.tuning.local import PROGRAM
from persona.tuning.trainer.faults import DivergedError, StoppedError, may_go_on, sentence
from persona.tuning.trainer.folder import JobFolder, read_object, write_object
from persona.tuning.trainer.lines import DataError, read_rows, row_of
from persona.tuning.trainer.loading import BaseModelError
from persona.tuning.trainer.recipes import Recipe, weights_of
from persona.tuning.trainer.serving import server_of, wanted_of
from persona.tuning.trainer.telling import Teller, curve_of

ASKED = [{"role": "user", "content": "Q?"}]
GOOD, BAD = ({"role": "assistant", "content": text} for text in ("Yes.", "No."))


# -- lines ---------------------------------------------------------------------------------------


def test_each_format_is_read_as_chat_messages() -> None:
    """OpenAI's lines and TRL's, texts and messages, come to the same."""
    assert row_of({"messages": [*ASKED, GOOD]}, "sft") == {"prompt": ASKED, "completion": [GOOD]}
    pair = {"prompt": ASKED, "chosen": [GOOD], "rejected": [BAD]}
    openai = {
        "input": {"messages": ASKED},
        "preferred_output": [GOOD],
        "non_preferred_output": [BAD],
    }
    assert row_of(openai, "dpo") == row_of({**pair, "prompt": "Q?"}, "dpo") == pair
    thumb = {"prompt": ASKED, "completion": [GOOD], "label": True}
    assert row_of({"prompt": "Q?", "completion": "Yes.", "label": True}, "kto") == thumb
    assert row_of(thumb, "kto") == thumb


@pytest.mark.parametrize(
    ("line", "method", "why"),
    [
        ("{", "sft", "Expecting"),
        ("[]", "sft", "no object"),
        ("{}", "sft", "it has no 'messages'"),
        (json.dumps({"messages": [*ASKED]}), "sft", "assistant's answer"),
        (json.dumps({"messages": [*ASKED, {"role": "assistant", "content": " "}]}), "sft", "empty"),
        (json.dumps({"prompt": "Q", "completion": "A", "label": 1}), "kto", "neither true"),
        (json.dumps({"prompt": "Q", "chosen": "A"}), "dpo", "messages are missing"),
    ],
)
def test_a_bad_line_is_named(tmp_path: Path, line: str, method: str, why: str) -> None:
    """With its file, its number and what is wrong with it."""
    path = tmp_path / "train.jsonl"
    path.write_text(f"\n{line}\n")
    with pytest.raises(
        DataError, match=rf"train\.jsonl, line 2 is no example of {method}: .*{why}"
    ):
        read_rows(path, method)


def test_a_file_that_is_gone_is_named(tmp_path: Path) -> None:
    """It may have been erased since the round began."""
    with pytest.raises(DataError, match="No such file"):
        read_rows(tmp_path / "gone.jsonl", "sft")


# -- the folder ----------------------------------------------------------------------------------


def test_the_lock_lives_as_long_as_its_holder(tmp_path: Path) -> None:
    """A second one does not get it, who looks sees whose it is, and it is free when let go."""
    folder = JobFolder(tmp_path)
    assert folder.trainer() is None
    held = folder.take_lock()
    assert held is not None
    assert folder.trainer() == 0
    folder.sign(held)
    assert folder.trainer() == os.getpid()
    assert folder.take_lock() is None
    os.close(held)
    assert folder.trainer() is None


def test_torn_events_are_left_out_and_stay_apart(tmp_path: Path) -> None:
    """A kill in the middle of a line costs that line alone."""
    folder = JobFolder(tmp_path)
    folder.tell("loss", "one", loss=float("nan"))
    with folder.events.open("a") as file:
        file.write('{"kind": "lo')
    assert [event["message"] for event in folder.read_events()] == ["one"]
    folder.tell("loss", "two")
    events = folder.read_events()
    assert [event["message"] for event in events] == ["one", "two"]
    assert events[0]["data"] == {"loss": None}


def test_only_a_whole_checkpoint_counts(tmp_path: Path) -> None:
    """The one that was being written when the trainer died is not gone on from."""
    folder = JobFolder(tmp_path)
    assert folder.last_checkpoint() is None
    for step in (3, 9, 20, 30):
        (folder.checkpoints / f"checkpoint-{step}").mkdir(parents=True)
    for step in (3, 20):
        write_object(folder.checkpoints / f"checkpoint-{step}" / "trainer_state.json", {"a": 1})
    (folder.checkpoints / "checkpoint-30" / "trainer_state.json").write_text('{"a":')
    found = folder.last_checkpoint()
    assert found is not None
    assert found.name == "checkpoint-20"


def test_what_is_no_object_is_nothing(tmp_path: Path) -> None:
    """Half a file, another value, no file."""
    path = tmp_path / "x.json"
    assert read_object(path) == {}
    for text in ("{", "[1]", "\xff"):
        path.write_text(text, "latin-1")
        assert read_object(path) == {}


# -- words ---------------------------------------------------------------------------------------


class OutOfMemoryError(RuntimeError):
    """As torch calls it."""


@pytest.mark.parametrize(
    ("error", "words", "goes_on"),
    [
        (DataError("it is empty"), "The data set cannot be trained on: it is empty;", False),
        (BaseModelError("no file"), 'The base model "small" cannot be used: no file;', False),
        (DivergedError("The loss is not a number any more in step 3"), "learning_rate", False),
        (OutOfMemoryError("CUDA out of memory"), "not enough memory", False),
        (MemoryError(), "not enough memory", False),
        (OSError(errno.ENOSPC, "No space left on device"), "The disk is full;", True),
        (RuntimeError("[enforce fail at inline_container.cc:671] . unexpected pos"), "full", True),
        (StoppedError(), "broke off", True),
        (ModuleNotFoundError("No module named 'trl'"), "lacks a package", False),
        (ValueError("strange\nlong"), "The training broke off (ValueError: strange).", False),
    ],
)
def test_what_went_wrong_is_one_sentence(error: Exception, words: str, goes_on: bool) -> None:
    """That says what to do, or at least what it was."""
    text = sentence(error, "small")
    assert words in text
    assert text.endswith(".")
    assert "\n" not in text
    assert may_go_on(error) is goes_on


def test_a_full_disk_is_seen_behind_what_followed_from_it() -> None:
    """torch says something else while it tidies up."""
    error = RuntimeError("something odd")
    error.__context__ = OSError(errno.ENOSPC, "No space left on device")
    assert may_go_on(error)


# -- how far, how much ---------------------------------------------------------------------------


def test_progress_is_told_with_the_last_loss(tmp_path: Path) -> None:
    """Steps, loss and the time left; a loss that is no number ends it."""
    folder = JobFolder(tmp_path)
    teller = Teller(folder)
    teller.begin(10, 20)
    for step in range(11, 21):
        teller.losses(step, {"loss": 20.0 / step})
        teller.stepped(step)
    told = folder.read_progress()
    assert (told["step"], told["steps"], told["loss"]) == (20, 20, 1.0)
    assert told["seconds_left"] == 0
    assert len([e for e in folder.read_events() if e["kind"] == "loss"]) == 5
    teller.losses(20, {"eval_loss": 1.5})
    measured = folder.read_losses()
    assert [m["step"] for m in measured] == [*range(11, 21), 20]
    assert (measured[-2], measured[-1]) == (
        {"step": 20, "loss": 1.0},
        {"step": 20, "validation": 1.5},
    )
    with pytest.raises(DivergedError, match="step 21"):
        teller.losses(21, {"loss": float("nan")})


def test_a_long_curve_is_thinned_to_its_shape() -> None:
    """Some hundred points, the first and the last among them."""
    history: list[dict[str, Any]] = [{"step": n, "loss": 1 / n} for n in range(1, 5002)]
    history.append({"step": 5001, "eval_loss": 1.0})
    curve = curve_of(history)
    assert len(curve) <= 402
    assert (curve[0][0], curve[-1][0]) == (1, 5001)


def test_steps_and_weights_follow_the_examples() -> None:
    """Eight examples a step; the rarer label of KTO weighs more."""
    recipe = Recipe("kto", 3, 1e-4, 8, 512, 100, 4)
    assert recipe.steps == 13 * 3
    assert weights_of([True] * 6 + [False] * 2) == {"undesirable_weight": 3.0}
    assert weights_of([True] * 2 + [False] * 6) == {"desirable_weight": 3.0}
    assert weights_of([True, False]) == {}


# -- serving -------------------------------------------------------------------------------------


def test_a_request_is_read_as_openai_means_it() -> None:
    """Parts of a message are joined, limits are kept within reason."""
    body = {
        "messages": [{"role": "user", "content": [{"type": "text", "text": "a"}, {"text": "b"}]}],
        "max_completion_tokens": 7,
        "temperature": 0.5,
        "stop": "x",
    }
    wanted = wanted_of(body, "base")
    assert (wanted.model, wanted.tokens, wanted.temperature, wanted.stop) == (
        "base",
        7,
        0.5,
        ("x",),
    )
    assert wanted.messages == [{"role": "user", "content": "ab"}]
    with pytest.raises(ValueError, match="empty"):
        wanted_of({"messages": []}, "base")


class _Silent:
    """A speaker that remembers what it was told to load."""

    base = "base"
    models = ("base",)

    def __init__(self) -> None:
        self.loaded: list[str] = []

    def load(self, name: str, folder: Path) -> bool:
        del folder
        self.loaded.append(name)
        return True


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"content-type": "application/json"}, 200),
        ({"content-type": "text/plain"}, 415),
        ({"content-type": "application/x-www-form-urlencoded"}, 415),
        ({"content-type": "application/json", "content-length": "-1"}, 413),
    ],
)
def test_no_web_page_has_an_adapter_loaded(headers: dict[str, str], status: int) -> None:
    """A browser sends other types than JSON to any address without asking; they are refused."""
    speaker = _Silent()
    with server_of(speaker, "127.0.0.1", 0) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        asked = http.client.HTTPConnection("127.0.0.1", server.server_address[1], timeout=60)
        body = b'{"lora_name": "evil", "lora_path": "/tmp"}'
        asked.request("POST", "/v1/load_lora_adapter", body, headers)
        assert asked.getresponse().status == status
        asked.close()
        server.shutdown()
    assert speaker.loaded == (["evil"] if status == 200 else [])


def test_the_trainer_runs_where_nothing_of_ours_is_installed(tmp_path: Path) -> None:
    """By its path, isolated from everything else: it says what is missing and trains nothing."""
    run = [sys.executable, "-I", "-S", str(PROGRAM)]
    done = subprocess.run([*run, "--check"], capture_output=True, text=True, check=True)
    assert set(json.loads(done.stdout)["packages"].values()) == {""}
    files = tmp_path / "train.jsonl", tmp_path / "none"
    files[0].write_text(json.dumps({"messages": [*ASKED, GOOD]}) + "\n")
    job = {"job": "j1", "method": "sft", "base": "b", "train": str(files[0])}
    write_object(tmp_path / "job.json", job)
    done = subprocess.run([*run, str(tmp_path)], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    told = JobFolder(tmp_path).read_progress()
    assert told["state"] == "failed"
    assert "lacks a package" in told["error"]
    assert not (tmp_path / "reserve").exists()
