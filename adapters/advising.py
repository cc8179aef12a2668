"""The advice as command line and console give it: answers, and the records of this home."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Protocol

from adapters.advising_records import evidence_of
from bot.advisor import FACTORS, Advice, Answers, Evidence, advise, read_answers
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

    def __init__(self, settings: Settings, database: Database, clock: Clock) -> None:
        self._settings = settings
        self._database = database
        self._clock = clock

    async def evidence(self) -> Evidence:
        """What the records say; an empty home says nothing."""
        book = AdvisingBook(self._database, clock=self._clock)
        readings = LedgerChanges(self._database)
        return await evidence_of(self._settings, self._database, book, readings, self._clock())

    async def advice(
        self, answers: Answers | None = None, weights: Mapping[str, float] | None = None
    ) -> Advice:
        """The advice on answers, or from the records alone."""
        return advise(answers or Answers(), await self.evidence(), weights)


def advice_desk(settings: Settings, database: Database, clock: Clock) -> AdviceDesk:
    """The desk over a database."""
    return AdviceDesk(settings, database, clock)


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


def keep_answers(path: Path, answers: Mapping[str, Any]) -> None:
    """Write answers into a new file. Raises UsageError where that cannot be done."""
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(json.dumps(answers, ensure_ascii=False, indent=2) + "\n")
    except OSError as error:
        raise UsageError(f"{path} cannot be written ({error.strerror}); name another.") from error


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
    if all(found.get(name) == 0 for name in FACTORS):
        raise UsageError("Every factor is left out; leave at least one with a weight above 0.")
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
        "summary": f"{advice.sentence} {advice.lead} {advice.ways}",
        "why": list(advice.why),
        "questions": [asdict(question) for question in advice.questions],
        "contradictions": list(advice.contradictions),
        "would_change_it": list(advice.changing),
        "assumed": list(advice.assumed),
        "totals": {
            option.replace("-", "_"): round(total, 3) for option, total in advice.totals.items()
        },
    }
