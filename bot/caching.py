"""Which questions are the same question, and which answers may be given again. Pure.

The cache is addressed by content: retrieval is done anew each time, with the asker's own rights,
and what it brings is a part of the key. Another document, another revision, another right, another
persona or model is another key, so nothing ever has to be invalidated.
"""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from bot.attaching import from_file
from bot.conversation import Outcome, Route, Turn
from bot.evidence import Passage
from bot.lexical import STOP_WORDS
from bot.live import from_live
from bot.ports_costs import CACHED_ROUTES

FORMAT = 2
"""Of the key. A new release of the program has new keys as well: its prompts may be others."""

_GREETING = re.compile(
    r"^(?:hi|hiya|hello|hey|howdy|greetings|good (?:morning|afternoon|evening|day))"
    r"(?: there| all| everyone| everybody| folks| team)?"
    r"(?:\s*[,!.;:–—]+\s*|\s+-\s+|\s+(?=(?:please|can|could|would|will|do|does|did|is|are|was|how|what"
    r"|which|when|where|who|why|i|i'm|i've|i'd|we|may|should|shall)\b))",
    re.IGNORECASE,
)
_POLITE = re.compile(
    r"^(?:please,?\s+"
    r"|(?:can|could|would|will) (?:you|someone|anyone|anybody|somebody) (?:please )?"
    r"(?:tell|explain to) (?:me|us),?\s+(?:please,?\s+)?"
    r"|(?:i|we)(?: would|'d) like to know,?\s+|(?:i|we) (?:want|need) to know,?\s+)",
    re.IGNORECASE,
)
_THANKS = re.compile(
    r"(?<=[\w)?!.,;'\"])(?:(?:\s*[,.!?;–—]+\s*|\s+)please"
    r"|(?:\s*[,.!?;–—]+\s*(?:thanks|thank you|thx|cheers)|\s+(?-i:Thanks|Thank you|Cheers))"
    r"(?: (?:a lot|so much|very much|in advance))?)\s*[.!?]*$",
    re.IGNORECASE,
)
_QUOTES = re.compile("[`\"“”„«»']")
_APOSTROPHE = re.compile("(?<=\\w)['’](?=\\w)")
_WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
_CODE = re.compile(r"(?:[A-Z]{2,}|[a-z]{2,})(?:-?\d+)+")
_ENDS = "?!.…"
_SEPARATORS = ",;:"


@dataclass(frozen=True, slots=True)
class Asked:
    """What an answer depends on.

    ``query`` is the question rewritten to stand alone, ``audience`` the groups of everybody who
    reads the answer, ``passages`` those given to the voice, in order. ``rungs`` are the ids of the
    models that the route asks, the first one first, ``checker`` the id of the check, ``setup``
    whatever else a model's answer hangs on: its server, the lengths of prompts and answers.
    """

    query: str
    audience: frozenset[str]
    route: Route
    passages: tuple[Passage, ...]
    persona: str
    rungs: tuple[str, ...]
    checker: str
    setup: str = ""

    @property
    def cacheable(self) -> bool:
        """Whether an answer to it may be given again at all."""
        return (
            self.route in CACHED_ROUTES
            and bool(self.passages)
            and not any(from_file(p) or from_live(p) for p in self.passages)
        )

    @property
    def key(self) -> str:
        """64 hexadecimal digits; they tell nothing of the question."""
        parts = [
            FORMAT,
            _program(),
            normalised(self.query),
            sorted(self.audience),
            self.route.value,
            [_fingerprint(passage) for passage in self.passages],
            self.persona,
            self.rungs,
            self.checker,
            self.setup,
        ]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def worth_keeping(turn: Turn, asked: Asked, *, alone: bool) -> bool:
    """Whether an answer may be given to the next who asks the same.

    ``alone``: the voice was told nothing of a thread. Kept is what was answered from documents by
    the model whose turn it was, with nothing gone wrong: not what a rung below said.
    """
    return (
        alone
        and asked.cacheable
        and turn.outcome is Outcome.ANSWERED
        and bool(turn.answer.strip())
        and not (turn.error or turn.notes or turn.cached_from)
        and turn.model == asked.rungs[0]
        and turn.audience == asked.audience
    )


def _fingerprint(passage: Passage) -> tuple[str, ...]:
    """A passage as the voice and the reader of its citations see it."""
    chunk = passage.chunk
    seen = json.dumps([chunk.document, chunk.title, chunk.headings, chunk.uri, chunk.text])
    return chunk.id, chunk.revision, hashlib.sha256(seen.encode()).hexdigest()


@cache
def _program() -> str:
    """The program's version."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("wellspoken")
    except PackageNotFoundError:  # run from its sources
        return ""


# -- the same question ------------------------------------------------------------------------


def essence(query: str) -> str:
    """The question itself: without greeting, "please", thanks and the marks at its end.

    Searched by it, a question finds the same passages in the same order however it is put: of 224
    pairs of the open sets all, as typed only 135 (``benchmarks/bench_wording.py``).
    """
    text = " ".join(query.split())
    for pattern in (_GREETING, _POLITE, _THANKS, _THANKS):  # "please? Thanks!"
        rest = pattern.sub("", text, count=1).strip()
        text = rest or text
    return text.rstrip(_ENDS + " ") or text


def normalised(query: str) -> str:
    """A query without what does not change its answer: courtesies, case, punctuation at the ends.

    In doubt two questions are two: numbers, codes, units, flags, negations, the order of words
    stay, and what stands in quotes stays as it is. Nothing is left only of what was empty.
    """
    text = essence(_APOSTROPHE.sub("'", unicodedata.normalize("NFC", query)))
    quoted = bool(_QUOTES.search(_APOSTROPHE.sub("", text)))
    shouted = text.isupper()
    kept: list[str] = []
    for word in text.split(" "):
        bare = word if quoted else _cased(_bare(word), kept[-1:], shouted=shouted)
        if bare:
            kept.append(bare)
    joined = " ".join(kept)
    return joined.rstrip(_ENDS + " ") or joined


def _bare(word: str) -> str:
    """A word without the punctuation that ends a sentence or a part of one."""
    stripped = word.rstrip(_SEPARATORS + _ENDS)
    # What is nothing but signs means something of its own, and "!" may end a code or a password.
    return stripped if stripped and stripped[-1].isalnum() else word


def _cased(word: str, before: Sequence[str], *, shouted: bool) -> str:
    """A word in lower case where case tells nothing.

    It does in codes written with small letters between (``getValue``), after a number (``5 Mb``,
    ``5 MB``), and where a word in capitals is another word ("IT", "US").
    """
    lower = word.lower()
    if _CODE.fullmatch(word):
        return lower
    if not _WORD.fullmatch(word) or (before and before[-1][-1:].isdigit()):
        return word
    if word[1:] != word[1:].lower() and not word.isupper():
        return word
    if len(word) > 1 and word.isupper() and lower in STOP_WORDS and not shouted:
        return word
    return lower
