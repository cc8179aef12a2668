"""Which phrases of a text a style classifier may dislike: candidates to be left out one by one."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from bot.sentences import split
from persona.style import masked
from persona.style_features import REASONS, SURFACE, TOKEN, Features, keys_of, surface
from persona.style_model import StyleModel

_LONGEST = 5  # tokens of a phrase
_LINKING = frozenset(
    "a an and as at but by for from if in into it its of on or that the their then there these "
    "this those to until when which while with within your".split()
)
"""Words that no phrase begins or ends with: nobody learns from a disliked "of"."""

_TELLING = np.array([name in REASONS for name in SURFACE])
_SPACES = re.compile(r"[ \t]{2,}")
_BEFORE_MARK = re.compile(r"[ \t]+([.,;:!?])")


@dataclass(frozen=True, slots=True)
class Phrase:
    """A place in a text and a first estimate of how much the classifier dislikes it."""

    start: int
    end: int
    dislike: float


def suspects(model: StyleModel, text: str, whole: Features, *, most: int) -> list[Phrase]:
    """The phrases of a text that most likely speak against the voice, the worst first.

    Every token gets what its hashed features and the named features of its words weigh; a phrase
    is a run of tokens of one sentence whose sum is lowest. Phrases do not overlap.
    """
    plain = masked(text)
    scale = _damping(whole)
    found: list[Phrase] = []
    for unit in split(plain):
        tokens = list(TOKEN.finditer(plain, unit.start, unit.end))
        costs = _costs(model, [t.group() for t in tokens], scale)
        edge = [
            cost > 0 and token.group().casefold() not in _LINKING
            for cost, token in zip(costs, tokens, strict=True)
        ]
        for first in range(len(tokens)):
            total = 0.0
            for last in range(first, min(first + _LONGEST, len(tokens))):
                total += costs[last]
                if edge[first] and edge[last]:
                    found.append(Phrase(tokens[first].start(), tokens[last].end(), total))
    found.sort(key=lambda phrase: (-phrase.dislike, phrase.start))
    chosen: list[Phrase] = []
    for phrase in found:
        if len(chosen) == most:
            break
        if phrase.dislike > 0 and not any(_overlap(phrase, other) for other in chosen):
            chosen.append(phrase)
    return chosen


def without(text: str, phrase: Phrase) -> str:
    """The text with a phrase taken out, and no gap left where it was."""
    rest = f"{text[: phrase.start].rstrip(' ')} {text[phrase.end :].lstrip(' ')}".strip()
    return _BEFORE_MARK.sub(r"\1", _SPACES.sub(" ", rest))


def _overlap(one: Phrase, other: Phrase) -> bool:
    return one.start < other.end and other.start < one.end


def _damping(whole: Features) -> float:
    """What one unit of a hashed feature is worth in a text of this length."""
    if not len(whole.values):
        return 0.0
    # Most features of a text come once: their value is that of a count of one.
    return float(np.median(whole.values))


def _costs(model: StyleModel, tokens: list[str], scale: float) -> list[float]:
    """How much each token speaks against the voice, roughly; below 0: for it."""
    costs = []
    before = ""
    none = surface("It is.", ["It", "is"])
    for token in tokens:
        hashed = sum(float(model.hashed[b]) * weight for b, weight in keys_of(token, before))
        named = surface(f"It is {token}.", ["It", "is", token]) - none
        listed = float(model.surface @ np.where(_TELLING, named, 0.0))
        costs.append(-(scale * hashed + 0.3 * listed))
        before = token
    return costs
