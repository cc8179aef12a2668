"""What of a text shows its manner: surface features with names, and hashed words and letters.

Code, links and markers are left out. The surface features are bounded and need no data to be
scaled; the words behind them are plain lists, each a judgement of ours and none of a persona's.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bot.sentences import Unit, split
from persona.style import masked

Array = NDArray[np.float32]

BUCKETS = 8_192
"""Of the hashed features; with 100 examples of 25 words about 6,000 are in use."""

TOKEN = re.compile(r"[^\W_]+(?:['’][^\W_]+)*|!+|\?+|\.{2,}|[^\w\s.,;:]")

_LISTS = {
    "slang": "gonna wanna gotta kinda sorta yeah yep yup nope hey yo dude guys folks bro buddy pal "
    "stuff cool awesome lol omg btw asap fyi super tons chill legit epic sick rad oops whoa wow "
    "ain't y'all lemme gimme cuz coz vibe vibes hella dope fam u ur pls thx thru",
    "formal words": "utilize utilise regarding pursuant hereby herein thereof kindly facilitate "
    "commence terminate endeavour endeavor prior subsequent subsequently aforementioned inform "
    "assist assistance obtain ascertain additionally furthermore moreover therefore thus hence "
    "shall whilst upon request requested require required pertaining respective accordance ensure "
    "provide provided advised purchase proceed remain sufficient numerous demonstrate indicate "
    "enquiry enquire notify notification undertake deem deemed constitute per via initiate",
    "hedging": "maybe perhaps might possibly probably somewhat likely could seems seem apparently "
    "presumably roughly guess suppose believe think fairly rather potentially generally usually",
    "big words": "very really absolutely totally extremely incredibly truly completely utterly "
    "literally definitely certainly obviously clearly highly remarkably so",
    "sales words": "amazing exciting excited best ultimate revolutionary seamless seamlessly world "
    "leading innovative cutting edge unlock empower elevate delight delighted thrilled love "
    "fantastic incredible premium exclusive unparalleled robust leverage synergy journey solution "
    "solutions experience unmatched stunning effortless effortlessly transform powerful",
    "apologies": "sorry apologise apologize apologies apology regret unfortunately inconvenience "
    "afraid",
    "politeness": "please thank thanks kindly welcome appreciate gladly happy glad pleased",
    "orders": "must need required obliged mandatory immediately forbidden prohibited failure",
    "you": "you your yours you're you'll you've you'd yourself",
    "I": "i i'm i'll i've i'd me my mine",
    "we": "we we're we'll we've we'd us our ours",
    "the customer": "customer customers user users client clients individual individuals "
    "applicant holder account-holder party parties",
}
_MEMBERS = {word: name for name, words in _LISTS.items() for word in words.split()}
_LIST_NAMES = tuple(_LISTS)
_CONTRACTED = re.compile(r"\w['’](?:t|ll|re|ve|d|m|s)\b", re.IGNORECASE)
_IN_FULL = re.compile(
    r"\b(?:(?:do|does|did|is|are|was|were|has|have|had|will|would|can|could|should) ?not"
    r"|(?:it|that|there|he|she) (?:is|will|has)|(?:you|we|they) (?:are|will|have)"
    r"|I (?:am|will|have))\b",
    re.IGNORECASE,
)
_PASSIVE = re.compile(
    r"\b(?:is|are|was|were|be|been|being)(?: \w+ly)? \w+(?:ed|en|wn|lt|nt)\b", re.IGNORECASE
)
_DRAWN_OUT = re.compile(r"(\w)\1{2,}|[!?]{2,}|\.{3,}|…")
_EMOJI = re.compile("[\u2600-\u27bf\u2b50\U0001f300-\U0001faff]|[:;]-?[)(DP]")
_DASH = re.compile(r"\s[-–—]\s|—")

SURFACE = (
    "exclamation", "questions", "emoji", "capitals", "small letters", "drawn-out writing",
    "contractions", "words in full", "passive", "asides", "sentence length", "long sentences",
    "word length", "long words", "length", *_LIST_NAMES,
)  # fmt: skip
"""The names of the surface features, which are also the reasons that a finding may give."""

_TELLS_NO_PHRASE = frozenset({"sentence length", "word length", "length", "small letters"})
REASONS = frozenset(SURFACE) - _TELLS_NO_PHRASE
"""Features that a single phrase can honestly be blamed for."""


@dataclass(frozen=True, slots=True)
class Features:
    """One text: ``surface`` of shape ``[len(SURFACE)]``, each within -1 to 1, and ``hashed``, a
    unit-length vector given by its ``buckets`` and their ``values``."""

    surface: Array
    buckets: NDArray[np.int64]
    values: Array


def features(text: str) -> Features:
    """The features of a text. A text without words has none but zeros."""
    text = masked(text)
    tokens = TOKEN.findall(text)
    buckets, values = _hashed(tokens)
    return Features(surface(text, tokens), buckets, values)


def _bucket(key: str) -> int:
    return zlib.crc32(key.encode("utf-8", "replace")) % BUCKETS


def keys_of(token: str, before: str = "") -> list[tuple[int, float]]:
    """The buckets of a token, after ``before``, with what each counts."""
    word = token.casefold().replace("’", "'")
    keys = [(_bucket(f"w:{word}"), 1.0)]
    if before:
        keys.append((_bucket(f"b:{before.casefold().replace('’', chr(39))} {word}"), 0.5))
    if word[0].isalpha():
        framed = f"<{word}>"
        keys += [
            (_bucket(f"c:{framed[i : i + n]}"), 0.3)
            for n in (3, 4, 5)
            for i in range(len(framed) - n + 1)
        ]
    return keys


def _hashed(tokens: Sequence[str]) -> tuple[NDArray[np.int64], Array]:
    """Words, neighbours and letter n-grams, damped by the logarithm, at unit length."""
    counts: dict[int, float] = {}
    before = ""
    for token in tokens:
        for bucket, weight in keys_of(token, before):
            counts[bucket] = counts.get(bucket, 0.0) + weight
        before = token
    buckets = np.fromiter(counts, np.int64, len(counts))
    values: Array = np.log1p(np.fromiter(counts.values(), np.float32, len(counts)))
    length = np.float32(np.linalg.norm(values)) or np.float32(1)
    return buckets, (values / length).astype(np.float32)


def surface(text: str, tokens: Sequence[str]) -> Array:
    """The named features of a masked text: rates for each word or sentence, squeezed by tanh."""
    words = [t for t in tokens if t[0].isalnum()]
    if not words:
        return np.zeros(len(SURFACE), np.float32)
    n = len(words)
    sentences = [u for u in split(text) if u.unit in (Unit.PROSE, Unit.ITEM)]
    lengths = [len(u.text.split()) for u in sentences] or [n]
    s = len(lengths)
    listed = dict.fromkeys(_LIST_NAMES, 0)
    for word in words:
        name = _MEMBERS.get(word.casefold().replace("’", "'"))
        if name:
            listed[name] += 1
    shouted = sum(w.isupper() and len(w) > 2 and w.isalpha() for w in words)
    raw = [
        text.count("!") / s,
        text.count("?") / s,
        3 * len(_EMOJI.findall(text)) / s,
        12 * shouted / n,
        sum(u.text[:1].islower() for u in sentences) / s,
        2 * len(_DRAWN_OUT.findall(text)) / s,
        12 * len(_CONTRACTED.findall(text)) / n,
        12 * len(_IN_FULL.findall(text)) / n,
        len(_PASSIVE.findall(text)) / s,
        len(_DASH.findall(text)) / s,
        (sum(lengths) / s - 14) / 10,
        sum(x > 24 for x in lengths) / s,
        (sum(map(len, words)) / n - 4.6) / 1.2,
        6 * sum(len(w) > 8 for w in words) / n,
        np.log(n / 25) / 1.5,
        *(12 * count / n for count in listed.values()),
    ]
    return np.tanh(np.array(raw, np.float32))
