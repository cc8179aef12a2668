"""A forked command is what a started one is."""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
from pathlib import Path

import pytest

from tests.platforms.command import environment, run_command, start_command
from tests.platforms.forking import Forked


@pytest.fixture(params=["forked", "started"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Either of the two, whatever the whole suite does."""
    if request.param == "started":
        monkeypatch.setenv("COMMANDS", "started")
    else:
        monkeypatch.delenv("COMMANDS", raising=False)
        for name in [name for name in os.environ if name.startswith("COVERAGE_")]:
            monkeypatch.delenv(name)
    return str(request.param)


@pytest.mark.usefixtures("way")
def test_its_code_and_both_of_its_outputs_come_back(tmp_path: Path) -> None:
    """In the folder and with the environment that were given, and what was typed is read."""
    (tmp_path / "wellspoken.toml").write_text('[bot]\ncontact = "Ada"\n')
    env = environment(tmp_path, WELLSPOKEN_MODEL="from-the-environment")
    shown = run_command("config", "show", cwd=tmp_path, env=env)
    assert (shown.returncode, shown.stderr) == (0, "")
    assert "from-the-environment" in shown.stdout
    assert "Ada" in shown.stdout
    wrong = run_command("no-such-command", cwd=tmp_path, env=env)
    assert (wrong.returncode, wrong.stdout) == (2, "")
    assert "no-such-command" in wrong.stderr
    typed = run_command("ask", "--jsonl", "-", cwd=tmp_path, env=env, typed="not json\n")
    assert (typed.returncode, typed.stderr) == (1, "")
    assert "not valid JSON" in typed.stdout


def test_it_is_killed_and_told_so(way: str, tmp_path: Path) -> None:
    """It has a number of its own and, where it was asked for, a session; its end has the signal."""
    with tempfile.TemporaryFile() as out:
        process = start_command(
            *("serve", "--port", "0"),
            cwd=tmp_path,
            env=environment(tmp_path),
            out=out,
            session=True,
        )
        assert isinstance(process, Forked) == (way == "forked")
        assert process.poll() is None
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(0.01)
        if isinstance(process, Forked):
            assert os.getsid(process.pid) == process.pid
        process.kill()
        assert process.wait(60) == -signal.SIGKILL
        assert process.poll() == -signal.SIGKILL
        process.send_signal(signal.SIGTERM)  # it is over: nobody is sent anything
