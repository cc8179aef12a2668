"""What the bot said to a case, with what led to it: enough to score, to keep, and to look at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from bot.citing import without_markers
from bot.conversation import Outcome, Turn, Usage
from bot.evaluation.cases import Case
from bot.evaluation.normalising import contains_one
from bot.evaluation.ranking import Ranking, rank
from bot.evaluation.refusing import Refusals
from bot.evaluation.scoring import Answer, Score, score
from bot.evidence import Claim, Grounding
from bot.facts import Kind, facts

EXCERPT = 600
"""Characters of a passage that are kept."""


@dataclass(frozen=True, slots=True)
class Found:
    """A passage that was found, with the beginning of its text; ``n`` where the answer cites it."""

    document: str
    title: str
    uri: str
    text: str
    n: int | None = None


@dataclass(frozen=True, slots=True)
class Told:
    """An answer to one question. ``cited`` are the documents of its markers, ``[1]`` the first;
    ``kept_back`` sentences that did not pass the check, with why; ``checked`` whether anything was
    there to hold its claims to. ``error`` says why there is no answer."""

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

    @classmethod
    def of(cls, turn: Turn) -> Told:
        """What a turn says."""
        numbers = {citation.chunk: citation.n for citation in turn.citations}
        failed = turn.outcome is Outcome.ERROR
        return cls(
            text=turn.answer,
            outcome=str(turn.outcome),
            route=str(turn.route.route),
            model=turn.model,
            cited=tuple(c.document for c in sorted(turn.citations, key=lambda c: c.n)),
            found=tuple(
                Found(p.chunk.document, p.chunk.title, p.chunk.uri, p.chunk.text[:EXCERPT],
                      numbers.get(p.chunk.id))
                for p in turn.passages
            ),
            claims=turn.grounding.claims,
            kept_back=tuple((r.text, r.finding) for r in turn.grounding.rejected),
            style=turn.style,
            seconds=turn.timings_ms.get("total", 0.0) / 1000,
            usage=turn.usage,
            notes=(*turn.notes, *([turn.error] if turn.error else [])),
            error=(turn.error or "it failed") if failed else "",
        )  # fmt: skip

    def refuses(self, refused: Refusals) -> bool:
        """Whether it gives no answer: it says so, asks back, or passes the question on."""
        return self.outcome != Outcome.ANSWERED or refused(self.text)


def told_of(record: Mapping[str, Any]) -> Told:
    """As it was kept. Raises KeyError, TypeError."""
    return Told(
        **{
            **record,
            "cited": tuple(record["cited"]),
            "found": tuple(Found(**found) for found in record["found"]),
            "claims": tuple(Claim(**claim) for claim in record["claims"]),
            "kept_back": tuple((text, why) for text, why in record["kept_back"]),
            "usage": Usage(**record["usage"]),
            "notes": tuple(record["notes"]),
        }
    )


@dataclass(frozen=True, slots=True)
class Reworded:
    """A paraphrase with what was said to it, and whether that is the ``same``."""

    question: str
    told: Told
    same: bool


@dataclass(frozen=True, slots=True)
class Judged:
    """A case in one mode, with its scores."""

    case: Case
    told: Told
    score: Score
    ranking: Ranking
    reworded: tuple[Reworded, ...] = ()

    @property
    def consistency(self) -> float | None:
        """The share of its paraphrases that got the same; ``None`` without any."""
        same = [each.same for each in self.reworded]
        return sum(same) / len(same) if same else None

    def values(self) -> dict[str, float | None]:
        """The figures of this case alone, by the names of :data:`RATES`."""
        s, r = self.score, self.ranking
        there = not s.failed
        return {
            "accuracy": float(s.right),
            "hallucination_rate": None if s.hallucinated is None else float(s.hallucinated),
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
        }

    def record(self) -> dict[str, Any]:
        """As it is kept."""
        return {
            **asdict(self.case),
            "right": self.score.right,
            "refused": self.score.refused,
            "values": self.values(),
            "told": asdict(self.told),
            "reworded": [
                {"question": r.question, "text": r.told.text, "outcome": r.told.outcome,
                 "same": r.same}
                for r in self.reworded
            ],
        }  # fmt: skip


def judge(
    case: Case, told: Told, reworded: Sequence[tuple[str, Told]], refused: Refusals
) -> Judged:
    """The scores of what was said to a case and to its paraphrases."""
    answer = Answer(
        told.text, told.cited, Grounding(told.claims), told.style, told.seconds, told.usage,
        told.error, None if told.error else told.refuses(refused), told.checked,
    )  # fmt: skip
    ranking = Ranking()
    if told.searched and not told.error:
        ranking = rank([f.document for f in told.found], case.gold)
    others = tuple(Reworded(q, t, same(case, told, t, refused)) for q, t in reworded)
    return Judged(case, told, score(case, answer, refused), ranking, others)


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


def _facts(text: str) -> frozenset[str]:
    return frozenset(f.value for f in facts(without_markers(text)) if f.kind is not Kind.NAME)


def failed(reason: str) -> Told:
    """No answer at all."""
    return replace(Told("", str(Outcome.ERROR)), error=reason)
