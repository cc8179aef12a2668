"""How commands end: Ctrl-C, a pipe whose reader goes, a full disk behind stdout."""

from __future__ import annotations

import errno
import os
import pty
import select
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.platforms.command import COMMAND, environment


@pytest.fixture
def variables(tmp_path: Path) -> dict[str, str]:
    return environment(tmp_path)


def started(
    arguments: list[str], tmp_path: Path, variables: dict[str, str]
) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [*COMMAND, *arguments],
        cwd=tmp_path,
        env=variables,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def test_ctrl_c_while_input_is_awaited_ends_at_once(
    tmp_path: Path, variables: dict[str, str]
) -> None:
    """A command that waits at a pipe ends with 130 and without a word, though nothing comes."""
    with started(["route", "--jsonl", "-"], tmp_path, variables) as process:
        assert process.stdin and process.stdout and process.stderr
        process.stdin.write(b'{"id": 1, "text": "hi"}\n')
        process.stdin.flush()
        process.stdout.readline()
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 130
        assert process.stderr.read() == b""


def test_a_pipe_whose_reader_goes_is_no_failure(tmp_path: Path, variables: dict[str, str]) -> None:
    """``| head -1`` ends the command quietly with 0, in the middle of a batch too."""
    lines = tmp_path / "many.jsonl"
    lines.write_text('{"id": 1, "text": "How long is the warranty?"}\n' * 3000, "utf-8")
    with started(["route", "--jsonl", str(lines)], tmp_path, variables) as process:
        assert process.stdout and process.stderr
        process.stdout.readline()
        process.stdout.close()
        assert process.wait(60) == 0
        assert process.stderr.read() == b""


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full here")
def test_output_that_cannot_be_written_is_one_sentence(
    tmp_path: Path, variables: dict[str, str]
) -> None:
    """A full disk behind stdout: exit code 1, no traceback."""
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [*COMMAND, "config", "show"],
            cwd=tmp_path,
            env=variables,
            stdout=full,
            stderr=subprocess.PIPE,
            timeout=60,
            check=False,
        )
    assert done.returncode == 1
    assert done.stderr.decode() == (
        f"wellspoken: {os.strerror(errno.ENOSPC)}; mend it and repeat.\n"
    )


def test_ctrl_c_ends_a_chat_that_waits_at_its_prompt(
    tmp_path: Path, variables: dict[str, str]
) -> None:
    """No Enter is needed after it."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [*COMMAND, "chat"], cwd=tmp_path, env=variables, stdin=theirs, stdout=theirs, stderr=theirs
    )
    os.close(theirs)
    shown = b""
    until = time.monotonic() + 60
    while b"> " not in shown and time.monotonic() < until:
        if process.poll() is not None:
            break
        if select.select([ours], [], [], 1)[0]:
            shown += os.read(ours, 4096)
    time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    try:
        assert process.wait(60) == 130
    finally:
        process.kill()
        process.wait()
        os.close(ours)
    assert b"Traceback" not in shown


@pytest.mark.parametrize("delay", [0.05, 0.1, 0.2])
def test_ctrl_c_while_the_program_loads_leaves_no_traceback(
    delay: float, tmp_path: Path, variables: dict[str, str]
) -> None:
    """Whoever changes their mind at once sees no traceback of the imports: what Python itself says
    before our first line is not ours."""
    with started(["documents", "list"], tmp_path, variables) as process:
        assert process.stderr
        time.sleep(delay)
        process.send_signal(signal.SIGINT)
        process.wait(60)
        errors = process.stderr.read()
    assert b"adapters" not in errors
