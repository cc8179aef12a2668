"""Texts compared as answers: what is written otherwise and says the same becomes the same words.

Case, accents, punctuation, markup, citation markers and articles fall away; numbers, units,
currencies and dates get one form: "**1,000 EUR** [1]" and "€1000", "two hours" and "2 hrs",
"24 August 2011" and "2011-08-24".

Of 2,105 answers of SQuAD 2, each is found in the sentence that states it, but for those that the
sentence holds as a part of another word only ("Japan" in "Japanese").
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from bot.citing import without_markers
from bot.facts import Fact, Kind, facts, unit_name
from bot.lexical import fold

_FENCE = re.compile(r"^[ \t]*(?:```|~~~)[^\n]*$", re.MULTILINE)
_LINK = re.compile(r"!?\[([^\]\n]*)\]\([^)\n]*\)")
_TAG = re.compile(r"</?[A-Za-z][^<>\n]*>")
_LIST_NUMBER = re.compile(r"^[ \t]*\d{1,3}[.)][ \t]+(?=\D)", re.MULTILINE)
_DOLLARS = re.compile(r"\bUS\$")
_COMMA_DECIMAL = re.compile(r"(?<![\d.,])(\d+),(\d{1,2})(?![\d,.]*\d)")
_TOKEN = re.compile(r"[^\W_]+(?:'[^\W_]+)?[+#]*|[%€$£]|°[ \t]?[cf]?\b")
_SIGN = re.compile(r"(?:(?<![\w)\]])[-\u2212]|\bminus\s)\s*$", re.IGNORECASE)
_ROUND = re.compile(r"\.(?=\d*[1-9]\d*0+$)\d+$")
_DIGITS = re.compile(r"\d[\d,.\u202f\u00a0 ]*\d|\d")
_MONTHS = {
    name: f"m{number:02d}"
    for number, names in enumerate(
        "jan january|feb february|mar march|apr april|may|jun june|jul july|aug august"
        "|sep sept september|oct october|nov november|dec december".split("|"),
        start=1,
    )
    for name in names.split()
}
_OF_DATE = re.compile(r"(\d{4})?-(\d\d)-(\d\d)")
_UNITS = frozenset(
    "% second minute hour day week month year ms kg g l ml km m cm mm mile inch °c °f kb mb gb tb"
    " usd eur gbp w v bar psi user time".split()
)  # the normal forms of bot.facts
_MONEY = frozenset(("eur", "usd", "gbp", "chf"))
_ARTICLES = frozenset(("a", "an", "the"))


def said(text: str) -> tuple[str, ...]:
    """The words of a text in their common form, articles left out, but the last word stays."""
    return _without_articles(_words(text))


def contains(answer: str, wanted: str) -> bool:
    """Whether an answer says what is wanted, word for word in the common form; nothing says
    nothing."""
    found, looked_for = _words(answer), _words(wanted)
    if _within(looked_for, found):  # "vitamin A"
        return True
    return _within(_without_articles(looked_for), _without_articles(found))


def contains_one(answer: str, wanted: Sequence[str]) -> bool:
    """Whether an answer says any of what is wanted."""
    return any(contains(answer, one) for one in wanted)


def token_f1(answer: str, wanted: Sequence[str]) -> float:
    """The best harmonic mean of precision and recall of words, over what is wanted, 0 to 1."""
    return max((_f1(said(answer), said(one)) for one in wanted), default=0.0)


def _f1(found: Sequence[str], wanted: Sequence[str]) -> float:
    left, shared = list(wanted), 0
    for word in found:
        if word in left:
            left.remove(word)
            shared += 1
    return 2 * shared / (len(found) + len(wanted)) if shared else 0.0


def _without_articles(words: Sequence[str]) -> tuple[str, ...]:
    """An article stands before a word: the last one is none."""
    return (*(w for w in words[:-1] if w not in _ARTICLES), *words[-1:])


def _within(part: Sequence[str], whole: Sequence[str]) -> bool:
    size = len(part)
    if not size:
        return False
    part = tuple(part)
    return any(tuple(whole[at : at + size]) == part for at in range(len(whole) - size + 1))


def bare(text: str) -> str:
    """A text without markup and citation markers."""
    text = _LINK.sub(r"\1", without_markers(text))
    text = _LIST_NUMBER.sub("", _TAG.sub(" ", _FENCE.sub(" ", text)))
    return _COMMA_DECIMAL.sub(r"\1.\2", _DOLLARS.sub("$", text.replace("’", "'")))


@lru_cache(maxsize=4_096)
def _words(text: str) -> tuple[str, ...]:
    text = bare(text)
    words: list[str] = []
    at = 0
    for fact in facts(text):
        if fact.kind not in (Kind.NUMBER, Kind.DATE):
            continue
        between = _plain_words(text[at : fact.start], after_number=bool(at))
        words += between
        if fact.kind is Kind.DATE:
            words += _date(fact)
        else:
            # the unit of the number before is not this one's: "$19, 1 to 2 days"
            before = [words.pop()] if between and between[-1] in _MONEY else []
            words += [*_number(fact, text), *before]  # "EUR 59" is "59 EUR"
        at = fact.end
    words += _plain_words(text[at:], after_number=bool(at))
    return tuple(words)


def _plain_words(text: str, *, after_number: bool) -> list[str]:
    """The words between two facts; the first after a number may be its unit."""
    words = [word.removesuffix("'s") for word in _TOKEN.findall(fold(text))]
    if after_number and words:
        words[0] = _unit(words[0])
    return [_MONTHS.get(word, word) for word in words]


def _unit(word: str) -> str:
    named = unit_name(word)
    return named if named in _UNITS else word


def _number(fact: Fact, text: str) -> list[str]:
    """A number, and its unit where that belongs to the fact."""
    value = fact.value
    digits = _DIGITS.search(fact.text)
    if digits and not fact.unit and _ROUND.search(digits.group()):
        value = re.sub(r"[,\s]", "", digits.group())  # version 3.10 is not 3.1
    if _SIGN.search(text[max(0, fact.start - 8) : fact.start]) and value != "0":
        value = f"-{value}"
    last = fact.text.rstrip(". ").replace("-", " ").split()[-1]
    within = fact.text[0] in "$€£" or unit_name(last.lstrip("0123456789.,")) == fact.unit
    return [value, fact.unit] if within and fact.unit in _UNITS else [value]


def _date(fact: Fact) -> list[str]:
    found = _OF_DATE.fullmatch(fact.value)
    if found is None:
        return [fact.value]
    year, month, day = found.groups()
    return [str(int(day)), f"m{month}", *([year] if year else [])]
