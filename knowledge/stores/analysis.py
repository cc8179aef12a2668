"""What the embedded store's lexical leg makes of a text, and of a question.

Chunks are indexed by stem and by content word as written: a stem finds ``billing`` for ``bill``,
the word itself then ranks ``bill`` first. A question's function words find nothing, but order what
was found ("how do I" stands in guides). Both were measured on eight sets (``docs/benchmarks.md``,
``benchmarks/bench_retrieval.py``): nDCG@10 of the lexical leg .800 with stems alone and function
words dropped, .818 with words as written, .841 with function words at half weight.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass

from bot.lexical import content_words, expanded, query_terms, terms, words
from knowledge.stores.spelling import adjoined, joined

VERSION = 3
"""Goes up with every change of what a chunk is indexed by; term records are then made anew."""

WRITTEN = 0.5
"""Weight in a question of a word as written, beside its stem."""

FUNCTION = 0.5
"""Weight of function words' stems."""

_SURROGATE = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class IndexTerms:
    """How often each term of a chunk occurs, and its length in words."""

    counts: Counter[str]
    length: int


@dataclass(frozen=True, slots=True)
class LexicalQuery:
    """Weighted terms: chunks are found by ``telling``, and ordered by ``function`` too. ``words``
    are the question's, folded."""

    telling: dict[str, float]
    function: dict[str, float]
    words: list[str]


def index_terms(text: str) -> IndexTerms:
    """What a chunk, its header included, is indexed by."""
    written = words(text)
    counts = Counter(expanded(written))
    length = counts.total()
    counts.update(f"={word}" for word in content_words(written))
    # most words have no other form: asking for the terms of nothing took a quarter of the time
    counts.update(term for word in written if (form := joined(word)) for term in terms(form))
    counts.update(adjoined(written))
    return IndexTerms(counts, length)


def lexical_query(text: str) -> LexicalQuery:
    """The terms to look for; where a question has only function words, those tell."""
    written = words(text)
    telling = dict.fromkeys(query_terms(text), 1.0)
    telling.update((f"={word}", WRITTEN) for word in content_words(written))
    function = {term: FUNCTION for term in terms(text) if term not in telling}
    return LexicalQuery(telling, function, written)


def storable(text: str) -> str:
    """The text with lone surrogates, which UTF-8 cannot hold, replaced one for one."""
    return text if text.isascii() else _SURROGATE.sub("\ufffd", text)
