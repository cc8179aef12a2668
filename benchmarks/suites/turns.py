"""Questions out of conversations, as people wrote them to stand alone: a suite has no history.

What rewriting a follow-up brings is measured by ``benchmarks.bench_rewrite``. mtrag is not here:
its rewritten questions come without answers, and its answers without rewritten questions.
"""

from __future__ import annotations

import re
from pathlib import Path

from benchmarks.open_sets import Row, rows
from benchmarks.suites.documentation import sentences
from benchmarks.suites.made import OpenSuite, as_lines
from bot.evaluation.cases import Case

_UNKNOWN = "I don't know."
_OPENING = 2  # topic and section stand before the first question


def canard(data: Path) -> OpenSuite:
    """A document is a section of an article, as the answers that its conversation collected.

    The answer to a question stands in the history of the next one, so that the last question of a
    conversation has none and is left out.
    """
    talks: dict[str, list[Row]] = {}
    for row in rows("canard/rewrites", data):
        talks.setdefault(str(row["id"]).split("#")[0], []).append(row)
    documents, cases = [], []
    for name, talk in talks.items():
        last = max(talk, key=lambda row: len(row["history"]))["history"]
        answers = last[_OPENING + 1 :: 2]
        text = "\n\n".join(dict.fromkeys(a for a in answers if a != _UNKNOWN))
        if not text:
            continue
        documents.append((name, ": ".join(last[:_OPENING]), text))
        for row in talk:
            at = (len(row["history"]) - _OPENING) // 2
            if at < len(answers):
                cases.append(_case(row, answers[at], name))
    return OpenSuite(
        "canard",
        as_lines(documents),
        tuple(case for case in cases if case is not None),
        "says a sentence of the answer",
    )


def _case(row: Row, answer: str, document: str) -> Case | None:
    id_, question = str(row["id"]), re.sub(r"\s+", " ", row["rewrite"]).strip()
    if answer == _UNKNOWN:
        return Case(id_, question, answerable=False)
    wanted = sentences(answer) or (answer,)
    return Case(id_, question, wanted, (document,), claims=wanted)
