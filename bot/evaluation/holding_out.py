"""Whether a suite is held out: which of its questions a model was trained on. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from bot.evaluation.cases import Case
from bot.lexical import fold

_OTHER = re.compile(r"[\W_]+")
_OPENING = 3  # words that a question must have: "And then?" stands in every data set
_Opening = tuple[str, str, str]


def taught(cases: Sequence[Case], lines: Iterable[str]) -> frozenset[str]:
    """The ids of the cases whose question, or a paraphrase of it, stands in a training file's lines
    (JSON, any shape; a line that is none counts as it is), but for case and punctuation."""
    wanted: dict[_Opening, dict[str, set[str]]] = {}
    for case in cases:
        for question in (case.question, *case.paraphrases):
            words = _words(question)
            if len(words) >= _OPENING:
                asked = wanted.setdefault(_openings(words[:_OPENING]).pop(), {})
                asked.setdefault(f" {' '.join(words)} ", set()).add(case.id)
    found: set[str] = set()
    for line in lines:
        for text in _texts(line):
            words = _words(text)
            for opening in _openings(words) & wanted.keys():
                said = f" {' '.join(words)} "
                for question, ids in wanted[opening].items():
                    if question in said:
                        found |= ids
    return frozenset(found)


def _words(text: str) -> list[str]:
    return _OTHER.sub(" ", fold(text)).split()


def _openings(words: Sequence[str]) -> set[_Opening]:
    """Every three words in a row: few of them begin a question that is looked for."""
    return set(zip(words, words[1:], words[2:], strict=False))


def _texts(line: str) -> Iterator[str]:
    """Every text of a line of JSON."""
    try:
        waiting: list[Any] = [json.loads(line)]
    except (ValueError, RecursionError):
        yield line
        return
    while waiting:
        value = waiting.pop()
        if isinstance(value, str):
            yield value
        elif isinstance(value, dict):
            waiting.extend(value.values())
        elif isinstance(value, list):
            waiting.extend(value)
