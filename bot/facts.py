"""What must agree exactly: numbers with units, dates, names, codes, links and commands.

Reader and grounding check read the same facts from a text, in a normal form in which
``1,000`` is ``1000``, ``two`` is ``2`` and ``24 August 2011`` is ``2011-08-24``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import cache, lru_cache
from importlib.resources import files

from bot.lexical import STOP_WORDS, fold, terms


class Kind(StrEnum):
    """What a fact is."""

    NUMBER = "number"
    DATE = "date"
    CODE = "code"
    NAME = "name"
    LINK = "link"


@dataclass(frozen=True, slots=True)
class Fact:
    """A checkable piece of a text; ``source[start:end] == text``.

    ``value`` is its normal form; ``unit`` that of a number's unit (``""``: none named).
    """

    kind: Kind
    value: str
    text: str
    start: int
    end: int
    unit: str = ""


_MONTHS = {
    name: month
    for month, names in enumerate(
        "january jan|february feb|march mar|april apr|may|june jun|july jul|august aug"
        "|september sep sept|october oct|november nov|december dec".split("|"),
        start=1,
    )
    for name in names.split()
}
_ONES = {
    word: value
    for value, word in enumerate(
        "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen"
        " fifteen sixteen seventeen eighteen nineteen".split()
    )
}
_TENS = {
    word: 10 * value
    for value, word in enumerate("twenty thirty forty fifty sixty seventy eighty ninety".split(), 2)
}
_ORDINALS = {
    word: value
    for value, word in enumerate(
        "first second third fourth fifth sixth seventh eighth ninth tenth".split(), 1
    )
}
_SCALES = {
    "hundred": 100,
    "thousand": 1_000,
    "million": 10**6,
    "billion": 10**9,
    "trillion": 10**12,
}
_UNITS = {
    alias: names.split()[0]
    for names in (
        "% percent percentage pct",
        "second seconds sec secs s",
        "minute minutes min mins",
        "hour hours hr hrs h",
        "day days",
        "week weeks",
        "month months",
        "year years yr yrs",
        "ms millisecond milliseconds",
        "kg kilogram kilograms kilo kilos",
        "g gram grams",
        "l litre litres liter liters",
        "ml millilitre millilitres milliliter milliliters",
        "km kilometre kilometres kilometer kilometers",
        "m metre metres meter meters",
        "cm centimetre centimetres centimeter centimeters",
        "mm millimetre millimetres millimeter millimeters",
        "mile miles",
        "inch inches",
        "°c celsius",
        "°f fahrenheit",
        "kb kilobyte kilobytes",
        "mb megabyte megabytes",
        "gb gigabyte gigabytes",
        "tb terabyte terabytes",
        "usd $ dollar dollars",
        "eur € euro euros",
        "gbp £ pound pounds",
        "w watt watts",
        "v volt volts",
        "bar bars",
        "psi",
        "user users seat seats",
        "time times",
    )
    for alias in names.split()
}

_MONTH = "|".join(sorted(_MONTHS, key=len, reverse=True))
_WORD_NUMBER = "|".join([*_ONES, *_TENS])
_DAY = r"(?P<{0}>[0-3]?\d)(?:st|nd|rd|th)?"
_DATES = (
    re.compile(r"\b(?P<y>[12]\d{3})-(?P<m>[01]\d)-(?P<d>[0-3]\d)(?!\d)"),
    re.compile(
        rf"\b{_DAY.format('d')}\s+(?:of\s+)?(?P<m>{_MONTH})\b\.?(?:,?\s+(?P<y>[12]\d{{3}}))?",
        re.IGNORECASE,
    ),
    re.compile(
        rf"\b(?P<m>{_MONTH})\.?\s+{_DAY.format('d')}\b(?!\s*[%$])(?:\s*,?\s+(?P<y>[12]\d{{3}})\b)?",
        re.IGNORECASE,
    ),
)
_LINK = re.compile(r"(?:https?://|www\.)[^\s<>()\[\]\"'`]+", re.IGNORECASE)
_CODE = re.compile(
    r"(?<![\w/])(?:"
    r"--[a-z][\w-]+"  # a flag
    r"|[vV]?\d+\.\d+\.\d+(?:[.\-+][\w.]+)?"  # a version
    r"|[A-Za-z]\w*(?:[_./][A-Za-z]\w*)*\(\)"  # a call
    r"|[A-Za-z][A-Za-z0-9]*_\w+"  # snake_case
    r"|[A-Z]{1,6}[-–]?\d+[A-Za-z0-9]*(?:-[A-Za-z0-9]+)*"  # AX-100, E42
    r"|[A-Z][A-Za-z]+-\d+[A-Za-z0-9]*"
    r"|\d+[A-Z]{2,}\d+[A-Z0-9]*"
    r")(?![\w])"
)
_NUMBER = re.compile(
    rf"(?<![\w.])(?P<currency>[$€£]\s?)?(?:"
    rf"(?P<digits>\d{{1,3}}(?:[,\u202f\u00a0 ]\d{{3}})+(?:\.\d+)?(?!\d)|\d+(?:\.\d+)?|\.\d+)"
    rf"(?P<ordinal>st|nd|rd|th|s)?(?P<k>[kKM](?![\w]))?"
    rf"|(?P<word>(?:{_WORD_NUMBER})(?:[-\s](?:{_WORD_NUMBER}))?\b)"
    rf"|(?P<rank>(?:{'|'.join(_ORDINALS)})\b))"
    rf"(?P<scale>[\s-](?:hundred|thousand|million|billion|trillion)s?\b)?"
    rf"[\s-]?(?P<unit>[%°]\s?[CF]?\b|%|[A-Za-z]+)?",
    re.IGNORECASE,
)
_DIGIT = re.compile(r"\d")
_CODE_SIGN = re.compile(r"--|_|\(\)")
_LETTERS = re.compile(r"[a-z]+")
_COUNTING = frozenset([*_ONES, *_TENS, *_ORDINALS])
_CAPITAL = re.compile(r"(?<![\w'’])[A-Z][\w]*(?:[-'’&.][A-Za-z]\w*)*")
_OPENING = re.compile(r"(?:^|[.!?:;\n•*\-–—|>\"“(]\s*|^\s*\d+[.)]\s*)$")
_PLAIN_WORDS = frozenset(
    "one ones no not yes ok i monday tuesday wednesday thursday friday saturday sunday".split()
)


@cache
def _background() -> dict[str, float]:
    """Inverse document frequency of common stems; see ``rarity.json`` for its source."""
    table: dict[str, float] = json.loads(files("bot").joinpath("rarity.json").read_text())["idf"]
    return table


UNKNOWN_RARITY = 7.0


@lru_cache(maxsize=65_536)
def rarity(term: str) -> float:
    """How telling a term is: its inverse document frequency in general documents, 0 to 7."""
    return _background().get(term, UNKNOWN_RARITY)


def _plain(value: float) -> str:
    return f"{value:.6f}".rstrip("0").rstrip(".")


def _words_value(text: str) -> float:
    parts = [p for p in re.split(r"[-\s]+", text.casefold()) if p]
    values = [_TENS.get(p, _ONES.get(p, 0)) for p in parts]
    if len(values) == 2 and not (values[0] >= 20 and values[1] < 10):
        return float(values[0])
    return float(sum(values))


def unit_name(word: str) -> str:
    """The normal form of a unit: ``hrs`` is ``hour``; other words are stemmed."""
    folded = fold(word).strip(". ").replace(" ", "")
    if folded in _UNITS:
        return _UNITS[folded]
    found = terms(folded)
    return found[0] if found and folded not in STOP_WORDS else ""


def _number(found: re.Match[str], text: str) -> Fact | None:
    groups = found.groupdict()
    end = found.end()
    if groups["digits"]:
        value = float(re.sub(r"[,\s\u202f\u00a0]", "", groups["digits"]))
        if groups["k"]:
            value *= 1_000 if groups["k"] in "kK" else 1_000_000
    elif groups["word"]:
        value = _words_value(groups["word"])
        if len(re.split(r"[-\s]+", groups["word"])) == 2 and value < 20:
            end = found.start() + len(re.split(r"[-\s]+", groups["word"])[0])
            return Fact(Kind.NUMBER, _plain(value), text[found.start() : end], found.start(), end)
    else:
        value = float(_ORDINALS[groups["rank"].casefold()])
    if groups["scale"]:
        value *= _SCALES[groups["scale"].strip(" -").casefold().removesuffix("s")]
    unit = "rank" if groups["rank"] or (groups["ordinal"] or "s") != "s" else ""
    word = groups["unit"] or ""
    if groups["currency"]:
        unit, end = unit_name(groups["currency"]), end - len(word)
    elif word and not unit:
        unit = unit_name(word)
        if unit not in _UNITS.values():
            end -= len(word)
    elif word:
        end -= len(word)
    piece = text[found.start() : end].rstrip(" -")
    if unit == "rank" and value <= 2 and groups["rank"]:
        return None  # "first" and "second" order a text more often than they count
    return Fact(Kind.NUMBER, _plain(value), piece, found.start(), found.start() + len(piece), unit)


def _date(found: re.Match[str]) -> Fact:
    groups = found.groupdict()
    month = groups["m"]
    number = int(month) if month.isdigit() else _MONTHS[month.casefold()]
    value = f"{groups['y'] or ''}-{number:02d}-{int(groups['d']):02d}"
    return Fact(Kind.DATE, value, found.group(), found.start(), found.end())


def _names(text: str) -> list[Fact]:
    """Runs of capitalised words; a common word that opens a sentence is none."""
    runs: list[list[re.Match[str]]] = []
    for found in _CAPITAL.finditer(text):
        word = fold(found.group())
        if word in STOP_WORDS or word in _PLAIN_WORDS or word in _MONTHS:
            continue
        if _OPENING.search(text[max(0, found.start() - 4) : found.start()]):
            stem = terms(word)
            if stem and rarity(stem[0]) < UNKNOWN_RARITY and not found.group()[1:].isupper():
                continue
        if runs and text[runs[-1][-1].end() : found.start()] in (" ", "  "):
            runs[-1].append(found)
        else:
            runs.append([found])
    out = []
    for run in runs:
        start, end = run[0].start(), run[-1].end()
        value = " ".join(terms(text[start:end]))
        if value:
            out.append(Fact(Kind.NAME, value, text[start:end], start, end))
    return out


def _strict(text: str) -> Iterator[Fact]:
    """Links, dates, codes and numbers, the strictest kind first."""
    # Most sentences hold none of these; looking for the sign of one is far cheaper.
    lower = text.casefold()
    links = _LINK.finditer(text) if "://" in lower or "www." in lower else ()
    digits = _DIGIT.search(text)
    for match in links:
        link = match.group().rstrip(".,;:!?*_")
        value = re.sub(r"^https?://(?:www\.)?|^www\.|/$", "", link.casefold())
        yield Fact(Kind.LINK, value, link, match.start(), match.start() + len(link))
    for pattern in _DATES if digits else ():
        for match in pattern.finditer(text):
            yield _date(match)
    for match in _CODE.finditer(text) if digits or _CODE_SIGN.search(text) else ():
        value = fold(match.group()).replace("–", "-")
        yield Fact(Kind.CODE, value, match.group(), *match.span())
    counted = digits or not _COUNTING.isdisjoint(_LETTERS.findall(lower))
    for match in _NUMBER.finditer(text) if counted else ():
        number = _number(match, text)
        if number:
            yield number


@lru_cache(maxsize=8_192)
def facts(text: str) -> tuple[Fact, ...]:
    """Every fact of a text, in reading order; none overlaps another of a stricter kind."""
    found: list[Fact] = []
    for fact in (*_strict(text), *_names(text)):
        if all(fact.end <= f.start or fact.start >= f.end for f in found):
            found.append(fact)
    return tuple(sorted(found, key=lambda f: f.start))


def same_number(value: Fact, other: Fact) -> bool:
    """Whether two numbers say the same; a unit that only one of them names does not divide."""
    if value.value != other.value:
        return False
    known = set(_UNITS.values())
    return not (value.unit in known and other.unit in known and value.unit != other.unit)
