"""Where the records, or the answers among themselves, say other than what was said."""

from __future__ import annotations

from bot.advisor.answers import PACES, Answers
from bot.advisor.assuming import Situation, recorded
from bot.advisor.telling import bounded

_WEEK = 7.0
"""Days of traffic below which nothing is contradicted."""
_FAR = 3.0
"""Traffic that is so many times more or less than was said contradicts it."""


def contradictions(answers: Answers, situation: Situation) -> tuple[str, ...]:
    """Sentences. What was said still decides: the operator may know what is to come."""
    return (*_with_records(answers, situation), *_among(answers))


def _with_records(answers: Answers, situation: Situation) -> list[str]:
    evidence, found = situation.evidence, []
    by_records = recorded(evidence)
    pace = by_records.get("new_data")
    if answers.new_data and pace and abs(_place(answers.new_data) - _place(str(pace))) > 1:
        changes = evidence.changes
        found.append(
            f"You said that the knowledge changes {_how(answers.new_data)}; the records say "
            f"{_how(str(pace))}: {changes.readings:,} readings in {changes.watched.days:,} days "
            "found something new."
        )
    style = by_records.get("style_control")
    if answers.style_control and style and {answers.style_control, style} == {"low", "high"}:
        told = evidence.about_style + evidence.about_facts
        found.append(
            f"You said that style matters {'much' if answers.style_control == 'high' else 'little'}"
            f"; of {told:,} unhappy answers with a reason {evidence.about_style:,} were about "
            f"style{bounded(evidence)}."
        )
    queries, traffic = answers.monthly_queries, evidence.traffic
    if queries and traffic.turns and traffic.days >= _WEEK:
        present = traffic.a_month()[0]
        if not present / _FAR <= queries <= present * _FAR:
            found.append(
                f"You expect {queries:,.0f} questions a month; at present there are "
                f"{present:,.0f} (reckoned from {traffic.turns:,} within "
                f"{traffic.days:,.0f} days)."
            )
    compared = evidence.comparison
    if compared and compared.gain and compared.gain.verdict == "worse":
        found.append(
            f'In the suite "{compared.suite}" both was worse than retrieval alone '
            f"({compared.gain.difference * 100:+.0f} points), other than published figures say."
        )
    return found


def _among(answers: Answers) -> list[str]:
    found = []
    if answers.style_control == "high" and answers.time_to_deploy == "days":
        found.append(
            "You said that style matters much and that it has to run within days: days leave no "
            "time to train. Start with a persona in the prompt."
        )
    if answers.style_control == "high" and answers.upfront_cost == "low":
        found.append(
            "You said that style matters much and that the start may cost little: training costs "
            "3 to 10 times as much to start."
        )
    if answers.hallucination_tolerance == "high" and answers.factual_accuracy == "high":
        found.append(
            "You said that right facts matter much and that inventions are tolerated: check which "
            "is meant."
        )
    if answers.governance == "none" and answers.sources_required:
        found.append(
            "You said that answers must name their sources and that no rules on data hold: sources "
            "are required here."
        )
    return found


def _place(pace: str) -> int:
    return PACES.index(pace)


def _how(pace: str) -> str:
    return {"never": "never", "yearly": "about once a year"}.get(pace, pace)
