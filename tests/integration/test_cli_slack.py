"""``wellspoken slack manifest`` as it is typed."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import yaml

from tests.platforms.command import environment, run_command


def run(home: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return run_command(
"slack", *words, cwd=home, env=environment(home), timeout=60,
)  # fmt: skip


def test_the_manifest_is_printed_to_be_pasted(tmp_path: Path) -> None:
    """JSON for people, one line with --json, YAML where it is asked for: all the same."""
    plain, one, as_yaml = (
        run(tmp_path, "manifest", *more) for more in ((), ("--json",), ("--yaml",))
    )
    assert (plain.returncode, one.returncode, as_yaml.returncode) == (0, 0, 0)
    made = json.loads(plain.stdout)
    assert made["display_information"]["name"] == "Juniper"
    assert made["settings"]["socket_mode_enabled"] is True
    assert json.loads(one.stdout) == made == yaml.safe_load(as_yaml.stdout)
    assert (one.stdout.count("\n"), plain.stderr) == (1, "")


def test_http_mode_takes_a_public_address(tmp_path: Path) -> None:
    """It stands in the manifest; one that Slack would refuse is refused here."""
    made = json.loads(run(tmp_path, "manifest", "--http", "https://bot.example.com").stdout)
    events = made["settings"]["event_subscriptions"]
    assert events["request_url"] == "https://bot.example.com/slack/events"
    wrong = run(tmp_path, "manifest", "--http", "http://bot")
    assert (wrong.returncode, wrong.stdout) == (2, "")
    assert "https://" in wrong.stderr
