"""mtrag: long answers of models that three people rated for faithfulness from 1 to 4."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.grounded_answers import Answer
from benchmarks.open_sets import rows

FAITHFUL, UNFAITHFUL = 3.6, 2.7
"""Mean ratings from which, and up to which, people agreed; what lies between is left out."""


def rated() -> list[Answer]:
    """The rated answers with the passages that the model was given (about 195, a fifth wrong)."""
    found = []
    for row in rows("mtrag/human_ratings"):
        marks = [int(m) for m in row["human"].get("faithfulness", []) if str(m).isdigit()]
        passages = tuple(c["text"].strip() for c in row["contexts"][:6])
        if len(marks) < 2 or not passages or row["answerability"] not in ("ANSWERABLE", "PARTIAL"):
            continue
        mean = sum(marks) / len(marks)
        if not UNFAITHFUL < mean < FAITHFUL:
            found.append(
                Answer("rated", passages, row["response"], mean >= FAITHFUL,
                       question=row["messages"][-1]["text"],
                       document="mtrag:" + row["id"].split("<")[0])
            )  # fmt: skip
    return found


def taught(answers: Sequence[Answer]) -> list[Answer]:
    """The half that the encoder is trained on."""
    return list(answers[1::2])


def kept_back(answers: Sequence[Answer]) -> list[Answer]:
    """The half that it has not seen, for the fit of the scales."""
    return list(answers[::2])
