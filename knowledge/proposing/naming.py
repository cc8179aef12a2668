"""How documents speak of a thing: "the MG-200", "the Grow plan", "WSL". Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from functools import lru_cache

from knowledge.proposing.material import stems

_CLASSES = frozenset(
    """plan package tier edition controller sensor valve module model command tool server service
    api option region role license licence account app cmdlet scheme key meter cable""".split()
)
_NAME = re.compile(r"^(?:[A-Z][\w.+-]*|[A-Z]{1,6}-?\d[\w-]*)(?: (?:[A-Z0-9][\w.+-]*)){0,3}$")
_CODE = re.compile(r"^[A-Z]{1,6}[-–]?\d[A-Za-z0-9-]*$|^[A-Z][A-Za-z]+-\d\w*$")
_NO_NAMES = frozenset(
    """value default name type description example notes note status state version property option
    setting feature meaning action column result yes no required optional""".split()
)


def is_code(text: str) -> bool:
    """Whether a text is a code such as MG-200 or E-204."""
    return bool(_CODE.match(text))


def is_name(text: str) -> bool:
    """Whether a cell or a heading looks like the name of a thing."""
    return bool(_NAME.match(text)) and text.casefold() not in _NO_NAMES


_SELDOM = 8
"""One mention in so many shows how a name is written: tables and headings leave the rest out."""
_COMMON = 0.3


class Names:
    """The names of a knowledge base, as its texts mostly write them."""

    def __init__(self, texts: Iterable[str]) -> None:
        found = list(texts)
        self._text = "\n".join(found)
        spread = Counter(stem for text in found for stem in stems(text))
        self._known = {stem for stem, n in spread.items() if n >= max(3, _COMMON * len(found))}
        self.said = lru_cache(maxsize=4_096)(self._said)

    def _said(self, name: str) -> str:
        """A name inside a sentence, with its article and what it is, where most texts do so."""
        found = re.findall(rf"(?<![\w-])(?:(the) )?{re.escape(name)}(?: ([a-z]+))?\b", self._text,
                           re.IGNORECASE)  # fmt: skip
        whole = Counter(noun for _, noun in found if noun in _CLASSES)
        noun, count = whole.most_common(1)[0] if whole else ("", 0)
        if noun and count * _SELDOM >= len(found) and not is_code(name):
            return f"the {name} {noun}"
        with_article = sum(bool(article) for article, _ in found)
        often = with_article > 1 and with_article * (_SELDOM if is_code(name) else 2) >= len(found)
        return f"the {name}" if often else name

    def alike(self, things: Iterable[str]) -> dict[str, str]:
        """The names of one table as texts write them: where one is "the Sprout plan", so are the
        others that have no word of their own."""
        said = {thing: self.said(thing) for thing in things}
        nouns = {words.rpartition(" ")[2] for words in said.values()} & _CLASSES
        if len(nouns) != 1:
            return said
        (noun,) = nouns
        return {
            thing: words if words != thing or is_code(thing) else f"the {thing} {noun}"
            for thing, words in said.items()
        }

    def known(self, words: str) -> bool:
        """Whether every reader knows what is meant by "the" and these words: many documents have
        them."""
        found = stems(words)
        return bool(found) and found <= self._known

    def has(self, phrase: str) -> bool:
        """Whether some document has these words, in this order."""
        return (
            re.search(rf"(?<![\w-]){re.escape(phrase)}(?![\w-])", self._text, re.IGNORECASE)
            is not None
        )
