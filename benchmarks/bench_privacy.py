"""Personal data: how much of what identifies a person the rules find, kind by kind.

    python -m benchmarks.bench_privacy [DATA] [--misses]

On ``presidio_pii`` (Presidio's synthetic sentences with their spans) where DATA has it, and on
``privacy_texts.txt`` beside this file: other forms of the same, and what only looks like it.
Recall: spans of a kind that are touched by a finding of that kind, at least by half; precision:
findings that touch a span of their kind, of all findings.
"""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.open_sets import rows
from benchmarks.reporting import at_least, proportion
from persona.curation.presidio import finder
from persona.curation.privacy import Finder

KINDS = ("card", "email", "iban", "ip", "phone")
RECALL, PRECISION = 0.95, 0.9
"""What each of the kinds has to reach."""
_TEXTS = Path(__file__).with_name("privacy_texts.txt")
_MARK = re.compile(r"\{\{(\w+):(.*?)\}\}")
_KINDS = {
    "EMAIL_ADDRESS": "email",
    "PHONE_NUMBER": "phone",
    "CREDIT_CARD": "card",
    "IBAN_CODE": "iban",
    "IP_ADDRESS": "ip",
    "PERSON": "name",
}
Span = tuple[int, int, str]


@dataclass(frozen=True)
class Text:
    """A text, and what of it is personal: start, end, kind."""

    text: str
    spans: tuple[Span, ...]


@dataclass
class Counts:
    """How many of a kind there are, were found, were said to be one, and were one."""

    there: Counter[str] = field(default_factory=Counter)
    hit: Counter[str] = field(default_factory=Counter)
    made: Counter[str] = field(default_factory=Counter)
    right: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)


def open_texts(data: Path) -> Iterator[Text]:
    """The open set."""
    for row in rows("presidio_pii/texts", data):
        spans = ((s["start"], s["end"], _KINDS.get(s["type"], "")) for s in row["spans"])
        yield Text(row["text"], tuple(span for span in spans if span[2]))


def own_texts() -> Iterator[Text]:
    """Those that were written by hand."""
    for line in _TEXTS.read_text("utf-8").splitlines():
        if line.startswith("#"):
            continue
        parts, spans, at = [], [], 0
        for match in _MARK.finditer(line):
            parts.append(line[at : match.start()])
            start = sum(map(len, parts))
            spans.append((start, start + len(match[2]), match[1]))
            parts.append(match[2])
            at = match.end()
        yield Text("".join([*parts, line[at:]]), tuple(spans))


def count(texts: Iterable[Text], rules: Finder) -> Counts:
    """What the rules find of the texts."""
    counts = Counts()
    for each in texts:
        found = rules.find(each.text)
        for start, end, kind in each.spans:
            counts.there[kind] += 1
            same = (f for f in found if f.kind == kind)
            touched = sum(max(0, min(f.end, end) - max(f.start, start)) for f in same)
            counts.hit[kind] += 2 * touched >= end - start
            if 2 * touched < end - start and kind != "name":
                counts.wrong.append(f"MISS {kind} {each.text[start:end]!r} | {each.text[:120]!r}")
        for one in found:
            counts.made[one.kind] += 1
            ok = any(k == one.kind and s < one.end and e > one.start for s, e, k in each.spans)
            counts.right[one.kind] += ok
            if not ok:
                said = each.text[one.start : one.end]
                counts.wrong.append(f"WRONG {one.kind} {said!r} | {each.text[:120]!r}")
    return counts


def tell(name: str, counts: Counts) -> None:
    """Print a line for each kind."""
    for kind in sorted({*counts.there, *counts.made}):
        there, hit = counts.there[kind], counts.hit[kind]
        made, right = counts.made[kind], counts.right[kind]
        bars = (at_least(RECALL), at_least(PRECISION)) if kind in KINDS else (None, None)
        if there:
            proportion(f"{name}: {kind}, found", hit, there, bar=bars[0])
        if made:
            proportion(f"{name}: {kind}, findings that are right", right, made, bar=bars[1])
        recall = hit / there if there else float("nan")
        precision = right / made if made else float("nan")
        print(
            f"{name:9} {kind:6} n={there:4} recall={recall:.3f} found={made:4} "
            f"precision={precision:.3f}"
        )


def main(data: Path | None, *, misses: bool = False) -> None:
    """Measure what is there."""
    rules = finder()
    print(f"finder: {rules.id}")
    sets = {"by hand": list(own_texts())}
    if data is not None:
        sets["presidio"] = list(open_texts(data))
    for name, texts in sets.items():
        counts = count(texts, rules)
        if misses:
            print(*counts.wrong, sep="\n")
        tell(name, counts)


if __name__ == "__main__":
    _given = [word for word in sys.argv[1:] if word != "--misses"]
    main(Path(_given[0]) if _given else None, misses="--misses" in sys.argv)
