"""Names, addresses and the like, found by Presidio where it is installed (``wellspoken[privacy]``).

https://microsoft.github.io/presidio: Presidio needs a language model of spaCy besides; where either
is missing there is no scrubber and the rules work alone.
"""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Protocol

from bot.telemetry import log
from persona.curation.privacy import Found, Rules

if TYPE_CHECKING:
    from collections.abc import Sequence

_KINDS = {
    "PERSON": "name",
    "EMAIL_ADDRESS": "email",
    "PHONE_NUMBER": "phone",
    "CREDIT_CARD": "card",
    "IBAN_CODE": "iban",
    "IP_ADDRESS": "ip",
    "US_SSN": "number",
    "CRYPTO": "number",
    "MEDICAL_LICENSE": "number",
}
_SURE = 0.5


class Result(Protocol):
    """One of Presidio's findings."""

    @property
    def entity_type(self) -> str: ...
    @property
    def start(self) -> int: ...
    @property
    def end(self) -> int: ...
    @property
    def score(self) -> float: ...


class Analyzer(Protocol):
    """Presidio's ``AnalyzerEngine``, as far as it is used."""

    def analyze(self, *, text: str, language: str, entities: list[str]) -> Sequence[Result]: ...


class PresidioScrubber:
    """The rules, and of what they leave what Presidio is sure of."""

    def __init__(self, analyzer: Analyzer) -> None:
        self._analyzer = analyzer
        self._rules = Rules()

    @property
    def id(self) -> str:
        return f"{self._rules.id}+presidio"

    def find(self, text: str) -> list[Found]:
        """Everything found, in order; the rules go first, since their checksums are sure."""
        taken = self._rules.find(text)
        results = self._analyzer.analyze(text=text, language="en", entities=list(_KINDS))
        for result in sorted(results, key=lambda r: (-r.score, r.start)):
            found = Found(_KINDS.get(result.entity_type, "name"), result.start, result.end)
            free = all(found.end <= t.start or found.start >= t.end for t in taken)
            if result.score >= _SURE and free:
                taken.append(found)
        return sorted(taken, key=lambda each: each.start)


def finder() -> Rules | PresidioScrubber:
    """Presidio with the rules where it can be loaded, else the rules."""
    if find_spec("presidio_analyzer") is None:
        return Rules()
    try:
        engine = _engine()
    except (ImportError, OSError, ValueError, SystemExit) as error:  # its model is not there
        log.warning("Presidio cannot be used, the rules work alone", error=str(error))
        return Rules()
    return PresidioScrubber(engine)


def _engine() -> Any:
    """Presidio, imported here alone: it takes seconds and half a gigabyte."""
    from importlib import import_module

    return import_module("presidio_analyzer").AnalyzerEngine()
