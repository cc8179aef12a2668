"""Counts how rare words are in general documents; writes ``bot/rarity.json``.

Run: ``python -m benchmarks.train_rarity`` (seconds). Stems that stand in at least five windows of
1,500 characters of the open sets' corpora get their inverse document frequency; a word that is not
listed counts as rare (7.0).
"""

from __future__ import annotations

import json
import math
from collections import Counter
from pathlib import Path

from benchmarks.open_sets import rows
from bot.lexical import terms

TARGET = Path(__file__).resolve().parent.parent / "bot" / "rarity.json"
CORPORA = (
    "squad2/corpus",
    "clapnq/corpus",
    "northwind/corpus",
    "multihop_rag/corpus",
    "mtrag/corpus_pool",
    "anthropic_docs_qa/corpus",
    "docs_plausible/pages",
    "docs_wsl/pages",
    "docs_powershell/pages",
)
WINDOW = 1_500
EVERY = {"docs_powershell/pages": 30}  # five near-identical versions would drown the rest
FEWEST = 5


def main() -> None:
    frequency: Counter[str] = Counter()
    windows = 0
    for name in CORPORA:
        for row in rows(name)[:: EVERY.get(name, 1)]:
            text = row["text"]
            for at in range(0, len(text), WINDOW):
                frequency.update(set(terms(text[at : at + WINDOW])))
                windows += 1
    rarity = {
        term: round(math.log((windows + 1) / (count + 0.5)), 1)
        for term, count in sorted(frequency.items())
        if count >= FEWEST and term.isalpha() and term.isascii()
    }
    written = {
        "source": (
            "document frequencies of stems in the corpora of squad2, clapnq, northwind,"
            " multihop_rag, mtrag, anthropic_docs_qa, docs_plausible, docs_wsl and docs_powershell,"
            " in windows of 1,500 characters; see benchmarks/train_rarity.py"
        ),
        "documents": windows,
        "idf": rarity,
    }
    TARGET.write_text(json.dumps(written, separators=(",", ":")), encoding="utf-8")
    print(f"{len(rarity)} stems in {windows} windows")


if __name__ == "__main__":
    main()
