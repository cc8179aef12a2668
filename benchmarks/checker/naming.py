"""Names in a text, without a model: what is capitalised, and roughly of which kind it is."""

from __future__ import annotations

import re
from functools import lru_cache

from bot.lexical import STOP_WORDS, terms

MONTHS = "January|February|March|April|May|June|July|August|September|October|November|December"
DAYS = "Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday"
SPELT = (
    "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen"
    " sixteen seventeen eighteen nineteen twenty"
).split()
ORDINALS = "first second third fourth fifth sixth seventh eighth ninth tenth".split()
_NAME = re.compile(
    r"(?<![\w'’.-])(?:[A-Z][\w'’-]*[a-z0-9]|[A-Z]{2,})(?:(?: (?:of|the|de|van|von|al|and the))?"
    r"(?: (?:[A-Z][\w'’-]*[a-z0-9]|[A-Z]{2,}|[A-Z]\.)(?![\w-])))*"
)
_WEAK_NAMES = frozenset(
    """the this these those that it its he she they his her their we our you your i in on at by for
    from with when while where if as after before during since although though however but and or
    there here some many most one two three all both each every no not an a to once thus also what
    how why who which other another such because until unless yes note see use click go""".split()
    + MONTHS.lower().split("|")
    + DAYS.lower().split("|")
)
NATIONALITIES = frozenset(
    """American British English French German Italian Spanish Russian Chinese Japanese Indian
    Canadian Australian Irish Scottish Welsh Dutch Belgian Swiss Austrian Polish Greek Turkish
    Mexican Brazilian Swedish Norwegian Danish Finnish Portuguese Hungarian Czech Egyptian Korean
    European African Asian Roman Byzantine Mongol Norman Catholic Protestant Jewish Christian
    Muslim Islamic Buddhist Hindu Orthodox Republican Democratic Soviet Arab Persian Ottoman
    Israeli Iranian Iraqi Cuban Latin Anglo-Saxon Frankish Ukrainian Vietnamese Thai Filipino
    Indonesian Pakistani Nigerian Kenyan""".split()
)


@lru_cache(maxsize=4_000)
def names(text: str) -> list[tuple[int, int, str]]:
    """Capitalised names with their place; a first word counts where it is one elsewhere too."""
    found = []
    for match in _NAME.finditer(text):
        start, name = match.start(), match[0]
        first = name.split()[0]
        if first.lower() in _WEAK_NAMES:
            name = name[len(first) :].lstrip()
            start = match.end() - len(name)
            first = name.split()[0] if name else ""
        if not name or name.lower() in _WEAK_NAMES or name.lower() in STOP_WORDS:
            continue
        opening = start == 0 or text[:start].rstrip()[-1:] in '.!?:\n"“('
        if opening and " " not in name and not re.search(rf"[\w,;] {re.escape(name)}\b", text):
            continue
        if name.endswith(("'s", "’s")):
            name = name[:-2]
        found.append((start, start + len(name), name))
    return found


_ORG = re.compile(
    r"\b(?:University|College|School|Company|Corporation|Inc|Party|Council|Committee|Church"
    r"|Association|League|Act|Agency|Department|Ministry|Bank|Group|Club|Army|Court|Museum"
    r"|Institute|Society|Union|Commission|Parliament|Congress|Foundation|Board|Office|Service)\b"
)


def _place(text: str, start: int) -> str:
    """What the word before a name says of it: that a place or a person follows."""
    before = re.search(r"(\w+)(?: the)? $", text[max(0, start - 24) : start])
    word = before[1].lower() if before else ""
    if word in ("in", "at", "near", "from", "to"):
        return "place"
    return "person" if word in ("by", "with") else ""


def name_kind(name: str, text: str = "", start: int = 0) -> str:
    """A rough class: nationality, organisation, code, a place or person by what stands before."""
    if name in NATIONALITIES:
        return "nationality"
    if _ORG.search(name):
        return "organisation"
    if name.isupper() or re.search(r"\d", name):
        return "code"
    return _place(text, start) or ("long" if " " in name else "word")


def akin(one: str, other: str) -> bool:
    """Whether two names may mean the same: they share a word, or one abbreviates the other."""
    if set(terms(one)) & set(terms(other)):
        return True
    short, long = sorted((one, other), key=len)
    initials = "".join(w[0] for w in long.split() if w[0].isupper())
    return short.replace(".", "") == initials or short.lower()[:4] == long.lower()[:4]


def _sound(name: str) -> bool:
    """Whether a name can stand in another sentence: no words of a heading in it."""
    parts = name.split()
    return (
        len(name) > 2
        and len(set(parts)) == len(parts)
        and not any(
            w.lower() in _WEAK_NAMES and w.lower() not in ("the", "of", "and") for w in parts
        )
    )


@lru_cache(maxsize=8_000)
def named(text: str) -> dict[str, tuple[str, ...]]:
    """The sound names of a text by their kind."""
    found: dict[str, dict[str, None]] = {}
    for start, _, name in names(text):
        if _sound(name):
            found.setdefault(name_kind(name, text, start), {})[name] = None
    return {kind: tuple(held) for kind, held in found.items()}
