"""How a claim or a question is shown to the encoder: chosen evidence, what was asked, what is said.

``[CLS] evidence [SEP] question [SEP] claim [SEP]`` for a claim, ``[CLS] evidence [SEP] question
[SEP]`` for a question; what follows the evidence has the second token type.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bot.facts import rarity
from bot.lexical import query_terms
from knowledge.checking.evidence import Evidence, pieces_of
from knowledge.statements import Statement, plain

if TYPE_CHECKING:
    from tokenizers import Tokenizer

MOST = 128
"""Word pieces of one pass, in training and at run time."""

_CLS, SEPARATOR = 101, 102
_ASKED = 28  # word pieces kept of the question beside a claim: its end
_SAID = 60  # word pieces kept of a claim
_LEAST = 56  # word pieces of evidence beside the longest claim

Ids = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Shown:
    """The texts of a pass: ``asked`` may be empty beside a claim, ``said`` is for a question."""

    evidence: str
    asked: str
    said: str = ""


def _room(*texts: str) -> int:
    """Word pieces left to the evidence beside these texts, by estimate."""
    return max(_LEAST, MOST - 8 - sum(pieces_of(t) + 1 for t in texts if t))


def _ending(text: str, most: int) -> str:
    """The last words of a text, at most about ``most`` word pieces."""
    kept: list[str] = []
    for word in reversed(plain(text).split()):
        most -= pieces_of(word)
        if most < 0 and kept:
            break
        kept.append(word)
    return " ".join(reversed(kept))


def show_claim(evidence: Evidence, statement: Statement, question: str = "") -> Shown:
    """A claim beside the lines that hold its telling words."""
    asked = _ending(question, _ASKED) if question else ""
    return Shown(
        evidence.choose(statement.weights, _room(asked, statement.text)), asked, statement.text
    )


def show_question(evidence: Evidence, question: str, only: int | None = None) -> Shown:
    """A question beside the lines, of one passage or of all, that hold its telling words."""
    asked = _ending(question, _SAID)
    weights = {term: rarity(term) for term in query_terms(question)}
    return Shown(evidence.choose(weights, _room(asked), only), asked)


def encoded(tokenizer: Tokenizer, shown: Shown) -> tuple[Ids, Ids]:
    """Word piece ids and token types of one pass, each of shape ``[1, n]`` with n at most MOST."""

    def ids(text: str) -> Sequence[int]:
        clean = text if text.isascii() else text.encode("utf-8", "replace").decode()
        found: list[int] = tokenizer.encode(clean, add_special_tokens=False).ids
        return found

    after: list[int] = []
    for text, most in ((shown.asked, _SAID), (shown.said, _SAID)):
        if text:
            after += [*ids(text)[:most], SEPARATOR]
    evidence = ids(shown.evidence)[: MOST - 2 - len(after)]
    row = [_CLS, *evidence, SEPARATOR, *after]
    types = [0] * (len(evidence) + 2) + [1] * len(after)
    return np.array([row], np.int64), np.array([types], np.int64)
