"""What is decided on: what was said, else what the task or the records say, else an assumption."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

from bot.advisor.answers import SUBJECTS, Answers
from bot.advisor.evidence import LITTLE_STYLE, Evidence
from bot.advisor.tasks import Task

SAID, TASK, RECORDS, ASSUMED = "said", "task", "records", "assumed"

TRUST = {SAID: 1.0, TASK: 0.8, RECORDS: 0.8, ASSUMED: 0.6}
"""How much a factor weighs by where its answer comes from."""

_USUAL: dict[str, object] = {
    "upfront_cost": "medium",
    "time_to_deploy": "weeks",
    "factual_accuracy": "medium",
    "new_data": "monthly",
    "style_control": "medium",
    "hallucination_tolerance": "medium",
    "governance": "internal",
    "sources_required": False,
    "monthly_queries": None,
}
"""Of a support bot, where nothing is known."""


@dataclass(frozen=True, slots=True)
class Held:
    """One answer that is decided on, and where it comes from."""

    value: Any
    origin: str

    @property
    def trust(self) -> float:
        return TRUST[self.origin]

    def among(self, *values: str) -> bool:
        return self.value in values


@dataclass(frozen=True, slots=True)
class Situation:
    """Every answer, held from somewhere, with the task and the records."""

    held: dict[str, Held]
    task: Task
    evidence: Evidence

    def __getitem__(self, name: str) -> Held:
        return self.held[name]

    @property
    def assumed(self) -> tuple[str, ...]:
        """What nobody said, as sentences."""
        told = {
            TASK: "your task suggests it",
            RECORDS: "from this bot's records",
            ASSUMED: "assumed",
        }
        return tuple(
            f"{SUBJECTS[name]}: {in_words(held.value)} ({told[held.origin]})"
            for name, held in self.held.items()
            if held.origin != SAID and held.value is not None
        )


def in_words(value: object) -> str:
    """An answer as people read it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:,.0f}" if isinstance(value, int | float) else str(value)


def situation_of(answers: Answers, task: Task, evidence: Evidence) -> Situation:
    """All answers, the missing ones filled in."""
    implied = dict(task.case.implies if task.case else {}) | task.says
    by_records = recorded(evidence)
    held = {}
    for name in (field.name for field in fields(Answers)):
        if name == "task":
            continue
        said = getattr(answers, name)
        if said is not None:
            held[name] = Held(said, SAID)
        elif name in implied:
            held[name] = Held(implied[name], TASK)
        elif name in by_records:
            held[name] = Held(by_records[name], RECORDS)
        else:
            held[name] = Held(_USUAL[name], ASSUMED)
    return Situation(held, task, evidence)


def recorded(evidence: Evidence) -> dict[str, object]:
    """The answers that the records give."""
    found: dict[str, object] = {}
    if evidence.changes.pace is not None:
        found["new_data"] = evidence.changes.pace
    share = evidence.style_share
    if share is not None:
        much, little = evidence.is_about_style, share <= LITTLE_STYLE
        found["style_control"] = "high" if much else "low" if little else "medium"
    if evidence.traffic.days >= 1:
        found["monthly_queries"] = evidence.traffic.a_month()[0]
    return found
