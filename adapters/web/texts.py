"""Text that came from outside, checked before anybody works with it."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, WithJsonSchema

from bot.errors import UsageError

MAX_QUESTION = 8_000
MAX_CORRECTION = 20_000
MAX_REASON = 500
MAX_NAME = 200
_UNREADABLE = "holds characters that are no text (NUL or half of a surrogate pair)"


class BadTextError(UsageError):
    """The {field} {problem}."""


def problem_of(text: str, longest: int) -> str | None:
    """What is wrong with a text, in words that follow its name; ``None`` where nothing is."""
    if len(text) > longest:
        return f"is longer than {longest:,} characters"
    if "\0" in text or any("\ud800" <= c <= "\udfff" for c in text):
        return _UNREADABLE
    return None


def checked(text: str, field: str, longest: int) -> str:
    """The text, or BadTextError with one sentence."""
    problem = problem_of(text, longest)
    if problem:
        raise BadTextError(field=field, problem=problem)
    return text


def question_of(text: str) -> str:
    """A question as typed into a form; BadTextError where there is none."""
    if not text.strip():
        raise BadTextError(field="question", problem="is empty; write one and send it again")
    return checked(text, "question", MAX_QUESTION)


def _no_longer_than(longest: int) -> AfterValidator:
    def check(text: str) -> str:
        problem = problem_of(text, longest)
        if problem:
            raise ValueError(problem)
        return text

    return AfterValidator(check)


def _not_blank(text: str) -> str:
    if not text.strip():
        raise ValueError("is empty")
    return text


def _told(longest: int, *, blank: bool = True) -> WithJsonSchema:
    """What is checked, as the API's description tells it to programs."""
    schema: dict[str, Any] = {"type": "string", "maxLength": longest, "pattern": r"^[^\x00]*$"}
    if not blank:
        schema |= {"minLength": 1, "pattern": r"^[^\x00]*[^\s\x00][^\x00]*$"}
    return WithJsonSchema(schema)


QuestionText = Annotated[
    str,
    _no_longer_than(MAX_QUESTION),
    AfterValidator(_not_blank),
    _told(MAX_QUESTION, blank=False),
]
NameText = Annotated[
    str, _no_longer_than(MAX_NAME), AfterValidator(_not_blank), _told(MAX_NAME, blank=False)
]
ReasonText = Annotated[str, _no_longer_than(MAX_REASON), _told(MAX_REASON)]
CorrectionText = Annotated[str, _no_longer_than(MAX_CORRECTION), _told(MAX_CORRECTION)]
