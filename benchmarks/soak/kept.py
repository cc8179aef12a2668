"""What a run leaves, so that another goes on where it stood: ``samples.jsonl`` in its home."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

Row = dict[str, Any]


@dataclass
class Kept:
    """The samples of a home, those of runs before included."""

    home: Path
    samples: list[Row] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    second: float = 0.0
    runs: int = 1

    def __post_init__(self) -> None:
        if self.path.is_file():
            lines = self.path.read_text("utf-8").splitlines()
            self.samples = [json.loads(line) for line in lines]
        if self.samples:
            last = self.samples[-1]
            self.second, self.runs = last["second"], last["run"] + 1
            self.counts = Counter(last["counts"])

    @property
    def path(self) -> Path:
        return self.home / "samples.jsonl"

    def add(self, sample: Any, **more: Any) -> None:
        """Keep one at once: what comes after may be cut short."""
        row = {**asdict(sample), "run": self.runs, "counts": dict(self.counts), **more}
        self.samples.append(row)
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")
