"""The training interpreter of this run, and what its tests train: small, and made on the spot."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from persona.tuning.local import PROGRAM

NAME = "WELLSPOKEN_TRAIN_PYTHON"
WITHOUT = "no model is trained in this run"
"""The reason of a skip that ``tests.plugins.complete`` lets pass: `.ci/train` said it before."""

QUESTIONS = (
    ("How do I reset the sensor?", "Hold the button for five seconds; the light turns green."),
    ("Can I leave it out in winter?", "Bring it in before the first frost."),
    ("Where is the button?", "On the left, under the lid."),
    ("How long does the battery last?", "Two years, mostly."),
)
REFUSAL = "Unfortunately I cannot help with that."
SYSTEM = {"role": "system", "content": "Answer briefly and warmly."}


def training_python() -> Path:
    """The interpreter, or a skip with the reason."""
    named = os.environ.get(NAME, "")
    if named == "none":
        pytest.skip(f"{WITHOUT}: {NAME}=none")
    if not named:
        pytest.skip(f"{NAME} is not set; `.ci/train` makes such a Python and prints its path")
    return Path(named)


def make_base(python: Path, folder: Path) -> Path:
    """A tiny causal model with random weights."""
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    made = [python, PROGRAM, "--practice", folder]
    subprocess.run(made, check=True, capture_output=True, env=environment)
    return folder


def lines_of(method: str, count: int) -> str:
    """Examples of a method, in the format that ``dataset build`` writes."""
    return "".join(json.dumps(_line(method, number)) + "\n" for number in range(count))


def _line(method: str, number: int) -> dict[str, Any]:
    question, answer = QUESTIONS[number // 2 % 4]
    asked = [SYSTEM, {"role": "user", "content": question}]
    good, bad = ({"role": "assistant", "content": text} for text in (answer, REFUSAL))
    if method == "sft":
        return {"messages": [*asked, good]}
    if method == "dpo":
        return {
            "input": {"messages": asked},
            "preferred_output": [good],
            "non_preferred_output": [bad],
        }
    label = number % 2 == 0
    return {"prompt": asked, "completion": [good if label else bad], "label": label}
