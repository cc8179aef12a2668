"""Whole pages: documentation whose own headings are asked, and long texts with marked spans."""

from __future__ import annotations

import re
from pathlib import Path

from benchmarks.open_sets import blanked_pages, rows
from benchmarks.suites.made import OpenSuite, as_lines
from bot.evaluation.cases import Case
from bot.evaluation.normalising import bare, said

_FEWEST = 5  # words; shorter ones are captions, "Note:" and the like
_SENTENCE = re.compile(r"(?<=[.!?:])\s+|\n+")
TOLD = "says a sentence of the section that answers"


def sentences(text: str) -> tuple[str, ...]:
    """The sentences of a text that say something, without markup, each once."""
    parts = (
        re.sub(r"^[\s#>+-]+", "", re.sub(r"\*+", "", part)).strip()
        for part in _SENTENCE.split(bare(text))
    )
    return tuple(dict.fromkeys(part for part in parts if len(said(part)) >= _FEWEST))


def _pages(name: str, data: Path) -> OpenSuite:
    pages = {id_: page["text"] for id_, page in blanked_pages(name, data).items()}
    cases = []
    for row in rows(f"{name}/faq", data):
        answers = tuple(dict.fromkeys(s for a in row["answers"] for s in sentences(a)))
        if row["answerable"] and answers:
            cases.append(Case(row["id"], row["question"].strip(), answers, tuple(row["gold"])))
    return OpenSuite(name, pages, tuple(cases), TOLD)


def docs_plausible(data: Path) -> OpenSuite:
    """The documentation of a web analytics product."""
    return _pages("docs_plausible", data)


def docs_wsl(data: Path) -> OpenSuite:
    """A small documentation."""
    return _pages("docs_wsl", data)


def docs_powershell(data: Path) -> OpenSuite:
    """3,088 pages in five versions, many of them nearly the same."""
    return _pages("docs_powershell", data)


def chunking_eval(data: Path) -> OpenSuite:
    """Two long texts; a right answer says one of the marked spans."""
    texts = rows("chunking_eval/documents", data)
    cases = []
    for row in rows("chunking_eval/questions", data):
        spans = tuple(dict.fromkeys(span["text"].strip() for span in row["gold_spans"]))
        asked = Case(row["id"], row["question"].strip(), spans, (row["doc"],), claims=spans)
        cases.append(asked)
    pages = as_lines([(t["id"], t["title"], t["text"]) for t in texts])
    return OpenSuite("chunking_eval", pages, tuple(cases), "says one of the marked spans")
