"""Which candidates become cases: agreed on, no near duplicates, spread over documents. Pure."""

from __future__ import annotations

import hashlib
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import PurePosixPath
from random import Random

from knowledge.proposing.material import Candidate, stems

ALIKE = 0.8
"""Share of their telling stems from which on two questions are one."""


class Dropped(StrEnum):
    """Why a candidate is no case."""

    SEVERAL_ANSWERS = "documents answer it differently"
    NOT_FOUND = "the search does not find its document"
    ELSEWHERE = "another document answers it with something else"
    TOLD = "documents may tell it"
    ALIKE = "nearly the same question"
    NO_SPAN = "the answer is not in the passage"
    NOT_READ = "the model's reply cannot be read"


@dataclass(frozen=True, slots=True)
class Merged:
    """A question with every document that gives this answer."""

    candidate: Candidate
    gold: tuple[str, ...]


def merged(found: Iterable[Candidate], dropped: Counter[Dropped]) -> list[Merged]:
    """Candidates with the same question as one; those that documents answer differently go."""
    by_question: dict[str, list[Candidate]] = defaultdict(list)
    for each in found:
        kind = each.rule.endswith("remedy")  # "What does E-1 mean?", "What should I do about E-1?"
        by_question[f"{kind} {' '.join(sorted(stems(each.question)))}"].append(each)
    kept = []
    for same in by_question.values():
        first = same[0]
        answers = {_plain(each.answers[0]) for each in same if each.answers}
        if len(answers) > 1:
            dropped[Dropped.SEVERAL_ANSWERS] += len(same)
            continue
        gold = tuple(dict.fromkeys(each.material.document for each in same))
        kept.append(Merged(first, gold if first.answerable else ()))
    return kept


def spread(found: Sequence[Merged], seed: int) -> Iterator[Merged]:
    """In an order that takes a question of every document before the second of one, and different
    rules of a document before the same again. The same seed gives the same order."""
    random = Random(seed)  # noqa: S311 - no secret hangs on it
    shelves: dict[str, list[Merged]] = defaultdict(list)
    for each in found:
        shelves[each.candidate.material.document].append(each)
    names = sorted(shelves)
    random.shuffle(names)
    queues = [_varied(shelves[name], random) for name in names]
    while queues:
        for queue in list(queues):
            yield queue.pop(0)
            if not queue:
                queues.remove(queue)


def _varied(shelf: Sequence[Merged], random: Random) -> list[Merged]:
    """The cases of a document, turning through the rules."""
    by_rule: dict[str, list[Merged]] = defaultdict(list)
    for each in shelf:
        by_rule[each.candidate.rule].append(each)
    rules = sorted(by_rule, key=lambda rule: (len(by_rule[rule]), rule))
    for rule in rules:
        random.shuffle(by_rule[rule])
    order = []
    while any(by_rule.values()):
        order += [by_rule[rule].pop() for rule in rules if by_rule[rule]]
    return order


def alike(one: frozenset[str], other: frozenset[str]) -> bool:
    """Whether questions with these telling stems ask nearly the same."""
    return bool(one) and len(one & other) >= ALIKE * len(one | other)


def case_id(document: str, question: str) -> str:
    """A name for a case: its document's, and six digits that hang on the question."""
    stem = re.sub(r"[^a-z0-9]+", "-", PurePosixPath(document).stem.lower()).strip("-")[:40]
    digest = hashlib.sha256(f"{document}\0{_plain(question)}".encode()).hexdigest()[:6]
    return f"{stem or 'case'}-{digest}"


def _plain(text: str) -> str:
    return " ".join(text.casefold().split())
