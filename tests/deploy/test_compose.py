"""What is deployed: checked as text, for there is not always an engine to run it."""

from __future__ import annotations

import re
import shlex
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
SECRET_NAMES = ("PASSWORD", "TOKEN", "KEY", "SECRET")


@pytest.fixture
def compose() -> dict[str, Any]:
    """The parsed compose file."""
    parsed: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    return parsed


@pytest.fixture
def instructions() -> list[tuple[str, str]]:
    """The Dockerfile's instructions and their arguments, continuation lines joined."""
    text = re.sub(r"\\\n\s*", " ", (ROOT / "Dockerfile").read_text())
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return [(line.split(" ", 1)[0], line.split(" ", 1)[1]) for line in lines]


def test_every_service_is_pinned_healthy_and_restarted(compose: dict[str, Any]) -> None:
    """An image has a version, a service a health check and a way back after a crash."""
    for service in compose["services"].values():
        assert re.search(r":\d+\.\d+", service["image"])
        assert service["healthcheck"]["test"]
        assert service["restart"] == "unless-stopped"


def test_no_secret_stands_in_the_compose_file(compose: dict[str, Any]) -> None:
    """Whatever sounds like a secret comes from the environment and has no default."""
    for service in compose["services"].values():
        for name, value in service["environment"].items():
            if any(part in name for part in SECRET_NAMES) or "://" in str(value):
                assert "${" in value
                assert ":?" in value
                assert ":-" not in value


def test_bot_waits_for_its_database_and_keeps_its_data(compose: dict[str, Any]) -> None:
    """The bot starts after PostgreSQL is healthy; data lies in named volumes."""
    bot = compose["services"]["bot"]
    assert bot["depends_on"]["postgres"]["condition"] == "service_healthy"
    assert "data:/data" in bot["volumes"]
    assert set(compose["volumes"]) == {"data", "postgres"}


def test_bot_can_write_nowhere_but_its_data(compose: dict[str, Any]) -> None:
    """The container is read-only, without capabilities, reachable from this machine alone."""
    bot = compose["services"]["bot"]
    assert bot["read_only"] is True
    assert bot["cap_drop"] == ["ALL"]
    assert all(port.startswith("127.0.0.1:") for port in bot["ports"])
    assert int(bot["stop_grace_period"].removesuffix("s")) > 40


def test_image_runs_as_nobody_special_and_reports_its_health(
    instructions: list[tuple[str, str]],
) -> None:
    """The last user is not root, and there is a health check on /healthz."""
    users = [argument for name, argument in instructions if name == "USER"]
    assert users == ["wellspoken"]
    assert any(name == "HEALTHCHECK" and "/healthz" in text for name, text in instructions)


def test_image_is_built_from_files_that_are_there_and_not_ignored(
    instructions: list[tuple[str, str]],
) -> None:
    """Each file that the Dockerfile copies exists and passes the ignore file."""
    ignore = (ROOT / ".dockerignore").read_text().split()
    for name, argument in instructions:
        if name == "COPY" and "--from" not in argument:
            for source in shlex.split(argument)[:-1]:
                assert (ROOT / source).exists(), source
                assert f"!{source}" in ignore, source


def test_example_environment_holds_no_value(compose: dict[str, Any]) -> None:
    """The example names every secret that compose asks for, and gives none."""
    example = (ROOT / ".env.example").read_text()
    wanted = set(re.findall(r"\$\{(\w+):\?", (ROOT / "docker-compose.yml").read_text()))
    for name in wanted:
        assert re.search(rf"^{name}=$", example, re.MULTILINE)


@pytest.mark.parametrize("script", [".ci/run", ".ci/weaviate"])
def test_scripts_are_sound_bash_and_can_be_run(script: str) -> None:
    """A typing mistake is found here, not on the machine that runs it."""
    path = ROOT / script
    assert path.stat().st_mode & 0o111
    subprocess.run(["bash", "-n", str(path)], check=True, timeout=20)


def test_make_lists_what_can_be_done() -> None:
    """`make` alone explains every target and changes nothing."""
    done = subprocess.run(
        ["make", "--no-print-directory"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        timeout=20,
    )
    for target in ("help", "setup", "demo", "check", "test", "bench", "docs", "lock", "clean"):
        assert re.search(rf"^  make {target} +\w", done.stdout, re.MULTILINE), target


def test_locks_name_no_index_and_agree() -> None:
    """Two machines install the same, from whatever index they use."""
    pins: list[dict[str, str]] = []
    for name in ("runtime.lock", "dev.lock"):
        text = (ROOT / "requirements" / name).read_text()
        assert "--index-url" not in text
        assert "--find-links" not in text
        assert "://" not in text
        pinned = re.findall(r"^([\w.-]+(?:\[[\w,]+\])?)==(\S+)([^\\\n]*)", text, re.MULTILINE)
        pins.append({package + marker: version for package, version, marker in pinned})
        assert text.count("==") >= len(pinned) > 50
    runtime, dev = pins
    assert {name: dev.get(name) for name in runtime} == runtime
