"""The decision what a follow-up leaves out, and putting it in."""

from __future__ import annotations

import re
from collections.abc import Sequence

from bot.conversation import Message, Role
from bot.lexical import STOP_WORDS
from bot.query.phrases import (
    Kind,
    Phrase,
    Token,
    is_attribute,
    phrases,
    singular,
    tokens,
)
from bot.query.thread import CHARACTERS, Thread, listed, subject, window

_OWNING = frozenset({"its", "their", "his", "her", "theirs", "hers"})
_PERSONAL = frozenset({"it", "they", "them", "he", "she", "him", "her"})
_POINTING = frozenset({"this", "that", "these", "those"})
_LEANING = frozenset({"one", "ones", "same", "other", "others", "another", "else", "there", "both"})
_ELLIPSIS = re.compile(
    r"\s*(?:(?:ok(?:ay)?|so|and|but|or|hm+|well|oh|yes|no|thanks|great|interesting)\b[,.! ]*)*"
    r"(?:(?:what|how) about|and|or|what if|same for|also)\b[\s,]*(?:for|in|on|with|at|to|of)?\s*",
    re.IGNORECASE,
)
_SWITCH = re.compile(
    r"\b(?:(?:different|another|new|unrelated|separate) (?:question|topic|thing|subject)"
    r"|something else|by the way|btw|on another note|changing (?:the )?(?:topic|subject))\b",
    re.IGNORECASE,
)
_OWN_BUSINESS = re.compile(
    r"\b(?:(?:how|where|when|what|why|can|could|do|should|may) (?:do|can|could|should|must|would)?\s*"
    r"(?:i|we)\b|my\b|our\b|i(?:'m| am| want| need| have|'d))",
    re.IGNORECASE,
)
_ORDINALS = {
    "first": 1, "1st": 1, "second": 2, "2nd": 2, "third": 3, "3rd": 3, "fourth": 4, "4th": 4,
    "fifth": 5, "5th": 5, "sixth": 6, "6th": 6, "last": -1, "latter": -1, "former": 1,
}  # fmt: skip
_NUMBERED = re.compile(
    r"\b(?:the )?(?:(?:number|option|item|point|step|no\.?) #?(?P<n>\d{1,2})\b"
    r"|(?P<o>" + "|".join(_ORDINALS) + r") (?:one|option|item|point|step|suggestion|approach|way|"
    r"type|method|choice|idea)\b)",
    re.IGNORECASE,
)


def rewrite(question: str, history: Sequence[Message]) -> str:
    """The question as a stand-alone search query.

    Without history the question comes back as it is. Reads the last 20 messages of the thread and
    the first 1,500 characters of each; the texts are data, nothing in them is followed.
    """
    if not history or not question.strip():
        return question
    thread = Thread()
    for message in window(history):
        if message.role is Role.USER:
            thread.question = _follow(message.text, thread)
        else:
            _hear(message.text, thread)
    return _resolve(question, thread) if len(question) <= CHARACTERS else question


def _hear(answer: str, thread: Thread) -> None:
    """Take in an answer: its list and its names."""
    thread.items = listed(answer)
    thread.learn([p for p in phrases(answer) if p.kind is not Kind.PLAIN])


def _follow(text: str, thread: Thread) -> str:
    """Take in a question of the user; returns it resolved."""
    resolved = _resolve(text, thread) if thread.topic else text
    found = phrases(text)
    about = subject(text, found)
    leans = _leans(tokens(text))
    if about is not None:
        switched = _SWITCH.search(text)
        if thread.topic is None or switched:
            thread.topic = thread.focus = _complete(about, thread)
        elif not leans or _ELLIPSIS.match(text):
            tells = about.kind is not Kind.PLAIN or about.asked or _stands(found)
            thread.focus = _complete(about, thread) if tells else thread.focus
    thread.learn(found)
    return resolved


def _resolve(question: str, thread: Thread) -> str:
    """The question with what it leaves out put in."""
    found = phrases(question)
    if thread.focus is None or _SWITCH.search(question):
        return question
    numbered = _number(question, thread)
    if numbered:
        return _with_context(numbered, [thread.topic])
    swapped = _swap(question, found, thread)
    if swapped:
        return swapped
    question = _name_in_full(question, found, thread)
    words = tokens(question)
    replaced = _replace_pronoun(question, words, thread.focus)
    if replaced:
        return _with_context(replaced, [thread.topic])
    if _leans(words) or not _stands(found):
        return _with_context(question, [thread.focus, thread.topic])
    return question


def _leans(words: Sequence[Token]) -> bool:
    """Whether a pronoun or the like points back into the thread."""
    for i, token in enumerate(words):
        if token.word in _OWNING or token.word in _PERSONAL or token.word in _LEANING:
            return True
        if token.word in _POINTING and _points(words, i):
            return True
    return False


def _points(words: Sequence[Token], i: int) -> bool:
    """Whether this/that/these/those at ``i`` is a pronoun or determiner, not a conjunction."""
    after = words[i + 1].word if i + 1 < len(words) else ""
    return words[i].word != "that" or i == 0 or not after[:1].isalpha() or after in STOP_WORDS


def _stands(found: Sequence[Phrase]) -> bool:
    """Whether the phrases of a question say enough to search by."""
    telling = [p for p in found if not all(is_attribute(w) for w in p.words)]
    if any(p.kind is not Kind.PLAIN for p in telling):
        return True
    return sum(len(p.words) for p in telling) >= 3


def _complete(phrase: Phrase, thread: Thread) -> Phrase:
    """The longest name known for a short one."""
    if len(phrase.words) == 1:
        known = thread.names.get(phrase.words[0])
        if known is not None and len(known.words) > 1:
            return known
    return phrase


def _name_in_full(question: str, found: Sequence[Phrase], thread: Thread) -> str:
    """Short forms of names that the thread has in full: "Dali" to "Salvador Dali"."""
    for phrase in reversed(found):
        full = _complete(phrase, thread)
        if full is not phrase and phrase.kind is not Kind.CODE:
            question = question[: phrase.start] + full.text + question[phrase.end :]
    return question


def _number(question: str, thread: Thread) -> str:
    """The question with "the second option" by its name in the last answer's list, or nothing."""
    match = _NUMBERED.search(question)
    if not match or not thread.items:
        return ""
    n = int(match["n"]) if match["n"] else _ORDINALS[match["o"].lower()]
    place = n - 1 if n > 0 else len(thread.items) - 1
    if not 0 <= place < len(thread.items):
        return ""
    return question[: match.start()] + thread.items[place] + question[match.end() :]


def _swap(question: str, found: Sequence[Phrase], thread: Thread) -> str:
    """ "And the MG-400?" as the question before with the same kind of thing exchanged."""
    opening = _ELLIPSIS.match(question)
    if not opening or not found or not thread.question:
        return ""
    asked = found[-1]
    rest = question[opening.end() :].strip(" ?.!")
    if len(rest.split()) > len(asked.words) + 2:
        return ""
    for old in phrases(thread.question):
        if _same_type(old, asked) and old.words != asked.words:
            return thread.question[: old.start] + asked.text + thread.question[old.end :]
    return ""


def _same_type(old: Phrase, new: Phrase) -> bool:
    if Kind.PLAIN in (old.kind, new.kind):
        return len(old.words) > 1 and old.head == new.head
    if Kind.CODE in (old.kind, new.kind):
        return old.kind is new.kind
    return True


def _replace_pronoun(question: str, words: Sequence[Token], focus: Phrase) -> str:
    """The question with its first pronoun replaced by the focus; empty where it has none."""
    for i, token in enumerate(words):
        after = words[i + 1].word if i + 1 < len(words) else ""
        owner = token.word in _OWNING and after[:1].isalpha() and after not in STOP_WORDS
        bare = token.word in _PERSONAL or (
            token.word in _POINTING and (not after[:1].isalpha() or after in STOP_WORDS)
        )
        if token.word == "it" and after in {"mean", "possible", "true"}:
            continue
        if not owner and not bare:
            continue
        ending = ("'" if focus.text.endswith("s") else "'s") if owner else ""
        return question[: token.start] + focus.text + ending + question[token.end :]
    return ""


def _with_context(question: str, context: Sequence[Phrase | None]) -> str:
    """The question with those phrases after it in brackets that it does not hold yet."""
    held = {singular(t.word) for t in tokens(question)}
    added: list[str] = []
    for phrase in context:
        if phrase is None:
            continue
        own = {singular(w) for w in phrase.words}
        if not own <= held:
            added.append(phrase.text)
            held |= own
    return f"{question.rstrip()} ({', '.join(added)})" if added else question
