"""Who is called by name in a message: the bot, or a person; and the bot spoken of in passing."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

_FLAGS = re.IGNORECASE

ABOUT_BOT = re.compile(
    r"\b(?:the|this|that|our|your|a|stupid|dumb) (?:chat ?)?(?:bots?|assistant|robots?|ai|llm)\b"
    r"|\b(?:chat)?bots\b|\brobots\b",
    _FLAGS,
)

_NOT_A_NAME = frozenset(
    """a also actually and any another anyone anything basically but btw can could currently did
    do does edit error everyone example finally first for from great hello here hey hi however
    how i if in info instead is it just lastly later maybe my never next no nope note now ok
    okay on once one or otherwise output perhaps please ps question quick result right same
    second secondly should so sometimes sorry source still sure thanks that the then there
    therefore these they third this those thx tldr today tomorrow unfortunately update version
    wait was we well what when where which while who why will windows linux macos with would
    yeah yep yes yesterday you your all team folks support guys again everybody interesting nice
    cool awesome perfect after before since until though although because step status warning hm
    hmm usually meanwhile not both und oder aber danke ja nein wie wo wann warum bitte oui non
    merci mais comment où hola gracias sí pero cómo qué how's much many lot very anyway anyways
    nah besides alas conversely similarly likewise regardless nevertheless nonetheless overall
    ideally given assuming apart help aside say see look listen guess yea yup aha ahh wow ugh oops
    whoa huh eh ew damn dang gosh god jesus man dude mate buddy sir bot speaking correct true
    false wrong good bad fine hmmm tbh imo imho afaik fwiw iirc asap even let's that's it's
    what's there's here's i'm i've i'll i'd you're he she they're monday tuesday wednesday
    thursday friday saturday sunday january february march april may june july august september
    october november december english german french spanish android ios chrome firefox safari
    docker python java api sso""".split()
)
_NO_NAME = re.compile(r".*(?:ly|ing|ed|wise|times|mm+|aa+|hh+|[a-z]'[a-z]+)$", _FLAGS)
_TO_ONE = re.compile(
    r"(?:(?:ok|oh|yeah|so|well|hm+)[, ]+)?"
    r"(?:(?P<greeting>(?:hi|hey|hello|dear|thanks|thank you|thx|ty|cheers|danke|merci|gracias|hallo"
    r"|salut|hola)[, ]+))?"
    r"(?P<name>[^\W\d_][\w'-]{1,20})(?P<sign>\s*[,:]\s*|\s+|[.!?]*$)(?P<after>.{0,60})",
    _FLAGS | re.DOTALL,
)
_TO_YOU = re.compile(
    r"(?:(?:can|could|would|will|did|do|are|have|were|had) (?:you|u)\b|(?:please|pls)\s+\w"
    r"|any idea|what do you|kannst du|hast du|peux-tu|tu peux|puedes)",
    _FLAGS,
)
_ASKED = re.compile(r"(?:how|where|when|why|what(?:'s)?) (?:do|does|is|are|can)\b", _FLAGS)
_END = re.compile(r", ([A-Z][a-zà-ÿ]{1,20})\s*[?!.]*$")


def to_person(sentences: Sequence[str], names: Sequence[str]) -> bool:
    """Whether a sentence calls a person by name: "Ben, …", "thanks Ben", "ben can you …"."""
    own = {word.lower() for name in names for word in name.split()}
    return any(_calls(sentence, own) for sentence in sentences)


def _calls(sentence: str, own: set[str]) -> bool:
    found = _TO_ONE.match(sentence)
    if found and _may_be_name(found["name"], own):
        capital = found["name"][0].isupper()
        sign = found["sign"].strip()
        if sign in {",", ":"} and found["after"]:
            return (capital and not found["name"].isupper()) or bool(_TO_YOU.match(found["after"]))
        if found["greeting"] and capital:
            return True
        asked = _TO_YOU.match(found["after"]) or (capital and _ASKED.match(found["after"]))
        if not sign and asked:
            return True
    last = _END.search(sentence)
    return bool(last and _may_be_name(last[1], own) and "you" in sentence.lower())


def _may_be_name(word: str, own: set[str]) -> bool:
    low = word.lower()
    return low not in _NOT_A_NAME and low not in own and not _NO_NAME.match(word)


_ASKED_AT_ONCE = (
    r"(?:(?:can|could|would|will|do|does|did|are|have|is there|are there|please|pls|what|how|where"
    r"|when|why|which|who|tell|show|explain|give|help|list|find|summari[sz]e|translate|compare|any)"
    r"\b|kannst|wie|was|wo|warum|peux|comment|puedes|cómo)"
)


@lru_cache(maxsize=64)
def _calling(names: tuple[str, ...]) -> re.Pattern[str] | None:
    """A pattern for the bot's name where it calls the bot."""
    known = "|".join(re.escape(name) for name in sorted(names, key=len, reverse=True) if name)
    if not known:
        return None
    name = rf"@?(?:{known})(?![\w-])(?!['’]s\b)"
    start = r"(?:^|[.!?:;\n–—…])\s*"
    soft = r"(?:(?:ok(?:ay)?|so|and|oh|well|but|yes|no|all ?right|right|now|please)[\s,]+)*"
    greeting = (
        r"(?:hi|hey|hello|dear|thanks|thank you|thx|yo|hallo|danke|bonjour|merci|hola|gracias)"
    )
    return re.compile(
        rf"{start}{soft}(?:{greeting}[\s,]+{name}|{name}(?:\s+-\s|\s*[,:!?–—]|\.\.|$)"
        rf"|{name}\s+{_ASKED_AT_ONCE})|(?:,|\b(?:please|thanks|thank you))\s*{name}\s*[?!.…]*\s*$"
        rf"|{name},\s*{_ASKED_AT_ONCE}|(?<!\w)@(?:{known})(?![\w-])",
        _FLAGS,
    )


def calls_bot(text: str, names: Sequence[str]) -> bool:
    """Whether a text calls the bot by one of its names, not only names it in passing."""
    pattern = _calling(tuple(names))
    return bool(pattern and pattern.search(text))


@lru_cache(maxsize=64)
def _called(names: tuple[str, ...]) -> tuple[re.Pattern[str], re.Pattern[str]] | None:
    """Patterns for a call of the bot before what is said, and behind it."""
    known = "|".join(re.escape(name) for name in sorted(names, key=len, reverse=True) if name)
    if not known:
        return None
    name = rf"@?(?:{known})(?![\w-])(?!['’]s\b)"
    soft = r"(?:(?:ok(?:ay)?|so|and|oh|well|but|yes|no|right|now)[\s,]+)*"
    greeting = r"(?:hi|hey|hello|dear|yo|hallo|bonjour|hola)[\s,]+"
    sign = r"\s*(?:[,:!?–—]+|\.{1,3}|-(?=\s))\s*"
    before = (
        rf"\s*{soft}(?:{greeting}{name}(?:{sign}|\s+)|{name}(?:{sign}|\s+(?={_ASKED_AT_ONCE})))"
    )
    behind = rf"\s*,\s*{name}\s*(?P<end>[?!.…]*)\s*$"
    return re.compile(before, _FLAGS), re.compile(behind, _FLAGS)


def without_call(text: str, names: Sequence[str]) -> str:
    """What is said to the bot, without its being called: its name is no part of the question.

    "Hey Juniper, how do I …?" becomes "how do I …?"; a text that says nothing else stays.
    """
    patterns = _called(tuple(names))
    if patterns is None:
        return text
    before, behind = patterns
    called = before.match(text)
    said = text[called.end() :] if called else text
    said = behind.sub(lambda end: end["end"], said)
    return said if re.search(r"\w", said) else text


def names_bot(text: str, names: Sequence[str]) -> bool:
    """Whether a text speaks of the bot."""
    known = "|".join(re.escape(name) for name in names if name)
    spoken = bool(known and re.search(rf"\b(?:{known})\b", text, _FLAGS))
    return spoken or bool(ABOUT_BOT.search(text))
