"""The questions of ``advise --ask``, one by one; each may be left open."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from bot.advisor import Answers, read_answers
from bot.advisor.answers import CHOICES
from bot.errors import UsageError

EXAMPLE: dict[str, Any] = {
    "task": "customer support over our product handbook, for customers in four countries",
    "new_data": "weekly",
    "style_control": "medium",
    "factual_accuracy": "high",
    "hallucination_tolerance": "low",
    "governance": "internal",
    "sources_required": True,
    "upfront_cost": "low",
    "time_to_deploy": "weeks",
    "monthly_queries": 20000,
}
"""An answers file of a support team; every key may be left out."""

QUESTIONS = {
    "task": "What is it for, in your own words?",
    "new_data": "How often does what it must know change?",
    "style_control": "How much do voice and behaviour matter?",
    "factual_accuracy": "How much do right facts matter?",
    "hallucination_tolerance": "How much invention is tolerated?",
    "sources_required": "Must answers name their sources?",
    "governance": "Which rules hold for your data?",
    "upfront_cost": "What may the start cost?",
    "time_to_deploy": "When does it have to run: within days, weeks or months?",
    "monthly_queries": "How many questions a month do you expect?",
}
_YES = {"yes": True, "y": True, "true": True, "no": False, "n": False, "false": False}

Read = Callable[[str], str]
"""A line as it was typed, with its end; empty where nothing comes any more."""
Say = Callable[[str], None]


def asked(read: Read, say: Say) -> dict[str, Any]:
    """What was answered; a question that was left open is missing. What is no answer is asked
    again. The beginning of a word is enough. The end of the input (Ctrl-D) leaves the rest open."""
    found: dict[str, Any] = {}
    say("Ten questions; press Enter to leave one open.")
    for number, (name, question) in enumerate(QUESTIONS.items(), 1):
        while True:
            line = read(f"{number:>2}. {question}{_hint(name)} ")
            if not line:
                say("")
                return found
            typed = line.strip()
            if not typed:
                break
            try:
                value = _value(name, typed)
                read_answers({name: value})
            except UsageError as error:
                say(f"    {error}")
                continue
            found[name] = value
            break
    return found


def answers_of(found: dict[str, Any]) -> Answers:
    """As the advisor takes them."""
    return read_answers(found)


def _hint(name: str) -> str:
    if name in CHOICES:
        return f" [{'/'.join(CHOICES[name])}]"
    return " [yes/no]" if name == "sources_required" else ""


def _value(name: str, typed: str) -> Any:
    """A typed answer as the file would hold it. Raises UsageError."""
    folded = typed.casefold()
    if name == "sources_required":
        if folded not in _YES:
            raise UsageError("Write yes or no.")
        return _YES[folded]
    if name == "monthly_queries":
        try:
            return float(folded.replace(",", "").replace("_", ""))
        except ValueError as error:
            raise UsageError("Write a number, like 20000.") from error
    if name in CHOICES:
        meant = [choice for choice in CHOICES[name] if choice.startswith(folded)]
        return meant[0] if len(meant) == 1 else folded
    return typed
