"""Questions with the passages that answer them, many with none: a passage is a document."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from benchmarks.open_sets import Row, gold_passages, rows
from benchmarks.suites.made import OpenSuite, as_lines
from bot.evaluation.cases import Case

Answers = Callable[[Row], list[str]]


def _read(
    name: str,
    data: Path,
    answers: Answers,
    told: str,
    *,
    matched: bool = True,
    all_of_them: bool = False,
    covered: bool = True,
) -> OpenSuite:
    """A set; of one whose answers are ``all_of_them`` wanted a full answer says each."""
    corpus = rows(f"{name}/corpus", data)
    pages = as_lines([(r["id"], str(r.get("title") or ""), r["text"].strip()) for r in corpus])
    cases = []
    for row in rows(f"{name}/questions", data):
        gold = gold_passages(row, corpus)
        wanted = tuple(dict.fromkeys(a.strip() for a in answers(row) if a.strip()))
        known = bool(row["answerable"])
        if known and not (wanted and gold):
            continue  # what answers it was cut from the set
        asked = Case(str(row["id"]), row["question"].strip(), answerable=known)
        if known:
            claims = wanted if all_of_them else ()
            asked = replace(asked, answers=wanted, gold=gold, claims=claims)
        cases.append(asked)
    return OpenSuite(name, pages, tuple(cases), told, matched, covered)


def squad2(data: Path) -> OpenSuite:
    """Near misses: half of the questions look answerable by a paragraph, and are not."""
    return _read("squad2", data, lambda row: row["answers"], "says one of the short answers")


def clapnq(data: Path) -> OpenSuite:
    """Questions as people type them, of Wikipedia; the long answers are told by sentence."""
    told = "says one of the sentences that the answer was written from"
    return _read(
        "clapnq", data, lambda row: row.get("gold_sentences") or [], told, all_of_them=True
    )


def multihop_rag(data: Path) -> OpenSuite:
    """News, several documents a question; those that no document answers are to be refused."""
    told = "no measure: most answers are yes or no, which any text may hold"
    return _read(
        "multihop_rag", data, lambda row: row["answers"], told, matched=False, covered=False
    )


def northwind(data: Path) -> OpenSuite:
    """An employees' handbook; 15 questions that it does not answer."""
    told = "no measure: the answers are free text"
    return _read("northwind", data, lambda row: row["answers"], told, matched=False)


def anthropic_docs_qa(data: Path) -> OpenSuite:
    """A service's documentation, by section."""
    told = "no measure: the answers are free text"
    return _read("anthropic_docs_qa", data, lambda row: row["answers"], told, matched=False)
