"""One small error put into a sentence, so that what was true of a passage no longer is."""

# ruff: noqa: E501 - patterns and templates read better whole

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise

from benchmarks.checker import wordlists
from benchmarks.checker.naming import (
    DAYS,
    MONTHS,
    NATIONALITIES,
    ORDINALS,
    SPELT,
    akin,
    name_kind,
    named,
    names,
)
from benchmarks.checker.siblings import siblings


@dataclass(frozen=True)
class Damage:
    """The sentence with its error; ``old`` and ``new`` are what was put in the place of what."""

    kind: str
    text: str
    old: str
    new: str


@dataclass(frozen=True)
class Near:
    """What an error may be taken from: texts of the same passage, and of others near it."""

    same: str
    others: str


_YEAR = re.compile(r"(?<![\w.,/-])(?:1[0-9]|20)\d\d(?:s)?(?![\w%/]|[.,-]\d)")
_PERCENT = re.compile(r"(?<![\w.,])\d+(?:\.\d+)?(?= ?%| per ?cent\b)")
_MONEY = re.compile(
    r"(?<=[$£€])\d[\d,]*(?:\.\d+)?|(?<![\w.,])\d[\d,]*(?= (?:euros|dollars|pounds)\b)"
)
_NUMBER = re.compile(
    r"(?<![\w.,:/$£€#-])\d{1,3}(?:,\d{3})+(?![\d%])|(?<![\w.,:/$£€#-])\d{1,4}(?:\.\d)?(?![\w%:/]|[.,-]\d)"
)
_SPELT = re.compile(rf"\b(?:{'|'.join(SPELT[1:])})\b(?! of the\b)", re.IGNORECASE)
_ORDINAL = re.compile(rf"\b(?:{'|'.join(ORDINALS[1:])})\b|\b\d{{1,2}}(?:st|nd|rd|th)\b")
_MONTH = re.compile(rf"\b(?:{MONTHS})\b(?<!May)|\bMay(?= \d)")
_DAY = re.compile(rf"\b(?:{DAYS})\b")
_UNIT = re.compile(
    r"(?<=\d )(?:million|billion|thousand|minutes|hours|days|weeks|months|years|seconds|km|miles"
    r"|meters|metres|feet|inches|kg|pounds|tons|euros|dollars|GB|MB|KB|percent)\b"
)
_UNITS = [
    "million billion thousand", "seconds minutes hours days weeks months years",
    "km miles meters metres feet inches", "kg pounds tons", "euros dollars", "GB MB KB",
]  # fmt: skip


def _replaced(kind: str, text: str, start: int, end: int, new: str) -> Damage:
    old = text[start:end]
    if old[:1].isupper() and new[:1].islower() and (start == 0 or kind in ("antonym", "strength")):
        new = new[0].upper() + new[1:]
    return Damage(kind, text[:start] + new + text[end:], old, new)


def _shifted(old: str, dice: random.Random) -> str:
    """A number a little or a lot apart, written as the old one was."""
    value = float(old.replace(",", ""))
    if "." in old:
        other = max(0.1, value + dice.choice([-2, -1, -0.5, 0.3, 0.5, 1, 2, value]))
        return f"{other:.1f}" if other != value else f"{value + 1.2:.1f}"
    step = dice.choice([1, 1, 2, 3, 5, 10, 20, value * 0.1, value * 0.5, value, value * 9])
    if value >= 100 and value % 10 == 0:
        step = dice.choice([value * 0.1, value * 0.2, value * 0.5, value, value * 9])
    other = round(value + max(1, round(step)) * dice.choice([1, 1, -1]))
    if other <= 0:
        other = round(value + max(1, round(step)))
    return f"{other:,}" if "," in old else str(other)


def _values(text: str, near: Near, dice: random.Random) -> Iterator[Damage]:
    """Numbers, years, shares and amounts: of the passage where it has another, else shifted."""
    for kind, pattern in (
        ("year", _YEAR), ("percent", _PERCENT), ("money", _MONEY), ("number", _NUMBER),
    ):  # fmt: skip
        for match in pattern.finditer(text):
            old = match[0]
            if kind == "number" and (
                _YEAR.fullmatch(old)
                or re.search(
                    r"(?i)(?:version|step|v|chapter|section|figure|table) $", text[: match.start()]
                )
            ):
                continue
            held = sorted({m[0] for m in pattern.finditer(near.same)} - {old})
            held = [h for h in held if not re.search(rf"(?<!\d){re.escape(h)}(?!\d)", text)]
            if held and dice.random() < 0.5:
                new = dice.choice(held)
            elif kind == "year":
                ending = "s" if old.endswith("s") else ""
                step = (
                    dice.choice([10, 20, 30])
                    if ending
                    else dice.choice([1, 1, 2, 3, 5, 10, 20, 100])
                )
                new = str(int(old.rstrip("s")) + step * dice.choice([1, -1])) + ending
            else:
                new = _shifted(old, dice)
            yield _replaced(kind, text, match.start(), match.end(), new)
    for match in _SPELT.finditer(text):
        new = dice.choice([w for w in SPELT[1:] if w != match[0].lower()][:12])
        yield _replaced("number", text, match.start(), match.end(), new)


def _dates(text: str, _near: Near, dice: random.Random) -> Iterator[Damage]:
    for pattern, pool in ((_MONTH, MONTHS.split("|")), (_DAY, DAYS.split("|"))):
        for match in pattern.finditer(text):
            new = dice.choice([w for w in pool if w != match[0]])
            yield _replaced("date", text, match.start(), match.end(), new)
    for match in _ORDINAL.finditer(text):
        old = match[0]
        if old.isalpha():
            new = dice.choice([w for w in ORDINALS if w != old])
        else:
            number = (int(old[:-2]) + dice.choice([1, 2, 3, 5]) - 1) % 28 + 1
            ending = {1: "st", 2: "nd", 3: "rd"}.get(
                number % 10 if number not in (11, 12, 13) else 0, "th"
            )
            new = f"{number}{ending}"
        if new != old:
            yield _replaced("date", text, match.start(), match.end(), new)
    for match in _UNIT.finditer(text):
        for row in _UNITS:
            if match[0] in row.split():
                new = dice.choice([u for u in row.split() if u != match[0]])
                yield _replaced("unit", text, match.start(), match.end(), new)


def _entities(text: str, near: Near, dice: random.Random) -> Iterator[Damage]:
    """A name put for another of its kind: of the passage first, else of one near it."""
    for start, end, name in names(text):
        kind = name_kind(name, text, start)
        for where, source in (("entity", near.same), ("entity_far", near.others)):
            pool = [n for n in named(source).get(kind, ()) if n not in text and not akin(n, name)]
            if kind == "nationality" and not pool:
                pool = sorted(n for n in NATIONALITIES if n not in text)
            if pool:
                yield _replaced(where, text, start, end, dice.choice(pool))
                break


_AUX = re.compile(
    r"\b(is|are|was|were|can|will|has|have|had|must|should|could|would|does|do|did|may)\b"
    r"(?! (?:not|no|never|n't|only|also|to|now|a few|still|so)\b|n[o']t)(?= \w)"
)
_CONTRACTED = re.compile(r"\b(is|are|was|were|do|does|did|has|have|had|could|would|should)n['’]t\b")
_NOT = re.compile(
    r"\b(is|are|was|were|can|will|has|have|had|must|should|could|would|may|do|does|did) not\b|\bcannot\b"
)
_VERBS = wordlists.inflected()
_VERB = re.compile(rf"(?<=\w )(?:{'|'.join(sorted(_VERBS, key=len, reverse=True))})\b")


_NO_SUBJECT = frozenset(
    "the a an to and or of by his her its their is was been be who that which in on for with as"
    " newly were are".split()
)


def _denials(text: str, _near: Near, dice: random.Random) -> Iterator[Damage]:
    """A denial put in or taken out."""
    for match in _CONTRACTED.finditer(text):
        yield _replaced("negation", text, match.start(), match.end(), match[1])
    for match in _NOT.finditer(text):
        yield _replaced("negation", text, match.start(), match.end(), match[1] or "can")
    if re.search(r"\bnot\b|n['’]t\b|\bnever\b|\bno\b|\bcannot\b|\bnor\b", text):
        return
    heads = [m for m in _AUX.finditer(text) if not re.search(r"[?]", text)]
    for match in heads[:1]:
        auxiliary = match[1]
        if dice.random() < 0.4 and auxiliary in ("is", "are", "was", "were", "does", "do", "did"):
            new = auxiliary + "n't"
        elif auxiliary == "can":
            new = dice.choice(["cannot", "can't"])
        elif auxiliary in ("has", "have", "had") and re.match(
            r" (?:an?|the|many|several|some|more|its|\d\S*) ", text[match.end() :]
        ):
            new = {"has": "does not have", "have": "do not have", "had": "did not have"}[auxiliary]
        elif auxiliary in ("do", "does", "did") and text[match.end() :].startswith(
            (" so", " it", " this")
        ):
            continue
        else:
            new = auxiliary + dice.choice([" not", " not", " never"])
        yield _replaced("negation", text, match.start(), match.end(), new)
    if not heads:
        for match in list(_VERB.finditer(text))[:1]:
            verb, helper = _VERBS[match[0]]
            before = text[: match.start()].rsplit(maxsplit=1)[-1].lower()
            if before not in _NO_SUBJECT and not before.endswith(","):
                yield _replaced(
                    "negation", text, match.start(), match.end(), f"{helper} not {verb}"
                )


_SELDOM_TURNED = frozenset(
    "left right back over under open close hard light last end long short present like he his full"
    " main most above below".split()
)


def _opposites(text: str, _near: Near, dice: random.Random) -> Iterator[Damage]:
    for match in re.finditer(r"[A-Za-z]+(?:-[a-z]+)*", text):
        word = match[0].lower()
        choices = wordlists.OPPOSITES.get(word)
        if not choices or (match[0][0].isupper() and match.start() > 0):
            continue
        if word in _SELDOM_TURNED and dice.random() < 0.7:
            continue
        yield _replaced("antonym", text, match.start(), match.end(), dice.choice(choices))


def _kin(text: str, near: Near, dice: random.Random) -> Iterator[Damage]:
    """A thing of the same kind: a nurse for a doctor; of the passage where it names one."""
    for match in re.finditer(r"\b[A-Za-z]{3,}\b", text):
        word = match[0]
        if word[0].isupper() and match.start() > 0 and not word.endswith("s"):
            continue
        others = [w for w in siblings(word) if not mentioned(w, text)]
        if not others or (
            word in ("left", "right", "key", "light", "play", "foot", "pop", "minister", "state")
            and dice.random() < 0.7
        ):
            continue
        held = [w for w in others if mentioned(w, near.same)]
        yield _replaced("kin", text, match.start(), match.end(), dice.choice(held or others))


_STRONG = re.compile(
    rf"\b(?:{'|'.join(sorted(map(re.escape, wordlists.STRONGER), key=len, reverse=True))})\b",
    re.IGNORECASE,
)


def _strengths(text: str, _near: Near, dice: random.Random) -> Iterator[Damage]:
    """Another quantifier, modality, order or condition."""
    for match in _STRONG.finditer(text):
        word = match[0].lower()
        tail = text[match.end() :]
        if word in ("about", "over", "nearly", "almost", "only") and not re.match(
            r" [\d$£€]", tail
        ):
            continue
        if word == "with" and dice.random() < 0.8:
            continue
        if word == "before" and tail.startswith(","):
            continue
        if word in ("may", "might", "can", "must", "should", "will", "could", "would") and (
            re.match(r" (?:not|n't|only|never|have)\b|[ ]?n['’o]t|[^ ]", tail) or match[0] == "May"
        ):
            continue
        if word in (
            "all",
            "any",
            "each",
            "every",
            "both",
            "either",
            "some",
            "most",
            "many",
        ) and re.search(
            r"\b(?:at|not|of|as|in|the|so|too|how) $", text[: match.start()], re.IGNORECASE
        ):
            continue
        if word == "few" and re.search(r"\ba $", text[: match.start()]):
            continue
        new = dice.choice(wordlists.STRONGER[word])
        if new.endswith(" of") and tail.startswith(" of "):
            new = new[:-3]
        if new in ("does not have to", "none of", "only some") and not re.match(
            r" (?:the|these|be|\w+)\b", tail
        ):
            continue
        yield _replaced("strength", text, match.start(), match.end(), new)


_EVEN = re.compile(
    r"^[\s,]*(?:and|or|with|between|near|both|,|&|as well as|including|of|in)[\s,]*(?:the )?$"
)


def _roles(text: str, _near: Near, _dice: random.Random) -> Iterator[Damage]:
    """Two names of a sentence in each other's place."""
    found = names(text)
    for (s1, e1, a), (s2, e2, b) in pairwise(found):
        between = text[e1:s2]
        if (
            not akin(a, b) and not _EVEN.match(between) and len(between.split()) <= 8
            and re.search(r"\b(?:by|from|to|than|defeated|founded|after|over|against|for|on|gave|\w+ed|\w+s)\b", between)
            and not re.search(r"[,;:(]|\band\b|\bis\b|\bwas\b a", between)
            and (a in NATIONALITIES) == (b in NATIONALITIES)
        ):  # fmt: skip
            swapped = text[:s1] + b + between + a + text[e2:]
            yield Damage("roles", swapped, text[s1:e2], b + between + a)


def _slips(text: str, _near: Near, dice: random.Random) -> Iterator[Damage]:
    """A detail that fits and that nothing has said."""
    body = text.rstrip()
    end = body[-1] if body[-1:] in ".!" else ""
    body = body[: len(body) - len(end)]
    extra = (
        dice.choice(wordlists.TRAILING)
        if dice.random() < 0.6
        else " " + dice.choice(wordlists.SLIPPED_IN)
    )
    yield Damage("added", body + extra + (end or "."), "", extra)


KINDS: dict[str, Callable[[str, Near, random.Random], Iterator[Damage]]] = {
    "values": _values,
    "dates": _dates,
    "entities": _entities,
    "denials": _denials,
    "opposites": _opposites,
    "kin": _kin,
    "strengths": _strengths,
    "roles": _roles,
    "slips": _slips,
}
_WEIGHTS = {
    "values": 3.0, "dates": 2.0, "entities": 4.0, "denials": 1.2, "opposites": 2.0,
    "kin": 2.5,
    "strengths": 1.6, "roles": 2.0, "slips": 0.5,
}  # fmt: skip


def damages(
    text: str, near: Near, dice: random.Random, kinds: tuple[str, ...] = ()
) -> Iterator[Damage]:
    """Errors that fit a sentence, one of each kind, the likelier kinds first."""
    order = sorted(kinds or KINDS, key=lambda name: -(dice.random() ** (1 / _WEIGHTS[name])))
    for name in order:
        made = list(KINDS[name](text, near, dice))
        if made:
            one = dice.choice(made)
            if one.text != text:
                yield one


def mentioned(value: str, text: str) -> bool:
    """Whether a value stands in a text as a word of its own."""
    return bool(value) and bool(
        re.search(rf"(?<![\w.,]){re.escape(value)}(?!\w|[.,]\d)", text, re.IGNORECASE)
    )
