"""A name for a group of questions, made of their own words or of a document's heading. Pure.

Nothing of it is stored: what is erased from the questions is gone from the name as well.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bot.facts import rarity
from bot.languages import FUNCTION_WORDS, GERMAN, language
from bot.lexical import STOP_WORDS, fold, query_terms, terms

NOBODY = "Questions that were erased"
"""The name of a group of which no words are left."""

_LONGEST = 6  # words of a name
_LEAST_COVERED = 0.75  # of what the questions ask about, in a heading that may be the name
_LEAST_ASKED = 0.5  # of what such a heading says, by rarity: else it is about more, or other things
_LEAST_TELLING = 4.5  # rarity of a word that may be a name by itself; "Work" is none
_COST = 0.35  # of a word in a name; of one that says nothing twice as much
_ALONE = 0.1  # what a term weighs that only one of several questions has
_EDGES = "\"'“”‘’.,;:!?¿¡()[]{}<>*_`«»…"
_GERMAN = FUNCTION_WORDS[GERMAN] | frozenset(
    """passiert passieren geht gehen funktioniert funktionieren macht machen mache bekomme bekommt
    bekommen brauche braucht brauchen finde findet finden muss mussen darf durfen lang auch noch
    schon man ab an aus hallo bitte danke""".split()
)
_GERMAN_TERMS = frozenset(t for word in _GERMAN for t in terms(word))


@dataclass(frozen=True, slots=True)
class Name:
    """What a group is about, and the question that says it best, as it was asked."""

    topic: str
    question: str


def name_of(queries: Sequence[str], headings: Iterable[str] = ()) -> Name:
    """The name of a group by some of its questions and the headings that came nearest.

    It is in the language that most of them are in. A heading that says most of what the questions
    have in common, and little else, is the name; else the stretch of words that does, from the
    question that is nearest to them all.
    """
    if not queries:
        return Name(NOBODY, "")
    tongue = _most_spoken(queries)
    spoken = [q for q in queries if language(q) in (tongue, "")] or list(queries)
    weights = _weights(spoken)
    question = min(spoken, key=lambda q: (-_told(q, weights), len(q), q))
    wanted = sum(weights[t] for t in _terms(question))
    for heading in headings:
        if tongue and language(heading) not in (tongue, ""):
            continue
        if len(heading.split()) <= 2 * _LONGEST and wanted and _says(heading, weights, wanted):
            return Name(heading, question)
    return Name(_phrase(question, weights), question)


def _most_spoken(queries: Sequence[str]) -> str:
    """The language of most of the questions that tell theirs; empty where none does."""
    counts = Counter(filter(None, map(language, queries)))
    return max(counts, key=lambda tongue: counts[tongue]) if counts else ""


def _says(heading: str, weights: dict[str, float], wanted: float) -> bool:
    """Whether a heading says what is asked, and not much more."""
    said = _terms(heading)
    total = sum(map(rarity, said))
    asked = sum(rarity(t) for t in said if t in weights)
    held = sum(weights.get(t, 0.0) for t in said)
    return held >= _LEAST_COVERED * wanted and asked >= _LEAST_ASKED * total


def _terms(text: str) -> frozenset[str]:
    """What a text is about, in terms; function words of either language say nothing."""
    return frozenset(query_terms(text)) - (_GERMAN_TERMS if language(text) == GERMAN else set())


def _weights(queries: Sequence[str]) -> dict[str, float]:
    """How telling each term is: how many other questions have it, and how rare it is elsewhere."""
    counts = Counter(t for query in queries for t in _terms(query))
    others = max(len(queries) - 1, 1)
    alone = 1.0 if len(queries) == 1 else _ALONE
    return {t: max((n - 1) / others, alone) * rarity(t) for t, n in counts.items()}


def _told(query: str, weights: dict[str, float]) -> float:
    """How much of what all ask about a question says for its length."""
    found = _terms(query)
    asks = 1.4 if query.rstrip().endswith("?") else 1.0  # it becomes a title
    return asks * sum(weights[t] for t in found) / (12 + len(query.split())) if found else 0.0


def _phrase(question: str, weights: dict[str, float]) -> str:
    """The stretch of at most six words that says most; it neither begins nor ends with a word that
    says nothing."""
    words = [word.strip(_EDGES) for word in question.split()]
    words = [word for word in words if word]
    empty = STOP_WORDS | _GERMAN if language(question) == GERMAN else STOP_WORDS
    worth = [0.0 if fold(word) in empty else _worth(word, weights) for word in words]
    best, chosen = 0.0, words[:_LONGEST]
    for start in range(len(words)):
        for end in range(start + 1, min(start + _LONGEST, len(words)) + 1):
            if not (worth[start] and worth[end - 1]):
                continue
            said = sum(w - _COST if w else -2 * _COST for w in worth[start:end])
            if said > best:
                best, chosen = said, words[start:end]
    if len(chosen) == 1 < len(words) and not _tells(chosen[0]):
        chosen = words[:_LONGEST]  # "It doesn't work" rather than "Work"
    phrase = " ".join(chosen)
    return phrase[:1].upper() + phrase[1:]


def _worth(word: str, weights: dict[str, float]) -> float:
    return max((weights.get(term, 0.0) for term in terms(word)), default=0.0)


def _tells(word: str) -> bool:
    return max(map(rarity, terms(word)), default=0.0) >= _LEAST_TELLING
