"""Answers side by side, as pages show them: what differs, what has no source, what is off-voice."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import pairwise

from adapters.release.gate_records import Mark, Row, Said, Story
from adapters.web.plotting import Plot, Reading, bars
from persona.gate import COST, LATENCY, Measure, figure

_WORD = re.compile(r"\w+(?:['’\-.]\w+)*|[^\w\s]")
_LONGEST = 1_500  # words; comparing longer answers word by word takes seconds
_MEETINGS = 6_000
"""Pairs of equal words that are compared, at most: 300 words of prose against 300 have 1,500. What
says the same words over and over, as a model does that has come off its hinges, has far more, and
takes seconds, too."""

Span = tuple[int, int]

_DRAWN = {
    "accuracy": "Right",
    "hallucination_rate": "Hallucination",
    "grounded": "Carried claims",
    "refusals_right": "Refusals",
    "citation_precision": "Citation precision",
    "citation_recall": "Citation recall",
}
"""The shares of both sides that are drawn, in a word or two."""

_NAMES = {
    "style": "Style",
    "correctness": "Correctness",
    "grounding": "Grounding",
    "refusals": "Refusals",
    "latency": "Latency",
    "cost": "Cost",
    "cases": "Cases",
    "held out": "Held out",
    "errors": "Errors",
}


@dataclass(frozen=True, slots=True)
class Segment:
    """A piece of an answer that looks the same from its beginning to its end."""

    text: str
    differs: bool = False
    unheld: bool = False
    finding: bool = False

    @property
    def classes(self) -> str:
        """Its CSS classes."""
        flags = (
            ("differs", self.differs),
            ("claim unheld", self.unheld),
            ("offvoice", self.finding),
        )
        return " ".join(name for name, on in flags if on)


@dataclass(frozen=True, slots=True)
class Scale:
    """A difference with its interval on a line from 0 to 100; ``zero`` is where both are equal,
    ``limit`` what must not be crossed."""

    zero: float
    low: float
    high: float
    at: float
    limit: float


@dataclass(frozen=True, slots=True)
class Judged:
    """A measure as a page shows it."""

    name: str
    passed: bool
    reason: str
    candidate: str
    live: str
    scale: Scale | None


@dataclass(frozen=True, slots=True)
class Pair:
    """A case with both answers, cut into segments."""

    row: Row
    candidate: tuple[Segment, ...]
    live: tuple[Segment, ...]

    @property
    def sides(self) -> tuple[tuple[bool, Said, tuple[Segment, ...]], ...]:
        """Candidate and live: whether it is the candidate, what was said, and its segments."""
        return (True, self.row.candidate, self.candidate), (False, self.row.live, self.live)


def judged(story: Story, worse: float) -> list[Judged]:
    """The measures; ``worse`` is what may be lost of the shares."""
    return [
        Judged(
            _NAMES.get(m.name, m.name.capitalize()),
            m.passed,
            m.reason.partition(": ")[2] or m.reason,
            figure(m.name, m.candidate),
            figure(m.name, m.live),
            _scale(m, worse),
        )
        for m in story.measures
    ]


def _scale(measure: Measure, worse: float) -> Scale | None:
    if measure.low is None or measure.high is None or measure.difference is None:
        return None
    if measure.name in (LATENCY, COST):
        return None
    limit = 0.0 if measure.name == "style" else -worse
    reach = 1.15 * max(abs(measure.low), abs(measure.high), abs(limit), 0.02)

    def place(value: float) -> float:
        return 50 + 50 * value / reach

    return Scale(
        50.0, place(measure.low), place(measure.high), place(measure.difference), place(limit)
    )


def side_by_side(story: Story) -> Plot:
    """The shares of both sides as bars, where one of them counted."""
    drawn = {
        name: words
        for name, words in _DRAWN.items()
        if story.candidate.get(name) is not None or story.live.get(name) is not None
    }
    live = f"live: {story.against}"
    return bars(
        f"{story.version} and what is live",
        "the line on a bar is its 95% interval",
        list(drawn.values()),
        {
            story.version: [Reading.of(story.candidate, name) for name in drawn],
            live: [Reading.of(story.live, name) for name in drawn],
        },
        tones={story.version: 1, live: 6},
    )


def ordered(rows: Sequence[Row]) -> list[Row]:
    """What an operator wants to see first: lost, gained, without a source, then the rest."""

    def place(row: Row) -> int:
        if row.change:
            return 0 if row.change == "lost" else 1
        return 2 if row.candidate.unheld or row.candidate.error else 3

    return sorted(rows, key=place)


def paired(row: Row) -> Pair:
    """Both answers with what differs."""
    mine, theirs = _differences(row.candidate.text, row.live.text)
    return Pair(row, _segments(row.candidate, mine), _segments(row.live, theirs))


def _differences(mine: str, theirs: str) -> tuple[list[Span], list[Span]]:
    """The places of each text whose words the other one does not have there."""
    a, b = list(_WORD.finditer(mine)), list(_WORD.finditer(theirs))
    if not a or not b or max(len(a), len(b)) > _LONGEST:
        return [], []
    ours_words, their_words = ([m.group().casefold() for m in words] for words in (a, b))
    often = Counter(their_words)
    if sum(often[word] for word in ours_words) > _MEETINGS:
        return [], []
    matcher = SequenceMatcher(None, ours_words, their_words, autojunk=False)
    ours: list[Span] = []
    others: list[Span] = []
    for kind, a1, a2, b1, b2 in matcher.get_opcodes():
        if kind == "equal":
            continue
        if a2 > a1:
            ours.append((a[a1].start(), a[a2 - 1].end()))
        if b2 > b1:
            others.append((b[b1].start(), b[b2 - 1].end()))
    return ours, others


def _segments(said: Said, differs: Sequence[Span]) -> tuple[Segment, ...]:
    text = said.text
    layers = (list(differs), _spans(said.unheld), _spans(said.findings))
    cuts = {0, len(text)}
    for layer in layers:
        cuts.update(min(max(place, 0), len(text)) for span in layer for place in span)
    places = sorted(cuts)
    return tuple(
        Segment(text[start:end], *(any(s <= start < e for s, e in layer) for layer in layers))
        for start, end in pairwise(places)
    )


def _spans(marks: Sequence[Mark]) -> list[Span]:
    return [(mark.start, mark.end) for mark in marks]
