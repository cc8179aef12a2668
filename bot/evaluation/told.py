"""What the bot said to a case, with what led to it: enough to score, to keep, and to look at.

A case is kept, by mode, as :meth:`Judged.record` writes it. Pages and plots read these keys:

======================  ===========================================================================
``id`` … ``route``      the case itself (:class:`bot.evaluation.cases.Case`); ``route`` is the label
                        that a suite may give, ``""`` for none
``right``, ``refused``  the verdict on the answer
``values``              each figure of this case alone by name, ``None`` where it does not count
``router``              ``taken`` (route), ``confidence`` (0 to 1; ``None`` where the mode and not
                        the router chose), ``label``, ``right`` (``None`` without label or choice)
``grounding``           of the built-in check over claims that state something: ``claims`` (how
                        many), ``score`` (share carried) and ``confidence`` (the score of the
                        weakest, 0 to 1); ``None`` without claims
``claims``              ``[{text, supported, score, finding, document, title, uri}]``: each claim
                        with the source that carries it, ``""`` where none does
``retrieved``           ``[{rank, document, title, score, gold, cited}]``, best first, ``rank`` from
                        1; ``gold`` is ``None`` where the suite names no documents
``coverage``            ``share`` and ``claims: [{text, covered}]``; ``share`` is ``None`` where it
                        was not measured
``judge``               ``None`` without ``--judge``; else
                        :meth:`bot.evaluation.opinions.Judgement.record`
``seconds``             all in all; ``None`` where it failed
``timings_ms``          by stage, in their order, with ``total``
``usage``               ``prompt_tokens``, ``completion_tokens``, ``cost_usd`` of this one answer
``told``                the answer itself: text, outcome, route, model, passages, notes, …
``reworded``            ``[{question, text, outcome, same}]``, one a paraphrase
``repeated``            ``[{text, outcome, same}]``, one a further run of the same question
======================  ===========================================================================

Records of runs before these keys were kept lack all but ``right``, ``refused``, ``values``,
``told`` and ``reworded``: read the others with ``record.get``. Points for reliability diagrams and
the confusion of the router: :mod:`bot.evaluation.calibration`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from bot.citing import without_markers
from bot.conversation import Outcome, Turn, Usage
from bot.evaluation.cases import Case
from bot.evaluation.covering import Covered, coverage
from bot.evaluation.normalising import contains_one
from bot.evaluation.opinions import Judgement, judgement_of
from bot.evaluation.ranking import Ranking, rank
from bot.evaluation.refusing import Refusals
from bot.evaluation.scoring import Answer, Score, score, stated
from bot.evidence import Claim, Grounding
from bot.facts import Kind, facts

EXCERPT = 600
"""Characters of a passage that are kept."""


@dataclass(frozen=True, slots=True)
class Found:
    """A passage that was found, with its text; ``n`` where the answer cites it."""

    document: str
    title: str
    uri: str
    text: str
    n: int | None = None
    score: float | None = None


@dataclass(frozen=True, slots=True)
class Told:
    """An answer to one question. ``cited`` are the documents of its markers, ``[1]`` the first;
    ``kept_back`` sentences that did not pass the check, with why; ``checked`` whether anything was
    there to hold its claims to. ``error`` says why there is no answer.

    Claims point into ``found``, or, where nothing was searched, into ``held_to``: the gold that
    they were held to. ``confidence`` is the router's, ``None`` where it did not choose.
    """

    text: str
    outcome: str
    route: str = ""
    model: str = ""
    cited: tuple[str, ...] = ()
    found: tuple[Found, ...] = ()
    claims: tuple[Claim, ...] = ()
    kept_back: tuple[tuple[str, str], ...] = ()
    style: float | None = None
    seconds: float | None = None
    usage: Usage = field(default_factory=Usage)
    notes: tuple[str, ...] = ()
    checked: bool = True
    searched: bool = True
    error: str = ""
    confidence: float | None = None
    held_to: tuple[Found, ...] = ()
    timings_ms: Mapping[str, float] = field(default_factory=dict)
    covered: tuple[Covered, ...] | None = None
    judgement: Judgement | None = None

    @classmethod
    def of(cls, turn: Turn, *, routed: bool = False) -> Told:
        """What a turn says; ``routed`` where the router chose its route."""
        numbers = {citation.chunk: citation.n for citation in turn.citations}
        failed = turn.outcome is Outcome.ERROR
        return cls(
            text=turn.answer,
            outcome=str(turn.outcome),
            route=str(turn.route.route),
            model=turn.model,
            cited=tuple(c.document for c in sorted(turn.citations, key=lambda c: c.n)),
            found=tuple(
                Found(p.chunk.document, p.chunk.title, p.chunk.uri, p.chunk.text,
                      numbers.get(p.chunk.id), round(p.score, 4))
                for p in turn.passages
            ),
            claims=turn.grounding.claims,
            kept_back=tuple((r.text, r.finding) for r in turn.grounding.rejected),
            style=turn.style,
            seconds=turn.timings_ms.get("total", 0.0) / 1000,
            usage=turn.usage,
            notes=(*turn.notes, *([turn.error] if turn.error else [])),
            error=(turn.error or "it failed") if failed else "",
            confidence=turn.route.confidence if routed else None,
            timings_ms=dict(turn.timings_ms),
        )  # fmt: skip

    def refuses(self, refused: Refusals) -> bool:
        """Whether it gives no answer: it says so, asks back, or passes the question on."""
        return self.outcome != Outcome.ANSWERED or refused(self.text)

    @property
    def sources(self) -> tuple[Found, ...]:
        """What claims point into."""
        return self.found if self.searched else self.held_to

    def short(self) -> Told:
        """With no more of its passages than is kept: :data:`EXCERPT` characters of each."""
        return replace(self, found=_short(self.found), held_to=_short(self.held_to))


def _short(found: Sequence[Found]) -> tuple[Found, ...]:
    return tuple(replace(f, text=f.text[:EXCERPT]) if f.text[EXCERPT:] else f for f in found)


def told_of(record: Mapping[str, Any]) -> Told:
    """As it was kept. Raises KeyError, TypeError."""
    judgement, covered = record.get("judgement"), record.get("covered")
    return Told(
        **{
            **record,
            "cited": tuple(record["cited"]),
            "found": tuple(Found(**found) for found in record["found"]),
            "held_to": tuple(Found(**found) for found in record.get("held_to", ())),
            "claims": tuple(Claim(**claim) for claim in record["claims"]),
            "kept_back": tuple((text, why) for text, why in record["kept_back"]),
            "usage": Usage(**record["usage"]),
            "notes": tuple(record["notes"]),
            "covered": None if covered is None else tuple(Covered(**each) for each in covered),
            "judgement": None if judgement is None else judgement_of(judgement),
        }
    )


@dataclass(frozen=True, slots=True)
class Reworded:
    """A question that was asked besides, with what was said to it, and whether that is the
    ``same``: a paraphrase, or the same words once more."""

    question: str
    told: Told
    same: bool


@dataclass(frozen=True, slots=True)
class Judged:
    """A case in one mode, with its scores; ``repeated`` are further runs of the same words."""

    case: Case
    told: Told
    score: Score
    ranking: Ranking
    reworded: tuple[Reworded, ...] = ()
    repeated: tuple[Reworded, ...] = ()

    @property
    def consistency(self) -> float | None:
        """The share of its paraphrases that got the same; ``None`` without any."""
        return _share([each.same for each in self.reworded])

    @property
    def route_right(self) -> bool | None:
        """Whether the router took the labelled route; ``None`` where none is, or it did not
        choose."""
        if not self.case.route or self.told.confidence is None or self.told.error:
            return None
        return self.told.route == self.case.route

    def values(self) -> dict[str, float | None]:
        """The figures of this case alone, by the names of :mod:`bot.evaluation.scorecard`."""
        s, r = self.score, self.ranking
        there = not s.failed
        return {
            "accuracy": float(s.right),
            "hallucination_rate": _number(s.hallucinated),
            "abstain_precision": float(not s.answerable) if there and s.refused else None,
            "abstain_recall": float(s.refused) if there and not s.answerable else None,
            "citation_precision": s.citation_precision,
            "citation_recall": s.citation_recall,
            "retrieval_recall_at_5": r.recall,
            "consistency": self.consistency,
            "style": s.style,
            "f1": s.f1,
            "retrieval_precision_at_5": r.precision,
            "mrr": r.reciprocal,
            "ndcg_at_5": r.ndcg,
            "claim_coverage": self._coverage,
            "consistency_over_runs": _share([each.same for each in self.repeated]),
            "routing_accuracy": _number(self.route_right),
            "judge_accuracy": _number(self._judge_right),
            "judge_hallucination_rate": _number(self._judge_hallucinated),
        }

    def record(self) -> dict[str, Any]:
        """As it is kept; the keys are told at the head of this module."""
        told = self.told.short()
        held = stated(Grounding(told.claims))
        grounding = {
            "claims": len(held),
            "score": sum(c.supported for c in held) / len(held) if held else None,
            "confidence": min((c.score for c in held), default=None),
        }
        return {
            **asdict(self.case),
            "right": self.score.right,
            "refused": self.score.refused,
            "values": self.values(),
            "router": {
                "taken": told.route, "confidence": told.confidence, "label": self.case.route,
                "right": self.route_right,
            },
            "grounding": grounding if held else None,
            "claims": [_claim(claim, told.sources) for claim in told.claims],
            "retrieved": [_retrieved(n, f, self.case.gold) for n, f in enumerate(told.found, 1)],
            "coverage": {
                "share": self._coverage, "claims": [asdict(each) for each in told.covered or ()]
            },
            "judge": told.judgement.record() if told.judgement else None,
            "seconds": told.seconds,
            "timings_ms": dict(told.timings_ms),
            "usage": asdict(told.usage),
            "told": _plain(told),
            "reworded": [{"question": r.question, **_again(r)} for r in self.reworded],
            "repeated": [_again(r) for r in self.repeated],
        }  # fmt: skip

    @property
    def _coverage(self) -> float | None:
        """A refusal covers nothing of what a right answer says."""
        told = self.told
        if not self.case.answerable or told.error or told.covered is None:
            return None
        return 0.0 if self.score.refused else coverage(told.covered)

    @property
    def _judge_right(self) -> bool | None:
        """As the judge sees it; a refusal needs no judge."""
        judgement = self.told.judgement
        if judgement is None or judgement.error or self.told.error:
            return None
        if self.score.refused or not self.case.answerable:
            return self.score.refused is not self.case.answerable
        return judgement.right

    @property
    def _judge_hallucinated(self) -> bool | None:
        judgement = self.told.judgement
        there = judgement is not None and not judgement.error and self.score.answered
        return judgement.hallucinated if there and judgement is not None else None


def judge(
    case: Case,
    told: Told,
    reworded: Sequence[tuple[str, Told]],
    refused: Refusals,
    repeated: Sequence[Told] = (),
) -> Judged:
    """The scores of what was said to a case, to its paraphrases, and to the same words again."""
    answer = Answer(
        told.text, told.cited, Grounding(told.claims), told.style, told.seconds, told.usage,
        told.error, None if told.error else told.refuses(refused), told.checked,
    )  # fmt: skip
    ranking = Ranking()
    if told.searched and not told.error:
        ranking = rank([f.document for f in told.found], case.gold)
    others = tuple(Reworded(q, t, same(case, told, t, refused)) for q, t in reworded)
    again = tuple(Reworded(case.question, t, same(case, told, t, refused)) for t in repeated)
    return Judged(case, told, score(case, answer, refused), ranking, others, again)


def same(case: Case, first: Told, other: Told, refused: Refusals) -> bool:
    """Whether two answers have the same outcome and the same facts.

    Facts are the same where both hold a right answer or neither does, and the numbers, dates and
    codes of one are among those of the other: a sentence more is no other answer.
    """
    if first.error or other.error or first.refuses(refused) != other.refuses(refused):
        return False
    if first.refuses(refused):
        return True
    if case.answers and contains_one(first.text, case.answers) != contains_one(
        other.text, case.answers
    ):
        return False
    mine, theirs = _facts(first.text), _facts(other.text)
    return mine <= theirs or theirs <= mine


def failed(reason: str) -> Told:
    """No answer at all."""
    return replace(Told("", str(Outcome.ERROR)), error=reason)


def _facts(text: str) -> frozenset[str]:
    return frozenset(f.value for f in facts(without_markers(text)) if f.kind is not Kind.NAME)


def _share(same: Sequence[bool]) -> float | None:
    return sum(same) / len(same) if same else None


def _number(verdict: bool | None) -> float | None:
    return None if verdict is None else float(verdict)


def _claim(claim: Claim, sources: Sequence[Found]) -> dict[str, Any]:
    """A claim with the source that carries it."""
    place = claim.passage
    source = sources[place] if place is not None and place < len(sources) else None
    return {
        "text": claim.text,
        "supported": claim.supported,
        "score": claim.score,
        "finding": claim.finding,
        "document": source.document if source else "",
        "title": source.title if source else "",
        "uri": source.uri if source else "",
    }


def _retrieved(place: int, found: Found, gold: Sequence[str]) -> dict[str, Any]:
    return {
        "rank": place,
        "document": found.document,
        "title": found.title,
        "score": found.score,
        "gold": found.document in gold if gold else None,
        "cited": found.n,
    }


def _again(other: Reworded) -> dict[str, Any]:
    return {"text": other.told.text, "outcome": other.told.outcome, "same": other.same}


def _plain(told: Told) -> dict[str, Any]:
    """An answer without what the record has beside it."""
    kept = asdict(told)
    for name in ("timings_ms", "covered", "judgement", "held_to"):
        del kept[name]
    return kept
