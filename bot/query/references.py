"""References of a question into its thread, put into words: pronouns, short names, exchanges."""

from __future__ import annotations

import re
from collections.abc import Sequence

from bot.lexical import STOP_WORDS
from bot.query.cues import (
    ELLIPSIS,
    OWNING,
    PERSONAL,
    has_antecedent,
    has_plural_antecedent,
    telling,
)
from bot.query.phrases import Kind, Phrase, Token, code, phrases, singular, tokens
from bot.query.thread import Thread, person_like

_HUMAN = frozenset({"he", "she", "him", "his", "her", "hers"})
_THING = frozenset({"it", "its"})
_SEVERAL = frozenset({"people", "children", "men", "women", "teeth", "feet", "mice", "data"})
_PREDICATES = frozenset(
    """is are was were does do did can could will would should has have had mean means work works
    happen happened affect include in on at for to with by from of about and or""".split()
)
_EMPTY_IT = re.compile(
    r"\bit(?:'s| is| was| would be| takes?| will take| (?:really |still )?(?:possible|necessary|ok)"
    r"|seems?)\b(?= (?:possible|necessary|important|okay|ok|true|safe|worth|better|me|for|to|that"
    r"|like|inappropriate|a good)\b)|\b(?:will|would|does|did|is|was|can|should) it"
    r" (?:take|possible|necessary|true|ok|okay|worth|make sense|be (?:possible|better|ok))\b",
    re.IGNORECASE,
)


def own_words(text: str) -> set[str]:
    """The words of a text, folded and singular."""
    return {singular(t.word) for t in tokens(text)}


def with_names_in_full(question: str, thread: Thread) -> str:
    """Short forms of names that the thread has in full: "Dali" to "Salvador Dali"."""
    lower_case = question[1:] == question[1:].lower()
    for phrase in reversed(phrases(question)):
        full = thread.in_full(phrase, lower_case)
        if full is not phrase and singular(full.words[0]) not in own_words(question):
            question = question[: phrase.start] + full.text + question[phrase.end :]
    return question


def exchanged(question: str, thread: Thread) -> str:
    """ "And the MG-400?" as the question before with the same kind of thing exchanged, or nothing.

    Codes go for codes, names for names, "the Pro plan" for "the Starter plan".
    """
    opening = ELLIPSIS.match(question)
    found = phrases(question)
    if not opening or not found or not thread.question:
        return ""
    new = found[-1]
    if len(question[opening.end() :].split()) > len(new.words) + 2:
        return ""
    before = phrases(thread.question)
    for old in before:
        if old.words != new.words and _same_type(old, new):
            return _put(thread.question, old, new)
    # "what about the sensor?" after the warranty of the MG-200 asks for the sensor's warranty.
    codes = [old for old in before if old.kind is Kind.CODE]
    owned = OWNING & {token.word for token in tokens(question)}  # "and its pressure?" is no other
    if not owned and len(codes) == 1 and new.kind is Kind.PLAIN and telling([new]):
        return _put(thread.question, codes[0], new)
    return ""


def _same_type(old: Phrase, new: Phrase) -> bool:
    if Kind.PLAIN in (old.kind, new.kind):
        return len(old.words) > 1 and old.head == new.head
    if Kind.CODE in (old.kind, new.kind):
        return old.kind is new.kind
    return True


def _put(question: str, old: Phrase, new: Phrase) -> str:
    """The question with one phrase for another; of codes only the code itself."""
    start, end, text = old.start, old.end, new.text
    was, now = code(old), code(new)
    if was and now:
        start, end, text = old.start + was.start, old.start + was.end, now.text
    return question[:start] + text + question[end:]


def without_pronoun(question: str, found: Sequence[Phrase], thread: Thread) -> str:
    """The question with its first pronoun replaced; nothing where it has none of the thread.

    ``found`` are the phrases of the question; a pronoun after one of them points at that one.
    """
    own = telling(found)
    empty = [m.span() for m in _EMPTY_IT.finditer(question)]
    words = tokens(question)
    for i, token in enumerate(words):
        if has_antecedent(token, own) or has_plural_antecedent(token, found):
            return ""
        use = _use(token, words[i + 1].word if i + 1 < len(words) else "")
        if not use or (token.word == "it" and any(a <= token.start < b for a, b in empty)):
            continue
        meant = _meant(token.word, thread)
        if meant is None:
            return ""
        ending = ("'" if meant.text.endswith("s") else "'s") if use == "owner" else ""
        return question[: token.start] + meant.text + ending + question[token.end :]
    return ""


def _use(token: Token, after: str) -> str:
    """How a word is used before another one: ``owner`` ("its price"), ``bare`` ("it"), neither."""
    named = after[:1].isalpha() and after not in STOP_WORDS
    if token.word in OWNING and named:
        return "owner"
    if token.word in PERSONAL:
        return "bare"
    # "That" alone is more often a whole sentence than a thing, and stays.
    alone = token.word in {"these", "those"} and (not after[:1].isalpha() or after in _PREDICATES)
    return "bare" if alone else ""


def _meant(pronoun: str, thread: Thread) -> Phrase | None:
    """Whom or what a pronoun stands for: the focus or the topic, whichever agrees with it."""
    if pronoun in _HUMAN:
        if thread.topic is not None and person_like(thread.topic):
            return thread.topic
        return next(reversed(thread.people), None) or _name(thread.focus)
    focus, topic = thread.focus, thread.topic
    if pronoun in _THING and focus and person_like(focus) and topic:
        return focus if person_like(topic) else topic
    agreeing = next((p for p in (focus, topic) if p is not None and _agrees(pronoun, p)), None)
    return agreeing or (None if pronoun in _THING else focus)  # "they" may be a kind: "a 529 plan"


def _name(phrase: Phrase | None) -> Phrase | None:
    return phrase if phrase is not None and phrase.kind is Kind.NAME else None


def _agrees(pronoun: str, phrase: Phrase) -> bool:
    """Whether a pronoun may stand for a phrase: "it" for one thing, "them" for several; names are
    either (a band, a company)."""
    if phrase.kind is not Kind.PLAIN:
        return True
    several = phrase.head != phrase.words[-1] or phrase.words[-1] in _SEVERAL
    return several != (pronoun in _THING)
