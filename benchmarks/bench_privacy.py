"""Personal data: how much of what identifies a person the rules find, kind by kind.

    python -m benchmarks.bench_privacy DATA

On ``presidio_pii`` (Presidio's synthetic sentences with their spans). Recall: spans of a kind that
are touched by a finding of that kind, at least by half; precision: findings that touch a span of
any kind that is personal, or of theirs alone.
"""

from __future__ import annotations

import gzip
import json
import sys
from collections import Counter
from pathlib import Path
from typing import Any

from persona.curation.presidio import finder

_KINDS = {
    "EMAIL_ADDRESS": "email",
    "PHONE_NUMBER": "phone",
    "CREDIT_CARD": "card",
    "IBAN_CODE": "iban",
    "IP_ADDRESS": "ip",
    "PERSON": "name",
}


def _rows(data: Path) -> list[dict[str, Any]]:
    with gzip.open(data / "presidio_pii" / "texts.jsonl.gz", "rt") as file:
        return [json.loads(line) for line in file]


def main(data: Path, *, misses: bool = False) -> None:
    """Print a line for each kind."""
    rules = finder()
    there, hit, right, made = Counter[str](), Counter[str](), Counter[str](), Counter[str]()
    for row in _rows(data):
        found = rules.find(row["text"])
        spans = [(s["start"], s["end"], _KINDS.get(s["type"], "")) for s in row["spans"]]
        for start, end, kind in spans:
            if not kind:
                continue
            there[kind] += 1
            same = (f for f in found if f.kind == kind)
            touched = sum(max(0, min(f.end, end) - max(f.start, start)) for f in same)
            hit[kind] += 2 * touched >= end - start
            if misses and 2 * touched < end - start and kind != "name":
                print("MISS", kind, repr(row["text"][start:end]), "|", row["text"][:120])
        for each in found:
            made[each.kind] += 1
            ok = any(k == each.kind and s < each.end and e > each.start for s, e, k in spans)
            right[each.kind] += ok
            if misses and not ok:
                said = row["text"][each.start : each.end]
                print("WRONG", each.kind, repr(said), "|", row["text"][:120])
    print(f"finder: {rules.id}")
    for kind in sorted({*there, *made}):
        recall = hit[kind] / there[kind] if there[kind] else float("nan")
        precision = right[kind] / made[kind] if made[kind] else float("nan")
        print(
            f"{kind:6} n={there[kind]:4} recall={recall:.3f} found={made[kind]:4} "
            f"precision={precision:.3f}"
        )


if __name__ == "__main__":
    main(Path(sys.argv[1]), misses="--misses" in sys.argv)
