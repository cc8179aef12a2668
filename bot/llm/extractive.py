"""The built-in extractive reader: answers in the documents' own words, without any key.

It picks the sentences of the passages that answer a question, verbatim, and says when none does.
A linear ranker over :mod:`bot.llm.signals` picks, small boosted trees decide whether it is an
answer, together with a judge that reads passages and question as one where there is one; all is
fitted by ``benchmarks/train_reader.py``, the figures are in ``benchmarks/bench_refusal.py``.
"""

from __future__ import annotations

import json
import math
import re
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from bot.errors import WellspokenError
from bot.evidence import Passage
from bot.facts import Fact, Kind, facts
from bot.llm.asking import ONE_VALUE, Asked, Asks
from bot.llm.defining import defined
from bot.llm.headings import Headed, headings, nearest, said_in, to_compare
from bot.llm.manners import Manner, asked_for, manner
from bot.llm.picking import Picked, Ranked, picks, speaks_of
from bot.llm.prose import asks_attribute, lacks_value, said_in_prose, valued
from bot.llm.signals import (
    CANDIDATE_SIGNALS,
    Row,
    Scored,
    candidate_rows,
    in_context,
    question_row,
)
from bot.llm.tabular import LookedUp, look_up
from bot.llm.tasks import for_task
from bot.llm.trees import Trees
from bot.llm.units import Candidate
from bot.llm.wording import Wording
from bot.ports import Embedder
from bot.ports_answering import AnswerJudge
from bot.sentences import Unit
from bot.telemetry import log

_EMBEDDED = 6  # candidates a question whose vectors are asked for, as in training
_EMBEDDED_LENGTH = 600
_REMEMBERED = 8_192
_MISSING = 0.3
_HEADED = 0.8
_NAMED = frozenset({Asks.PERSON, Asks.TIME, Asks.PLACE})
_NEAR = 1.5  # logits of the ranker within which a sentence is preferred to a table
JUDGED_PASSAGES = 2
"""Passages judged one by one, those of the best candidates; then all are judged together."""


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
    judged: tuple[float, ...]


@cache
def _fitted() -> _Fitted:
    kept = json.loads(files("bot.llm").joinpath("reader.json").read_text(encoding="utf-8"))
    return _Fitted(
        np.array([kept["first"][name] for name in CANDIDATE_SIGNALS]),
        np.array([kept["ranker"][name] for name in CANDIDATE_SIGNALS]),
        Trees(kept["answered"]["start"], kept["answered"]["trees"], kept["threshold"]),
        tuple(kept.get("judged", (1.0, 0.0, 0.0, 0.0))),
    )


def logit(probability: float) -> float:
    """The logit of a probability, held within 1e-4 of certainty."""
    held = min(max(probability, 1e-4), 1 - 1e-4)
    return math.log(held / (1 - held))


def judged_confidence(read: float, judged: Sequence[float], weights: Sequence[float]) -> float:
    """What the reader's own confidence becomes beside a judge's probabilities.

    ``judged``: the best of single passages, and all passages together; ``weights``: of the three
    logits, and a constant.
    """
    values = [logit(read), *(logit(p) for p in judged), 1.0]
    total = sum(w * v for w, v in zip(weights, values, strict=True))
    return 1 / (1 + math.exp(-max(-30.0, min(30.0, total))))


def _codes(found: Sequence[Fact]) -> set[str]:
    return {f.value for f in found if f.kind in (Kind.CODE, Kind.LINK)}


def _series(code: str) -> str:
    """The letters that a code begins with: ``mg`` of ``mg-200``."""
    return re.split(r"[-\d]", code, maxsplit=1)[0]


def _about_another(wanted: set[str], passage: Passage, candidate: Candidate) -> bool:
    """Asked about MG-400, this is about MG-200, or stands where only MG-200 is named."""
    if not wanted:
        return False
    own = _codes(facts(candidate.text))
    if wanted & own:
        return False
    if own:
        return True
    around = f"{passage.chunk.header}\n{passage.chunk.text}"
    if any(code in around.casefold().replace("–", "-") for code in wanted):
        return False
    series = {_series(code) for code in wanted}
    return any(_series(code) in series for code in _codes(facts(around)))


def _nowhere(wanted: set[str], passages: Sequence[Passage]) -> bool:
    """A code that no passage names: nothing here is about it."""
    held = "\n".join(f"{p.chunk.header}\n{p.chunk.text}" for p in passages)
    held = held.casefold().replace("–", "-")
    return bool(wanted) and not any(code in held for code in wanted)


def _too_much(asked: Asked, candidate: Candidate) -> bool:
    """A whole list where one number, date, person or place is asked for: an item says it."""
    return candidate.unit is Unit.ITEM and candidate.whole and asked.asks in ONE_VALUE


class ExtractiveReader:
    """Reads passages for one question at a time; remembers the vectors of sentences it met.

    About 3 ms a question besides embedding (six passages of 1,000 characters).
    """

    def __init__(self, embedder: Embedder, judge: AnswerJudge | None = None) -> None:
        self._embedder = embedder
        self._judge = judge
        self._vectors: OrderedDict[tuple[str, str], NDArray[np.float32]] = OrderedDict()

    async def read(self, question: str, passages: Sequence[Passage]) -> Extract:
        """The one to four quotes that answer a question, best passage first, in reading order."""
        wording = Wording(passages)
        question = wording.respelled(question)
        asked = in_context(asked_for(question), passages)
        if manner(question) is Manner.TROUBLE:
            asked = replace(asked, steps=True)
        wanted = _codes(asked.facts)
        scored = [
            s
            for s in candidate_rows(asked, passages)
            if not _about_another(wanted, passages[s.index], s.candidate)
            and not _too_much(asked, s.candidate)
        ]
        if not scored or _nowhere(wanted, passages):
            return Extract(False, 0.0, ())
        ranked, confidence = await self._ranked(asked, question, passages, scored)
        headed = await self._headed(asked, passages)
        looked_up, told = self._looked_up(asked, passages, ranked, headed)
        if told:  # a price says all, where nothing else is asked
            alone = " and " not in question and valued(
                asked, passages[told[0].index], told[0].candidate
            )
            ranked = [told, *(each for each in ranked if each is not told and not alone)]
        missing = wording.missing(question)
        if looked_up:
            missing = tuple(word for word in missing if not asks_attribute(asked, word))
        if missing:
            confidence = min(confidence, _MISSING)
        elif looked_up or told or (headed and headed.sure):
            confidence = max(confidence, _HEADED)
        else:  # what is plain needs no judge
            nearest = [s.index for s, _ in ranked[:_EMBEDDED]]
            judged = await self._judged(question, passages, nearest)
            if judged:
                confidence = judged_confidence(confidence, judged, _fitted().judged)
        picked = picks(asked, passages, ranked, headed, looked_up)
        silent = asked.asks in _NAMED and not speaks_of(asked, passages, ranked, picked)
        quoted = [(p.text, passages[p.passage].chunk.header) for p in picked]
        if silent or lacks_value(asked, quoted):
            confidence = min(confidence, _MISSING)
        return Extract(confidence >= 0.5, confidence, picked)

    async def _ranked(
        self, asked: Asked, question: str, passages: Sequence[Passage], scored: Sequence[Scored]
    ) -> tuple[Ranked, float]:
        """The candidates, best first, and how sure it is by their signals that one answers."""
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
        scores = rows @ fitted.ranker + for_task(asked, scored)
        best = np.argsort(-scores, kind="stable")
        top = best[:_EMBEDDED]
        signals = question_row(
            asked, passages, [scored[i] for i in top], [float(scores[i]) for i in top]
        )
        confidence = fitted.answered.probability(signals.tolist())
        return [(scored[i], float(scores[i])) for i in best], confidence

    @staticmethod
    def _looked_up(
        asked: Asked, passages: Sequence[Passage], ranked: Ranked, headed: Headed | None
    ) -> tuple[LookedUp | None, tuple[Scored, float] | None]:
        """What a table says, or the sentence that says it as well; neither where a heading asks
        just this."""
        if headed and headed.sure and not asked.compares:
            return None, None
        found = look_up(asked, passages)
        told = [r for r in ranked if valued(asked, passages[r[0].index], r[0].candidate)]
        if told:
            return None, told[0]
        best = [each for each in ranked[:_EMBEDDED] if each[1] >= ranked[0][1] - _NEAR]
        saying = [each for each in best if said_in_prose(asked, each[0].candidate)]
        if not saying:
            return found, None
        return None, ranked[0] if found and saying[0] is ranked[0] else None

    async def _judged(
        self, question: str, passages: Sequence[Passage], best: Sequence[int]
    ) -> tuple[float, ...]:
        """What the judge says of the best passages and of all; nothing without one."""
        if self._judge is None:
            return ()
        single = [passages[i] for i in list(dict.fromkeys(best))[:JUDGED_PASSAGES]]
        found = []
        try:
            for group in (*([p] for p in single), list(passages)):
                texts = [p.chunk.text for p in group]
                headers = [p.chunk.header for p in group]
                found.append(await self._judge.answers(question, texts, headers))
        except WellspokenError as error:
            log.warning("reader without its judge", reason=str(error))
            return ()
        return max(found[:-1]), found[-1]

    async def _headed(self, asked: Asked, passages: Sequence[Passage]) -> Headed | None:
        """The part below a heading that asks this question, in its words or in others."""
        found = headings(asked, passages)
        headed = defined(asked, passages) or said_in(asked, found)
        compared = to_compare(asked, found)
        if headed or not compared:
            return headed
        cosines = await self._cosines(asked.text, [h.part.heading for h in compared])
        return None if cosines is None else nearest(asked, passages, compared, cosines.tolist())

    async def _cosines(self, question: str, texts: Sequence[str]) -> NDArray[np.float32] | None:
        """The cosines of some texts to the question; none while the embedder is out of order."""
        try:
            model = self._embedder.model
            query = await self._embedder.embed_query(question)
            keys = [(model, t[:_EMBEDDED_LENGTH]) for t in texts]
            new = [k for k in dict.fromkeys(keys) if k not in self._vectors]
            vectors = await self._embedder.embed([text for _, text in new]) if new else ()
        except WellspokenError as error:
            log.warning("reader without vectors", reason=str(error))
            return None
        if self._embedder.model != model:  # another index took over meanwhile
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
