"""The folder of a local job: how the trainer and those who watch it speak to each other.

| file | by | what |
|---|---|---|
| ``job.json`` | who starts it | what to train |
| ``lock`` | the trainer | held (flock) for as long as it lives, with its process number |
| ``progress.json`` | the trainer | state, step, steps, loss, seconds left, error; written whole |
| ``events.jsonl`` | the trainer | what happened, one object a line |
| ``losses.jsonl`` | the trainer | each loss that was measured: step, and loss or validation |
| ``checkpoints/`` | the trainer | where a killed one goes on |
| ``adapter/`` | the trainer | what came of it, with its card; there only when whole |
"""

from __future__ import annotations

import fcntl
import json
import math
import os
import time
from pathlib import Path
from typing import Any

RUNNING, SUCCEEDED, FAILED = "running", "succeeded", "failed"
_RESERVED = 64 * 1024
"""Bytes kept free on the disk for the last words of a trainer that filled it."""


class JobFolder:
    """The files of one job."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.job = path / "job.json"
        self.progress = path / "progress.json"
        self.events = path / "events.jsonl"
        self.losses = path / "losses.jsonl"
        self.lock = path / "lock"
        self.log = path / "trainer.log"
        self.checkpoints = path / "checkpoints"
        self.adapter = path / "adapter"
        self._reserve = path / "reserve"

    # -- who trains it ---------------------------------------------------------------------------

    def take_lock(self, *, patient: bool = False) -> int | None:
        """A descriptor that holds the lock, or ``None`` where a trainer has it. The lock lives as
        long as any process has the descriptor: a killed trainer's is free at once. ``patient``: is
        not put off by one who only looks."""
        held = os.open(self.lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        for attempt in range(10 if patient else 1):
            if attempt:
                time.sleep(0.05)
            try:
                fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                continue
            return held
        os.close(held)
        return None

    def sign(self, held: int) -> None:
        """Write this process's number into the lock."""
        os.ftruncate(held, 0)
        os.pwrite(held, str(os.getpid()).encode(), 0)

    def trainer(self) -> int | None:
        """The process that trains it now; 0: one that has not said its number; ``None``: none."""
        try:
            looked = os.open(self.lock, os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            return None
        try:
            fcntl.flock(looked, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError:
            number = os.pread(looked, 20, 0)
            return int(number) if number.isdigit() else 0
        else:
            return None
        finally:
            os.close(looked)

    # -- how far it is ---------------------------------------------------------------------------

    def read_progress(self) -> dict[str, Any]:
        """What the trainer wrote last; empty where it wrote nothing yet."""
        return read_object(self.progress)

    def write_progress(self, values: dict[str, Any]) -> None:
        """Write the progress, whole or not at all."""
        write_object(self.progress, values)

    def read_events(self) -> list[dict[str, Any]]:
        """All events; a line that is still being written is left out."""
        return _lines_of(self.events)

    def read_losses(self) -> list[dict[str, Any]]:
        """Every loss that was measured, in order; a step that was done again is there twice."""
        return _lines_of(self.losses)

    def measured(self, step: int, **losses: float) -> None:
        """Add what was measured after a step."""
        _add_line(self.losses, {"step": step, **finite(losses)})

    def tell(self, kind: str, message: str, **data: object) -> None:
        """Add an event."""
        event = {"kind": kind, "message": message, "data": finite(data), "at": time.time()}
        _add_line(self.events, event)

    def reserve(self) -> None:
        """Keep a little of the disk for last words."""
        self._reserve.write_bytes(b"\0" * _RESERVED)

    def free_reserve(self) -> None:
        """Give that little back."""
        self._reserve.unlink(missing_ok=True)

    # -- where it goes on ------------------------------------------------------------------------

    def last_checkpoint(self) -> Path | None:
        """The newest checkpoint that was written to its end."""
        found = []
        for path in self.checkpoints.glob("checkpoint-*"):
            step = path.name.rpartition("-")[2]
            # the trainer's state is the last file of a checkpoint
            if step.isdigit() and read_object(path / "trainer_state.json"):
                found.append((int(step), path))
        return max(found)[1] if found else None


def _lines_of(path: Path) -> list[dict[str, Any]]:
    """The objects of a file, one a line; a line that is still being written is left out."""
    try:
        lines = path.read_text("utf-8").split("\n")[:-1]
    except OSError:
        return []
    found = []
    for line in lines:
        try:
            found.append(json.loads(line))
        except ValueError:  # torn by a kill, or by a full disk
            continue
    return found


def _add_line(path: Path, values: dict[str, Any]) -> None:
    line = json.dumps(values, ensure_ascii=False) + "\n"
    with path.open("ab") as file:
        if file.tell() and not _ends_a_line(path):
            line = "\n" + line  # the one before was torn by a kill
        file.write(line.encode("utf-8"))


def _ends_a_line(path: Path) -> bool:
    with path.open("rb") as file:
        file.seek(-1, os.SEEK_END)
        return file.read(1) == b"\n"


def finite(value: Any) -> Any:
    """A value without numbers that JSON does not know: they become ``None``."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {str(key): finite(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [finite(each) for each in value]
    return value


def read_object(path: Path) -> dict[str, Any]:
    """A JSON object of a file; empty where there is none, or no whole one."""
    try:
        value = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}


def write_object(path: Path, values: dict[str, Any]) -> None:
    """Write a JSON object: a reader sees the old one or the new one. Raises OSError."""
    draft = path.with_name(f"{path.name}.new")
    with draft.open("w", encoding="utf-8") as file:
        json.dump(finite(values), file, ensure_ascii=False, indent=1)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
