"""``models`` on the command line: the registry, promotions, canaries, rollbacks."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from tests.platforms.command import environment, run_command


def models(home: Path, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
    """What ``wellspoken models …`` prints."""
    return run_command(
"models", *words, cwd=home, env=environment(home, **more), timeout=60,
)  # fmt: skip


def test_versions_are_released_on_the_command_line(tmp_path: Path) -> None:
    """Registered, refused without a pass, forced for a reason, rolled back; JSON as promised."""
    assert models(tmp_path, "list", "--json").stdout == "[]\n"
    made = json.loads(models(tmp_path, "register", "m-one", "--base", "tiny", "--json").stdout)
    assert set(made) == {
        "version", "model", "base", "backend", "dataset", "state", "share", "scores", "created_at",
    }  # fmt: skip
    assert (made["version"], made["state"]) == ("v1", "candidate")
    refused = models(tmp_path, "promote", "v1")
    assert refused.returncode == 1
    assert "has not passed the gate" in refused.stderr
    unsaid = models(tmp_path, "promote", "v1", "--force")
    assert unsaid.returncode == 2
    assert "--reason" in unsaid.stderr
    done = models(tmp_path, "promote", "v1", "--force", "--reason", "launch")
    assert "v1 is live now, in place of the general model" in done.stdout
    assert "live already" in models(tmp_path, "promote", "v1").stdout
    (live,) = json.loads(models(tmp_path, "list", "--json").stdout)
    assert (live["state"], live["share"]) == ("live", 1.0)
    back = models(tmp_path, "rollback")
    assert "the general model is live again, in place of v1" in back.stdout
    again = models(tmp_path, "rollback")
    assert again.returncode == 2
    assert "nothing to roll back" in again.stderr


def test_canary_on_the_command_line(tmp_path: Path) -> None:
    """A share from 0.01 to 1, one canary at a time, ended by hand; unknown versions exit with 2."""
    for model in ("m-one", "m-two"):
        models(tmp_path, "register", model)
    for words in (
        ("canary", "v9"),
        ("show", "v9"),
        ("promote", "v9"),
        ("canary", "v1", "--share", "2"),
    ):
        wrong = models(tmp_path, *words)
        assert wrong.returncode == 2, words
        assert "Traceback" not in wrong.stderr
    begun = json.loads(models(tmp_path, "canary", "v1", "--share", "0.2", "--json").stdout)
    assert (begun["version"], begun["share"], begun["state"]) == ("v1", 0.2, "running")
    assert "v1 is the canary already" in models(tmp_path, "canary", "v2").stderr
    shown = models(tmp_path, "show", "v1").stdout
    assert "waits for 50 turns of each side" in shown
    assert "ended" in models(tmp_path, "canary", "v1", "--end").stdout
    story = json.loads(models(tmp_path, "show", "v1", "--json").stdout)
    assert [c["state"] for c in story["canaries"]] == ["ended"]
    pinned = models(
        tmp_path, "promote", "v2", "--force", "--reason", "x", WELLSPOKEN_VOICE_MODEL="other",
        WELLSPOKEN_MODEL="g", OPENAI_BASE_URL="http://127.0.0.1:9/v1",
    )  # fmt: skip
    assert pinned.returncode == 0
    assert "WELLSPOKEN_VOICE_MODEL names other" in pinned.stdout
