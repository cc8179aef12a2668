"""The open sets that people judged, as pairs for :mod:`benchmarks.checker.prepare`.

    python -m benchmarks.checker.judged FOLDER

Writes ``FOLDER/SET/claims.jsonl.gz``. A response that is carried gives each of its sentences and
itself, one that is not gives itself only: which of its sentences is at fault nobody has marked.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from benchmarks.checker.pairs import ClaimPair, write
from benchmarks.grounded_answers import JUDGED, Answer, judged
from bot.lexical import terms
from bot.sentences import split
from knowledge.grounding import states_nothing, unwrapped
from knowledge.statements import read_passage, read_statement


def pairs(answers: list[Answer]) -> Iterator[ClaimPair]:
    for answer in answers:
        if answer.generic:
            continue
        known = frozenset(terms(answer.question)).union(
            *(read_passage(p).found for p in answer.passages)
        )
        stated = [
            unit.text
            for unit in split(answer.response)
            if not states_nothing(unit.text, read_statement(unwrapped(unit.text)), known)
        ]
        texts = dict.fromkeys([" ".join(stated), *(stated if answer.supported else ())])
        for text in texts:
            if text:
                yield ClaimPair(
                    answer.set, "judged", answer.passages, text, answer.question,
                    int(answer.supported), answer.document,
                )  # fmt: skip


def main() -> None:
    for name in JUDGED:
        found = list(pairs(judged(name)))
        write(Path(sys.argv[1]) / name / "claims.jsonl.gz", found)
        print(name, len(found), sum(p.label for p in found))


if __name__ == "__main__":
    main()
