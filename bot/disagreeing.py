"""Documents that disagree, said to the asker: both, with their sources and dates, the newer first.

The sentences are ours, made of what stands in the documents, and cited; what the voice says of the
same with one of the values alone is held back.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from bot.errors import StorageError
from bot.evidence import Passage
from bot.facts import Kind, facts
from bot.languages import GERMAN
from bot.lexical import STOP_WORDS, terms
from bot.linking import title_said
from bot.ports import GroundingCheck, Verdict
from bot.ports_abstaining import (
    Dated,
    DatedBy,
    Disagreement,
    Disagreements,
    DocumentDates,
    DocumentKey,
    Side,
)
from bot.reply import Certain, PassOn
from bot.sentences import Piece, Unit
from bot.telemetry import log

Doubts = Callable[
    [str, Sequence[Passage]],
    Awaitable[tuple[Sequence[Disagreement], Mapping[DocumentKey, Dated]]],
]
"""Looks up where documents disagree about a question, and the days of those that do: see
:func:`look_up`. Raises nothing."""

_LONGEST_TITLE = 100
_SAME_SUBJECT = 0.5  # share of a sentence's telling words that the quote holds as well
_MONTHS = {
    "en": "January February March April May June July August September October November December",
    GERMAN: "Januar Februar März April Mai Juni Juli August September Oktober November Dezember",
}
_DATED = {
    "en": {
        DatedBy.ITSELF: "updated {on}",
        DatedBy.SERVER: "modified {on}",
        DatedBy.COMMIT: "of {on}",
        DatedBy.FILE: "file of {on}",
        DatedBy.READ: "read in on {on}",
    },
    GERMAN: {
        DatedBy.ITSELF: "Stand {on}",
        DatedBy.SERVER: "geändert am {on}",
        DatedBy.COMMIT: "vom {on}",
        DatedBy.FILE: "Datei vom {on}",
        DatedBy.READ: "eingelesen am {on}",
    },
}
_FIRST = {
    "en": "The page “{title}”{dated} says {value}.",
    GERMAN: "Auf der Seite „{title}“{dated} steht {value}.",
}
_OLDER = {
    "en": "An older page, “{title}”{dated}, still says {value}.",
    GERMAN: "Auf einer älteren, „{title}“{dated}, steht noch {value}.",
}
_OTHER = {
    "en": "Another page, “{title}”{dated}, says {value}; the two contradict each other.",
    GERMAN: "Auf einer anderen, „{title}“{dated}, steht {value}; beide widersprechen sich.",
}


@dataclass(frozen=True, slots=True)
class Told:
    """A sentence about one side of a disagreement: the newer side comes first."""

    sentence: str
    side: Side


async def look_up(
    finder: Disagreements, dates: DocumentDates, question: str, passages: Sequence[Passage]
) -> tuple[tuple[Disagreement, ...], Mapping[DocumentKey, Dated]]:
    """The disagreements about a question, and the dates of the documents in them, which are looked
    up only where there is one. Where they cannot be, both sides are told without them."""
    found = finder.among(question, passages)
    keys = list(dict.fromkeys(side.key for each in found for side in each.sides))
    try:
        return found, (await dates.dated(keys) if keys else {})
    except StorageError as error:
        log.warning("dates of documents not looked up", error=str(error))
        return found, {}


def told(
    each: Disagreement, dates: Mapping[DocumentKey, Dated], tongue: str = "en"
) -> tuple[Told, Told]:
    """Both sides in sentences, the newer first. Which one is older is said only where both dates
    are sure and differ."""
    tongue = tongue if tongue in _FIRST else "en"
    one, other = sorted(each.sides, key=lambda side: _age(dates.get(side.key)))
    mine, theirs = dates.get(one.key), dates.get(other.key)
    is_older = bool(mine and theirs and mine.by.sure and theirs.by.sure and theirs.on < mine.on)
    second = _OLDER if is_older else _OTHER
    return (
        Told(_said(_FIRST[tongue], one, mine, tongue), one),
        Told(_said(second[tongue], other, theirs, tongue), other),
    )


def _age(dated: Dated | None) -> tuple[bool, int]:
    """For sorting: the newest first, undated last; of equals the better passage stays first."""
    return (dated is None, -dated.on.toordinal() if dated else 0)


def _said(words: str, side: Side, dated: Dated | None, tongue: str) -> str:
    title = title_said(side.title.replace("“", "'").replace("”", "'"), "")[:_LONGEST_TITLE]
    when = f" ({_DATED[tongue][dated.by].replace('{on}', day(dated.on, tongue))})" if dated else ""
    said = words.replace("{dated}", when).replace("{value}", side.value.rstrip("."))
    return said.replace("{title}", title)


def day(on: date, tongue: str = "en") -> str:
    """A day in words: "3 March 2026", "3. März 2026"."""
    month = _MONTHS[tongue].split()[on.month - 1]
    return f"{on.day}. {month} {on.year}" if tongue == GERMAN else f"{on.day} {month} {on.year}"


async def tell(
    found: Sequence[Disagreement],
    dates: Mapping[DocumentKey, Dated],
    pass_on: PassOn,
    tongue: str = "en",
) -> None:
    """Put the sentences into the answer, each cited by the place that says it."""
    for each in found:
        for said in told(each, dates, tongue):
            piece = Piece(f" {said.sentence}", Unit.PROSE)
            await pass_on(piece, Certain(said.side.passage, said.side.quote))


class BothSides:
    """A :class:`~bot.ports.GroundingCheck` that lets no sentence pass that gives one side of a
    disagreement alone: both are said already."""

    def __init__(
        self, check: GroundingCheck, found: Sequence[Disagreement], passages: Sequence[Passage]
    ) -> None:
        self._check = check
        self._pairs = [[(side, _text(side, passages)) for side in each.sides] for each in found]

    async def check(self, sentence: str, cited: Sequence[int] = ()) -> Verdict:
        for sides in self._pairs:
            states = [_states(sentence, side, quote) for side, quote in sides]
            if any(states):
                return Verdict(False, 0.0, finding="documents disagree about it: both are named")
        return await self._check.check(sentence, cited)


def _text(side: Side, passages: Sequence[Passage]) -> str:
    start, end = side.quote
    return passages[side.passage].chunk.text[start:end]


def _states(sentence: str, side: Side, quote: str) -> bool:
    """Whether a sentence says what the quote of a side says: its value, about the same."""
    said = {t for t in terms(sentence) if t not in _STOPPED}
    held = set(terms(f"{quote} {side.title}"))
    alike = len(said & held) >= _SAME_SUBJECT * len(said)
    value = _values(side.value)
    return alike and (value <= _values(sentence) if value else True)


def _values(text: str) -> set[tuple[str, str]]:
    return {(f.value, f.unit) for f in facts(text) if f.kind in (Kind.NUMBER, Kind.DATE)}


_STOPPED = frozenset(t for w in STOP_WORDS for t in terms(w))
