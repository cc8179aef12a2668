"""What kind of not-knowing it is: why a question has no answer, in a word and in a sentence.

Pure. The reason goes into the turn's story; the persona puts it into words for the asker
(:func:`persona.phrases.declining`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from bot.evidence import NotKnowing, Passage, Unknown
from bot.facts import Kind, facts, rarity
from bot.languages import FUNCTION_WORDS, GERMAN
from bot.lexical import STOP_WORDS, fold, terms, words
from bot.linking import only_known_links
from bot.nearness import Nearness, in_another_language, nearness
from bot.query.cues import ASKS_BACK, last_sentence
from bot.query.phrases import GENERAL


@dataclass(frozen=True, slots=True)
class Limits:
    """Where the kinds part. ``outside`` is the nearness (best cosine + half the share of telling
    words held) below which passages are about something else; ``telling`` the rarity from which
    a word that no passage holds is named.

    Below 0.6 are 97% of 284 questions on Wikipedia articles asked of a product's documentation and
    all of 169 asked of a handbook; of unanswerable questions about a set's own articles 6%.
    """

    outside: float = 0.6
    telling: float = 4.5
    named: int = 3


LIMITS = Limits()

_LONGEST_WORD = 40


_SUM = re.compile(
    r"\W*(?:(?:what(?:'s| is)|how much is|calculate|compute|solve|was ist|wie ?viel (?:ist|sind)"
    r"|rechne)\s+)?(?:aus\s+)?[\d(][\d\s.,()]*(?:(?:[-+*/x×÷^%]|plus|minus|times|mal|geteilt durch"
    r"|divided by|to the power of)\s*[\d(][\d\s.,()]*)+(?:=\s*)?\??\W*",
    re.IGNORECASE,
)
_WRITING = re.compile(
    r"^\W*(?:(?:please|can you|could you|would you|bitte|kannst du|können sie|hi|hello|hey)\W+)*"
    r"(?:write|compose|make up|invent|tell|sing|draw|paint|rap|schreib(?:e|en)?|dichte|erzähl(?:e)?"
    r"|male?|sing)\s+(?:(?:me|us|mir|uns)\s+)?(?:(?!about\b|of\b|what\b|how\b|if\b|where\b)\w+\s+){0,3}?"
    r"(?P<what>poem|song|haiku|limerick|sonnet|rhyme|story|joke|essay|novel|fairy tale|lullaby|rap"
    r"|picture|gedicht|lied|geschichte|witz|märchen|aufsatz|bild)s?\b",
    re.IGNORECASE,
)

_TONGUE = (
    r"(?:english|french|german|spanish|italian|portuguese|dutch|polish|turkish|russian|ukrainian"
    r"|arabic|chinese|mandarin|japanese|korean|hindi|latin|greek|swedish|norwegian|danish|finnish"
    r"|czech|hungarian|romanian|hebrew|thai|vietnamese|englische?|deutsche?|französische?|spanische?"
    r"|italienische?|polnische?|türkische?|russische?)"
)
_COURTESY = r"^\W*(?:(?:please|hi|hello|hey|bitte)\W+)*"
_TRANSLATION = re.compile(
    # "Translate this page", "can you translate the e-mails to German" may be about the product.
    rf"{_COURTESY}(?:(?:translate|übersetz(?:e|en)?)\b.*\b(?:(?:in)?to|ins?|auf)\s+{_TONGUE}\W*$"
    r"|(?:(?:can|could|would) you )?(?:translate|übersetz(?:e|en)?)\b[^:?\n]{0,40}[:“\"«„]"
    rf"|(?:how (?:do|would) (?:you|i|we) say|what(?:'s| is) the (?:word|translation) (?:of|for))\b"
    rf".*\bin\s+{_TONGUE}\W*$|(?:wie (?:sagt|heißt) (?:man )?).*\bauf\s+{_TONGUE}\W*$)",
    re.IGNORECASE | re.DOTALL,
)
_GAME = re.compile(
    rf"{_COURTESY}(?:(?:can|could|would) you (?:please )?)?(?:(?:flip|toss) (?:a|me a) coin"
    r"|(?:roll|throw) (?:a|an|the|some|two) (?:\w+[- ]sided )?(?:dice|die)|let['’]?s play"
    r" (?:a )?(?:game|chess|hangman|trivia)|play (?:a game|chess|hangman|trivia) with me"
    r"|(?:pick|think of|give me) a random number(?: (?:from|between) [\w ]+)?|wirf eine münze"
    r"|würfle)"
    r"\b[^?]*[?.!]?\s*$",
    re.IGNORECASE,
)


_NO_NOUN = re.compile(r".{2,}(?:ed|ing|ly|est|ous|ive|able|ible|ful|less|ish|wards?|self|selves)")
"""Endings of what says how or what is done, and seldom what a page would be about."""
_NAMES_NOTHING = frozenset(
    """became began bent besides bit bled blew bore born bound bred broke broken brought built burst
    caught chose chosen clung crept cut dealt died dies drank drawn drew driven drove dug eaten ate
    fed fell fled flew flown forbade forgot forgotten fought froze frozen gave grew hid hidden hung
    hurt knew known laid lain lay led left lent lit lost meant met mistook overcame paid proved
    proven ran rang rid ridden rode rose risen rung sang sank sat saw seen sent shaken shook shot
    shown shrank shut slain slept slew slid slung spun split spoke spoken sprang spread stole stolen
    stood struck stuck sung sunk swam swept swore sworn swung taken tore torn thrown threw thrust
    told took trod understood undid undone upset woke woken won wore worn wound wove woven wrote
    written abbreviate accomplish arrive ascribe attain awake become begin belong bring buy catch
    choose come consist convince die disappear eat emerge exist fall fly forget grow happen hide
    hurt kill know lend lie lose obtain occur owe prove reject remain retain rob sell send shrink
    sing sit sleep smell smile speak spend stand steal survive swim teach tell throw vary wake wear
    win
    able absent accurate actual afraid alone angry apart asleep aware bad big bright broad busy
    certain cheap clear cold cool correct dead deep direct dry due each early east easy empty
    equal exact fair fast fat fine flat former formal frequent full general glad gone great half
    happy hard hidden high hot huge ill illegal just keen large last late lazy light likely little
    local long loud low lucky main mild modern most near neat new nice normal odd old only
    opposite other own particular past perfect plain pretty prime proper quick quiet rapid rare
    ready real recent rich right rough round sad safe same sharp short sick similar simple single
    slow small smooth soft sole sour special square stable steady steep still straight strange
    strict strong sure sweet tall tame thick thin tight tiny total tough true typical unable
    unclear unique unlike unusual usual vague various vast very warm weak weird west wet whole
    wide wild wise worst worth wrong young
    anybody anyone anything anywhere besides beyond dozen double everybody everyone everywhere
    half himself kinds kind lots lot maybe meanwhile moreover nobody none nothing nowhere plenty
    plus quarter somebody someone something somewhere sort sorts times together toward twice
    triple unless upon via versus whatever whereas whoever whom""".split()
)
_SAID_OF = frozenset("to not never i you we they he she who cannot".split())
"""Words that a verb stands after."""


_GIVES_UP = re.compile(
    r"\b(?:i|we)(?: (?:do not|don['’]t|did not|didn['’]t|could not|couldn['’]t|cannot|can['’]t"
    r"|am not|are not|was unable|am unable)|['’]m (?:not|unable|afraid|sorry))\b.{0,30}?"
    r"\b(?:know|find|found|see|sure|say|tell|answer|have|able|that|to)\b"
    r"|\b(?:documents?|docs|documentation|passages?|sources?|pages?)\b.{0,30}?"
    r"\b(?:do not|don['’]t|does not|doesn['’]t|nothing)\b"
    r"|\bweiß (?:ich )?(?:das |es )?(?:leider )?nicht\b"
    r"|\bfinde\b.{0,60}?\b(?:nicht|nichts|keine?)\b",
    re.IGNORECASE | re.DOTALL,
)
_OFFERS = re.compile(
    r"\b(?:ask|connect|hand|pass|forward|talk|speak|bring|get|weiter\w+|frag\w+)\b.{0,40}?"
    r"\b(?:person|human|colleague|teammate|someone|menschen?|kolleg(?:e|en|in))\b",
    re.IGNORECASE,
)


def asks_back(answer: str) -> bool:
    """Whether words without a source ask for what is missing: who says that it does not know, or
    offers a person, does not."""
    if not answer.rstrip(" *_\n)").endswith("?"):
        return False
    return bool(ASKS_BACK.search(last_sentence(answer))) or not (
        _GIVES_UP.search(answer) or _OFFERS.search(answer)
    )


def other_task(question: str) -> str:
    """What a message wants instead of an answer from documents: ``"a sum"``, ``"a poem"``, ``"a
    translation"``, ``"a game"``; empty for a question.

    Decided before anything is searched, and careful: "write a config file" or "tell me the story of
    the company" are questions.
    """
    if _SUM.fullmatch(question):
        return "a sum"
    if _TRANSLATION.match(question):
        return "a translation"
    if _GAME.match(question):
        return "a game"
    found = _WRITING.match(question)
    if found is None:
        return ""
    what = found["what"].lower()
    about_us = re.match(r"\s+(?:of|behind|for)\b", question[found.end("what") :])
    if what in ("story", "picture", "bild", "geschichte", "essay", "lied") and about_us:
        return ""
    return f"{'an' if what[0] in 'aeiou' else 'a'} {what}"


def unknown(
    query: str,
    passages: Sequence[Passage],
    *,
    unsupported: int = 0,
    contradicting: bool = False,
    limits: Limits = LIMITS,
) -> Unknown:
    """Why a question that has got no answer has none.

    ``unsupported`` counts the sentences that did not pass the check; ``contradicting`` says that
    documents disagree about it.
    """
    task = other_task(query)
    if task:
        return Unknown(NotKnowing.TASK, f"it asks for {task}, which no document answers")
    if not passages:
        return Unknown(NotKnowing.NOTHING, "no passage was found that this audience may see")
    missing = missing_words(query, passages, limits)
    if contradicting:
        return Unknown(NotKnowing.CONTRADICTING, "documents say different things about it", missing)
    near = nearness(query, passages)
    kind, reason = _of_passages(query, passages, near, unsupported, limits)
    lacking = f"; no passage holds {', '.join(missing)}" if missing else ""
    said = f"nearness {near.value:.2f}: cosine {near.cosine:.2f}, words held {near.covered:.0%}"
    return Unknown(kind, f"{reason} ({said}){lacking}", missing)


def part_unknown(query: str, passages: Sequence[Passage]) -> Unknown:
    """Why a part of a question has no answer where another part has one."""
    missing = missing_words(query, passages)
    lacking = f"; no passage holds {', '.join(missing)}" if missing else ""
    reason = f"a part of the question is not answered by the passages{lacking}"
    return Unknown(NotKnowing.PART, reason, missing)


def _of_passages(
    query: str, passages: Sequence[Passage], near: Nearness, unsupported: int, limits: Limits
) -> tuple[NotKnowing, str]:
    """The kind, where there are passages, and why."""
    if not unsupported and in_another_language(query, passages):
        return NotKnowing.LANGUAGE, "it is asked in another language than the passages are in"
    if _outside(near, passages, limits):
        wanted = f"below the nearness of {limits.outside:.2f}"
        return NotKnowing.OUTSIDE, f"what was found is about something else, {wanted}"
    if unsupported:
        count = "one sentence" if unsupported == 1 else f"{unsupported} sentences"
        return NotKnowing.UNSUPPORTED, f"{count} said about it did not pass the check"
    return NotKnowing.NEAR, "the passages are near but do not answer"


def _outside(near: Nearness, passages: Sequence[Passage], limits: Limits) -> bool:
    if all(p.cosine is None for p in passages):  # words alone: half of them is near
        return near.covered < limits.outside / 1.5
    return near.value < limits.outside


def as_said(why: Unknown, said: Iterable[str]) -> Unknown:
    """The same without words that nobody said, as a model may put into what it rewrites, and
    without addresses."""
    known = fold("\n".join(said))
    kept = tuple(w for w in why.missing if fold(w) in known and only_known_links(w, ()) == w)
    return why if kept == why.missing else replace(why, missing=kept)


def missing_words(
    query: str, passages: Sequence[Passage], limits: Limits = LIMITS
) -> tuple[str, ...]:
    """Names, codes and rare nouns of a question that no passage holds, as written, at most three.

    Of a question in another language than the passages only codes: every word would be missing.
    """
    exact = {fold(f.text) for f in facts(query) if f.kind is Kind.CODE}
    foreign = in_another_language(query, passages)
    named = {w for f in facts(query) if f.kind is Kind.NAME for w in words(f.text)}
    held = {t for p in passages for t in terms(f"{p.chunk.header}\n{p.chunk.text}")}
    squashed = {re.sub(r"\W", "", t) for t in held}
    found = []
    before = ""
    for match in re.finditer(r"[^\W_]+(?:[-'’._/+#@:][^\W_]+)*", query):
        word, after = fold(match.group()), before
        before = word
        if word not in exact and (
            foreign or not _tells(word, after, is_name=word in named, limits=limits)
        ):
            continue
        if re.sub(r"\W", "", word) in squashed or set(terms(word)) & held:
            continue
        if len(match.group()) < _LONGEST_WORD:
            found.append(match.group())
    return tuple(dict.fromkeys(found))[: limits.named]


def _tells(word: str, after: str, *, is_name: bool, limits: Limits) -> bool:
    """Whether it says something that no page mentions a word: a rare one that names a thing. What
    was done ("broke"), how much ("half") and how it was ("tall") may be said in other words."""
    if word in STOP_WORDS or min(map(rarity, terms(word)), default=0.0) < limits.telling:
        return False
    if is_name or any(c.isdigit() for c in word):
        return word not in _NAMES_NOTHING
    return not (
        word in _NAMES_NOTHING
        or word in GENERAL
        or word in FUNCTION_WORDS[GERMAN]
        or after in _SAID_OF
        or _NO_NOUN.fullmatch(word)
    )
