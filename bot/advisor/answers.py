"""What an organisation says of itself: each answer checked, each may be missing."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from bot.errors import UsageError

LEVELS = ("low", "medium", "high")
TIMES = ("days", "weeks", "months")
PACES = ("hourly", "daily", "weekly", "monthly", "yearly", "never")
TOLERANCES = ("none", "low", "medium", "high")
GOVERNANCE = ("none", "internal", "regulated")

CHOICES: Mapping[str, tuple[str, ...]] = {
    "upfront_cost": LEVELS,
    "style_control": LEVELS,
    "factual_accuracy": LEVELS,
    "time_to_deploy": TIMES,
    "new_data": PACES,
    "hallucination_tolerance": TOLERANCES,
    "governance": GOVERNANCE,
}
"""The questions with a fixed set of answers, from the least to the most but for ``new_data``."""

SUBJECTS = {
    "new_data": "how often the knowledge changes",
    "style_control": "how much voice and behaviour matter",
    "factual_accuracy": "how much right facts matter",
    "hallucination_tolerance": "how much invention is tolerated",
    "governance": "rules on data",
    "upfront_cost": "what the start may cost",
    "time_to_deploy": "when it has to run",
    "sources_required": "whether answers must name their sources",
    "monthly_queries": "questions a month",
    "task": "what it is for",
}
"""What each answer is about, as people say it."""

_LONGEST_TASK = 20_000
_MOST = 1e15
_SHOWN = 40


@dataclass(frozen=True, slots=True)
class Answers:
    """Answers as they were given; ``None`` or an empty task: not said.

    ``upfront_cost`` is what the start may cost, ``style_control`` and ``factual_accuracy`` how much
    they matter, ``new_data`` how often what is to be known changes.
    """

    upfront_cost: str | None = None
    style_control: str | None = None
    factual_accuracy: str | None = None
    time_to_deploy: str | None = None
    new_data: str | None = None
    hallucination_tolerance: str | None = None
    governance: str | None = None
    task: str = ""
    monthly_queries: float | None = None
    sources_required: bool | None = None


class AnswersError(UsageError):
    """The answers cannot be used: {problem}."""


def read_answers(data: object) -> Answers:
    """Answers from parsed JSON. Raises AnswersError, which names the first thing that is wrong."""
    if not isinstance(data, Mapping):
        raise AnswersError(problem='write one JSON object, like {"new_data": "daily"}')
    known = tuple(field.name for field in fields(Answers))
    for name in data:
        if name not in known:
            raise AnswersError(problem=f'there is no "{name}"; use any of {", ".join(known)}')
    return Answers(**{name: _checked(name, value) for name, value in data.items()})


def _checked(name: str, value: object) -> Any:
    if name in CHOICES:
        if not isinstance(value, str) or value not in CHOICES[name]:
            allowed = ", ".join(CHOICES[name])
            raise AnswersError(problem=f'"{name}" is {_shown(value)}; write one of {allowed}')
    elif name == "task":
        if not isinstance(value, str) or len(value) > _LONGEST_TASK:
            allowed = f"a text of at most {_LONGEST_TASK:,} signs"
            raise AnswersError(problem=f'"task" is {_shown(value)}; write {allowed}')
    elif name == "sources_required":
        if not isinstance(value, bool):
            raise AnswersError(
                problem=f'"sources_required" is {_shown(value)}; write true or false'
            )
    elif isinstance(value, bool) or not isinstance(value, int | float) or not _is_count(value):
        problem = f'"monthly_queries" is {_shown(value)}; write a number from 0 to 10^15'
        raise AnswersError(problem=problem)
    return value


def _shown(value: object) -> str:
    """A wrong value as it stands in the file, shortened."""
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def _is_count(value: float) -> bool:
    return 0 <= value <= _MOST  # neither NaN nor infinity is
