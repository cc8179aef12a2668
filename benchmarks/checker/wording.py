"""Words and numbers by others that mean the same."""

from __future__ import annotations

import random
import re

from benchmarks.checker import wordlists
from benchmarks.checker.naming import MONTHS, SPELT

_SAME = re.compile(
    rf"\b(?:{'|'.join(sorted(map(re.escape, wordlists.SAME), key=len, reverse=True))})(?!\w)"
)
_DIGITS_AFTER = re.compile(rf" (?:[$£€]?\d|{'|'.join(SPELT)})")


_BEFORE_DIGITS = frozenset(
    ("about", "over", "nearly", "almost", "more than", "at least", "approximately")
)
_SELDOM = frozenset(
    "area issue issues company film song must use said states stated if when while error very over"
    " won provided called select display US".split()
)


def _stays(word: str, before: str, tail: str, dice: random.Random) -> bool:
    """Whether a word cannot be put otherwise here, or is left alone this time."""
    if word in _BEFORE_DIGITS and not _DIGITS_AFTER.match(tail):
        return True
    if word in _SELDOM and dice.random() < 0.6:
        return True
    if word == "use" and re.search(r"\b(?:the|of|in|for|this|by|its|their|to) $", before):
        return not before.endswith(" to ")
    return word == "also" and bool(re.search(r"\b(?:not|but|is|are|was) $", before))


def _needs(before: str, tail: str) -> str | None:
    """``must`` by other words after a subject that is no single person; None after one."""
    if re.search(r"\b(?:he|she|it|user|employee|plan)\b $", before, re.IGNORECASE):
        return None
    plural = re.search(r"(?:s|ou|hey|e) $", before)
    verb = re.match(r" (?!be )(?!not)[a-z]+\b(?! not)", tail)
    return "need to" if plural and verb else "must"


def synonyms(text: str, dice: random.Random) -> str | None:
    """Up to four words by others that mean the same."""
    left = 4

    def other(match: re.Match[str]) -> str:
        nonlocal left
        word, before, tail = match[0], text[: match.start()], text[match.end() :]
        if left == 0 or dice.random() < 0.25 or _stays(word, before, tail, dice):
            return word
        needs = _needs(before, tail) if word == "must" else None
        if needs:
            return needs
        left -= 1
        return dice.choice(wordlists.SAME[word])

    new = _SAME.sub(other, text)
    return new if new != text else None


def numbers(text: str, dice: random.Random) -> str | None:
    """Numbers, shares and dates written another way."""

    def spelt(match: re.Match[str]) -> str:
        return SPELT[int(match[0]) - 1] if 1 <= int(match[0]) <= 12 else match[0]

    def digits(match: re.Match[str]) -> str:
        return str(SPELT.index(match[0].lower()) + 1)

    new = text
    new = re.sub(r"(?<=\d) ?%", dice.choice([" percent", " %", "%"]), new)
    new = re.sub(r"(?<=\d) per ?cent\b", "%", new)
    new = re.sub(r"(?<=\d),(?=\d{3}\b)", "", new) if dice.random() < 0.6 else new
    new = re.sub(r"(?<![\w.,:$£€/-])(?:[2-9]|1[0-2])(?= [a-z]{3,}s\b)", spelt, new)
    new = re.sub(rf"(?<=[a-z] )(?:{'|'.join(SPELT[1:12])})(?= [a-z]{{3,}}s\b)", digits, new)
    new = (
        re.sub(r"\$(\d[\d,.]*\d|\d)(?! ?(?:million|billion|thousand)|[\d.,])", r"\1 dollars", new)
        if dice.random() < 0.4
        else new
    )
    new = re.sub(r"\$(\d[\d.,]*\d|\d) (million|billion)", r"\1 \2 dollars", new)
    if dice.random() < 0.7:
        new = (
            re.sub(
                rf"\b(\d{{1,2}}) ({MONTHS})(?: (\d{{4}}))?",
                lambda m: f"{m[2]} {m[1]}" + (f", {m[3]}" if m[3] else ""),
                new,
            )
            if dice.random() < 0.5
            else re.sub(rf"\b({MONTHS}) (\d{{1,2}}), (\d{{4}})", r"\2 \1 \3", new)
        )
    else:
        new = re.sub(
            rf"\b({MONTHS})(?= \d{{1,2}}\b)(?<!May)(?<!June)(?<!July)",
            lambda m: m[0][:3] + ".",
            new,
        )
    return new if new != text else None


_SHORT = (
    (r"\bdo not\b", "don't"), (r"\bdoes not\b", "doesn't"), (r"\bis not\b", "isn't"),
    (r"\bare not\b", "aren't"), (r"\bcannot\b", "can't"), (r"\bit is\b", "it's"),
    (r"\bIt is\b", "It's"), (r"\byou are\b", "you're"), (r"\byou will\b", "you'll"),
    (r"\bwas not\b", "wasn't"), (r"\bdid not\b", "didn't"), (r"\bwill not\b", "won't"),
)  # fmt: skip


def contractions(text: str, _dice: random.Random) -> str | None:
    new = text
    for long, short in _SHORT:
        new = re.sub(long, short, new)
    if new == text:
        new = re.sub(
            r"\b(do|does|is|are|was|did|has|have|could|would|should)n['’]t\b", r"\1 not", text
        )
    return new if new != text else None
