"""Whether an answer says that it does not know, in whatever words a model has for it.

Recognised by its first sentence that is no courtesy; what follows ("the closest I have …", the
offer of a person) changes nothing. An answer that only hedges ("I don't know the exact day, but it
takes 2 weeks") is an answer. English and German, with the commonest phrases of French and Spanish.

Of 261 answers that people and models gave to MTRAG's questions (``human_ratings``, looked at while
this was written): all 6 to unanswerable questions that it labels as an "I don't know" are
recognised, and one of the 6 others; of 210 to answerable ones 2 are taken for one, both of which
begin with "The documents do not …".
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from bot.evaluation.normalising import bare, said
from bot.repairing import NO_ANSWER
from bot.sentences import split

_SOURCES = (
    r"(?:documents?|docs|documentation|passages?|sources?|pages?|texts?|context|articles?|handbook"
    r"|manual|materials?|information (?:i have|provided|given|available)|knowledge base)"
)
_NOT = r"(?:(?:do|did|could|can|was|am|are|were|have|would)(?: not|n't)|cannot|can't|not|unable to)"
_INFORMATION = r"(?:information|answer|details?|data|mention|reference|idea|clue|documentation)"
_SAYING = (
    r"(?:say|mention|cover|tell|answer|state|contain|include|specify|address|describe|explain"
    r"|provide|give|list|discuss|show|hold|indicate|clarify|settle)"
)
# What a bot says of itself and of its sources; "We do not have a shop" and "It is not covered" are
# answers.
_PATTERNS = (
    rf"\bi(?:'m| am)?(?: \w+ly| also)? {_NOT}(?: \w+){{0,3}}? (?:know|find|found|see|say|tell|sure"
    r"|certain|answer|confirm|determine|locate|help|assist|aware)\b",
    rf"\bwe(?:'re| are)?(?: \w+ly| also)? {_NOT}(?: \w+){{0,2}}? (?:know|find|found|sure)\b",
    rf"\b(?:i|we) (?:{_NOT} have|have no|have not|haven't|found no|find no|see no)(?: \w+){{0,2}}? "
    rf"{_INFORMATION}\b",
    rf"\b{_SOURCES}\b(?: \S+){{0,5}}? (?:(?:do|does|did|can)(?: not|n't)|cannot|never)(?: \w+)?? "
    rf"{_SAYING}\b",
    rf"\b{_SOURCES}\b(?: \S+){{0,5}}? (?:says? nothing|(?:has|have|gives?|contains?|holds?) no"
    rf"(?: \w+)?? {_INFORMATION})\b",
    rf"\b(?:nothing|no (?:\w+ )??{_INFORMATION}|(?:not|n't) (?:mentioned|found|stated|specified"
    r"|covered|documented|described|listed|included|there))\b.{0,50}?\b(?:in|by|from|among) "
    rf"(?:the|our|my|these|those|any)(?: \w+){{0,2}}? {_SOURCES}\b",
    rf"\b(?:is|are)(?: not|n't) in (?:the|our|my|these)(?: \w+)?? {_SOURCES}\b",
    rf"\bthere(?: is|'s| are) (?:no|not (?:any|enough)|insufficient)(?: \w+)?? {_INFORMATION}\b",
    rf"^no {_INFORMATION}\b|\bnot enough information\b",
    r"\b(?:is|are|was)(?: not|n't)(?: \w+ly)? "
    r"(?:mentioned|specified|documented|stated|answerable)\b",
    r"\boutside (?:of )?(?:what\b|(?:my|our|the) (?:scope|documents|knowledge|sources))",
    r"^(?:i )?(?:don't know|do not know)\b|^dunno\b|^not sure\b|^unclear\b|^unknown\W*$|^n/a\W*$",
    r"\bwei(?:ß|ss) (?:ich )?(?:das |es |davon )?(?:leider |auch )?nicht\b"
    r"|\bich wei(?:ß|ss)\b.{0,30}\bnicht\b",
    r"\b(?:finde ich|ich finde|habe ich|ich habe|mir (?:fehl|lieg)en)\b.{0,60}?\b(?:nichts"
    r"|keine?n? (?:\w+ )?(?:antwort|information|angabe|hinweis|unterlage)\w*)",
    r"\bkann ich\b.{0,40}?\bnicht (?:beantworten|sagen|finden|helfen)\b"
    r"|\bich kann\b.{0,40}?\bnicht (?:beantworten|sagen|finden|helfen)\b",
    r"\b(?:unterlagen|dokument(?:e|en|ation)?|quellen?|passagen?)\b.{0,20}?\b(?:sag(?:en|t)"
    r"|enth(?:a|ä)lt(?:en)?|erwähn(?:en|t)|nenn(?:en|t)|steh(?:en|t)|beleg(?:en|t))\b.{0,40}?"
    r"\b(?:nicht|nichts|keine?n?)\b",
    r"\bje ne (?:sais|trouve) pas\b|\bno lo sé\b|\bno sé\b|\bno encuentro\b",
)
_GIVES_UP = re.compile("|".join(_PATTERNS), re.IGNORECASE)
_COURTESY = re.compile(
    r"^(?:(?:(?:i(?:'m| am) |we(?:'re| are) )?(?:so |very |really )?(?:sorry|afraid)|apologies"
    r"|thanks?(?: you)?|hi|hello|hey|good question|great question|unfortunately|hmm+|oh"
    r"|entschuldigung|(?:es )?tut mir leid|leider|danke|hallo)\b[^.?!]{0,40})[.!,:–—-]*$",
    re.IGNORECASE,
)
_HEDGES = re.compile(
    r"\b(?:but|however|though|aber|jedoch)\b(?!.{0,12}\b(?:i|we|ich)\b.{0,20}\b(?:not|no|n't"
    r"|nicht|can't|don't|couldn't)\b)(?P<rest>.+)",
    re.IGNORECASE,
)
_CONCEDES = re.compile(r"(?:while|although|though|even though|obwohl|auch wenn)\b", re.IGNORECASE)
_TELLS = re.compile(r"\d|\[\d")
_PLACEHOLDER = re.compile(r"\{\w+\}")
_LEAST_WORDS = 3  # of a phrase of the persona: "No." alone says nothing
_LONGEST_ASKED = 40  # words that may stand where a phrase has {asked}


class Refusals:
    """Recognises refusals; ``phrases`` are the persona's own words for not knowing."""

    def __init__(self, phrases: Sequence[str] = ()) -> None:
        self._phrases = [p for phrase in phrases if (p := _parts(phrase))]

    def __call__(self, answer: str) -> bool:
        """Whether an answer says that it does not know; an empty one does."""
        text = bare(answer).replace(NO_ANSWER, " ").strip()
        if not any(c.isalnum() for c in text):
            return True
        sentence = _first(text)
        own = said(" ".join(text.split()[: 3 * _LONGEST_ASKED]))
        if any(_begins(own, parts) for parts in self._phrases):
            return True
        found = _GIVES_UP.search(sentence)
        if found is None:
            return False
        if _CONCEDES.match(sentence):  # "While the documents do not say how, they …"
            rest = sentence[found.end() :].partition(",")[2]
            return not rest.strip() or bool(_GIVES_UP.search(rest))
        hedge = _HEDGES.search(sentence, found.end())
        return hedge is None or not _TELLS.search(hedge["rest"])


def _first(text: str) -> str:
    """The first sentence that is no courtesy."""
    sentences = [" ".join(unit.text.split()) for unit in split(text)]
    for sentence in sentences:
        if not _COURTESY.match(sentence):
            return sentence
    return sentences[0] if sentences else ""


def _parts(phrase: str) -> tuple[tuple[str, ...], ...]:
    """A phrase as the words between its placeholders; nothing where they are too few."""
    parts = tuple(words for part in _PLACEHOLDER.split(phrase) if (words := said(part)))
    return parts if sum(map(len, parts)) >= _LEAST_WORDS else ()


def _begins(words: Sequence[str], parts: Sequence[Sequence[str]]) -> bool:
    """Whether words begin with the parts of a phrase, with anything between them."""
    at = 0
    for number, part in enumerate(parts):
        farthest = 1 if number == 0 else _LONGEST_ASKED
        size = len(part)
        places = range(at, min(at + farthest, len(words) - size + 1))
        place = next((p for p in places if tuple(words[p : p + size]) == tuple(part)), None)
        if place is None:
            return False
        at = place + size
    return True
