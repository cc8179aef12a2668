"""Suites of questions with what a right answer contains: JSON Lines, one case a line.

``{"id", "question", "answers": […], "gold"?: […], "answerable"?, "groups"?: […],
"paraphrases"?: […], "route"?, "claims"?: […]}``. Other fields are left alone: open sets carry their
own.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from bot.conversation import Route
from bot.errors import MissingFileError, NotFoundError, QuestionError, UsageError
from bot.guardrails import clean_question

_FOLDER = "suites"
_ENDING = ".jsonl"
_LONGEST_ID = 200
_RARE = frozenset({"route", "claims"})
_ROUTES = frozenset(str(route) for route in Route)


class SuiteError(UsageError):
    """{path}, line {line}: {problem}"""


class EmptySuiteError(UsageError):
    """{path} holds no case; write one JSON object a line, with id, question and answers."""


class UnreadableSuiteError(UsageError):
    """The suite cannot be read."""


class _BadLineError(Exception):
    """What is wrong with a line, in words."""


@dataclass(frozen=True, slots=True)
class Case:
    """A question and what a right answer to it contains, in any one of the ``answers``.

    ``gold`` names the documents that answer it; one that is not ``answerable`` is answered right by
    saying so. ``groups`` are the asker's, as written. ``paraphrases`` ask the same in other words.
    ``route`` is the one that the router should take (a :class:`bot.conversation.Route`), ``""``
    where nobody says; ``claims`` are what a full answer states, all of them.
    """

    id: str
    question: str
    answers: tuple[str, ...] = ()
    gold: tuple[str, ...] = ()
    answerable: bool = True
    groups: tuple[str, ...] = ()
    paraphrases: tuple[str, ...] = ()
    route: str = ""
    claims: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Suite:
    """The cases of a file. ``digest`` is the SHA-256 of what they say, however it is written."""

    name: str
    path: Path
    digest: str
    cases: tuple[Case, ...]

    @property
    def questions(self) -> tuple[str, ...]:
        """Every question with its paraphrases, each once: what must never be trained on."""
        asked = (q for case in self.cases for q in (case.question, *case.paraphrases))
        return tuple(dict.fromkeys(asked))


def find_suite(name: str | Path, folder: Path) -> Path:
    """The file of a suite: a path, or a name that is looked up in ``folder`` and its ``suites``,
    with or without its ending.

    Raises NotFoundError for a name, MissingFileError for a path that leads nowhere,
    UnreadableSuiteError for a folder.
    """
    given = Path(name)
    named = given.name == str(given)
    places = [given] if given.is_absolute() else [given, folder / given, folder / _FOLDER / given]
    for place in places:
        for path in (place, Path(f"{place}{_ENDING}")):
            if os.path.isfile(path):  # noqa: PTH113 - a name too long for a file is none
                return path
    if any(os.path.isdir(place) for place in places):  # noqa: PTH112 - as above
        raise UnreadableSuiteError(f"{given} is a folder; name a suite's file in it.")
    if named and not given.suffix:
        raise NotFoundError(kind="suite", id=str(given))
    raise MissingFileError(path=given)


def read_suite(path: Path) -> Suite:
    """The suite of a file.

    Raises MissingFileError, UnreadableSuiteError, EmptySuiteError, and SuiteError for the first
    line that is no case.
    """
    if not path.is_file():
        raise MissingFileError(path=path)
    try:
        text = path.read_text("utf-8-sig")
    except OSError as error:
        problem = f"{path} cannot be read ({error.strerror}); mend that and repeat."
        raise UnreadableSuiteError(problem) from error
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise SuiteError(path=path, line=line, problem="it is not UTF-8; save it so.") from error
    cases: dict[str, Case] = {}
    lines: dict[str, int] = {}
    for number, record in _records(path, text):
        try:
            case = _case(record, lines)
        except _BadLineError as error:
            raise SuiteError(path=path, line=number, problem=str(error)) from error
        cases[case.id], lines[case.id] = case, number
    if not cases:
        raise EmptySuiteError(path=path)
    found = tuple(cases.values())
    return Suite(path.stem, path, digest_of(found), found)


def digest_of(cases: Sequence[Case]) -> str:
    """The SHA-256 of what cases say; of what only some suites say, only where it is said."""
    told = [{k: v for k, v in asdict(case).items() if v or k not in _RARE} for case in cases]
    said = json.dumps(told, ensure_ascii=True, sort_keys=True)
    return hashlib.sha256(said.encode()).hexdigest()


def _records(path: Path, text: str) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """The objects of the lines that are not empty, with their numbers from 1 on."""
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            record = json.loads(line, parse_constant=_no_number)
        except (ValueError, RecursionError) as error:
            problem = "it is no valid JSON; write one object a line."
            raise SuiteError(path=path, line=number, problem=problem) from error
        if not isinstance(record, dict):
            raise SuiteError(path=path, line=number, problem="it is no JSON object.")
        yield number, record


def _no_number(text: str) -> object:
    """NaN and the infinities, which Python reads and JSON has not."""
    raise ValueError(text)


def _case(record: Mapping[str, Any], lines: Mapping[str, int]) -> Case:
    answers = _texts(record, "answers")
    answerable = record.get("answerable")
    if answerable is None:
        if "answers" not in record:
            raise _BadLineError(
                '"answers" is missing; write what a right answer contains, or "answerable": false.'
            )
        answerable = bool(answers)
    if not isinstance(answerable, bool):
        raise _BadLineError('"answerable" must be true or false.')
    if answerable and not answers:
        raise _BadLineError(
            '"answers" is empty; write what a right answer contains, or "answerable": false.'
        )
    return Case(
        id=_id(record, lines),
        question=_question(record.get("question"), '"question"'),
        answers=answers,
        gold=_texts(record, "gold"),
        answerable=answerable,
        groups=_texts(record, "groups"),
        paraphrases=tuple(
            _question(text, '"paraphrases"') for text in _texts(record, "paraphrases")
        ),
        route=_route(record.get("route")),
        claims=_texts(record, "claims"),
    )


def _route(found: object) -> str:
    if found is None or found == "":
        return ""
    if not isinstance(found, str) or found.strip().lower() not in _ROUTES:
        raise _BadLineError(f'"route" must be one of {", ".join(sorted(_ROUTES))}.')
    return found.strip().lower()


def _id(record: Mapping[str, Any], lines: Mapping[str, int]) -> str:
    """The id of a case; ``lines`` are those of the ids that are taken."""
    found = record.get("id")
    known = isinstance(found, str | int) and not isinstance(found, bool)
    name = str(found).strip() if known else ""
    if not name or len(name) > _LONGEST_ID:
        raise _BadLineError(f'"id" must be a text or a number of up to {_LONGEST_ID} characters.')
    if name in lines:
        raise _BadLineError(
            f'the id "{name}" stands in line {lines[name]} too; give each case its own.'
        )
    return name


def _question(found: object, field: str) -> str:
    if not isinstance(found, str):
        raise _BadLineError(f"{field} must be a text.")
    try:
        return clean_question(found)
    except QuestionError as error:
        raise _BadLineError(f"{field} cannot be asked: {error.data['problem']}") from error


def _texts(record: Mapping[str, Any], field: str) -> tuple[str, ...]:
    """A list of texts; a single text is a list of one, a number the text that it is written as."""
    found = record.get(field)
    listed = [] if found is None else found if isinstance(found, list) else [found]
    texts = []
    for value in listed:
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            raise _BadLineError(f'"{field}" must be a list of texts.')
        text = str(value).strip()
        if not text:
            raise _BadLineError(f'"{field}" holds an empty text.')
        texts.append(text)
    return tuple(dict.fromkeys(texts))
