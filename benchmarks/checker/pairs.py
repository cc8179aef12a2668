"""What the checker is trained on: claims and questions with evidence and a label."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True)
class ClaimPair:
    """A claim and the passages it is judged by; ``label`` 1: they carry it, 0: they do not.

    ``context`` is the question or the sentence before, so that pronouns can be resolved.
    ``group`` names the source item: pairs of a group stay on one side of a split.
    """

    set: str
    kind: str
    evidence: tuple[str, ...]
    claim: str
    context: str
    label: int
    group: str


@dataclass(frozen=True)
class Span:
    """Where an answer stands: ``evidence[passage][start:end]``."""

    passage: int
    start: int
    end: int


@dataclass(frozen=True)
class QuestionPair:
    """A question and passages; ``label`` 1: they answer it. ``answer``: where, if known."""

    set: str
    kind: str
    evidence: tuple[str, ...]
    question: str
    label: int
    answer: Span | None
    group: str


Pair = ClaimPair | QuestionPair


def said(pair: Pair) -> str:
    """The claim or the question."""
    return pair.claim if isinstance(pair, ClaimPair) else pair.question


def write(path: Path, pairs: Sequence[Pair]) -> None:
    """Gzipped JSON Lines with a fixed time stamp: the same pairs give the same bytes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = "".join(json.dumps(asdict(pair), ensure_ascii=False) + "\n" for pair in pairs)
    path.write_bytes(gzip.compress(lines.encode(), 6, mtime=0))


def report(name: str, pairs: Iterable[Pair]) -> str:
    """A table: pairs of each set and kind, and how many of them are labelled 1."""
    count: Counter[tuple[str, str]] = Counter()
    right: Counter[tuple[str, str]] = Counter()
    for pair in pairs:
        for key in ((pair.set, pair.kind), (pair.set, "ALL"), ("ALL", "ALL")):
            count[key] += 1
            right[key] += pair.label
    lines = [f"{name:24}{'kind':22}{'pairs':>8}{'label 1':>9}"]
    lines += [f"{s:24}{k:22}{n:8}{right[s, k]:9}" for (s, k), n in sorted(count.items())]
    return "\n".join(lines)
