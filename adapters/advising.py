"""The advice as command line and console give it: answers, and the records of this home."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Protocol

from bot.advisor import FACTORS, Advice, Answers, Evidence, ReadingRecords, advise, read_answers
from bot.errors import MissingFileError, UsageError
from bot.store.advising import AdvisingBook
from knowledge.changing import LedgerChanges

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from bot.ports import Clock
    from bot.settings import Settings
    from bot.store.base import Database

_LARGEST = 1_000_000


class Application(Protocol):
    """What the advice needs of the application."""

    @property
    def settings(self) -> Settings: ...
    @property
    def database(self) -> Database: ...
    @property
    def clock(self) -> Clock: ...


class AdviceDesk:
    """Advice from answers and from records."""

    def __init__(
        self, settings: Settings, book: AdvisingBook, readings: ReadingRecords, clock: Clock
    ) -> None:
        self._settings = settings
        self._book = book
        self._readings = readings
        self._clock = clock

    async def evidence(self) -> Evidence:
        """What the records say; an empty home says nothing."""
        now = self._clock()
        style, facts = await self._book.reasons()
        return Evidence(
            changes=await self._readings.changes(now),
            about_style=style,
            about_facts=facts,
            checked=await self._book.checked(),
            traffic=await self._book.traffic(now),
            examples=await self._book.examples(),
            forgotten=await self._book.forgotten(),
            retention=self._settings.retention.messages,
        )

    async def advice(
        self, answers: Answers | None = None, weights: Mapping[str, float] | None = None
    ) -> Advice:
        """The advice on answers, or from the records alone."""
        return advise(answers or Answers(), await self.evidence(), weights)


def advice_desk(settings: Settings, database: Database, clock: Clock) -> AdviceDesk:
    """The desk over a database."""
    return AdviceDesk(settings, AdvisingBook(database), LedgerChanges(database), clock)


def desk_of(app: Application) -> AdviceDesk:
    """The desk of an application."""
    return advice_desk(app.settings, app.database, app.clock)


def answers_from(path: Path) -> Answers:
    """Answers from a JSON file. Raises UsageError in one sentence for whatever is wrong with it."""
    if not path.exists():
        raise MissingFileError(path=path)
    try:
        if path.is_file() and path.stat().st_size > _LARGEST:
            raise UsageError(f"{path} is too large for answers; write one JSON object.")
        text = path.read_text("utf-8-sig")
    except OSError as error:
        raise UsageError(f"{path} cannot be read ({error.strerror}); check it.") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{path} is not UTF-8 text; save it as that.") from error
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{path} is not JSON ({error}); write one JSON object.") from error
    return read_answers(data)


def weights_from(given: Sequence[str]) -> dict[str, float]:
    """Weights from ``FACTOR=NUMBER``. Raises UsageError."""
    found = {}
    for pair in given:
        name, _, number = pair.partition("=")
        name = name.strip().replace("_", " ").replace("-", " ")
        if name not in FACTORS:
            raise UsageError(f'There is no factor "{name}"; use any of {", ".join(FACTORS)}.')
        try:
            weight = float(number)
        except ValueError:
            weight = -1.0
        if not 0 <= weight <= 100:
            raise UsageError(f'"{pair}": a weight is a number from 0 to 100, 1 for as it is.')
        found[name] = weight
    return found


def advice_json(advice: Advice) -> dict[str, Any]:
    """Advice as ``advise --json`` prints it."""
    return {
        "recommendation": advice.recommendation,
        "factors": [
            {
                "factor": f.factor,
                "rag": round(f.rag, 3),
                "fine_tuning": round(f.fine_tuning, 3),
                "hybrid": round(f.hybrid, 3),
                "weight": round(f.weight, 4),
                "reason": f.reason,
                "evidence": f.evidence,
            }
            for f in advice.factors
        ],
        "next_steps": list(advice.next_steps),
    }
