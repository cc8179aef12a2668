"""Text to terms, the same way everywhere: lexical search, extractive reader, grounding.

Words are case-folded, stripped of accents and stemmed (Snowball English). Compounds such as
``AX-100``, ``v1.39.0`` or ``user_id`` give the whole and its parts, so that a product code is
found exactly and by its pieces. Scripts written without spaces give character pairs.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache

import Stemmer

_WORD = re.compile(r"[^\W_]+(?:['’\-._/+#@:][^\W_]+)*[+#]*")
_PART = re.compile(r"[^\W_]+")
_POSSESSIVE = re.compile(r"['’]s\b")
_UNSPACED = re.compile("[\u0e00-\u0eff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")

_stemmer = Stemmer.Stemmer("english")

# Function words and the verbs that people wrap a question in. Dropped from queries only: worth
# more than the choice of engine (manuals .698 to .811 nDCG@10 in our measurements).
STOP_WORDS = frozenset(
    """a about after again all also am an and any are aren't as at be because been before being
    but by can can't cannot could couldn't did didn't do does doesn't doing don't done down each
    else ever few for from further get gets getting give gives go goes going got had has hasn't
    have haven't having he help her here hers him his hi hello hey how however i i'd i'll i'm i've
    if in into is isn't it it's its itself just know let like made make makes may me mean might
    mine more most much must my myself need needs no nor not now of off ok okay on once one only or
    other our ours out over own please same shall she should shouldn't so some such tell than thank
    thanks that that's the their theirs them themselves then there there's these they this those
    through to too under until up us use used using very want wants was wasn't way we were weren't
    what what's when where where's which while who who's whom why will with without won't would
    wouldn't yes you you'd you'll you're you've your yours yourself""".split()
)


def fold(text: str) -> str:
    """Lower-case without accents: ``Crème`` becomes ``creme``; Hangul stays in syllables."""
    text = text.casefold().replace("’", "'")
    if text.isascii():
        return text
    decomposed = unicodedata.normalize("NFKD", text)
    bare = "".join(c for c in decomposed if not unicodedata.combining(c))
    return unicodedata.normalize("NFC", bare)


@lru_cache(maxsize=65_536)
def _expand(word: str) -> tuple[str, ...]:
    """The terms of one folded word."""
    if _UNSPACED.search(word):
        pairs = tuple(word[i : i + 2] for i in range(len(word) - 1))
        return pairs or (word,)
    word = _POSSESSIVE.sub("", word)
    parts = _PART.findall(word)
    if len(parts) == 1 and parts[0] == word:
        return (_stemmer.stemWord(word),)
    stemmed = tuple(_stemmer.stemWord(p) for p in parts)
    if "'" in word and all(p.isalpha() for p in parts):
        return (max(stemmed, key=len),)  # don't, but l'abonnement and O'Reilly too
    return (word, *stemmed)


def words(text: str) -> list[str]:
    """The folded words as written, compounds whole: ``["ax-100", "needs", "2.5", "bar"]``."""
    return _WORD.findall(fold(text))


def terms(text: str) -> list[str]:
    """The terms of a text, in order, with repeats; what a document is indexed by."""
    return expanded(words(text))


def expanded(folded: Iterable[str]) -> list[str]:
    """The terms of :func:`words`."""
    return [term for word in folded for term in _expand(word)]


def query_terms(text: str) -> list[str]:
    """The distinct terms of a question without stop words; all of it where nothing else is left."""
    found = words(text)
    telling = [w for w in found if w not in STOP_WORDS] or found
    return list(dict.fromkeys(t for w in telling for t in _expand(w)))


def content_words(found: Iterable[str]) -> list[str]:
    """Those of the given folded words that are no stop words."""
    return [w for w in found if w not in STOP_WORDS]
