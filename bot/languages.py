"""Which language a message is in, by its function words: enough to answer in the same one. Pure."""

from __future__ import annotations

import re
from functools import lru_cache

from bot.lexical import words

ENGLISH, GERMAN = "en", "de"

FUNCTION_WORDS = {
    ENGLISH: frozenset(
        """the a an is are was were do does did can could will would should how what when where why
        which who of and or to in on for with my your our it this that there not i you we have has
        if from at be""".split()
    ),
    GERMAN: frozenset(
        """der die das den dem des ein eine einen einem einer ist sind war hat haben habe kann
        konnen konnte wird werden soll sollte wie was wann wo warum wieso welche welcher welches
        wer und oder zu im am fur mit mein meine meinen ihr ihre ich du wir sie es nicht kein keine
        gibt auf bei wenn viel viele lange nach vom zum zur mich mir uns""".split()
    ),
}
_IN_BOTH = frozenset("was die hat war am des es in im so an will wer man".split())
"""German words that are English words or names as well: alone they tell nothing."""

_LETTERS = re.compile("[äöüß]", re.IGNORECASE)
_SIGN = 2  # what a letter that only one of them has counts, in words


@lru_cache(maxsize=1_024)
def language(text: str) -> str:
    """``"de"`` or ``"en"``; empty where the words tell nothing, as in "MG-400?"."""
    said = words(text)
    counts = {name: sum(w in known for w in said) for name, known in FUNCTION_WORDS.items()}
    if _LETTERS.search(text):
        counts[GERMAN] += _SIGN
    elif not FUNCTION_WORDS[GERMAN].difference(_IN_BOTH).intersection(said):
        counts[GERMAN] = 0
    if counts[GERMAN] == counts[ENGLISH]:
        return ""
    return max(counts, key=lambda name: counts[name])


def spoken(question: str, languages: tuple[str, ...]) -> str:
    """The language to answer in, of those that are spoken, the first of which is the usual one;
    only the part before a hyphen counts ("de-CH" is German). Empty: none that has words here."""
    known = [name.partition("-")[0].lower() for name in languages] or [ENGLISH]
    asked = language(question)
    chosen = asked if asked in known else known[0]
    return chosen if chosen in FUNCTION_WORDS else ""
