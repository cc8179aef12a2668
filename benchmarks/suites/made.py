"""What a loader makes of an open set, and how it is written and drawn from."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from bot.evaluation.cases import Case

SEED = 8
DOCUMENTS = "documents"
"""The folder beside a suite that ``wellspoken ingest`` reads; the source has this name."""


@dataclass(frozen=True)
class OpenSuite:
    """A set as a suite. ``pages`` are files by path, as they are read in.

    ``told`` says what a right answer is, in the words of the table. Where ``matched`` is false the
    set's answers are free text that no answer repeats: its accuracy says nothing without a judge,
    and is left out; where they are not ``covered`` either, they are a mere yes or no.
    """

    name: str
    pages: Mapping[str, str]
    cases: tuple[Case, ...]
    told: str
    matched: bool = True
    covered: bool = True

    def drawn(self, size: int | None, seed: int = SEED) -> OpenSuite:
        """So many cases at most, in their order; the same for the same seed, of all documents."""
        if size is None or size >= len(self.cases):
            return self
        kept = sorted(random.Random(seed).sample(range(len(self.cases)), size))
        return replace(self, cases=tuple(self.cases[at] for at in kept))

    def write(self, folder: Path) -> Path:
        """The documents below ``folder``, and the suite; its path."""
        for name, text in self.pages.items():
            path = folder / DOCUMENTS / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8", newline="")
        suite = folder / f"{self.name}.jsonl"
        suite.write_text("".join(f"{_line(case)}\n" for case in self.cases), encoding="utf-8")
        return suite


def as_lines(documents: Sequence[tuple[str, str, str]]) -> dict[str, str]:
    """Documents of id, title and text as one file of JSON Lines."""
    written = (
        json.dumps({"id": id_, "title": title, "text": text}, ensure_ascii=False)
        for id_, title, text in documents
    )
    return {"documents.jsonl": "".join(f"{line}\n" for line in written)}


def _line(case: Case) -> str:
    filled = {key: value for key, value in asdict(case).items() if value or key == "answers"}
    return json.dumps(filled | {"answerable": case.answerable}, ensure_ascii=False)
