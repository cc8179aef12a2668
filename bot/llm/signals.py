"""Signals of an answer: how well a candidate fits a question, and whether anything does.

Every signal is absolute: none depends on scores that are relative to one search. Their order is
that of the weights in ``reader.json``, which ``benchmarks/train_reader.py`` fits.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from bot.evidence import Passage
from bot.facts import Fact, Kind, facts, same_number
from bot.lexical import terms
from bot.llm.asking import Asked, Asks, holds_type, negations, opposed
from bot.llm.units import Candidate, candidates
from bot.sentences import Unit

_ENOUGH = 4
_COMMON = 0.5

Row = NDArray[np.float64]


@lru_cache(maxsize=16_384)
def _term_list(text: str) -> tuple[str, ...]:
    return tuple(terms(text))


@lru_cache(maxsize=16_384)
def _term_set(text: str) -> frozenset[str]:
    return frozenset(_term_list(text))


def _coverage(weights: dict[str, float], found: frozenset[str]) -> float:
    total = sum(weights.values())
    return sum(w for t, w in weights.items() if t in found) / total if total else 0.0


def _heaviest_missing(weights: dict[str, float], found: frozenset[str]) -> float:
    return max((w for t, w in weights.items() if t not in found), default=0.0) / 7.0


def agrees(fact: Fact, text: str, found: frozenset[str]) -> bool:
    """Whether a text holds a fact of the question."""
    if fact.kind is Kind.NAME:
        return all(t in found for t in fact.value.split())
    if fact.kind is Kind.NUMBER:
        return any(f.kind is Kind.NUMBER and same_number(fact, f) for f in facts(text))
    if fact.kind is Kind.DATE:
        return any(
            f.kind is Kind.DATE and f.value.endswith(fact.value.lstrip("-")) for f in facts(text)
        )
    return fact.value in text.casefold().replace("–", "-")


def _disagreement(wanted: Sequence[Fact], text: str, found: frozenset[str]) -> float:
    """Share of the question's facts that a text does not hold."""
    if not wanted:
        return 0.0
    return sum(not agrees(f, text, found) for f in wanted) / len(wanted)


@dataclass(frozen=True, slots=True)
class Scored:
    """A candidate of passage ``index`` with its signals."""

    candidate: Candidate
    index: int
    row: Row


CANDIDATE_SIGNALS = (
    "covered", "covered_with_heading", "covered_nearby", "covered_by_passage", "pairs", "order",
    "type", "type_wanted_missing", "strict_missing", "names_missing", "density", "opposed",
    "negation_differs", "cosine", "lexical_share", "rank", "position", "length", "short",
    "block_for_how", "row_for_number", "definition_opens", "sentence_cosine",
)  # fmt: skip


def _passage_terms(passage: Passage) -> frozenset[str]:
    return _term_set(passage.chunk.text) | _term_set(passage.chunk.header)


def _span_of_matches(asked: Asked, found: Sequence[str]) -> float:
    """How close together the asked terms stand: matches per length of the stretch they span."""
    places = [i for i, t in enumerate(found) if t in asked.weights]
    if len(places) < 2:
        return 0.0
    return len(places) / (places[-1] - places[0] + 1)


def shared(passages: Sequence[Passage]) -> frozenset[str]:
    """The terms that every passage has."""
    return frozenset.intersection(*map(_passage_terms, passages)) if passages else frozenset()


def in_context(asked: Asked, passages: Sequence[Passage]) -> Asked:
    """The question with less weight on what every passage says: it tells none of them apart."""
    if len(passages) < _ENOUGH:
        return asked
    common = shared(passages)
    weights = {t: w * (_COMMON if t in common else 1.0) for t, w in asked.weights.items()}
    return replace(asked, weights=weights)


def candidate_rows(asked: Asked, passages: Sequence[Passage]) -> list[Scored]:
    """Every candidate of the passages with its signals; the sentence cosine is still 0."""
    best_lexical = max((p.lexical for p in passages), default=0.0) or 1.0
    scored = []
    for index, passage in enumerate(passages):
        header = _term_set(passage.chunk.header)
        held = _passage_terms(passage)
        found = candidates(passage.chunk.text)
        by_passage = _coverage(asked.weights, held)
        for candidate in found:
            title = f"{passage.chunk.header} {candidate.heading}"
            row = _candidate_row(asked, candidate, header | _term_set(candidate.heading), title)
            row[3] = by_passage
            row[13] = passage.cosine if passage.cosine is not None else 0.4
            row[14] = passage.lexical / best_lexical
            row[15] = 1 / (1 + index)
            row[16] = candidate.core[0] / (1 + len(passage.chunk.text))
            scored.append(Scored(candidate, index, row))
    return scored


def _candidate_row(asked: Asked, candidate: Candidate, header: frozenset[str], title: str) -> Row:
    own_list = _term_list(candidate.text)
    own = _term_set(candidate.text)
    with_heading = own | header
    nearby = with_heading | _term_set(candidate.near)
    pairs = set(pairwise(own_list))
    typed = holds_type(asked, candidate.text, block=candidate.whole)
    names = [f for f in asked.facts if f.kind is Kind.NAME]
    context = f"{title} {candidate.near} {candidate.text}"
    telling = sum(asked.weights.get(t, 0.0) for t in own)
    weight = sum(asked.weights.values()) or 1.0
    row = np.zeros(len(CANDIDATE_SIGNALS))
    row[0] = _coverage(asked.weights, own)
    row[1] = _coverage(asked.weights, with_heading)
    row[2] = _coverage(asked.weights, nearby)
    row[4] = len(asked.pairs & pairs) / (len(asked.pairs) or 1)
    row[5] = _span_of_matches(asked, own_list)
    row[6] = float(typed and asked.asks is not Asks.OTHER)
    row[7] = float(not typed)
    row[8] = _disagreement(asked.strict, context, nearby)
    row[9] = _disagreement(names, context, nearby)
    row[10] = telling / weight / math.log(2 + len(own))
    row[11] = float(opposed(frozenset(asked.weights), own) > 0)
    row[12] = float(asked.negated != (negations(candidate.text) > 0))
    row[17] = math.log1p(len(own_list)) / 4
    row[18] = float(len(own_list) < 6)
    row[19] = float(candidate.whole and asked.steps)
    row[20] = float(candidate.unit is Unit.ROW and asked.asks in (Asks.NUMBER, Asks.OTHER))
    row[21] = float(asked.asks is Asks.DEFINITION and candidate.core[0] == 0)
    return row


QUESTION_SIGNALS = (
    "covered", "covered_with_heading", "covered_nearby", "covered_by_passage", "covered_by_all",
    "full_sentence", "full_nearby", "full_passage", "missing_sentence", "missing_nearby",
    "missing_passage", "missing_all", "pairs", "order", "type", "type_wanted_missing",
    "strict_missing", "names_missing", "names_missing_passage", "opposed", "negation_differs",
    "asked_negated", "cosine", "cosine_top", "cosine_lead", "lexical_top", "lexical_lead",
    "sentence_cosine", "sentence_cosine_top", "score", "score_lead", "terms", "density",
    "asks_number", "asks_time", "asks_person", "asks_place", "asks_why", "asks_how",
    "asks_definition", "asks_yes_no", "capitals", "count_missing_nearby", "count_missing_passage",
)  # fmt: skip
_ASKS = (
    Asks.NUMBER, Asks.TIME, Asks.PERSON, Asks.PLACE, Asks.WHY, Asks.HOW, Asks.DEFINITION,
    Asks.YES_NO,
)  # fmt: skip


def question_row(
    asked: Asked, passages: Sequence[Passage], ranked: Sequence[Scored], scores: Sequence[float]
) -> Row:
    """The signals of whether anything answers; ``ranked`` best first with their ``scores``."""
    best = ranked[0]
    passage = passages[best.index]
    heading = _term_set(passage.chunk.header) | _term_set(best.candidate.heading)
    own = _term_set(best.candidate.text) | heading
    nearby = own | _term_set(best.candidate.near)
    held = _passage_terms(passage)
    everything = frozenset().union(*(_passage_terms(p) for p in passages))
    cosines = sorted((p.cosine for p in passages if p.cosine is not None), reverse=True) or [0.4]
    lexical = sorted((p.lexical for p in passages), reverse=True)
    weights = asked.weights
    names = [f for f in asked.facts if f.kind is Kind.NAME]
    named = dict(zip(CANDIDATE_SIGNALS, best.row, strict=True))
    values = {
        **{k: v for k, v in named.items() if k in QUESTION_SIGNALS},
        "covered_by_all": _coverage(weights, everything),
        "full_sentence": named["covered_with_heading"] > 0.999,
        "full_nearby": named["covered_nearby"] > 0.999,
        "full_passage": named["covered_by_passage"] > 0.999,
        "missing_sentence": _heaviest_missing(weights, own),
        "missing_nearby": _heaviest_missing(weights, nearby),
        "missing_passage": _heaviest_missing(weights, held),
        "missing_all": _heaviest_missing(weights, everything),
        "names_missing_passage": _disagreement(names, "", held),
        "asked_negated": asked.negated,
        "cosine_top": cosines[0],
        "cosine_lead": cosines[0] - cosines[min(2, len(cosines) - 1)],
        "lexical_top": min(lexical[0] / (sum(weights.values()) or 1.0), 3.0),
        "lexical_lead": 1 - (lexical[1] / lexical[0] if len(lexical) > 1 and lexical[0] else 0.0),
        "sentence_cosine_top": max(s.row[-1] for s in ranked),
        "score": scores[0],
        "score_lead": scores[0] - (scores[1] if len(scores) > 1 else 0.0),
        "terms": math.log1p(len(weights)) / 3,
        "capitals": any(f.kind is Kind.NAME for f in asked.facts),
        "count_missing_nearby": sum(t not in nearby for t in weights) / 5,
        "count_missing_passage": sum(t not in held for t in weights) / 5,
        **{f"asks_{a.value}": asked.asks is a for a in _ASKS},
    }
    return np.array([float(values[name]) for name in QUESTION_SIGNALS])
