"""The scores of one answer to one case. Pure: the check of its claims is handed in.

Accuracy as everywhere in this house: an answerable case is right when it is answered and the answer
contains one of ``answers`` (:mod:`bot.evaluation.normalising`), an unanswerable one when it is
refused (:mod:`bot.evaluation.refusing`). What cannot be counted is ``None``, never NaN.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from bot.citing import cited_indexes
from bot.conversation import Usage
from bot.evaluation.cases import Case
from bot.evaluation.normalising import contains_one, token_f1
from bot.evaluation.refusing import Refusals
from bot.evidence import Claim, Grounding

_ANY = 999  # what a marker can point at


@dataclass(frozen=True, slots=True)
class Answer:
    """What somebody said to a case. ``documents`` are those of the passages that were given, in
    their order: ``[1]`` points at the first. ``error`` says why there is no answer.

    ``refused`` is known of whoever says it; ``None``: it is told from the words. An answer that is
    not ``checked`` has nothing that its claims could be held to.
    """

    text: str
    documents: tuple[str, ...] = ()
    grounding: Grounding = field(default_factory=Grounding)
    style: float | None = None
    seconds: float | None = None
    usage: Usage = field(default_factory=Usage)
    error: str = ""
    refused: bool | None = None
    checked: bool = True


@dataclass(frozen=True, slots=True)
class Score:
    """How good one answer is.

    ``claims`` that state something, and how many of them are ``carried`` by the passages, both 0
    where it was refused; ``f1`` of words against the nearest right answer.
    """

    case: str
    answerable: bool
    right: bool
    refused: bool
    claims: int = 0
    carried: int = 0
    f1: float | None = None
    citation_precision: float | None = None
    citation_recall: float | None = None
    style: float | None = None
    seconds: float | None = None
    usage: Usage = field(default_factory=Usage)
    failed: bool = False
    checked: bool = True

    @property
    def answered(self) -> bool:
        return not (self.refused or self.failed)

    @property
    def refusal_right(self) -> bool:
        """Whether it was right to answer, or to refuse."""
        return not self.failed and self.refused is not self.answerable

    @property
    def grounded(self) -> float | None:
        """The share of claims that the passages carry; ``None`` without claims."""
        return self.carried / self.claims if self.claims else None

    @property
    def hallucinated(self) -> bool | None:
        """Whether a claim of the answer is not carried; ``None`` where nothing was answered,
        or nothing is known to hold it to."""
        return self.carried < self.claims if self.answered and self.checked else None


def score(case: Case, answer: Answer, refused: Refusals) -> Score:
    """The scores of an answer; one that failed is wrong, and counts nowhere else."""
    if answer.error:
        return Score(case.id, case.answerable, right=False, refused=False, failed=True)
    refuses = refused(answer.text) if answer.refused is None else answer.refused
    right = not refuses and contains_one(answer.text, case.answers) if case.answerable else refuses
    claims = () if refuses else stated(answer.grounding)
    precision, recall = (None, None) if refuses else citations(case, answer)
    return Score(
        case=case.id,
        answerable=case.answerable,
        right=right,
        refused=refuses,
        claims=len(claims),
        carried=sum(claim.supported for claim in claims),
        f1=token_f1("" if refuses else answer.text, case.answers) if case.answerable else None,
        citation_precision=precision,
        citation_recall=recall,
        style=answer.style,
        seconds=answer.seconds,
        usage=answer.usage,
        checked=answer.checked,
    )


def stated(grounding: Grounding) -> tuple[Claim, ...]:
    """The claims that state something: a greeting passes the check without a source."""
    return tuple(c for c in grounding.claims if not c.supported or c.passage is not None)


def citations(case: Case, answer: Answer) -> tuple[float | None, float | None]:
    """Precision and recall of the documents that an answer cites, by its own markers.

    ``None`` where no gold is known, precision also where nothing is cited. A marker that points
    at no passage is wrong.
    """
    if not case.gold:
        return None, None
    shown = len(answer.documents)
    pointed = cited_indexes(answer.text, _ANY)
    cited = {answer.documents[index] for index in pointed if index < shown}
    astray = sum(index >= shown for index in pointed)
    right = len(cited & set(case.gold))
    precision = right / (len(cited) + astray) if cited or astray else None
    return precision, right / len(set(case.gold))


def counted(values: Sequence[float | bool | None]) -> list[float]:
    """Those that are there, as numbers."""
    return [float(value) for value in values if value is not None]
