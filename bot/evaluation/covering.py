"""How much of a right answer an answer says: claim coverage. Pure; the check is handed in.

The key claims of a case are its ``claims``, each of which a full answer makes. Where a suite names
none, each of its ``answers`` is split into sentences, and the one that the answer covers best
counts: they are alternatives. A claim is covered when the answer says it word for word in the
common form (:mod:`bot.evaluation.normalising`), or when the built-in check, with the answer as its
only passage, calls the claim carried. What is no sentence ("24 months") must be said word for word.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from bot.evaluation.cases import Case
from bot.evaluation.normalising import contains, said
from bot.sentences import Unit, split

_SENTENCE = 4
"""Words from which on a claim is one that a check can judge."""


@dataclass(frozen=True, slots=True)
class Covered:
    """A key claim of a right answer, and whether an answer makes it."""

    text: str
    covered: bool


def key_claims(case: Case) -> tuple[tuple[str, ...], ...]:
    """The key claims of each right answer; none for what cannot be answered."""
    if not case.answerable:
        return ()
    if case.claims:
        return (case.claims,)
    return tuple(claims for answer in case.answers if (claims := _sentences(answer)))


def open_claims(case: Case, answer: str) -> tuple[str, ...]:
    """The key claims that an answer does not make word for word, and a check may find in it."""
    every = dict.fromkeys(claim for claims in key_claims(case) for claim in claims)
    return tuple(c for c in every if len(said(c)) >= _SENTENCE and not contains(answer, c))


def covered(case: Case, answer: str, carried: Collection[str]) -> tuple[Covered, ...] | None:
    """The key claims of the right answer that is covered best, with a verdict on each; ``carried``
    are those that a check found in the answer. ``None``: there are none."""
    found = [
        tuple(Covered(claim, claim in carried or contains(answer, claim)) for claim in claims)
        for claims in key_claims(case)
    ]
    return max(found, key=coverage, default=None)


def coverage(claims: Sequence[Covered]) -> float:
    """The share that is covered; 0 of none."""
    return sum(each.covered for each in claims) / len(claims) if claims else 0.0


def _sentences(answer: str) -> tuple[str, ...]:
    units = [unit.text for unit in split(answer) if unit.unit is not Unit.HEADING]
    return tuple(text for text in units if said(text))
