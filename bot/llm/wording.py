"""The passages' wording against a question's: its spelling mistakes, and what it names in vain.

"Does it work with HomeKit?" has every word of "It works with Google Home." but the one that
matters. Names (capitals inside a sentence), years and versions carry a question, so one that no
passage holds is evidence that is missing. A common word that is missing may have a synonym: that
is left to the trained signals.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from bot.evidence import Passage
from bot.facts import UNKNOWN_RARITY, rarity
from bot.lexical import STOP_WORDS, fold, terms

_WORD = re.compile(r"[^\W_]+(?:['’&.][^\W_]+)*")
_TYPED = re.compile(r"[^\W_]+(?:['’\-–][^\W_]+)*")
_SENTENCE = re.compile(r"(?:[^.!?\n]|\.(?=\w))+[.!?\n]*")
_VERSION = re.compile(r"(?<![\w.,$€£])v?(\d+\.\d+(?:\.\d+)*|(?:19|20)\d\d)(?!\w|[.,]\d|\s?[%°])")
_CODE = re.compile(r"(?<![\w.-])[a-z]{1,4}[-–]\d{2,}[a-z]?(?![\w-])")
_LETTERS_AND_DIGITS = re.compile(r"[a-z]+\d|\d+[a-z]", re.IGNORECASE)
_INITIALS = re.compile(r"\b[A-Z]{2,4}\b")
_BETWEEN = re.compile(r"[\W_]+")
_NOT_NAMES = frozenset(
    """i monday tuesday wednesday thursday friday saturday sunday january february march april
    may june july august september october november december btw fyi asap imo faq pdf url""".split()
)
# Who is greeted or spoken to is not what is asked about.
_ADDRESSED = re.compile(
    r"^\W*(?:[Hh]i|[Hh]ello|[Hh]ey|[Dd]ear|[Tt]hanks)(?:\s+[A-Z][\w'’-]*){1,2}\s*[!.,]+"
    r"|^\W*(?:[A-Z][\w'’-]*\s*){1,2},\s+(?=\w)"
)
_KIND = re.compile(r"\b(?:the|an?|your|our|my|on) ([A-Z]?[a-z]+) (?=([a-z]{3,})\b)")
_DESCRIBING = ("est", "er", "ed", "ing", "ly")
_YES_NO = re.compile(
    r"^\W*(?:is|are|does|do|can|could|will|would|has|have|may|must)\b(?!.*\bor\b)", re.IGNORECASE
)
_TELLING = 4.5
_ADVERBS = frozenset(
    """extra anymore anyway anywhere everywhere today tomorrow tonight online offline abroad outside
    inside yet already soon still later too properly automatically well together instead""".split()
)
_KINDS = 1  # other names of a thing that make it one of several kinds
_LONGEST_ASKED = 20
_LONGEST_MENDED = 600  # characters: a pasted log has a thousand unknown words
_HALF = 4
_HEADLINE = 3  # words with a capital, and no other but function words
_SHORTEST_TYPO = 5
_TWO_TYPOS = 9


@dataclass(frozen=True, slots=True)
class _Words:
    """One text's words (compounds also as one), its stems, and its letters and digits alone."""

    text: str
    folded: frozenset[str]
    stems: frozenset[str]
    squashed: str
    written: dict[str, str]


@lru_cache(maxsize=2_048)
def _words_of(text: str) -> _Words:
    folded = fold(text)
    parts = {p for p in _BETWEEN.split(folded) if p}
    # "mg200" is "MG-200", "wifi" is "Wi-Fi": the first spelling of what is no plain word.
    written: dict[str, str] = {}
    for found in _TYPED.finditer(text):
        bare = _squash(found.group())
        parts.add(bare)
        if _LETTERS_AND_DIGITS.search(bare) or "-" in found.group():
            written.setdefault(bare, found.group())
    return _Words(folded, frozenset(parts - {""}), frozenset(terms(text)), _squash(text), written)


def _squash(text: str) -> str:
    return _BETWEEN.sub("", fold(text))


def within_typos(one: str, other: str, most: int) -> bool:
    """Whether at most ``most`` letters were added, left out, changed or swapped."""
    if abs(len(one) - len(other)) > most:
        return False
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, a in enumerate(one, 1):
        new = [i]
        for j, b in enumerate(other, 1):
            cost = min(row[j] + 1, new[-1] + 1, row[j - 1] + (a != b))
            if i > 1 and j > 1 and a == other[j - 2] and one[i - 2] == b:
                cost = min(cost, before[j - 2] + 1)
            new.append(cost)
        if min(new) > most:
            return False
        before, row = row, new
    return row[-1] <= most


class Wording:
    """What the passages say, word for word, with titles, headings and addresses."""

    def __init__(self, passages: Sequence[Passage]) -> None:
        self._texts = []
        self._raw = [f"{p.chunk.header}\n{p.chunk.text}" for p in passages]
        for passage in passages:
            chunk = passage.chunk
            self._texts.append(_words_of(chunk.text))
            self._texts.append(
                _words_of(f"{chunk.header}\n{chunk.uri}\n{chunk.document}\n{chunk.source}")
            )

    def _nearest(self, word: str) -> str | None:
        """The word that this one is a misspelling of."""
        if len(word) < _SHORTEST_TYPO or not word.isalpha():
            return None
        most = 2 if len(word) >= _TWO_TYPOS else 1
        near = {
            other
            for text in self._texts
            for other in text.folded
            if other[0] == word[0] and other.isalpha() and within_typos(word, other, most)
        }
        return min(near, key=lambda o: (abs(len(o) - len(word)), o)) if near else None

    def holds(self, word: str) -> bool:
        """Whether a passage has a word, however it is inflected, hyphenated or misspelt."""
        bare = _squash(word)
        if not bare or any(bare in text.folded for text in self._texts):
            return True
        if len(bare) > _SHORTEST_TYPO and any(bare in text.squashed for text in self._texts):
            return True
        stems = frozenset(terms(word))
        if any(stems <= text.stems for text in self._texts):
            return True
        halves = _BETWEEN.split(fold(word))
        if len(halves) == 2 and all(any(h in t.folded for t in self._texts) for h in halves):
            return True
        root = bare[:-2] if len(bare) > 5 else ""
        if root and any(w.startswith(root) for text in self._texts for w in text.folded):
            return True
        unknown = rarity(terms(bare)[0]) == UNKNOWN_RARITY
        return unknown and self._nearest(bare) is not None

    def respelled(self, question: str) -> str:
        """The question as the passages would spell it: ``mg200`` becomes ``MG-200``.

        Codes get their capitals even where no passage has them, so that they are read as codes.
        Words of general use stay as they are.
        """
        question = _CODE.sub(lambda m: m.group().upper(), question)
        question = _INITIALS.sub(lambda m: self._spelt_out(m.group()) or m.group(), question)

        def mended(found: re.Match[str]) -> str:
            word = found.group()
            bare = _squash(word)
            known = next((t.written[bare] for t in self._texts if bare in t.written), "")
            if known or _LETTERS_AND_DIGITS.search(bare):
                return known or word
            if word != bare or rarity(terms(word)[0]) < UNKNOWN_RARITY or self._has(bare):
                return word
            return self._nearest(bare) or self._halves(bare) or word

        if len(question) > _LONGEST_MENDED:
            return question
        return _TYPED.sub(mended, question)

    def _spelt_out(self, initials: str) -> str:
        """``United Kingdom`` for ``UK``, where the passages have only the one."""
        if any(initials.casefold() in text.folded for text in self._texts):
            return ""
        name = re.compile(r" ".join(rf"{letter}[a-z]+" for letter in initials))
        found = {m for raw in self._raw for m in name.findall(raw)}
        return found.pop() if len(found) == 1 else ""

    def _has(self, bare: str) -> bool:
        stem = terms(bare)[0]
        return any(bare in text.folded or stem in text.stems for text in self._texts)

    def _halves(self, bare: str) -> str:
        """``water-proof`` for a compound whose halves the passages have: they say splash-proof."""
        for at in range(_HALF, len(bare) - _HALF + 1):
            if all(any(h in t.folded for t in self._texts) for h in (bare[:at], bare[at:])):
                return f"{bare[:at]}-{bare[at:]}"
        return ""

    def _is_name(self, word: str) -> bool:
        """Whether the passages write a word with its capital inside a sentence."""
        return any(re.search(rf"[a-z,] {re.escape(word)}\b", t) for t in self._raw)

    def _another_kind(self, sentence: str) -> Iterator[str]:
        """ "Family plan", where the passages have a Grow plan and an Estate plan but not that."""
        for found in _KIND.finditer(sentence):
            name, thing = found.groups()
            if fold(name) in STOP_WORDS or fold(thing) in STOP_WORDS:
                continue
            phrase = f"{fold(name)} {fold(thing)}"
            named = re.compile(rf"\b(?!The|A|An|Your|Each|Every|This)[A-Z]\w+ {re.escape(thing)}\b")
            if any(phrase in t.text for t in self._texts) or self._is_name(name):
                continue
            small = name.islower()
            if small and (name.endswith(_DESCRIBING) or self.holds(name)):
                continue
            others = {m for t in self._raw for m in named.findall(t)}
            if len(others) >= _KINDS + small:
                yield f"{name} {thing}"

    def missing(self, question: str) -> tuple[str, ...]:
        """Names, years and versions of a question that stand nowhere in the passages.

        Of a question for yes or no also its last telling word ("available in black").
        Only of its sentences that ask. A long one names much by the way, where one name that is
        missing proves nothing.
        """
        found = []
        for sentence in _asking(question):
            if len(sentence.split()) > _LONGEST_ASKED:
                continue
            found += [name for name in _names(sentence) if not self.holds(name)]
            found += self._another_kind(sentence)
            focus = _focus(sentence)
            if focus and not self.holds(focus):
                found.append(focus)
            for version in _VERSION.findall(sentence):
                if not any(version in text.text for text in self._texts):
                    found.append(version)
        return tuple(found)


def _asking(question: str) -> list[str]:
    """The sentences with a question mark; all where none has one."""
    sentences = [m.group().strip() for m in _SENTENCE.finditer(question)]
    return [s for s in sentences if s.endswith("?")] or [s for s in sentences if s]


def _focus(sentence: str) -> str:
    """What a question for yes or no is about: English puts what is new last."""
    if not _YES_NO.match(sentence):
        return ""
    telling = [w for w in map(fold, _TYPED.findall(sentence)) if w not in STOP_WORDS | _ADVERBS]
    last = telling[-1] if len(telling) > 1 else ""
    return last if last and rarity(terms(last)[0]) >= _TELLING else ""


def _names(sentence: str) -> Iterator[str]:
    """Words with a capital that no grammar asks for."""
    sentence = _ADDRESSED.sub("", sentence)
    found = [m.group() for m in _WORD.finditer(sentence)]
    small = [w for w in found if w.islower() and w not in STOP_WORDS]
    if not small and len([w for w in found if w[0].isupper()]) >= _HEADLINE:
        return
    for number, word in enumerate(found):
        folded = fold(word)
        inside = any(c.isupper() for c in word[1:])
        if not (word[0].isupper() or inside) or word[0].isdigit():
            continue
        if folded in STOP_WORDS or folded in _NOT_NAMES or len(folded) < 3:
            continue
        if number == 0 and not inside and rarity(terms(word)[0]) < UNKNOWN_RARITY:
            continue  # any first word has a capital
        yield word
