"""The decision: factors weighed, what is barred left out, and what would change it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace

from bot.advisor.answers import CHOICES, SUBJECTS, Answers
from bot.advisor.assuming import Situation, in_words, recorded, situation_of
from bot.advisor.contradicting import contradictions
from bot.advisor.evidence import Evidence, SuiteRun
from bot.advisor.factors import AT_SCALE, FACTORS, Factor, barred, measures
from bot.advisor.questions import Question, four_questions
from bot.advisor.steps import next_steps, thresholds
from bot.advisor.tasks import FINE_TUNING, HYBRID, RAG, read_task
from bot.advisor.telling import told

OPTIONS = (RAG, HYBRID, FINE_TUNING)
"""Of equals the one that is easier to take back."""

_SHORT = {RAG: "retrieval", FINE_TUNING: "fine-tuning", HYBRID: "both together"}
WAYS = (
    "Retrieval looks answers up in your documents; fine-tuning trains a model on examples of your "
    "own; both is a trained model that looks things up."
)
"""The three ways, for whoever meets the words first."""
_CLEAR, _CLOSE = 0.15, 0.04
"""Leads in the total from which it is clear, and up to which it is close."""

_NAMES = {RAG: "retrieval", FINE_TUNING: "fine-tuning", HYBRID: "both, retrieval and fine-tuning"}


@dataclass(frozen=True, slots=True)
class Advice:
    """The advice: ``totals`` are the weighed scores (0 to 1) of the three ways, ``barred`` says
    what could not be advised, ``assumed`` what nobody said, ``changing`` what would change it."""

    recommendation: str
    factors: tuple[Factor, ...]
    next_steps: tuple[str, ...]
    totals: Mapping[str, float]
    why: tuple[str, ...]
    barred: Mapping[str, str]
    assumed: tuple[str, ...]
    changing: tuple[str, ...]
    questions: tuple[Question, ...] = ()
    contradictions: tuple[str, ...] = ()
    measured: tuple[SuiteRun, ...] = ()

    @property
    def ways(self) -> str:
        """What the three ways are: a sentence."""
        return WAYS

    @property
    def lead(self) -> str:
        """How clear it is, in points of ten: a sentence."""
        best = self.totals[self.recommendation]
        open_ways = [o for o in OPTIONS if o != self.recommendation and o not in self.barred]
        if not any(self.totals.values()):
            return "Nothing counts: every weight is 0, so this is only the cheapest way to start."
        if not open_ways:
            return "It is the only way that what was said leaves open."
        other = max(open_ways, key=lambda o: self.totals[o])
        ahead = best - self.totals[other]
        how = ": clearly ahead" if ahead >= _CLEAR else "" if ahead >= _CLOSE else ": a close call"
        return (
            f"All in all {_SHORT[self.recommendation]} gets {best * 10:.1f} points of 10, "
            f"next comes {_SHORT[other]} with {self.totals[other] * 10:.1f}{how}."
        )

    @property
    def sentence(self) -> str:
        """The recommendation as a sentence."""
        if self.recommendation == HYBRID:
            return (
                "Use both: fine-tuning for how it is said, retrieval for what is said. "
                "Start with retrieval."
            )
        if self.recommendation == FINE_TUNING:
            return "Fine-tune: this is about behaviour that examples teach, not facts to look up."
        return "Use retrieval: answer from documents, with sources, and leave the model as it is."


def advise(
    answers: Answers, evidence: Evidence, weights: Mapping[str, float] | None = None
) -> Advice:
    """Advice on answers and records, any of which may be missing.

    ``weights`` multiply the weights of factors by name (1: as they are, 0: left out).
    """
    situation = situation_of(answers, read_task(answers.task), evidence)
    factors = _factors(situation, answers.monthly_queries, weights or {})
    out = barred(situation)
    totals = _totals(factors)
    best = _best(totals, out)
    return Advice(
        recommendation=best,
        factors=factors,
        next_steps=next_steps(best, situation),
        totals=totals,
        why=_why(best, factors, out),
        barred=out,
        assumed=situation.assumed,
        changing=_changing(best, answers, situation, weights or {}),
        questions=four_questions(situation),
        contradictions=_contradicted(best, answers, situation, weights or {}),
        measured=evidence.runs,
    )


def _factors(
    situation: Situation, queries: float | None, weights: Mapping[str, float]
) -> tuple[Factor, ...]:
    found = measures(situation)
    wanted = {name: found[name].weight * weights.get(name, 1.0) for name in FACTORS}
    whole = sum(wanted.values()) or 1.0
    return tuple(
        Factor(
            name,
            *found[name].scores,
            weight=wanted[name] / whole,
            reason=found[name].reason,
            evidence=told(name, situation.evidence, queries),
        )
        for name in FACTORS
    )


def _totals(factors: tuple[Factor, ...]) -> dict[str, float]:
    return {option: sum(f.of(option) * f.weight for f in factors) for option in OPTIONS}


def _best(totals: Mapping[str, float], out: Mapping[str, str]) -> str:
    # Rounded, so that adding up in another order decides nothing.
    return max((o for o in OPTIONS if o not in out), key=lambda o: round(totals[o], 9))


def _why(best: str, factors: tuple[Factor, ...], out: Mapping[str, str]) -> tuple[str, ...]:
    """The factors that speak most for the advice, then what was barred."""

    def lead(factor: Factor) -> float:
        others = [factor.of(o) for o in OPTIONS if o != best]
        return factor.weight * (factor.of(best) - sum(others) / len(others))

    leading = [f for f in sorted(factors, key=lead, reverse=True) if lead(f) > 0.005][:3]
    found = [f"{f.factor}: {f.reason}" for f in leading]
    found += [f"not {_NAMES[option]}: {reason}" for option, reason in out.items()]
    return tuple(found)


def _contradicted(
    best: str, answers: Answers, situation: Situation, weights: Mapping[str, float]
) -> tuple[str, ...]:
    """Contradictions, and what the advice would be if the records were followed."""
    found = contradictions(answers, situation)
    by_records = recorded(situation.evidence)
    if not found or not by_records:
        return found
    followed = Answers(**{**asdict(answers), **dict.fromkeys(by_records)})
    other = _recommended(followed, situation.evidence, weights)
    if other == best:
        return (*found, "The advice would be the same by the records.")
    return (*found, f"By the records the advice would be {_NAMES[other]}.")


def _changing(
    best: str, answers: Answers, situation: Situation, weights: Mapping[str, float]
) -> tuple[str, ...]:
    """For each question the nearest other answer that would change the advice; then thresholds."""
    found = []
    for name, values in CHOICES.items():
        now = situation[name]
        present = values.index(now.value)
        for _, value in sorted((abs(at - present), value) for at, value in enumerate(values))[1:]:
            turned = Answers(**{**asdict(answers), name: value})
            other = _recommended(turned, situation.evidence, weights)
            if other != best:
                found.append(
                    f"{SUBJECTS[name]}: {in_words(value)} instead of {in_words(now.value)}, then "
                    f"{_NAMES[other]}"
                )
                break
    turned = replace(answers, sources_required=not situation["sources_required"].value)
    other = _recommended(turned, situation.evidence, weights)
    if other != best:
        need = "had to" if turned.sources_required else "did not have to"
        found.append(f"if answers {need} name their sources, then {_NAMES[other]}")
    if (situation["monthly_queries"].value or 0) < AT_SCALE:
        turned = replace(answers, monthly_queries=float(AT_SCALE))
        other = _recommended(turned, situation.evidence, weights)
        if other != best:
            found.append(f"from {AT_SCALE:,} questions a month on, then {_NAMES[other]}")
    return (*found, *thresholds(best, situation))


def _recommended(answers: Answers, evidence: Evidence, weights: Mapping[str, float]) -> str:
    situation = situation_of(answers, read_task(answers.task), evidence)
    totals = _totals(_factors(situation, answers.monthly_queries, weights))
    return _best(totals, barred(situation))
