"""Phrases of a text that can be its topic: product codes, names, and runs of telling words.

No tagger: English function words, the general words below and punctuation end a phrase. That is
crude and quick (some 50 microseconds a question), and wrong now and then in harmless ways.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache

from bot.lexical import STOP_WORDS, fold

_TOKEN = re.compile(r"[^\W_]+(?:[’'\-._/+#@:][^\W_]+)*[+#]*|[^\w\s]")
_CODE = re.compile(r"(?=.*\d)(?=.*[A-Za-z])[\w.\-/#+]+|v?\d+(?:\.\d+)+|\w+_\w+", re.ASCII)
_COUNT = re.compile(r"\d+(?:st|nd|rd|th|s|am|pm|deg|mg|kg|km|h|min)")
_OWNER = re.compile(r"(?:['’]s|(?<=s)['’])$")

# Words that say what is asked of a topic, never what the topic is.
ATTRIBUTES = frozenset(
    """advantage alternative amount answer approach aspect author availability background balance
    basic basis benefit cause change characteristic charge competitor component con concern
    consequence contribution cost country criticism cure currency day deadline deal default
    definition detail development diagnosis difference dimension disadvantage discount drawback
    duration effect example exception experience explanation fact factor feature fee figure form
    founder function future group guarantee guide height history idea impact implication
    importance info information ingredient interest issue item job kind leader length level limit
    limitation list location main maximum mean meaning measure member method minimum month moment
    name network number objective offer option order origin other outcome owner part person place
    plan popularity position price problem procedure process product project pros purpose quality
    question rate rating reason recommendation relation relationship release requirement
    resource response result review rise risk role rule safety score security sequel setting
    shipping side sign significance similarity size source speed stage standard start status step
    story structure style subject success suggestion support symptom system team term thing time
    tip topic treatment trend type unit usage use user value variety version warranty way weakness
    week weight work year""".split()
)

# Verbs and adjectives that questions are made of; they end a phrase.
GENERAL = frozenset(
    """often always never sometimes soon already twice tomorrow tonight maybe perhaps rather thanks
    able according across actually add address advise affect affected allow alright among
    another anything apply ask attract available avoid away bad based begin believe besides
    best better between big biggest bought briefly bring build built buy call called came
    care cause caused causes certain change choose chosen come common compare compared
    compose contain cost costs count create created current currently day decide describe
    develop developed did differ different difficult discover discuss does drawn early easy
    else end enough ensure every everyone everything exactly exist explain famous far fast
    favorite feel felt fifth fill find fine first fix follow former found fourth full
    generally given good great grown happen happened happening happens hard hear heard held
    help helpful helps high highest hold important improve include included including
    influence instead interest interested interesting interestingly involve involved keep
    kept key kind large largest last late later latter lead learn leave less let's likely
    list little live long look looking lose lot low lower main major making many matter
    mention mentioned met modern move my named near nearly necessary need needed new newer
    next nice notable noted number oh old older open ordinary originally paid part
    particular people per play popular possible prefer prevent prior probably problem
    provide purchase purchasing put quick quickly quite read reads real really receive
    recent recently recommend regarding relate related remain rest right run said save say
    second see seem seems sent separate set several short show significant similar similarly
    simple since sixth small sold soon sort special specific spent spoken start started stay
    stop stopped suggest sure take taken takes talk talked taught thing think thinks third
    thought today together told top treat true try turn typical typically understand unusual
    usually various versus vs want way well went whether whole willing within wonder work
    worked working works worse worst worth wow write written wrote yeah year years yesterday
    yet""".split()
)

_GLUE = frozenset({"of", "the", "and", "&", "for", "de", "la", "von", "van", "der"})
_NOUNS_IN_LY = frozenset({"assembly", "monopoly", "anomaly", "butterfly", "monthly", "weekly"})
_ASKING = frozenset({"of", "about", "for", "between"})
_ARTICLES = frozenset({"the", "a", "an", "this", "your", "our", "my"})
_HELPING = frozenset(
    "do does did can could will would should shall may might must has have had was were".split()
)
_AFTER_NOUNS = frozenset({"of", "in", "for", "and", "or", "is", "are"})
_SUBJECTS = frozenset({"i", "you", "we", "they", "he", "she", "who"})
_LEADING = frozenset(
    """a an the this that these those my our your his her its their any some no in on with from at
    as by into is are was were""".split()
)


class Kind(IntEnum):
    """How sure a phrase names something: a plain run of words, a name, a code."""

    PLAIN = 0
    NAME = 1
    CODE = 2


@dataclass(frozen=True, slots=True)
class Token:
    """A word or a punctuation mark; ``text == source[start:end]``, ``word`` is folded."""

    text: str
    word: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Phrase:
    """A run of words in a text; ``asked`` where it follows "of", "about" or "for",
    ``led`` where an article or the like shows that it is a noun, ``definite`` where "the" or
    "this" says that the reader knows which, ``does`` where "I" or "they" before it shows a verb."""

    text: str
    words: tuple[str, ...]
    start: int
    end: int
    kind: Kind
    asked: bool = False
    led: bool = False
    definite: bool = False
    does: bool = False

    @property
    def head(self) -> str:
        return singular(self.words[-1])


def singular(word: str) -> str:
    """A folded word without a plural ending, near enough to compare."""
    if len(word) > 4 and word.endswith("ies"):
        return word[:-3] + "y"
    return word[:-1] if len(word) > 3 and word.endswith("s") and word[-2] not in "su" else word


@lru_cache(maxsize=1_024)
def tokens(text: str) -> tuple[Token, ...]:
    """Words and punctuation marks in order; a possessive ending is not part of its word."""
    plain = text.lower() if text.isascii() else ""
    found = []
    for match in _TOKEN.finditer(text):
        start, end = match.span()
        word = match.group()
        if "'" in word or "’" in word:
            word = _OWNER.sub("", word)
            end = start + len(word)
        found.append(Token(word, plain[start:end] or fold(word), start, end))
    return tuple(found)


def is_attribute(word: str) -> bool:
    """Whether a folded word asks about something rather than naming it."""
    return singular(word) in ATTRIBUTES


def is_telling(word: str) -> bool:
    """Whether a folded word may be part of a phrase."""
    if word in STOP_WORDS or word in GENERAL or not word[:1].isalnum():
        return False
    return not word.endswith("ly") or len(word) < 7 or word in _NOUNS_IN_LY


def _kind(token: Token, opens: bool, shouting: bool) -> Kind:
    text = token.text
    coded = any(c.isdigit() for c in text) or "_" in text
    if coded and _CODE.fullmatch(text) and not _COUNT.fullmatch(token.word):
        return Kind.CODE
    if shouting or not text[:1].isupper():
        return Kind.PLAIN
    acronym = len(text) > 1 and text.isupper() and text.isalpha()
    return Kind.NAME if acronym or not opens else Kind.PLAIN


def _kinds(found: Sequence[Token]) -> list[Kind]:
    """The kind of each token; a capital at the start of a sentence tells nothing."""
    letters = "".join(t.text for t in found)
    shouting = len(letters) > 8 and letters.isupper()
    kinds = []
    opens = True
    for i, token in enumerate(found):
        kinds.append(_kind(token, opens, shouting))
        ends = token.text in ".!?:" and not _abbreviates(found, i)
        opens = ends or (opens and not token.text[:1].isalnum())
    for i in range(len(found) - 2, -1, -1):
        # "Frank Zappa", "Brooks & Dunn": the first word of a sentence is a name if a name follows.
        after = i + 1
        while after < len(found) - 1 and found[after].word in _GLUE:
            after += 1
        opening = kinds[i] is Kind.PLAIN and found[i].text[:1].isupper()
        if opening and kinds[after] is Kind.NAME and is_telling(found[i].word):
            kinds[i] = Kind.NAME
    return kinds


def _abbreviates(found: Sequence[Token], i: int) -> bool:
    """Whether the full stop at ``i`` belongs to an initial: "J.R. Smith"."""
    letters = found[i - 1].text.replace(".", "") if i and found[i].text == "." else ""
    return letters.isalpha() and letters.isupper() and len(letters) < 3


def code(phrase: Phrase) -> Token | None:
    """The code in a phrase: ``E42`` in "error E42"."""
    found = tokens(phrase.text)
    return next((t for t in reversed(found) if _kind(t, False, False) is Kind.CODE), None)


@lru_cache(maxsize=1_024)  # those of an answer take some 8 KB
def phrases(text: str) -> tuple[Phrase, ...]:
    """The phrases of a text, in order. Kept, as a thread's messages come again with every turn."""
    found = tokens(text)
    kinds = _kinds(found)
    out: list[Phrase] = []
    i = 0
    while i < len(found):
        if not (is_telling(found[i].word) or (kinds[i] and found[i].word not in STOP_WORDS)):
            i += 1
            continue
        does = kinds[i] is Kind.PLAIN and i > 0 and found[i - 1].word in _SUBJECTS
        stop = i + 1 if does else _stop(text, found, kinds, i)
        out.append(_phrase(text, found, kinds, i, stop, does=does))
        i = stop
    return tuple(out)


def _stop(text: str, found: Sequence[Token], kinds: list[Kind], start: int) -> int:
    """The index after the last token of the phrase that starts at ``start``."""
    i = start + 1
    lower_tail = 0
    while i < len(found) and i - start < 7:
        token, before = found[i], found[i - 1]
        if kinds[i - 1] is Kind.NAME and _abbreviates(found, i) and any(kinds[i + 1 : i + 2]):
            i += 1
            continue
        if text[before.end : token.start].strip() or "\n" in text[before.end : token.start]:
            break  # a possessive or a line end lies between
        if token.word in _GLUE and kinds[i] is Kind.PLAIN:
            after = next((j for j in range(i, len(found)) if found[j].word not in _GLUE), i)
            if kinds[i - 1] is Kind.NAME and kinds[after] is Kind.NAME:
                i = after + 1
                continue
            break
        if token.word in STOP_WORDS or not (is_telling(token.word) or kinds[i]):
            break
        if kinds[i] is Kind.NAME and kinds[i - 1] is Kind.PLAIN and before.text != ".":
            break
        plain = any(
            not kinds[j] and found[j].text[0].isalnum()
            for j in range(start, i)
            if found[j].word not in _GLUE
        )
        if kinds[i] is Kind.PLAIN and not plain:
            # "the Hamlin variety", "Pro plan"; but "Joker | won", "the mg-200 | waterproof"
            named = start and found[start - 1].word in _ARTICLES and kinds[i - 1] is Kind.NAME
            named = named or _closes(found, start, i)
            if not (named or is_attribute(token.word)):
                break
            lower_tail += 1
        elif kinds[i] is Kind.PLAIN and lower_tail:
            break
        i += 1
    return i


def _closes(found: Sequence[Token], start: int, i: int) -> bool:
    """Whether the word at ``i`` after a name that starts at ``start`` is its noun ("Bigos stew.",
    not "did Slipknot form?")."""
    after = found[i + 1].word if i + 1 < len(found) else "."
    asked = found[start - 1].word in _HELPING if start else True
    return not asked and (not after[:1].isalnum() or after in _AFTER_NOUNS)


def _phrase(
    text: str,
    found: Sequence[Token],
    kinds: list[Kind],
    start: int,
    stop: int,
    *,
    does: bool,
) -> Phrase:
    while stop - start > 1 and kinds[stop - 1] is Kind.PLAIN:
        last = found[stop - 1].word
        if not last.endswith("ed"):  # "garbage | processed"
            break
        stop -= 1
    before = [t.word for t in found[max(0, start - 2) : start] if t.word not in {"the", "a", "an"}]
    led = found[start - 1].word if start else ""
    inside = found[start:stop]
    return Phrase(
        text[inside[0].start : inside[-1].end],
        tuple(t.word for t in inside if t.word not in _GLUE and t.text != ".") or (inside[0].word,),
        inside[0].start,
        inside[-1].end,
        max(kinds[start:stop]),
        bool(before) and before[-1] in _ASKING,
        led in _LEADING or led in _ASKING,
        led in {"the", "this", "that", "these", "those"},
        does,
    )
