"""The four questions of the decision, with their answers and where those come from."""

from __future__ import annotations

from dataclasses import dataclass

from bot.advisor.assuming import ASSUMED, RECORDS, SAID, TASK, Held, Situation
from bot.advisor.evidence import FIRST_ROUND, MANY_EXAMPLES

ORIGINS = {
    SAID: "you said so",
    TASK: "your task suggests it",
    RECORDS: "from this bot's records",
    ASSUMED: "assumed, nobody said",
}
"""Where an answer comes from, in words."""


_NEITHER, _TRAINED = "no way in particular", "fine-tuning, or both"


@dataclass(frozen=True, slots=True)
class Question:
    """One question, its answer, where that comes from, and what it speaks for."""

    question: str
    answer: str
    origin: str
    speaks_for: str


def four_questions(situation: Situation) -> tuple[Question, ...]:
    """In the order in which the decision is made."""
    return (_changes(situation), _sources(situation), _voice(situation), _means(situation))


def _changes(situation: Situation) -> Question:
    held = situation["new_data"]
    often = held.among("hourly", "daily", "weekly")
    answer = {"never": "no, it never changes", "yearly": "no, about once a year"}.get(
        held.value, f"{'yes' if often else 'now and then'}, {held.value}"
    )
    return _asked(
        "Does what the bot must know change often?",
        answer,
        held,
        "retrieval" if often else _NEITHER if held.among("monthly") else "fine-tuning",
    )


def _sources(situation: Situation) -> Question:
    sources, rules = situation["sources_required"], situation["governance"]
    if sources.value:
        answer, held = "yes, answers must name their sources", sources
    elif rules.among("regulated"):
        answer, held = "yes, the field is regulated", rules
    else:
        answer, held = "no", sources if sources.origin != ASSUMED else rules
        if rules.among("internal"):
            answer = "no, but internal rules on data hold"
    must = answer.startswith("yes")
    return _asked(
        "Must answers cite sources or stand up to an auditor?",
        answer,
        held,
        "retrieval" if must else _NEITHER,
    )


def _voice(situation: Situation) -> Question:
    held = situation["style_control"]
    answer = {
        "high": "yes, it matters much",
        "medium": "to some degree, which a persona in the prompt mostly gives",
        "low": "no, it matters little",
    }[held.value]
    return _asked(
        "Is a consistent voice or behaviour needed that prompting does not give?",
        answer,
        held,
        _TRAINED if held.among("high") else "retrieval",
    )


def _means(situation: Situation) -> Question:
    have = situation.evidence.examples
    cost, time = situation["upfront_cost"], situation["time_to_deploy"]
    if cost.among("low") or time.among("days"):
        held = cost if cost.among("low") else time
        why = "the start may cost little" if held is cost else "it has to run within days"
        return _asked(_MEANS, f"no, {why}", held, "retrieval")
    if have >= MANY_EXAMPLES:
        return Question(_MEANS, f"yes, {have:,} approved answers", ORIGINS[RECORDS], _TRAINED)
    answer = "none is approved yet" if not have else f"{have:,} approved"
    if have >= FIRST_ROUND:
        return Question(
            _MEANS, f"for a first round: {answer}", ORIGINS[RECORDS], "a first round of training"
        )
    return Question(
        _MEANS,
        f"not yet: {answer}, a first round wants about {FIRST_ROUND}",
        ORIGINS[RECORDS],
        "retrieval, for now",
    )


_MEANS = "Are there enough clean examples, and the means to train and to keep a model?"


def _asked(question: str, answer: str, held: Held, speaks_for: str) -> Question:
    return Question(question, answer, ORIGINS[held.origin], speaks_for)
