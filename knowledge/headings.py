"""Headings as the questions that they answer. Pure functions."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from bot.facts import rarity
from bot.lexical import STOP_WORDS, query_terms, words
from bot.sentences import Unit, split
from knowledge.document import plain_heading

LONGEST_TITLE = 40
"""Characters of a suggestion's title; a platform shows about so many on a button."""

LONGEST_MESSAGE = 120
_MOST_READ = 60_000
_LEAST_WORDS = 3
_LEAST_TELLING = 4.0  # sum of rarity: "What is not covered?" says 3.1, "subscription" 4.0

_ASKS = re.compile(
    r"^(?:how|what|which|where|when|who|whose|why|can|could|do|does|did|is|are|was|will|would"
    r"|should|may|must|has|have)\b",
    re.IGNORECASE,
)
_LEANS = re.compile(
    r"\b(?:it|its|this|that|these|those|they|them|their|he|she|here|there|above|below|following"
    r"|next|previous|other|another|else|same|such|also|step|steps|instead|the (?:script|problem"
    r"|solution|issue|error|example|command|file|result|output|sample))\b",
    re.IGNORECASE,
)
_CHATTER = re.compile(
    r"\b(?:why (?:use|choose)|what'?s (?:next|new)|^why (?:an?|the|no|not)|related|see also"
    r"|(?:and|or) \w+ing)\b",
    re.IGNORECASE,
)
_HOW_TO = re.compile(r"^how to\s+(.+)$", re.IGNORECASE)
_NUMBERING = re.compile(
    r"^(?:(?:step\s+)?\d+(?:\.\d+)*[.):]\s*|[IVX]+\.\s+|Q\d*[.:]\s+)", re.IGNORECASE
)
_ASIDE = re.compile(
    r"\s*\((?:optional|staff|beta|preview|deprecated|recommended)\)\s*$", re.IGNORECASE
)
_STOPS = re.compile(r"[.!:;…]|\s[-–—]\s|/\w+/|[{}<>|=`$#*\[\]]|\b(?:vs\.?|FAQs?)\b")

_VERBS = frozenset(
    """accept access activate add adjust allow apply archive assign attach authenticate avoid backup
    block build calculate call cancel change check choose clean clear clone close compare configure
    connect contact control convert copy create customize customise debug define delete deploy
    disable disconnect display download edit embed enable encrypt exclude exit export extend filter
    find fix force format generate get grant group handle hide identify import improve include
    increase initialize install integrate invite issue join keep leave limit link list load log
    make manage map measure merge migrate modify monitor mount move open order override pair pause
    pay perform plan prepare prevent print protect publish query read receive recover reduce
    refund register release reload remove rename renew repair replace report request reset resolve
    restart restore restrict resume retrieve return revoke rotate run save schedule search secure
    see select send set share shut sign sort specify start stop store submit subscribe switch sync
    synchronize test track transfer translate troubleshoot turn uninstall unsubscribe update upgrade
    upload use validate verify view wait watch withdraw write""".split()
)
_NOUNS_TOO = frozenset(
    """access backup block build call change check contact control copy display download exit export
    filter format group handle import include issue join limit link list load log map measure order
    pause pay plan print query read release repair report request reset return run schedule search
    secure share sort start stop store switch sync test track transfer update upgrade use view wait
    watch force clean close clear open""".split()
)
"""Verbs that are nouns or adjectives as well: only before an object is it an instruction."""
_OBJECT = re.compile(
    r"^(?:a|an|the|my|your|all|any|another|some|who|which|what|why|how|up|off|out)\b", re.IGNORECASE
)
_PARTICLE = re.compile(r"^(?:up|down|in|on|off|out|back|over)\b\s*", re.IGNORECASE)
_TO_THE_READER = re.compile(r"^(?:are|have|had|did|were|can|could) you\b", re.IGNORECASE)
_NO_DEED = re.compile(
    r"\b(?:fails?|failed|returns|missing|cannot|can't|doesn't|not|is|are|was|were|and more"
    r"|best practices)\b",
    re.IGNORECASE,
)
_ABOUT = re.compile(r"\b(?:who|which|what|why|how|when|where|whether|if)\b", re.IGNORECASE)
_WITH_CAPITAL = re.compile(r"[A-Z][a-z]+(?:-[a-z]+)*")


def _gerund(verb: str) -> str:
    """``set``: ``setting``; ``create``: ``creating``; ``add``: ``adding``."""
    if re.fullmatch(r"(?:[^aeiou]*|re|sub)[^aeiou][aeiou][bgmnprtd]", verb) and verb != "open":
        return f"{verb}{verb[-1]}ing"
    return f"{verb[:-1]}ing" if verb.endswith("e") and not verb.endswith("ee") else f"{verb}ing"


_GERUNDS = {
    form: verb for verb in _VERBS for form in (f"{verb}{verb[-1]}ing", f"{verb}ing", _gerund(verb))
}
_SMALL = frozenset(
    "a an and as at by for from in into is of off on or out over the to up via with".split()
)


@dataclass(frozen=True, slots=True)
class Asked:
    """A heading's question. ``rank``: 0 where the heading asks it, 1 where it says how, 2 where it
    is an instruction."""

    message: str
    title: str
    rank: int


def questions(title: str, text: str) -> Iterator[Asked]:
    """The questions that a document answers by its title and headings, in its order.

    Only such as can be understood without the document.
    """
    seen: set[str] = set()
    body = text[:_MOST_READ]
    headings = [u.text for u in split(body) if u.unit is Unit.HEADING] if "#" in body else []
    for heading in (title, *headings):
        asked = question_of(heading, body)
        if asked is not None and asked.message not in seen:
            seen.add(asked.message)
            yield asked


def question_of(heading: str, text: str = "") -> Asked | None:
    """The question that a heading asks or answers, ``None`` where it is none of its own.

    "How to cancel" and "Cancelling a plan" become "How do I …?"; a question stays as it is.
    ``text`` is that of its document: words that it writes small lose the capital of a heading.
    """
    plain = _ASIDE.sub("", _NUMBERING.sub("", plain_heading(heading))).strip()
    how_to = _HOW_TO.match(plain.rstrip(" .?"))
    if plain.endswith("?") and not how_to:
        asks = _ASKS.match(plain) and not _TO_THE_READER.match(plain)
        return Asked(plain, titled(plain), 0) if asks and _stands_alone(plain[:-1]) else None
    deed = _deed(how_to.group(1) if how_to else plain.rstrip(" ."), text)
    if deed is None or not _stands_alone(deed):
        return None
    return Asked(f"How do I {deed}?", titled(deed[:1].upper() + deed[1:]), 1 if how_to else 2)


def _deed(phrase: str, text: str) -> str | None:
    """ "Setting up a page" or "Set Up Your Page" as "set up my page"; ``None`` for other words."""
    first, _, rest = phrase.partition(" ")
    word = first.lower()
    verb = _GERUNDS.get(word)
    if verb is None:
        if word not in _VERBS or (word in _NOUNS_TOO and not _OBJECT.match(rest)):
            return None
        verb = word
    rest = _in_sentence(rest, text)
    deed_to = _PARTICLE.sub("", rest)
    if not deed_to or deed_to.startswith(("and ", "or ")):
        return None
    if _NO_DEED.search(rest) and not _ABOUT.search(rest):
        return None
    rest = re.sub(r"\byour\b", "my", rest, flags=re.IGNORECASE)
    rest = re.sub(r"\byou\b", "I", rest, flags=re.IGNORECASE)
    return f"{verb} {rest}"


def _in_sentence(phrase: str, text: str) -> str:
    """Words of a heading as they stand inside a sentence: in one that is written With Capitals
    those lose theirs that the text mostly writes small."""
    found = phrase.split()
    weighty = [w for w in found if w[:1].isalpha() and w.lower() not in _SMALL]
    if len(weighty) < 2 or not all(w[0].isupper() for w in weighty):
        first = found[:1]
        if first and _PARTICLE.fullmatch(first[0]):
            return " ".join([first[0].lower(), *found[1:]])
        return phrase
    return " ".join(w.lower() if _is_small(w, text) else w for w in found)


def _is_small(word: str, text: str) -> bool:
    if not _WITH_CAPITAL.fullmatch(word):
        return False
    if word.lower() in _SMALL or word.lower() in STOP_WORDS:
        return True
    small = len(re.findall(rf"(?<=\s){word.lower()}(?=[\s,.;:])", text))
    return small > len(re.findall(rf"(?<=[a-z,] ){word}(?=[\s,.;:])", text))


def _stands_alone(phrase: str) -> bool:
    """Whether a question is understood without the page it stands on, and says enough."""
    if len(phrase) > LONGEST_MESSAGE or _STOPS.search(phrase) or _LEANS.search(phrase):
        return False
    if _CHATTER.search(phrase) or len(words(phrase)) < _LEAST_WORDS:
        return False
    return sum(rarity(term) for term in query_terms(phrase)) >= _LEAST_TELLING


def titled(message: str) -> str:
    """A question as a button: without its question mark where it must be cut, at most 40
    characters."""
    if len(message) <= LONGEST_TITLE:
        return message
    cut = message[:LONGEST_TITLE].rsplit(" ", 1)[0].rstrip(" ,;:-–—")
    while cut.rsplit(" ", 1)[-1].lower() in _SMALL:
        cut = cut.rsplit(" ", 1)[0]
    return f"{cut[: LONGEST_TITLE - 1].rstrip()}…"
