"""The sentences and table cells of a passage that assert one value, read for a comparison."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from bot.evidence import Passage
from bot.facts import Fact, Kind, facts
from bot.lexical import STOP_WORDS, terms
from bot.sentences import Sentence, Unit, split
from knowledge.statements import denied, negated, plain

_NO_ASSERTION = re.compile(
    r"\?\s*$|\b(?:was|were|used to|formerly|previously|previous|former|earlier|before that"
    r"|no longer|after that|afterwards|from then|danach"
    r"|until (?:now|then|\d{4})|since \d{4}|instead of|example|e\.g|for instance|such as|suppose"
    r"|imagine|let's say|war|waren|früher|bisher|zum beispiel|z\. ?b)\b",
    re.IGNORECASE,
)
_BOUNDS = (
    ("least", r"at least|minimum|min|no (?:less|fewer) than|not less than|more than|over|above"
     r"|from|starting|mindestens|ab|über"),
    ("most", r"up to|at most|maximum|max|no more than|less than|under|below|höchstens|bis zu"
     ),
    ("about", r"about|around|approximately|approx|roughly|almost|nearly|typically|usually|average"
     r"|etwa|circa|ca|rund|ungefähr"),
)  # fmt: skip
_BOUND = tuple((name, re.compile(rf"\b(?:{words})\b", re.IGNORECASE)) for name, words in _BOUNDS)
# Words that make a statement one about a part: two statements must have the same of them.
_MARKS = re.compile(
    r"\b(?:if|unless|except|only|additional|extra|each|every|per|monthly|yearly|annual(?:ly)?|daily"
    r"|weekly|hourly|first|second|third|last|next|minimum|maximum|default|optional|free|basic|pro"
    r"|plus|premium|business|enterprise|team|personal|standard|starter|express|priority|wholesale"
    r"|retail|student|education|nonprofit|trial|beta|new|existing|international|domestic|abroad|eu"
    r"|usa|uk|europe|germany|austria|switzerland|france|weekdays?|weekends?|monday|tuesday"
    r"|wednesday|thursday|friday|saturday|sunday|summer|winter|spring|autumn|holidays?|january"
    r"|february|march|april|june|july|august|september|october|november|december|windows|macos"
    r"|linux|ios|android|online|offline|in-network|out-of-network|individual|family|adults?"
    r"|child(?:ren)?|employees?|managers?|members?|guests?|admins?|owners?|wenn|falls|außer|nur"
    r"|pro|jede[rsnm]?|monatlich|jährlich|zusätzlich|kostenlos|montag|dienstag|mittwoch"
    r"|donnerstag|freitag|samstag|sonntag)\b",
    re.IGNORECASE,
)
_CLOCK = r"(?P<{0}h>[012]?\d)(?:[:.](?P<{0}m>[0-5]\d))?\s*(?P<{0}x>a\.?m\.?|p\.?m\.?|uhr|h)?"
_HOURS = re.compile(
    rf"(?<![\w.]){_CLOCK.format('a')}\s*(?:-|–|—|to|until|till|and|bis|und)\s*{_CLOCK.format('b')}(?!\w)",
    re.IGNORECASE,
)
_DAYS = {
    "second": 1 / 86_400, "minute": 1 / 1_440, "hour": 1 / 24, "day": 1.0, "week": 7.0,
    "month": 30.44, "year": 365.25,
}  # fmt: skip
_SAME = 0.035  # 12 months are a year, 30 days a month
_SIZES = {"kb": 1.0, "mb": 1e3, "gb": 1e6, "tb": 1e9}
_COUNTED_FROM = re.compile(
    r"\W{0,2}(?:of|after|from|since|following|upon|nach|ab|seit)\s+((?:[\w-]+\W?\s?){1,4})",
    re.IGNORECASE,
)
_SENTENCE_END = re.compile(r"(?<![ap]\.m)\.$")
_NEXT_WORD = re.compile(r"[\s-][^\W\d_]+")
_MONEY = frozenset({"usd", "eur", "gbp"})
_PRICED = tuple(t for w in ("price", "cost", "costs", "fee") for t in terms(w))
_ORDER = frozenset("each every only first second third last next".split())
_LONGEST = 400
_LONGEST_SAID = 160
_STOPPED = frozenset(t for w in STOP_WORDS for t in terms(w))


@dataclass(frozen=True, slots=True)
class Value:
    """A value in its normal form: ``kind`` is what it counts in, ``amount`` a number where it is
    one, ``before`` the telling word before a number without a unit."""

    kind: str
    text: str
    amount: float | None = None
    before: str = ""

    def differs(self, other: Value) -> bool:
        """Whether both cannot be right; values of different kinds do not differ."""
        if self.kind != other.kind or self.before != other.before:
            return False
        if self.amount is None or other.amount is None:
            return self.text != other.text
        return abs(self.amount - other.amount) > _SAME * max(abs(self.amount), abs(other.amount))


@dataclass(frozen=True, slots=True)
class Assertion:
    """A statement of a passage: ``text`` stands at ``start`` to ``end`` of the chunk's text.

    ``own`` are its terms, ``held`` those of its headings too, ``telling`` its own without function
    words and values; ``codes``, ``bound`` and ``marks`` must agree with another's to be compared,
    and ``anchor``, what a time is counted from ("of delivery"), where both name one.
    """

    passage: int
    source: Passage
    text: str
    start: int
    end: int
    said: str
    meant: str
    value: Value | None
    own: frozenset[str]
    held: frozenset[str]
    telling: frozenset[str]
    codes: frozenset[str]
    names: frozenset[str]
    bound: str
    anchor: frozenset[str]
    marks: frozenset[str]
    denied: tuple[frozenset[str], ...]

    @property
    def hours(self) -> bool:
        return self.value is not None and self.value.kind == "hours"


def assertions(index: int, passage: Passage) -> Iterator[Assertion]:
    """The statements of a passage with one value each, or with none."""
    heading = passage.chunk.headings[-1] if passage.chunk.headings else ""
    head: list[str] = []
    for unit in split(passage.chunk.text):
        if unit.unit is Unit.HEADING:
            heading = plain(unit.text)
        if unit.unit is Unit.ROW:
            cells = _cells(unit.text)
            if not head:
                head = cells
            elif not set("".join(cells)) <= set("-: "):
                yield from _row(index, passage, unit, head, cells, heading)
            continue
        head = []
        if unit.unit in (Unit.PROSE, Unit.ITEM) and len(unit.text) <= _LONGEST:
            body = plain(unit.text)
            if not _NO_ASSERTION.search(body):
                yield from _read(index, passage, unit, body, heading)


def _row(
    index: int, passage: Passage, unit: Sentence, head: list[str], cells: list[str], heading: str
) -> Iterator[Assertion]:
    """Each cell with a value, under the label of its row and the head of its column."""
    if len(head) != len(cells) or len(cells) < 2:
        return
    for label, cell in zip(head[1:], cells[1:], strict=True):
        own = f"{cells[0]} {label}: {cell}"
        if not _NO_ASSERTION.search(own):
            yield from _read(index, passage, unit, own, heading, column=label)


def _cells(row: str) -> list[str]:
    return [plain(cell) for cell in row.strip().strip("|").split("|")]


def _read(
    index: int, passage: Passage, unit: Sentence, body: str, heading: str, column: str = ""
) -> Iterator[Assertion]:
    found = _values(body)
    if len(found) > 1:
        return
    header = f"{passage.chunk.header} {heading}"
    value, start, end = found[0] if found else (None, 0, 0)
    # Below a question stands its answer: "24 months." says what the heading asks.
    asking = terms(heading) if heading.rstrip().endswith("?") else []
    asking = [*asking, *_PRICED] if value and value.kind in _MONEY else asking
    own = frozenset([*terms(body), *asking])
    codes = _codes(body) or _codes(header)
    rest = f"{body[:start]} {body[end:]}" if value else body
    said = _SENTENCE_END.sub("", body[start:end].strip()) if value else f"“{body[:_LONGEST_SAID]}”"
    opposite = "no" if negated(body) else "yes"
    yield Assertion(
        passage=index,
        source=passage,
        text=body,
        start=unit.start,
        end=unit.end,
        said=said,
        meant=f"{value.kind} {value.text}" if value else opposite,
        value=value,
        own=own,
        held=own | frozenset(terms(header)),
        telling=frozenset([*terms(rest), *asking]) - _STOPPED,
        codes=codes,
        names=frozenset(t for f in facts(body) if f.kind is Kind.NAME for t in f.value.split()),
        bound=_bound(body[:start]) if value else "",
        marks=_marks(
            f"{rest} {said} {column}" if value and value.kind != "date" else f"{rest} {column}"
        )
        | (_marks(heading) - _ORDER),
        anchor=_anchor(body[end:]) if value else frozenset(),
        denied=denied(body),
    )


def _marks(text: str) -> frozenset[str]:
    return frozenset(mark.casefold() for mark in _MARKS.findall(text))


def _anchor(after: str) -> frozenset[str]:
    found = _COUNTED_FROM.match(after)
    return frozenset(terms(found[1])) - _STOPPED if found else frozenset()


def _codes(text: str) -> frozenset[str]:
    return frozenset(f.value for f in facts(text) if f.kind is Kind.CODE)


def _bound(before: str) -> str:
    """What a value is the least, the most or about: the words right before it."""
    near = " ".join(before.split()[-4:])
    return next((name for name, words in _BOUND if words.search(near)), "")


def _values(body: str) -> list[tuple[Value, int, int]]:
    """The values of a statement, with their places."""
    hours = list(_HOURS.finditer(body))
    found = [(v, m.start(), m.end()) for m in hours if (v := _opening(m)) is not None]
    taken = [(a, b) for _, a, b in found]
    for fact in facts(body):
        if any(a < fact.end and fact.start < b for a, b in taken):
            continue
        value = _value(fact, body)
        if value is not None:
            found.append((value, fact.start, _with_unit(fact, body)))
    return found


def _with_unit(fact: Fact, body: str) -> int:
    """Where a value ends, with the word that it counts: "6 zones"."""
    if not fact.unit or fact.unit in _MONEY or not fact.text[-1:].isdigit():
        return fact.end
    word = _NEXT_WORD.match(body, fact.end)
    return word.end() if word else fact.end


def _value(fact: Fact, body: str) -> Value | None:
    if fact.kind is Kind.DATE:
        return Value("date", fact.value)
    if fact.kind is not Kind.NUMBER or fact.unit == "rank":
        return None
    amount = float(fact.value)
    if fact.unit in _DAYS:
        return Value("time", fact.value + fact.unit, amount * _DAYS[fact.unit])
    if fact.unit in _SIZES:
        return Value("size", fact.value + fact.unit, amount * _SIZES[fact.unit])
    if fact.unit:
        return Value(fact.unit, fact.value, amount)
    before = [t for t in terms(body[: fact.start]) if t not in _STOPPED]
    return Value("", fact.value, amount, before[-1] if before else "")


def _opening(match: re.Match[str]) -> Value | None:
    """Hours of a day, as "09:00-17:30"; a mere range of numbers is none."""
    marks = [match[g] for g in ("am", "bm", "ax", "bx")]
    if not any(marks):
        return None
    closes = _minutes(match, "b", match["bx"])
    opens = _minutes(match, "a", match["ax"] or (match["bx"] if not match["am"] else None))
    if match["ax"] is None and match["bx"] and opens >= closes:
        opens = _minutes(match, "a", None)  # "9 to 5 pm"
    return Value(
        "hours", f"{opens // 60:02d}:{opens % 60:02d}-{closes // 60:02d}:{closes % 60:02d}"
    )


def _minutes(match: re.Match[str], which: str, mark: str | None) -> int:
    hour, minute = int(match[f"{which}h"]), int(match[f"{which}m"] or 0)
    half = (mark or "").casefold().replace(".", "")
    if half in ("am", "pm"):
        hour = hour % 12 + (12 if half == "pm" else 0)
    return hour * 60 + minute
