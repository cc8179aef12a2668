"""Lists in an answer, so that "the second option" can be called by its name."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from bot.lexical import STOP_WORDS
from bot.query.phrases import Phrase

MOST = 4
"""So many names at most stand for "both" or "each of them": more would drown the question."""

_ENUMERATED = re.compile(r"(?:^|[\s(])#?(\d{1,2})[.)]\s+", re.MULTILINE)
_BULLET = re.compile(r"^\s*[-*•]\s+(.+)$", re.MULTILINE)
_ITEM_END = re.compile(r"[:;.,\n(]|\s[-–—]\s|\s(?:is|are|was|which|that)\s")
_CLAUSE = re.compile(r"[.:;()?!\n]\s*")
_COMMA = re.compile(r",\s+(?:(?:and|or)\s+)?|\s+(?:and|or)\s+")
_BEFORE_SERIES = re.compile(
    r"^.*\b(?:includes?|including|are|is|was|were|such as|like|as|between|stars?|casts|from|to|with"
    r"|by|of|both)\s",
    re.IGNORECASE,
)
_JOINED = re.compile(r"\s+(?:and|or|vs\.?|versus|from|to|with|than)\s+(?:the\s+|an?\s+)?")
_ASIDE = re.compile(r"\s*\([^()]{1,60}\)")
_AROUND = " *_\"'"

_ORDINALS = {
    "first": 1, "1st": 1, "second": 2, "2nd": 2, "third": 3, "3rd": 3, "fourth": 4, "4th": 4,
    "fifth": 5, "5th": 5, "sixth": 6, "6th": 6, "last": -1, "latter": -1, "former": 1,
}  # fmt: skip
_MANY = {"two": 2, "three": 3, "four": 4}
_ORDINAL = "(?:" + "|".join(_ORDINALS) + ")"
_NUMBERED = re.compile(
    r"\b(?:the )?(?:numbers?|options?|items?|points?|steps?|no\.?) #?"
    r"(?P<number>\d{1,2}(?: (?:and|or) \d{1,2})?)\b"
    rf"|\b(?:the )?(?P<ordinal>{_ORDINAL}(?: (?:and|or) (?:the )?{_ORDINAL})?)"
    r" (?:one|option|item|point|step|suggestion|approach|way|type|method|choice|idea|thing|kind"
    r"|plan|model|product|solution|example|reason|category|link)s?\b"
    r"|\b(?:the )?first (?P<many>two|three|four)\b"
    rf"|\bthe (?P<bare>{_ORDINAL})(?=\s*[?.!]|\s*$)",
    re.IGNORECASE,
)

_OFFERING = re.compile(
    r"(?:\bdo you mean:?|\bgemeint:)\s+(?P<items>[^?]{2,400})\?\s*$", re.IGNORECASE
)
_OR = re.compile(r",\s+(?:or\s+|oder\s+)?|\s+(?:or|oder)\s+")
_ARTICLE = re.compile(r"^(?:the|an?)\s+", re.IGNORECASE)
_ELSE = frozenset({"something else", "etwas anderes", "another one"})
_ALL = re.compile(
    r"\W*(?:both|all|both of (?:them|these)|all of (?:them|these)|beide|alle)\W*", re.IGNORECASE
)
_PLACE = re.compile(r"\W*(?P<n>\d)\W*")


def listed(answer: str) -> tuple[str, ...]:
    """The names of the items that an answer numbers or bullets: what stands before a colon, a
    dash, or the like."""
    marks = list(_ENUMERATED.finditer(answer))
    if len(marks) >= 2 and [m.group(1) for m in marks[:2]] == ["1", "2"]:
        ends = [m.start() for m in marks[1:]] + [len(answer)]
        items = [answer[m.end() : e] for m, e in zip(marks, ends, strict=True)]
    else:
        items = _BULLET.findall(answer)
    if len(items) < 2:
        return ()
    return tuple(_ITEM_END.split(i.strip(_AROUND))[0].strip(_AROUND)[:60] for i in items)


def series(answer: str) -> tuple[str, ...]:
    """The items of the longest "X, Y, and Z" of an answer, three at least."""
    answer = _ASIDE.sub("", answer)
    clauses = [c for c in _CLAUSE.split(answer) if ", " in c and (" and " in c or " or " in c)]
    longest = max(clauses, key=lambda c: c.count(", "), default="")[:300]
    items = _COMMA.split(longest)
    if len(items) < 3:
        return ()
    items[0] = _BEFORE_SERIES.sub("", items[0])
    found = tuple(i.strip(_AROUND) for i in items if i.strip(_AROUND))
    return found if all(map(_is_name, found)) else ()


def offered(question: str) -> tuple[str, ...]:
    """What a question back offers: "Do you mean the MG-200, the MG-400 or something else?"."""
    match = _OFFERING.search(question)
    if match is None:
        return ()
    items = (_ARTICLE.sub("", i.strip(_AROUND + "“”")) for i in _OR.split(match["items"]))
    return tuple(i for i in items if i and i not in _ELSE)


def picked(reply: str, offers: Sequence[str]) -> str:
    """Which of the offers a reply picks by its place ("the second one", "2") or all ("both");
    empty where it picks none so."""
    if not offers:
        return ""
    if _ALL.fullmatch(reply):
        return ", ".join(offers)
    place = _PLACE.fullmatch(reply)
    named = by_name(f"option {place['n']}" if place and place["n"] else reply, offers)
    return ", ".join(offer for offer in offers if named and offer in named)


def pair(text: str, found: Sequence[Phrase]) -> tuple[str, ...]:
    """The last two phrases that a text joins: "squats and deadlifts", "MG-200 or the MG-400"."""
    for one, other in reversed(list(pairwise(found))):
        alike = one.kind == other.kind and (one.kind or len(one.words) == len(other.words))
        if alike and _JOINED.fullmatch(text[one.end : other.start]):
            return one.text, other.text
    return ()


def _is_name(item: str) -> bool:
    """Whether an item is a name or a noun, not a piece of a sentence."""
    words = item.casefold().split()
    return len(item) <= 40 and len(words) <= 4 and not any(w in STOP_WORDS for w in words)


def by_name(question: str, items: Sequence[str]) -> str:
    """The question with each "the second option" by its name among the items, or nothing."""
    named = question
    for _ in range(MOST):
        found = _one_by_name(named, items)
        if not found:
            break
        named = found
    return named if named != question else ""


def _one_by_name(question: str, items: Sequence[str]) -> str:
    """The question with its first "the second option" among the items by name, or nothing."""
    match = _NUMBERED.search(question)
    if not match or not items:
        return ""
    if match["many"]:
        named = items[: _MANY[match["many"].lower()]]
        return question[: match.start()] + " and ".join(named) + question[match.end() :]
    asked = match["number"] or match["ordinal"] or match["bare"]
    places = [
        int(w) if w.isdigit() else _ORDINALS.get(w, 0) for w in re.findall(r"\w+", asked.lower())
    ]
    named = [items[p - 1 if p > 0 else -1] for p in places if p == -1 or 0 < p <= len(items)]
    if not named:
        return ""
    return question[: match.start()] + " and ".join(named) + question[match.end() :]
