"""Amounts in texts, in any notation: ``1,299.00``, ``1.299,00 €``, ``EUR 49``, ``49,-``. Pure.

A number that can be read in two ways ("1.299") keeps both, so that a comparison errs on agreeing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from bot.lexical import fold

_UNITS = {
    alias: names.split()[0]
    for names in (
        "eur € euro euros",
        "usd $ us$ dollar dollars",
        "gbp £ pound pounds",
        "chf sfr fr. franken",
        "jpy ¥ yen",
        "sek",
        "nok",
        "dkk",
        "pln zł zl",
        "czk",
        "cad c$",
        "aud a$",
        "inr ₹",
        "unit units piece pieces pc pcs stuck stk item items",
        "% percent prozent",
    )
    for alias in names.split()
}
CURRENCIES = frozenset(_UNITS.values()) - {"unit", "%"}

_ALIASES = "|".join(
    sorted((re.escape(a) for a in [*_UNITS, "stück", "złoty"]), key=len, reverse=True)
)
_NUMBER = r"\d{1,3}(?:[.,'’ \u00a0\u202f]\d{3})+(?:[.,]\d{1,2})?(?!\d)|\d+(?:[.,]\d+)?"
_AMOUNT = re.compile(
    rf"(?<![\w.,/-])(?:(?P<before>{_ALIASES})\s?)?(?P<number>{_NUMBER})(?:,-|\.-|,–|\.–)?"
    rf"(?:\s?(?P<after>{_ALIASES})(?!\w))?(?![\w%]|[-/]\w|[.,]\d)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Amount:
    """A number with its unit (``""``: none); ``text[start:end]`` are its words."""

    readings: frozenset[Decimal]
    unit: str
    start: int
    end: int


def amounts(text: str) -> tuple[Amount, ...]:
    """Every amount of a text, in reading order; codes, versions, dates and times are none."""
    return tuple(
        Amount(
            readings(match["number"]),
            unit_of(match["before"] or match["after"] or ""),
            match.start(),
            match.end(),
        )
        for match in _AMOUNT.finditer(text)
        if not _is_time(text, match)
    )


def _is_time(text: str, match: re.Match[str]) -> bool:
    return bool(
        re.match(r":\d", text[match.end() :]) or re.search(r"\d:$", text[: match.start()][-2:])
    )


def unit_of(word: str) -> str:
    """The normal form of a currency or a unit; other words in lower case."""
    folded = fold(word).strip()
    return _UNITS.get(folded, folded)


def readings(number: str) -> frozenset[Decimal]:
    """What a written number may mean."""
    return frozenset(_readings(re.sub(r"['’ \u00a0\u202f]", "", number)))


def _readings(number: str) -> Iterator[Decimal]:
    marks = re.findall(r"[.,]", number)
    if not marks:
        yield Decimal(number)
    elif len(set(marks)) == 2:
        last = marks[-1]
        other = "," if last == "." else "."
        yield Decimal(number.replace(other, "").replace(last, "."))
    elif len(marks) > 1:
        yield Decimal(number.replace(marks[0], ""))
    else:
        yield Decimal(number.replace(",", "."))
        if re.fullmatch(r"\d{1,3}[.,]\d{3}", number):
            yield Decimal(number.replace(marks[0], ""))
