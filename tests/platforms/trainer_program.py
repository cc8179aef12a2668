"""A stand-in for the training interpreter: takes the trainer's arguments, and trains nothing.

What it does is in ``plan.json`` beside the job's folder, and may change while it runs: ``step`` and
``steps`` to be at, and ``end`` (succeeded or failed). ``packages`` are those that it says to have.
"""

from __future__ import annotations

import json
import signal
import stat
import sys
import time
from pathlib import Path
from typing import Any

from persona.tuning.trainer.folder import JobFolder, read_object, write_object

PACKAGES = ("torch", "transformers", "trl", "peft", "accelerate", "datasets")


def interpreter(folder: Path) -> Path:
    """A program in ``folder`` that stands for a Python with the extra ``train``."""
    program = folder / "train-python"
    root = Path(__file__).parents[2]
    program.write_text(
        f'#!/bin/sh\nPYTHONPATH="{root}" exec "{sys.executable}" "{__file__}" "{folder}" "$@"\n'
    )
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    return program


def plan(folder: Path, **values: Any) -> None:
    """Say what it shall do from now on."""
    write_object(folder / "plan.json", read_object(folder / "plan.json") | values)


def _main(home: Path, arguments: list[str]) -> int:
    wanted = read_object(home / "plan.json")
    if "--check" in arguments:
        packages = wanted.get("packages", dict.fromkeys(PACKAGES, "1.0"))
        sys.stdout.write(json.dumps({"python": "3.11", "packages": packages}) + "\n")
        return 0
    folder = JobFolder(Path(arguments[1]))
    folder.sign(int(arguments[3]))
    stopped: list[int] = []
    signal.signal(signal.SIGTERM, lambda *_: stopped.append(1))
    checkpoint = folder.checkpoints / "at"
    begun = read_object(checkpoint).get("step", 0)
    folder.tell("resumed" if begun else "started", f"from step {begun}")
    while not stopped:
        wanted = read_object(home / "plan.json")
        at, steps = max(begun, wanted.get("step", 0)), wanted.get("steps", 10)
        folder.checkpoints.mkdir(exist_ok=True)
        write_object(checkpoint, {"step": at})  # whole, whenever it is killed
        told = {"step": at, "steps": steps, "loss": 2.0 / (at + 1), "seconds_left": 1.0}
        end = wanted.get("end")
        if end == "succeeded":
            folder.adapter.mkdir()
            folder.tell("finished", "the adapter is written")
        folder.write_progress({"state": end or "running", **told, "error": wanted.get("error", "")})
        if end:
            return int(end == "failed")
        time.sleep(0.02)
    return 1


if __name__ == "__main__":
    sys.exit(_main(Path(sys.argv[1]), sys.argv[2:]))
