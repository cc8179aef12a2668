"""The built-in extractive reader: answers in the documents' own words, without any key.

It picks the sentences of the passages that answer a question, verbatim, and says when none does.
A linear ranker over :mod:`bot.llm.signals` picks, small boosted trees decide whether it is an
answer; both are fitted by ``benchmarks/train_reader.py``, their figures are in
``benchmarks/bench_refusal.py``.
"""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np
import structlog
from numpy.typing import NDArray

from bot.errors import WellspokenError
from bot.evidence import Passage
from bot.facts import Fact, Kind, facts
from bot.llm.asking import Asked, Asks, read_question
from bot.llm.signals import (
    CANDIDATE_SIGNALS,
    Row,
    Scored,
    candidate_rows,
    in_context,
    question_row,
)
from bot.llm.trees import Trees
from bot.llm.units import Candidate
from bot.ports import Embedder
from bot.sentences import Unit

log = structlog.get_logger(__name__)

_EMBEDDED = 6  # candidates a question whose vectors are asked for, as in training
_EMBEDDED_LENGTH = 600
_MOST_PICKS = 3
_MARGIN = 1.1  # how far below the best a further pick may score, in the ranker's logits
_LONGEST_BLOCK = 1_500
_REMEMBERED = 8_192
_ONE_VALUE = frozenset({Asks.NUMBER, Asks.TIME, Asks.PERSON, Asks.PLACE})


@dataclass(frozen=True, slots=True)
class Picked:
    """A quote: ``passages[passage].chunk.text[start:end] == text``."""

    text: str
    passage: int
    score: float
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Extract:
    """What was read. ``confidence`` is 0 to 1; ``answered`` means at least 0.5.

    ``sentences`` holds the nearest text even when it does not answer, so that an abstaining
    reply can offer what is near.
    """

    answered: bool
    confidence: float
    sentences: tuple[Picked, ...]


@dataclass(frozen=True, slots=True)
class _Fitted:
    """What ``reader.json`` holds."""

    first: Row
    ranker: Row
    answered: Trees


@cache
def _fitted() -> _Fitted:
    kept = json.loads(files("bot.llm").joinpath("reader.json").read_text(encoding="utf-8"))
    return _Fitted(
        np.array([kept["first"][name] for name in CANDIDATE_SIGNALS]),
        np.array([kept["ranker"][name] for name in CANDIDATE_SIGNALS]),
        Trees(kept["answered"]["start"], kept["answered"]["trees"], kept["threshold"]),
    )


def _codes(found: Sequence[Fact]) -> set[str]:
    return {f.value for f in found if f.kind in (Kind.CODE, Kind.LINK)}


def _about_another(asked: Asked, passage: Passage, candidate: Candidate) -> bool:
    """Asked about MG-400, this is about MG-200 (or about neither)."""
    wanted = _codes(asked.facts)
    if not wanted:
        return False
    named = _codes(facts(candidate.text))
    if wanted & named:
        return False
    if named:
        return True
    around = f"{passage.chunk.header}\n{passage.chunk.text}".casefold().replace("–", "-")
    return not any(code in around for code in wanted)


def _too_much(asked: Asked, candidate: Candidate) -> bool:
    """A whole list where one number, date, person or place is asked for: an item says it."""
    return candidate.unit is Unit.ITEM and candidate.whole and asked.asks in _ONE_VALUE


class ExtractiveReader:
    """Reads passages for one question at a time; remembers the vectors of sentences it met.

    About 3 ms a question besides embedding (six passages of 1,000 characters).
    """

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder
        self._vectors: OrderedDict[str, NDArray[np.float32]] = OrderedDict()

    async def read(self, question: str, passages: Sequence[Passage]) -> Extract:
        """The one to four quotes that answer a question, best passage first, in reading order."""
        asked = in_context(read_question(question), passages)
        scored = [
            s
            for s in candidate_rows(asked, passages)
            if not _about_another(asked, passages[s.index], s.candidate)
            and not _too_much(asked, s.candidate)
        ]
        if not scored:
            return Extract(False, 0.0, ())
        fitted = _fitted()
        rows = np.stack([s.row for s in scored])
        nearest = np.argsort(-(rows @ fitted.first), kind="stable")[:_EMBEDDED]
        cosines = await self._cosines(question, [scored[i].candidate.text for i in nearest])
        if cosines is None:
            rows[:, -1] = rows[:, CANDIDATE_SIGNALS.index("cosine")]
        else:
            rows[:, -1] = cosines.min()
            rows[nearest, -1] = cosines
        for s, row in zip(scored, rows, strict=True):
            s.row[-1] = row[-1]
        scores = rows @ fitted.ranker
        best = np.argsort(-scores, kind="stable")
        top = best[:_EMBEDDED]
        signals = question_row(
            asked, passages, [scored[i] for i in top], [float(scores[i]) for i in top]
        )
        confidence = fitted.answered.probability(signals.tolist())
        ranked = [(scored[i], float(scores[i])) for i in best]
        return Extract(confidence >= 0.5, confidence, _picks(asked, passages, ranked))

    async def _cosines(self, question: str, texts: Sequence[str]) -> NDArray[np.float32] | None:
        """The cosines of some texts to the question; none while the embedder is out of order."""
        keys = [t[:_EMBEDDED_LENGTH] for t in texts]
        new = [k for k in dict.fromkeys(keys) if k not in self._vectors]
        try:
            query = await self._embedder.embed_query(question)
            vectors = await self._embedder.embed(new) if new else ()
        except WellspokenError as error:
            log.warning("reader without vectors", reason=str(error))
            return None
        known = {k: self._vectors[k] for k in keys if k in self._vectors}
        known.update(zip(new, vectors, strict=True))
        for key, vector in known.items():
            self._vectors[key] = vector
            self._vectors.move_to_end(key)
        while len(self._vectors) > _REMEMBERED:
            self._vectors.popitem(last=False)
        cosines: NDArray[np.float32] = np.stack([known[k] for k in keys]) @ query
        return cosines


def _block_of(asked: Asked, chosen: Scored, ranked: Sequence[tuple[Scored, float]]) -> Scored:
    """The list or code block that a chosen line introduces or belongs to, where it is wanted."""
    candidate = chosen.candidate
    introduces = candidate.unit is Unit.PROSE and candidate.text.rstrip().endswith(":")
    step = candidate.unit is Unit.ITEM and asked.steps and not candidate.whole
    if not introduces and not step and not (asked.steps and candidate.unit is Unit.PROSE):
        return chosen
    for other, _ in ranked:
        block = other.candidate
        if other.index != chosen.index or not block.whole or len(block.text) > _LONGEST_BLOCK:
            continue
        inside = block.core[0] <= candidate.core[0] and candidate.core[1] <= block.core[1]
        if (step and inside) or (not step and block.spans[0] == candidate.core):
            return other
    return chosen


def _picks(
    asked: Asked, passages: Sequence[Passage], ranked: Sequence[tuple[Scored, float]]
) -> tuple[Picked, ...]:
    """The best candidate and what scores nearly as well, without repeating itself."""
    best = ranked[0][1]
    spans: dict[int, list[tuple[int, int, float]]] = {}
    said: set[str] = set()
    taken = 0
    for scored, score in ranked:
        if taken == _MOST_PICKS or score < best - _MARGIN:
            break
        if taken and (
            scored.candidate.text.rstrip().endswith(":")  # introduces what is not quoted
            or (scored.candidate.whole and len(scored.candidate.text) > _LONGEST_BLOCK)
        ):
            continue
        block = _block_of(asked, scored, ranked) if not taken else scored
        place = spans.setdefault(block.index, [])
        new = [
            s
            for s in block.candidate.spans
            if not any(a <= s[0] and s[1] <= b for a, b, _ in place)
        ]
        body = " ".join(block.candidate.text.casefold().split())
        if not new or block.candidate.spans[-1] not in new or body in said:
            continue
        said.add(body)
        place[:] = [p for p in place if not any(a <= p[0] and p[1] <= b for a, b in new)]
        place.extend((a, b, score) for a, b in new)
        taken += 1
    return _merged(passages, {k: v for k, v in spans.items() if v})


def _merged(
    passages: Sequence[Passage], spans: dict[int, list[tuple[int, int, float]]]
) -> tuple[Picked, ...]:
    """Quotes in reading order; neighbours with nothing but space between them become one."""
    found: list[Picked] = []
    for index, places in spans.items():
        text = passages[index].chunk.text
        first = len(found)
        for start, end, score in sorted(places):
            last = found[-1] if len(found) > first else None
            if last and not text[last.end : start].strip():
                to = max(end, last.end)
                joined = text[last.start : to]
                found[-1] = Picked(joined, index, max(last.score, score), last.start, to)
            else:
                found.append(Picked(text[start:end], index, score, start, end))
    return tuple(found)
