"""Answers of the open sets with what they were given and whether it carries them.

Four sets were judged by people; the fifth, ``documents``, is made here: sentences of reference
answers on documentation and encyclopedia passages, as they are and damaged (another number,
another name, a denial, a claim taken from elsewhere). The mark of a damaged sentence is exact,
that of a whole one is as good as the reference answers are.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from dataclasses import dataclass

from benchmarks.open_sets import rows
from bot.facts import Kind, facts
from bot.sentences import split


@dataclass(frozen=True)
class Answer:
    """A response, its passages, and whether they carry it. ``generic``: it states nothing."""

    set: str
    passages: tuple[str, ...]
    response: str
    supported: bool
    generic: bool = False
    question: str = ""
    document: str = ""


JUDGED = {
    "faithdial_audit": "faithdial_audit/responses",
    "begin": "begin/dev_cmu_tc",
    "halueval_qa": "halueval_qa/pairs",
    "q2_wow": "q2_wow/responses",
}


def judged(name: str) -> list[Answer]:
    """A set that people judged; responses marked uncooperative or unmarked are left out.

    The labels of q2_wow stand the wrong way round in the open set ("the history of pizza goes
    back to ancient times" is marked unsupported by a context that says just that, "woodstock has
    been around for over 400,000 years" supported): they are turned here.
    """
    yes = "unsupported" if name == "q2_wow" else "supported"
    found = []
    for row in rows(JUDGED[name]):
        if row["label"] not in ("supported", "unsupported", "generic"):
            continue
        found.append(
            Answer(
                name,
                (row["context"],),
                row["response"],
                row["label"] == yes,
                row["label"] == "generic",
                row.get("question", ""),
                row["context"][:60],
            )
        )
    return found


def _references() -> Iterator[Answer]:
    """Sentences of reference answers with their gold passages."""
    for name, corpus, questions, gold in (
        ("clapnq", "clapnq/corpus", "clapnq/questions", "gold"),
        ("northwind", "northwind/corpus", "northwind/questions", "gold_pages"),
        ("anthropic", "anthropic_docs_qa/corpus", "anthropic_docs_qa/questions", "gold"),
        ("mtrag", "mtrag/corpus_pool", "mtrag/tasks", "gold"),
    ):
        texts: dict[str, str] = {}
        for row in rows(corpus):
            for key in {row["id"], row.get("page") or row["id"]}:
                texts[key] = f"{texts[key]}\n{row['text']}" if key in texts else row["text"]
        for row in rows(questions):
            passages = tuple(texts[g] for g in row.get(gold) or () if g in texts)
            if not passages or not row["answerable"]:
                continue
            for answer in (row.get("answers") or ())[:1]:
                for unit in split(answer):
                    if len(unit.text.split()) > 4:
                        yield Answer(
                            "documents",
                            passages,
                            unit.text,
                            True,
                            question=row["question"],
                            document=f"{name}:{row[gold][0]}",
                        )


def _renumber(text: str, dice: random.Random) -> str | None:
    numbers = [f for f in facts(text) if f.kind is Kind.NUMBER and re.search(r"\d", f.text)]
    if not numbers:
        return None
    fact = dice.choice(numbers)
    digits = re.search(r"\d[\d,.]*\d|\d", fact.text)
    if digits is None:
        return None
    value = float(digits.group().replace(",", "") or 0)
    other = value + dice.choice([1, 2, 5, 10, value or 3])
    at = fact.start + digits.start()
    return text[:at] + f"{other:g}" + text[at + len(digits.group()) :]


def _rename(text: str, others: list[str], dice: random.Random) -> str | None:
    names = [f for f in facts(text) if f.kind is Kind.NAME]
    fresh = [o for o in others if o.casefold() not in text.casefold()]
    if not names or not fresh:
        return None
    fact = dice.choice(names)
    return text[: fact.start] + dice.choice(fresh) + text[fact.end :]


def _deny(text: str, _dice: random.Random) -> str | None:
    denied, count = re.subn(
        r"\b(is|are|was|were|can|will|has|have|must|should|does|do)\b(?! not)",
        r"\1 not",
        text,
        count=1,
    )
    return denied if count else None


def documents(seed: int = 5) -> list[Answer]:
    """Whole and damaged sentences of reference answers, about as many of each."""
    dice = random.Random(seed)
    whole = list(_references())
    dice.shuffle(whole)
    whole = whole[:900]
    names = [f.text for a in whole for p in a.passages for f in facts(p) if f.kind is Kind.NAME]
    found = list(whole)
    for answer in whole:
        near = [f.text for p in answer.passages for f in facts(p) if f.kind is Kind.NAME]
        kind = dice.choice(["number", "name", "deny", "elsewhere", "elsewhere", "added"])
        other = dice.choice(whole)
        text: str | None = None
        if kind == "number":
            text = _renumber(answer.response, dice)
        elif kind == "name":
            text = _rename(answer.response, [*near, *dice.sample(names, 5)], dice)
        elif kind == "deny":
            text = _deny(answer.response, dice)
        elif kind == "elsewhere" and other.document != answer.document:
            text = other.response
        elif kind == "added" and other.document != answer.document:
            half = other.response.split()
            text = f"{answer.response.rstrip('. ')} and {' '.join(half[len(half) // 3 :])}"
        if text and text != answer.response:
            found.append(
                Answer("documents", answer.passages, text, False, False, answer.question,
                       answer.document)
            )  # fmt: skip
    return found


def every_set() -> dict[str, list[Answer]]:
    return {**{name: judged(name) for name in JUDGED}, "documents": documents()}
