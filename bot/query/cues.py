"""Signs in a question that it leans on its thread, or that it stands alone."""

from __future__ import annotations

import re
from collections.abc import Sequence

from bot.lexical import STOP_WORDS
from bot.query.phrases import Phrase, Token, is_attribute, phrases, tokens

OWNING = frozenset({"its", "their", "his", "her", "theirs", "hers"})
PERSONAL = frozenset({"it", "they", "them", "he", "she", "him", "her"})
POINTING = frozenset({"this", "that", "these", "those"})
_PLURAL = frozenset({"they", "them", "their", "theirs"})
_LEANING = frozenset({"one", "ones", "same", "other", "others", "another", "else", "both", "each"})

_COURTESY = (
    r"\s*(?:(?:ok(?:ay)?|so|and|but|or|hm+|well|oh|yes|no|thanks|great|alright|interesting)\b"
    r"[,.! ]*)*"
)
ELLIPSIS = re.compile(
    _COURTESY + r"(?:what about|how about|i meant?|not [\w-]+ but)\b[\s,]*"
    r"(?:for|in|on|with|at|to|of)?\s*"
    r"|\s*(?:and|or|what if|same for|also|but|und|oder|was ist mit|et|y)\b[\s,]*"
    r"(?:for|in|on|with|at|to|of)?\s*",
    re.IGNORECASE,
)
"""The opening of a question without a predicate: "And …?", "What about …?"."""

SWITCH = re.compile(
    r"\b(?:(?:different|another|new|unrelated|separate) (?:question|topic|subject)"
    r"|by the way|btw|on another note|chang(?:e|ing) (?:the )?(?:topic|subject))\b",
    re.IGNORECASE,
)
"""Words that leave the thread's topic."""

ASKS = re.compile(
    r"\?|^\W*(?:(?:ok(?:ay)?|so|and|but|now|please|thanks|great|alright|then|or)\b\W*)*"
    r"(?:what|which|who|whom|whose|when|where|why|how|is|are|was|were|do|does|did|can|could|will"
    r"|would|should|has|have|had|may|any|tell|show|describe|explain|give|list|compare|find|name"
    r"|help|suggest|recommend|let's)\b"
    r"|\bi(?:'d| would)? (?:want|like|need) to (?:know|see|learn|hear|find|read|understand)\b",
    re.IGNORECASE,
)
"""Anything that makes a sentence a question or a request."""

REPLY = re.compile(
    r"\W*(?:yes|yep|yeah|sure|ok(?:ay)?|exactly|right|correct|please|please do|yes please|of course"
    r"|absolutely|go ahead)(?:\W+(?:please|it is|i do))?\W*",
    re.IGNORECASE,
)
"""A yes to what the answer asked back."""

AGREES = re.compile(
    r"\W*(?:yes|yep|yeah|yup|sure|ok(?:ay)?|please|do it|go ahead|of course|absolutely|👍"
    r"|ja|gerne|oui|volontiers|s[ií]|claro)"
    r"(?:\W+(?:please|do|do (?:it|that)|thanks|thank you|ask (?:them|some(?:one|body)"
    r"|a (?:person|human|colleague))|bitte|gerne|danke|merci|s'il (?:vous|te) pla[iî]t"
    r"|por favor))*\W*",
    re.IGNORECASE,
)
"""A yes to an offer, and nothing more."""

ASKS_BACK = re.compile(
    r"\b(?:(?:do|did) you mean|which|are you (?:asking|referring|talking)|what (?:kind|model"
    r"|version|plan|product|exactly is it about)|(?:was|welche\w*) .{0,40}gemeint|worum genau)\b",
    re.IGNORECASE,
)
"""A question of the bot that makes sure what it was asked."""

ASKS_WHAT_HAPPENS = re.compile(r"\bwhat exactly happens\b|\bwas genau passiert\b", re.IGNORECASE)
"""A question of the bot that any reply tells something new to, of the thing that it names."""

STATES = re.compile(
    r"\W*(?:(?:no,? )?thanks?|thank you|(?:no,? )?i mean|i don'?t|never mind)\b", re.IGNORECASE
)
"""The opening of a remark that is no question."""

SEVERAL = re.compile(
    r"\b(?:both|each|the (?:other )?(?:two|three)"
    r"|(?:of|between|compare|among) (?:them|these|those|the (?:two|three)))\b(?! of)",
    re.IGNORECASE,
)
"""Words for several things of which the thread knows the names."""

TAKEN_UP = re.compile(
    r"\bones\b|\b(?!which|no|any|each|every|this|that)[\w-]+ one\b"
    r"(?=\s*(?:[?.!,;]|$|(?:is|does|do|did|has|was|can|could|should|would|will|to|for|in|on|with"
    r"|that|which|instead)\b))",
    re.IGNORECASE,
)
"""A noun left out: "the British ones", "how do I choose a new one?"."""

OFFER = re.compile(
    r"(?:do you want|would you like|shall i|should i|may i|can i|do you need|are you looking)"
    r"(?: me)?(?: to)?"
    r"(?: (?:know|hear|learn|read|see|tell you|show you|explain|get|have|give you))?"
    r"(?: (?:more|something))?(?: about| to| for)?\s+(?P<what>.+)",
    re.IGNORECASE,
)
"""A question of the bot that a yes answers; ``what`` is what it offers."""

_DEFINES = re.compile(
    r"\b(?:what(?:'s| is| are| was| were| causes?)|who(?:'s| is| are| was| were)|describe|explain"
    r"|define|(?:tell|know) (?:me )?(?:more )?about|i mean|how (?:is|are|was|were|do|does|did|can"
    r"|could|to))\s+(?:you |i |we )?(?:an? |some |the |your |our )?$",
    re.IGNORECASE,
)
_OWN_BUSINESS = re.compile(r"\b(?:i|we|i'm|my|our)\b", re.IGNORECASE)
_SENTENCE = re.compile(r"(?<=[.!?])\s+")
_ENOUGH = 4
"""Words of its own that make a question stand for sure; a name counts for two, a code for three."""

_LEAD = 60
"""How many characters before a phrase are looked at for its introduction."""


def introduces(text: str, phrase: Phrase) -> bool:
    """Whether a question brings up a new subject: "What is a 529 plan?", "What about X?"."""
    before = text[max(0, phrase.start - _LEAD) : phrase.start]
    return bool(_DEFINES.search(before) or ELLIPSIS.fullmatch(before))


def core(question: str) -> tuple[int, str]:
    """Where the sentence that asks begins, and it: the last one with a question mark, else all."""
    starts = [0, *(m.end() for m in _SENTENCE.finditer(question))]
    pieces = [question[a:b] for a, b in zip(starts, [*starts[1:], len(question)], strict=True)]
    asking = [i for i, piece in enumerate(pieces) if "?" in piece]
    if not asking:
        return 0, question
    return starts[asking[-1]], question[starts[asking[-1]] :]


def last_sentence(text: str) -> str:
    return _SENTENCE.split(text.rstrip())[-1]


def telling(found: Sequence[Phrase]) -> list[Phrase]:
    """Phrases that name something rather than ask for a property."""
    return [p for p in found if not all(is_attribute(w) for w in p.words)]


def leans(words: Sequence[Token], found: Sequence[Phrase]) -> bool:
    """Whether a pronoun or the like points back into the thread.

    A pronoun after a phrase of the same question ("does the MG-200 keep its settings?") points at
    that phrase.
    """
    own = [p for p in telling(found) if not p.definite]
    for i, token in enumerate(words):
        if token.word in _LEANING and not own:
            return True
        if has_antecedent(token, own) or has_plural_antecedent(token, found):
            continue
        pronoun = token.word in OWNING or token.word in PERSONAL
        if pronoun or (token.word in POINTING and _points(words, i)):
            return True
    return False


def has_antecedent(pronoun: Token, own: Sequence[Phrase]) -> bool:
    """Whether a phrase of the same question stands before a pronoun; right before it stands what
    is done ("register it"), which is none."""
    return any(p.end < pronoun.start - 1 for p in own)


def has_plural_antecedent(pronoun: Token, found: Sequence[Phrase]) -> bool:
    """Whether "they" means several of the same question: "which plans are there and what do they
    cost?"."""
    return pronoun.word in _PLURAL and any(
        p.end < pronoun.start - 1 and any(w.endswith("s") for w in p.words) for p in found
    )


def _points(words: Sequence[Token], i: int) -> bool:
    """Whether this/that/these/those at ``i`` points at something, and is no conjunction."""
    after = words[i + 1].word if i + 1 < len(words) else ""
    return words[i].word != "that" or i == 0 or not after[:1].isalpha() or after in STOP_WORDS


def stands(text: str, found: Sequence[Phrase]) -> bool:
    """Whether a question says enough to search by.

    Three words do, or two where it is about the asker's own business; a name counts for two, a code
    for three. "What is a strong password?" introduces its subject and does; "what about the
    experiments?" does not.
    """
    named = telling(found)
    said = sum((1 + p.kind) * len(p.words) for p in named)
    if said >= (2 if _OWN_BUSINESS.search(text) else 3):
        return True
    if any(p.asked and not p.definite and len(p.words) > 1 for p in named):
        return True  # "the cost of solar power"
    before = (text[max(0, p.start - _LEAD) : p.start] for p in named if not p.definite)
    return any(_DEFINES.search(b) for b in before)


def points_back(question: str) -> bool:
    """Whether anything in a question could mean something of its thread: a pronoun, "the …", a noun
    left out, or simply too few names of its own."""
    _, asked = core(question)
    found = telling(phrases(asked))
    said = sum((1 + p.kind) * len(p.words) for p in found)
    words = {token.word for token in tokens(question)}
    return bool(
        said < _ENOUGH
        or any(p.definite for p in found)
        or words & (PERSONAL | OWNING | POINTING | _LEANING)
        or TAKEN_UP.search(asked)
        or ELLIPSIS.match(asked)
    )
