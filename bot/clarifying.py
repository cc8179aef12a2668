"""One question back where a question could mean several things that have different answers.

Pure and careful: a question back that was not needed costs more than one that was missed. It comes
only where several passages fit equally well, stand for different things, and say different things
about what is asked; and never twice in a row.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from bot.asking_back import (
    Choice,
    Clarification,
    Unclear,
    Wording,
    asked_back,
    asked_what_happens,
)
from bot.conversation import Message, Role
from bot.evidence import Passage
from bot.facts import Kind, facts
from bot.languages import ENGLISH, FUNCTION_WORDS, GERMAN, language
from bot.lexical import STOP_WORDS, fold, terms, words
from bot.linking import title_said
from bot.llm.asking import ONE_VALUE, Asked, Asks, holds_type, read_question
from bot.query.cues import PERSONAL, POINTING, SWITCH, leans, telling
from bot.query.phrases import Kind as Named
from bot.query.phrases import is_attribute, phrases, singular, tokens
from bot.sentences import Unit, split


@dataclass(frozen=True, slots=True)
class Limits:
    """When passages are equally near. Figures: ``benchmarks/bench_clarifying.py``.

    ``covered`` is the least share of the question's telling words that each choice holds, ``apart``
    how far its cosine may be below the best, ``cosine`` the least for a question that says little.
    """

    covered: float = 0.8
    apart: float = 0.12
    cosine: float = 0.3
    alike: float = 0.7


LIMITS = Limits()


_VAGUE = frozenset(
    """work works working worked broken break breaks problem problems issue issues trouble error
    errors wrong stuck fail fails failed failing help fix stopped stop broke weird strange happens
    happened thing stuff something anything nothing everything question questions still again
    anymore either yet properly correctly nope hm luck immer noch leider wieder mehr
    funktioniert geht kaputt problem probleme fehler hilfe klappt geht's defekt""".split()
)
_COMPLAINT = re.compile(
    r"\b(?:(?:does|do|is|did|has|have|will|would|can)(?: not|n['’]?t)|won['’]?t|can['’]?t|not"
    r"|problems?|issues?|broken|stuck|fail(?:s|ed|ing)?|help|error|wrong|stopped|trouble"
    r"|nothing happens|no luck|nicht|kaputt|fehler|hilfe|defekt)\b",
    re.IGNORECASE,
)
_IN_GENERAL = re.compile(
    r"\bhow (?:does|do|is|are) (?:it|this|that|they) (?:work|done)\b", re.IGNORECASE
)
_NO_PROBLEM = re.compile(r"\b(?:no|not an?|kein) (?:problem|trouble|issue)s?\b", re.IGNORECASE)
_BRACKETS = re.compile(r"\([^()]*\)")
_ASKS_A_FACT = re.compile(
    r"\W*(?:(?:and|so|but|ok(?:ay)?)\b\W*)*(?:who|how|when|where|which|what"
    r"|(?:did|was|were|is|are|does|do|has|have|can|could|will|would)\s+(?!not\b))\b",
    re.IGNORECASE,
)
_NEWEST = 8  # messages of a thread in which things are looked for that were named
_LONGEST_LABEL = 60
_LONGEST_VAGUE = 8
_LONGEST_KIND = 2
_DEFINITE = [[word] for word in ("the", "my", "your", "our", "this", "that")]
_GERMAN_NOUN = re.compile(
    r"\b(?:der|die|das|den|dem|des|mein\w*|unser\w*|dein\w*)\s+([A-ZÄÖÜ][a-zäöüß]{2,})\b"
)


def clarification(
    question: str,
    query: str,
    passages: Sequence[Passage],
    history: Sequence[Message] = (),
    *,
    tongue: str = ENGLISH,
    limits: Limits = LIMITS,
) -> Clarification | None:
    """The question back that a question needs; ``None`` where it can be answered, or was asked back
    about already.

    ``query`` is the question as rewritten with its thread; ``passages`` come best first, documents
    alone; ``tongue`` is the language to ask in.
    """
    if asked_back(history):
        return None
    wording = Wording(tongue)
    if history and not _ASKS_A_FACT.match(question) and _says_little(question):
        return _what_happens(history, passages, wording, limits)
    if _says_little(query):
        return _about_what(passages, wording, limits)
    return _of_several(question, query, passages, history, wording, limits)


def _of_several(
    question: str,
    query: str,
    passages: Sequence[Passage],
    history: Sequence[Message],
    wording: Wording,
    limits: Limits,
) -> Clarification | None:
    """For a question that could be about several of the things found."""
    asked = read_question(query)
    named = any(f.kind is Kind.CODE for f in asked.facts)
    if named or asked.compares or asked.lists or len(passages) < 2:
        return None
    for noun in _kinds_named(query):
        if found := _which(noun, asked, passages, wording, limits):
            return found
    if query == question and not history and _points_nowhere(query):
        return _what(asked, passages, wording, limits)
    return None


def complains_again(question: str, history: Sequence[Message]) -> str:
    """Why nothing can be looked up for an "it still doesn't work", in words: what exactly happens
    was asked in this thread before, and this does not say it. Empty for every other message."""
    again = asked_what_happens(history) and not _ASKS_A_FACT.match(question)
    return "it says again that it does not work" if again and _says_little(question) else ""


# -- what is unclear ------------------------------------------------------------------------------


def _says_little(query: str) -> bool:
    if _NO_PROBLEM.search(query):
        return False
    said = words(query)
    empty = STOP_WORDS | _VAGUE | FUNCTION_WORDS[GERMAN]
    rest = [w for w in said if w not in empty]
    return len(said) <= _LONGEST_VAGUE and not rest and bool(_COMPLAINT.search(query))


def _points_nowhere(query: str) -> bool:
    found = phrases(query)
    pointing = {t.word for t in tokens(query)} & (PERSONAL | POINTING)
    if _IN_GENERAL.search(query):
        return False
    return bool(pointing) and not telling(found)[1:] and leans(tokens(query), found)


def _named_before(history: Sequence[Message]) -> list[str]:
    """Codes and names that the thread speaks of, the newest first: the asker's own, else those of
    the answers."""
    found: dict[Role, dict[str, str]] = {Role.USER: {}, Role.ASSISTANT: {}}
    for message in reversed(history[-_NEWEST:]):
        codes = [f.text for f in facts(message.text) if f.kind is Kind.CODE]
        names = [p.text for p in phrases(message.text) if p.kind is Named.NAME]
        own = codes or (names if message.role is Role.USER else [])
        for name in own:
            if len(name) <= _LONGEST_LABEL and message.role in found:
                found[message.role].setdefault(fold(name), name)
    return list((found[Role.USER] or found[Role.ASSISTANT]).values())


def _kinds_named(query: str) -> list[str]:
    """What a question names by its kind alone, the last first: "the sensor"; nothing where it has
    a name or a code too."""
    if SWITCH.search(query) or "(" in query:
        return []
    if language(query) == GERMAN:
        return _GERMAN_NOUN.findall(query)[::-1]
    found = [p for p in phrases(query) if not p.does]
    if any(p.kind is not Named.PLAIN for p in found):
        return []
    return [
        p.text
        for p in reversed(found)
        if len(p.words) <= _LONGEST_KIND
        and p.words[-1] == singular(p.words[-1])
        and not is_attribute(p.words[-1])
        and words(query[: p.start])[-1:] in _DEFINITE
    ]


# -- what could be meant --------------------------------------------------------------------------


def _which(
    noun: str, asked: Asked, passages: Sequence[Passage], wording: Wording, limits: Limits
) -> Clarification | None:
    """Things whose titles name the kind ("the sensor"), each told of in the same way."""
    kind = frozenset(terms(noun))
    wanted = _wanted(asked, kind)
    chosen = _choices(asked, wanted, passages, limits, kind) if wanted else []
    if not _hangs_on_it(chosen, wanted, passages, asked, limits):
        return None
    return wording.clarification(chosen, Unclear.ONE_OF_SEVERAL, noun)


def _what(
    asked: Asked, passages: Sequence[Passage], wording: Wording, limits: Limits
) -> Clarification | None:
    """Things of which what is asked of "it" is told."""
    wanted = _wanted(asked, frozenset())
    chosen = _choices(asked, wanted, passages, limits)
    if not _hangs_on_it(chosen, wanted, passages, asked, limits):
        return None
    return wording.clarification(chosen, Unclear.POINTS_NOWHERE)


def _wanted(asked: Asked, kind: frozenset[str]) -> dict[str, float]:
    """The telling words of a question but for the kind, with their weights."""
    empty = {t for w in FUNCTION_WORDS[GERMAN] for t in terms(w)}
    empty = empty if language(asked.text) == GERMAN else set()
    return {t: w for t, w in asked.weights.items() if t not in kind and t not in empty}


def _choices(
    asked: Asked,
    wanted: dict[str, float],
    passages: Sequence[Passage],
    limits: Limits,
    kind: frozenset[str] = frozenset(),
) -> list[Choice]:
    """The things that the passages are about, each with the best passage about it, where those hold
    the wanted words and are about as near as the nearest."""
    nearest = max(p.cosine or 0.0 for p in passages)
    total = sum(wanted.values()) or 1.0
    found: dict[str, Choice] = {}
    for passage in passages:
        label, code = _label(passage)
        if not label or fold(label) in found or not kind <= set(terms(passage.chunk.title)):
            continue
        held = set(terms(f"{passage.chunk.header}\n{passage.chunk.text}"))
        covered = sum(w for t, w in wanted.items() if t in held) / total
        if covered < limits.covered or (passage.cosine or 0.0) < nearest - limits.apart:
            continue
        found[fold(label)] = Choice(label, code, passage, _told(asked, wanted, passage))
    coded = [choice for choice in found.values() if choice.code]
    return coded if len(coded) > 1 else list(found.values())


def _label(passage: Passage) -> tuple[str, bool]:
    """What a page is about: the one code in its title, else its title; empty where it has several
    codes and so is about none of them alone. A code in brackets only says more of a title."""
    title = title_said(passage.chunk.title, passage.chunk.uri)
    bare = _BRACKETS.sub(" ", title)
    codes = {f.value: f.text for f in facts(bare) if f.kind is Kind.CODE}
    if len(codes) == 1:
        return next(iter(codes.values())), True
    if codes or not title or len(title) > _LONGEST_LABEL:
        return "", False
    return title, False


def _told(asked: Asked, wanted: dict[str, float], passage: Passage) -> str:
    """The sentence or row of a passage that has most of the wanted words, and what is asked for."""
    best, most = "", -1.0
    for unit in split(passage.chunk.text):
        if unit.unit is Unit.HEADING:
            continue
        held = set(terms(unit.text))
        worth = sum(w for t, w in wanted.items() if t in held)
        fits = asked.asks not in ONE_VALUE or holds_type(asked, unit.text)
        if fits and worth > most:
            best, most = unit.text, worth
    return best


def _values(text: str) -> frozenset[tuple[str, str]]:
    return frozenset((f.value, f.unit) for f in facts(text) if f.kind in (Kind.NUMBER, Kind.DATE))


def _hangs_on_it(
    chosen: Sequence[Choice],
    wanted: dict[str, float],
    passages: Sequence[Passage],
    asked: Asked,
    limits: Limits,
) -> bool:
    """Whether there is something to choose from, it makes a difference what is chosen, and no
    passage tells of all at once."""
    if len(chosen) < 2 or len({c.code for c in chosen}) > 1 or not all(c.told for c in chosen):
        return False
    return not (
        _say_the_same(chosen, asked, limits) or _told_together(chosen, wanted, passages, asked)
    )


def _say_the_same(chosen: Sequence[Choice], asked: Asked, limits: Limits) -> bool:
    """Whether all choices have the same answer, so that nothing hangs on which is meant."""
    if asked.asks in (Asks.NUMBER, Asks.TIME):
        values = [_values(c.told) for c in chosen]
        return all(v == values[0] for v in values) or not all(values)
    names = {t for c in chosen for t in terms(c.label)}
    first, *others = (set(terms(c.told)) - names for c in chosen)
    return all(len(first & o) >= limits.alike * max(len(first | o), 1) for o in others)


def _told_together(
    chosen: Sequence[Choice],
    wanted: dict[str, float],
    passages: Sequence[Passage],
    asked: Asked,
) -> bool:
    """Whether one passage tells it of all: then that is the answer. A value stands with all of them
    in one sentence or table; else the passage must be as near as theirs."""
    names = [set(terms(c.label)) for c in chosen]
    nearest = max(c.passage.cosine or 0.0 for c in chosen)
    for passage in passages:
        text = passage.chunk.text
        held = set(terms(f"{passage.chunk.header}\n{text}"))
        if not all(name <= held for name in names) or not wanted.keys() <= held:
            continue
        if asked.asks in ONE_VALUE:
            units = [set(terms(u.text)) for u in split(text)]
            rows = "|" in text
            if rows or any(all(name <= unit for name in names) for unit in units):
                return True
        elif (passage.cosine or 0.0) >= nearest:
            return True
    return False


# -- the words ------------------------------------------------------------------------------------


def _about_what(passages: Sequence[Passage], wording: Wording, limits: Limits) -> Clarification:
    """For a question that says little: the pages that come nearest, or none of them."""
    chosen: dict[str, Choice] = {}
    for passage in passages:
        label, code = _label(passage)
        if label and (passage.cosine or 0.0) >= limits.cosine:
            chosen.setdefault(fold(label), Choice(label, code, passage, ""))
    several = list(chosen.values()) if len(chosen) > 1 else []
    return wording.clarification(several, Unclear.SAYS_LITTLE)


def _what_happens(
    history: Sequence[Message], passages: Sequence[Passage], wording: Wording, limits: Limits
) -> Clarification | None:
    """For "it doesn't work" in a thread: what exactly, with which of the things named before; once
    in a thread, since who says it again has no more to say."""
    if asked_what_happens(history):
        return None
    named = _named_before(history)
    return wording.what_happens(named) if named else _about_what(passages, wording, limits)
