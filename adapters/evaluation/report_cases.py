"""The cases of a run as a page shows them: what each mode said, held up by what, and found where.

Pure, from records as :mod:`bot.evaluation.told` keeps them, so that a run of today and one out of
the books look the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Record = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Source:
    """A passage that at least one mode found; ``n`` is its number in the case."""

    n: int
    document: str
    title: str
    text: str
    gold: bool


@dataclass(frozen=True, slots=True)
class Finding:
    """A source in the list of a mode: its number in the case, and where the answer cites it."""

    n: int
    cited: int | None
    score: float | None


@dataclass(frozen=True, slots=True)
class Said:
    """A mode's answer: its ``record``, and what it found, best first."""

    mode: str
    record: Record
    found: tuple[Finding, ...]

    @property
    def right(self) -> bool:
        return bool(self.record["right"])

    @property
    def failed(self) -> bool:
        return bool(self.record["told"]["error"])

    @property
    def unheld(self) -> bool:
        """Whether it claims what nothing carries."""
        return bool(self.record["values"].get("hallucination_rate"))

    @property
    def verdict(self) -> str:
        """One word for it."""
        if self.failed:
            return "failed"
        if self.record["refused"]:
            return "rightly refused" if self.right else "refused"
        return "right" if self.right else "wrong"

    @property
    def times(self) -> str:
        """How long its stages took, the whole left out."""
        stages = self.record.get("timings_ms") or {}
        return ", ".join(f"{name} {ms:,.0f} ms" for name, ms in stages.items() if name != "total")


@dataclass(frozen=True, slots=True)
class CaseView:
    """A case with what each mode said, and every passage that one of them found, once."""

    case: Record
    said: tuple[Said, ...]
    sources: tuple[Source, ...]

    @property
    def right(self) -> int:
        """How many modes are right."""
        return sum(said.right for said in self.said)

    @property
    def marks(self) -> str:
        """What filters look for: ``look`` where not all is well, ``w0`` where the first mode is
        wrong, ``unheld``, ``refused``, ``failed``, ``apart`` where modes disagree."""
        marks = [f"w{n}" for n, said in enumerate(self.said) if not said.right]
        if any(said.unheld for said in self.said):
            marks.append("unheld")
        if marks:
            marks.append("look")
        if any(said.record["refused"] for said in self.said):
            marks.append("refused")
        if any(said.failed for said in self.said):
            marks.append("failed")
        if 0 < self.right < len(self.said):
            marks.append("apart")
        return " ".join(marks)


@dataclass(frozen=True, slots=True)
class Filter:
    """A choice above a list of cases: the ``mark`` that it looks for, empty for all, and how many
    it leaves."""

    mark: str
    words: str
    n: int


def views(records: Mapping[str, Sequence[Record]]) -> list[CaseView]:
    """Every case, those that fewest modes got right first."""
    modes = list(records)
    if not modes:
        return []
    by_id = {mode: {record["id"]: record for record in records[mode]} for mode in modes}
    found = [
        _view([(mode, by_id[mode][case["id"]]) for mode in modes if case["id"] in by_id[mode]])
        for case in records[modes[0]]
    ]
    return sorted(found, key=lambda view: (view.right, "look" not in view.marks.split()))


def filters(found: Sequence[CaseView], modes: Sequence[str]) -> list[Filter]:
    """The choices that leave something, but not the same as another one: all comes last."""
    told = [set(view.marks.split()) for view in found]
    wrong = [(f"w{n}", f"{mode} wrong") for n, mode in enumerate(modes)] if len(modes) > 1 else []
    choices = [
        ("look", "Needs a look"),
        *wrong,
        ("apart", "Modes disagree"),
        ("unheld", "Claim not carried"),
        ("refused", "Refused"),
        ("failed", "Failed"),
    ]
    counted = [Filter(mark, words, sum(mark in m for m in told)) for mark, words in choices]
    return [*(each for each in counted if each.n), Filter("", "All", len(found))]


def _view(said: Sequence[tuple[str, Record]]) -> CaseView:
    case = said[0][1]
    numbers: dict[tuple[str, str], Source] = {}
    modes = []
    for mode, record in said:
        findings = []
        for passage in record["told"]["found"]:
            key = passage["document"], passage["text"]
            source = numbers.setdefault(
                key,
                Source(
                    len(numbers) + 1, passage["document"], passage["title"], passage["text"],
                    passage["document"] in case["gold"],
                ),
            )  # fmt: skip
            findings.append(Finding(source.n, passage["n"], passage.get("score")))
        modes.append(Said(mode, record, tuple(findings)))
    return CaseView(case, tuple(modes), tuple(numbers.values()))
