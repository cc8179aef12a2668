"""What no judge decides: facts that must agree to the letter, quotes, and words that state nothing.

The built-in check's own rules, for whoever judges in its place: a number, date, code, link, command
or denial that the passages do not hold is no matter of opinion.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

from bot.sentences import split
from knowledge.grounding import commands, finding, states_nothing, unwrapped
from knowledge.statements import PassageText, plain, read_statement
from knowledge.support import ceiling, quoted, support

_LEAST = 0.5


class Standing(IntEnum):
    """How a sentence stands before anybody judges it, the best first."""

    STATES_NOTHING = 0
    QUOTED = 1
    OPEN = 2
    BROKEN = 3


@dataclass(frozen=True, slots=True)
class Exactness:
    """The standing of a sentence; ``finding`` says in words what is broken."""

    standing: Standing
    finding: str = ""


def exactness(
    sentence: str, passages: Sequence[PassageText], asked: frozenset[str] = frozenset()
) -> Exactness:
    """How a sentence stands to the passages; ``asked`` are the terms of the question. Of several
    units the worst counts."""
    known = asked.union(*(p.found for p in passages))
    found = [_of_unit(unit.text, passages, asked, known) for unit in split(sentence)]
    return max(found, key=lambda e: e.standing, default=Exactness(Standing.STATES_NOTHING))


def _of_unit(
    sentence: str,
    passages: Sequence[PassageText],
    asked: frozenset[str],
    known: frozenset[str],
) -> Exactness:
    text = unwrapped(sentence)
    if quoted(plain(sentence), passages) or quoted(text, passages):
        return Exactness(Standing.QUOTED)
    for command in commands(sentence):
        if not quoted(command, passages):
            return Exactness(Standing.BROKEN, f"the passages do not hold `{command}`")
    statement = read_statement(text, asked)
    if states_nothing(sentence, statement, known):
        return Exactness(Standing.STATES_NOTHING)
    held = support(statement, passages)
    if held.window is None:
        return Exactness(Standing.BROKEN, "there are no passages that could carry this")
    if ceiling(held.signals) < _LEAST:
        return Exactness(Standing.BROKEN, finding(statement, held, passages))
    return Exactness(Standing.OPEN)


def nearest(
    sentence: str, passages: Sequence[PassageText], only: int | None = None
) -> tuple[int, tuple[int, int]] | None:
    """The passage that is nearest to a sentence, and the span in it: where a citation points.

    ``only`` looks into that one alone.
    """
    statement = read_statement(unwrapped(sentence))
    chosen = passages if only is None else [passages[only]]
    window = support(statement, chosen).window
    if window is None:
        return None
    return window.index if only is None else only, window.span
