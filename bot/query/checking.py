"""Whether a query that a model wrote may be searched: it keeps to the question and its thread.

Pure policy, without a language: a query is its question with words of the thread put in. What is
more than that (an answer, a translation, orders from the thread carried out, an invented name or
number) is found by the words that come from nowhere or that are gone.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from bot.conversation import Message
from bot.lexical import STOP_WORDS, query_terms, terms
from bot.query.cues import ASKS
from bot.query.phrases import Token, is_attribute, phrases, singular, tokens

LONGEST = 400
"""Characters of a query; a longer question may come back as long as it is."""

GROWTH = 200
"""Characters that may be put in."""

KEPT = 0.5
"""The share of the question's telling terms that stay; a pronoun's neighbours may be reworded."""

NEW = 0.3
"""The share of the query's telling terms that may be new: inflected or put in other words."""

_COUNTING = frozenset(
    "one ones other others two three four first second third fourth last guy man woman".split()
)
_LABEL = re.compile(r"^(?:[\w-]+ ){0,3}(?:query|question|rewrite|rewritten)\s*:\s*", re.IGNORECASE)
_QUOTES = "\"'`“”„«»*"
_MARKER = re.compile(r"\[\d+\]|https?://|www\.|[<>{}]")


def cleaned(text: str) -> str:
    """A model's query without a label before it or quotes around it."""
    text = text.strip()
    text = _LABEL.sub("", text, count=1)
    if len(text) > 1 and text[0] in _QUOTES and text[-1] in _QUOTES:
        text = text.strip(_QUOTES)
    return text.strip()


def strayed(query: str, question: str, history: Sequence[Message]) -> str:
    """Why a model's query is not searched, in words without the texts; empty: it may be."""
    if not query:
        return "empty"
    if "\n" in query or len(query) > max(LONGEST, len(question) + GROWTH):
        return "too long"
    if _MARKER.search(query) and not _MARKER.search(question):
        return "markup"
    known = {singular(t.word) for t in tokens(question)}
    for message in history:
        known |= {singular(t.word) for t in tokens(message.text)}
    written = tokens(query)
    if any(_sure(t, first=t.start == 0) and not _known(t, known) for t in written):
        return "a name or a number from nowhere"
    own = {t.word for t in written}
    if any(_coded(t.word) and t.word not in own for t in tokens(question)):
        return "a code or a number is gone"
    return _reworded(query, question, history)


def _reworded(query: str, question: str, history: Sequence[Message]) -> str:
    """What is wrong with the words of a query, beside names and numbers."""
    asked, found = _asked(question), set(terms(query))
    if asked and len(asked & found) < KEPT * len(asked):
        return "another question"
    thread = set(terms(question)).union(*(terms(m.text) for m in history))
    written = {t for t in query_terms(query) if t not in STOP_WORDS}
    if len(written - thread) > max(1, NEW * len(written)):
        return "words from nowhere"
    if ASKS.search(question) and query.endswith((".", "!")) and not ASKS.search(query):
        return "an answer"
    return ""


def _asked(question: str) -> set[str]:
    """The terms of a question that a query keeps. What "the" and "those" point at may be called by
    its name, and so may "the second one" and words as general as "type"."""
    kept = (p for p in phrases(question) if not p.definite)
    words = {w for p in kept for w in p.words if not is_attribute(w) and w not in _COUNTING}
    return {t for w in words for t in terms(w)}


def _coded(word: str) -> bool:
    return any(c.isdigit() for c in word)


def _sure(token: Token, *, first: bool) -> bool:
    """Whether a word is a number, a code or a name: what must never be invented."""
    return _coded(token.word) or (not first and token.text[:1].isupper())


def _known(token: Token, known: set[str]) -> bool:
    """Whether the thread has a word, whole or in all its parts ("X1-Pro" of "X1" and "Pro")."""
    if token.word in STOP_WORDS or singular(token.word) in known:
        return True
    parts = [p for p in re.split(r"\W+", token.word) if p]
    return len(parts) > 1 and all(singular(p) in known for p in parts)
