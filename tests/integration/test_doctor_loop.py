"""What ``doctor`` says of the loop: who trains, who speaks, and the canary."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.platforms.command import Cli
from tests.platforms.models_server import ModelsServer
from tests.platforms.openai_server import Behaviour
from tests.platforms.trainer_program import interpreter
from tests.platforms.tuning_server import TuningServer

pytestmark = pytest.mark.slow

_FORCED = ("--force", "--reason", "a rehearsal")


def checks(cli: Cli) -> tuple[int, dict[str, dict[str, Any]]]:
    """The exit code, and the findings by name."""
    done = cli("doctor", "--json")
    return done.returncode, {found["check"]: found for found in json.loads(done.stdout)}


@pytest.fixture
def models() -> Iterator[ModelsServer]:
    with ModelsServer(Behaviour(answer="Hello!", models=("general", "juniper-1"))) as server:
        yield server


def speaking(folder: Path, server: ModelsServer) -> Cli:
    """A bot with a model server."""
    return Cli(folder, {"OPENAI_BASE_URL": server.url, "WELLSPOKEN_MODEL": "general"})


def test_a_fresh_bot_has_nothing_to_mend(tmp_path: Path) -> None:
    """Nothing is set up, no version is released, no canary runs."""
    code, found = checks(Cli(tmp_path))
    assert code == 0
    assert "not set up" in found["training"]["detail"]
    assert found["voice"]["detail"] == "no version is released; the built-in reader speaks"
    assert found["canary"]["detail"] == "none runs"


def test_what_is_released_is_asked_for_a_word(tmp_path: Path, models: ModelsServer) -> None:
    """Served: fine, with the canary and how it stands; not served any more, or no server: a fault
    with what to do."""
    cli = speaking(tmp_path, models)
    cli.json("models", "register", "juniper-1")
    cli.json("models", "promote", "v1", *_FORCED)
    cli.json("models", "register", "juniper-2")
    models.behaviour.models = ("general", "juniper-1", "juniper-2")
    cli.json("models", "canary", "v2", "--share", "0.2", *_FORCED)
    code, found = checks(cli)
    assert code == 0
    assert found["voice"]["detail"] == (
        "v1, live, answers as juniper-1; v2, the canary, answers as juniper-2"
    )
    assert "v2 answers 20% of threads: waits for" in found["canary"]["detail"]
    models.behaviour.models = ("general", "juniper-1")
    code, found = checks(cli)
    assert (code, found["voice"]["ok"], found["model"]["ok"]) == (1, False, True)
    assert "juniper-2" in found["voice"]["detail"]
    assert "models rollback" in found["voice"]["fix"]
    code, found = checks(Cli(tmp_path))
    assert (code, found["voice"]["ok"]) == (1, False)
    assert "no model server is set" in found["voice"]["detail"]


def test_a_service_that_trains_is_looked_at(tmp_path: Path) -> None:
    """It answers; it is down; it has no fine-tuning."""
    (tmp_path / "wellspoken.toml").write_text('[tuning]\nbackend = "openai"\nbase = "small-1"\n')
    with TuningServer() as service:
        cli = Cli(tmp_path, {"OPENAI_BASE_URL": service.url, "WELLSPOKEN_MODEL": "general"})
        _, found = checks(cli)
        assert found["training"]["ok"]
        assert found["training"]["detail"] == f"{service.url} answers; sft of small-1"
        service.down = True
        _, found = checks(cli)
        assert not found["training"]["ok"]
        assert "cannot be reached" in found["training"]["detail"]
        assert "tune watch" not in found["training"]["detail"]
        assert 'backend = "local"' in found["training"]["fix"]
    with ModelsServer() as other:
        code, found = checks(Cli(tmp_path, {**cli.more, "OPENAI_BASE_URL": other.url}))
    assert (code, found["training"]["ok"]) == (1, False)


def test_the_python_that_trains_is_looked_at(tmp_path: Path) -> None:
    """One with the packages is fine; one without is a fault."""
    good = interpreter(tmp_path)
    for python, fine in ((good, True), ("/usr/bin/false", False)):
        (tmp_path / "wellspoken.toml").write_text(f'[tuning]\npython = "{python}"\n')
        code, found = checks(Cli(tmp_path))
        assert (found["training"]["ok"], code) == (fine, 0 if fine else 1)
        assert str(python) in found["training"]["detail"]
