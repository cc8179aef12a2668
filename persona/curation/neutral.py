"""A question for an answer, without a word of whoever asked: made of what the sources call it.

The asker's words only point: at the heading of the cited passage that shares most of them, and at
what kind of answer was wanted (how long, how much, where …). The words of the question come from
titles, headings and cited sentences, and from a fixed set of frames, in English or German. Three
words in a row that the asker used are never among it. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import TypeVar

from bot.evidence import Passage
from bot.facts import rarity
from bot.languages import FUNCTION_WORDS, language
from bot.lexical import STOP_WORDS, query_terms, terms, words
from persona.curation.frames import FRAMES, KINDS, OPENINGS, TALK

T = TypeVar("T")

_LONGEST_TOPIC = 9
_RUN = 3
"""So many words in a row are somebody's own."""

_MARKUP = re.compile(r"[*_`#|<>\[\]{}]+|\((?:https?:|/|#)[^)]*\)")
_NUMBERING = re.compile(r"^\s*(?:\d+(?:\.\d+)*[.)]?|step \d+[:.]?)\s+", re.IGNORECASE)
_PLAIN = frozenset(
    """overview introduction faq faqs questions general details more information about summary
    notes note see also contents start readme home page index example examples""".split()
)
_BEFORE_NOUNS = frozenset(
    """a an the your our its their this these each every any all no of for with in on per by from
    to into over under within without than and or""".split()
)
_KNOWN = frozenset().union(*FUNCTION_WORDS.values())
_LEAST_TOLD = 8  # words from which on a text shows its language


@lru_cache(maxsize=1_024)
def runs(text: str) -> frozenset[tuple[str, ...]]:
    """Every run of three words in a text."""
    said = words(text)
    return frozenset(zip(said, said[1:], said[_RUN - 1 :], strict=False))


def question_for(
    asked: Sequence[str], cited: Sequence[tuple[Passage, str]], answer: str, seed: int
) -> str:
    """A neutral question that the answer answers; empty where none can be made.

    ``asked`` is the message and the query that was made of it; ``cited`` are the passages that the
    answer stands on, each with the sentences that carry it. The same sources and the same kind of
    question give the same words.
    """
    tongue = _tongue(answer, cited)
    if not tongue or not cited:
        return ""
    taken = frozenset[tuple[str, ...]]().union(*map(runs, asked))
    wanted = {term: rarity(term) for text in asked for term in query_terms(text)}
    kind = _kind(asked)
    details = _details(wanted, cited)
    for topic in _topics(wanted, cited):
        detail = _detail(topic, details)
        for narrow, plain in _turned(FRAMES[tongue][kind], seed):
            options = [narrow.format(topic=topic, detail=detail)] if detail else []
            for question in (*options, plain.format(topic=topic)):
                if taken.isdisjoint(runs(question)):
                    return question[:1].upper() + question[1:]
    return ""


def opening_for(asked: str, answer: str, seed: int) -> str:
    """A neutral message for a reply that needs no facts: a greeting for a greeting; empty where
    it is none of the kinds that are known."""
    tongue = language(answer) or language(asked) or "en"
    kind = next((name for name, pattern in TALK if pattern.search(asked)), "")
    said, taken = " ".join(words(asked)), runs(asked)
    for opening in _turned(OPENINGS.get((tongue, kind), ()), seed):
        if " ".join(words(opening)) != said and taken.isdisjoint(runs(opening)):
            return opening
    return ""


def _turned(options: Sequence[T], seed: int) -> Iterator[T]:
    """All options, beginning with one that hangs on the seed."""
    for n in range(len(options)):
        yield options[(seed + n) % len(options)]


def _tongue(answer: str, cited: Sequence[tuple[Passage, str]]) -> str:
    """The language of the answer; empty where it is one that there are no frames for."""
    found = language(answer)
    if found:
        return found
    said = words(answer)
    if len(said) >= _LEAST_TOLD and not _KNOWN.intersection(said):
        return next((told for p, _ in cited if (told := language(p.chunk.text))), "")
    return language(" ".join(quote for _, quote in cited)) or "en"


def _kind(asked: Sequence[str]) -> str:
    """What kind of answer is wanted, by the function words of the question."""
    text = asked[-1]
    return next((name for name, pattern in KINDS if pattern.search(text)), "what")


def _topics(wanted: dict[str, float], cited: Sequence[tuple[Passage, str]]) -> Iterator[str]:
    """What the sources call it, the best first, then parts of that."""
    weighed: dict[str, float] = {}
    for order, (passage, _) in enumerate(cited):
        chunk = passage.chunk
        for depth, name in enumerate(reversed((chunk.title, *chunk.headings))):
            topic, found = _named(name)
            if topic:
                overlap = sum(weight for term, weight in wanted.items() if term in found)
                plain = found <= _PLAIN
                weight = overlap - 0.3 * depth - 0.5 * order - 3.0 * plain
                weighed[topic] = max(weighed.get(topic, -99.0), weight)
    ranked = sorted(weighed, key=lambda topic: (-weighed[topic], topic))
    yield from ranked
    for topic in ranked:
        telling = [word for word in topic.split() if not STOP_WORDS.issuperset(words(word))]
        for n in range(len(telling) - 1):
            yield f"{telling[n]} {telling[n + 1]}".strip(",;:–-")
        yield from (word.strip(",;:–-") for word in telling if len(word) > 3)


@lru_cache(maxsize=16_384)
def _named(name: str) -> tuple[str, frozenset[str]]:
    """A heading as a topic, with its terms; an empty topic where it makes none."""
    text = " ".join(_NUMBERING.sub("", _MARKUP.sub(" ", name)).split()).rstrip(" ?!.:;,")
    if not text or len(text.split()) > _LONGEST_TOPIC or not any(c.isalpha() for c in text):
        return "", frozenset()
    return text, frozenset(terms(text))


def _details(wanted: dict[str, float], cited: Sequence[tuple[Passage, str]]) -> list[str]:
    """Things that the question was about, of the cited sentences, as the sources write them: names
    and codes, words that some heading has too, and what follows an article, a preposition or a
    number (a verb would make no question)."""
    found: dict[str, tuple[float, str]] = {}
    headed = frozenset[str]().union(*(_named(n)[1] for p, _ in cited for n in p.chunk.headings))
    for _, quote in cited:
        for word, stems, named in _quoted(quote):
            if not named and stems[0] not in headed:
                continue
            weight = max((wanted.get(stem, 0.0) for stem in stems), default=0.0)
            if weight:
                found.setdefault(stems[0], (weight, word))
    return [word for _, word in sorted(found.values(), key=lambda each: (-each[0], each[1]))]


@lru_cache(maxsize=16_384)
def _quoted(quote: str) -> tuple[tuple[str, tuple[str, ...], bool], ...]:
    """The telling words of a text as written, with their stems, and whether each names a thing by
    its look; not those that only open a sentence with a capital."""
    out = []
    opens, before = True, ""
    for raw in _MARKUP.sub(" ", quote).split():
        word = raw.strip(".,;:!?()\"'“”’–-")
        folded = words(word)
        first, opens = opens, raw[-1] in ".!?:"
        led, before = before in _BEFORE_NOUNS or before.isdigit(), word.lower()
        if first and word.istitle():
            continue
        if len(folded) == 1 and folded[0] not in STOP_WORDS and any(c.isalpha() for c in word):
            named = not word.islower() or (led and len(word) > 3 and not word.endswith("ing"))
            out.append((word, tuple(terms(word)), named))
    return tuple(out)


def _detail(topic: str, details: Sequence[str]) -> str:
    """One more word of the sources that narrows the question; empty where there is none."""
    there = set(terms(topic))
    return next((word for word in details if there.isdisjoint(terms(word))), "")


def known_words(cited: Iterable[tuple[Passage, str]]) -> set[str]:
    """Every word that a neutral question may be made of, besides its frame."""
    texts = (f"{p.chunk.title} {' '.join(p.chunk.headings)} {quote}" for p, quote in cited)
    return {word for text in texts for word in words(text)}
