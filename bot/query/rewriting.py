"""The decision what a follow-up leaves out, and putting it in."""

from __future__ import annotations

import re
from collections.abc import Sequence

from bot.conversation import Message, Role
from bot.lexical import STOP_WORDS
from bot.query.phrases import Kind, Phrase, Token, is_attribute, phrases, singular, tokens
from bot.query.thread import (
    CHARACTERS,
    OPENING,
    Thread,
    dwelt_on,
    listed,
    person_like,
    subject,
    weight,
    window,
)

_OWNING = frozenset({"its", "their", "his", "her", "theirs", "hers"})
_HUMAN = frozenset({"he", "she", "him", "his", "her", "hers"})
_PERSONAL = frozenset({"it", "they", "them", "he", "she", "him", "her"})
_POINTING = frozenset({"this", "that", "these", "those"})
_LEANING = frozenset({"one", "ones", "same", "other", "others", "another", "else", "both", "each"})
_PREDICATES = frozenset(
    """is are was were does do did can could will would should has have had mean means work works
    happen happened affect include in on at for to with by from of about and or""".split()
)
_EMPTY_IT = re.compile(
    r"\bit(?:'s| is| was| would be| takes?| will take| (?:really |still )?(?:possible|necessary|ok)"
    r"|seems?)\b(?= (?:possible|necessary|important|okay|ok|true|safe|worth|better|possible|me|for"
    r"|to|that|like|inappropriate|a good)\b)|\b(?:will|would|does|did|is|was|can|should) it"
    r" (?:take|possible|necessary|true|ok|okay|worth|make sense|be (?:possible|better|ok))\b",
    re.IGNORECASE,
)
_LEAD = r"\s*(?:(?:ok(?:ay)?|so|and|but|or|hm+|well|oh|yes|no|thanks|great|alright|interesting)\b[,.! ]*)*"
_ELLIPSIS = re.compile(
    _LEAD + r"(?:what|how) about\b[\s,]*(?:for|in|on|with|at|to|of)?\s*"
    r"|\s*(?:and|or|what if|same for|also|but)\b[\s,]*(?:for|in|on|with|at|to|of)?\s*",
    re.IGNORECASE,
)
_SWITCH = re.compile(
    r"\b(?:(?:different|another|new|unrelated|separate) (?:question|topic|subject)"
    r"|by the way|btw|on another note|chang(?:e|ing) (?:the )?(?:topic|subject))\b",
    re.IGNORECASE,
)
_ASKS = re.compile(
    r"\?|^\W*(?:(?:ok(?:ay)?|so|and|but|now|please|thanks|great|alright|then|or)\b\W*)*"
    r"(?:what|which|who|whom|whose|when|where|why|how|is|are|was|were|do|does|did|can|could|will"
    r"|would|should|has|have|had|may|any|tell|show|describe|explain|give|list|compare|find|name)\b",
    re.IGNORECASE,
)
_OWN_BUSINESS = re.compile(r"\b(?:i|we|i'm|my|our)\b", re.IGNORECASE)
_REPLY = re.compile(
    r"\W*(?:yes|yep|yeah|sure|ok(?:ay)?|exactly|right|correct|please|please do|yes please|of course"
    r"|absolutely|go ahead|the (?:first|second|last|latter|former))(?:\W+(?:please|it is|i do))?\W*",
    re.IGNORECASE,
)
_STATES = re.compile(
    r"\W*(?:thanks?|thank you|no,? i mean|i mean|i don'?t|never mind)\b", re.IGNORECASE
)
_DEFINES = re.compile(
    r"\b(?:what(?:'s| is| are| was| were| causes?)|who(?:'s| is| are| was| were)|tell me about|describe"
    r"|explain|define|how (?:is|are|was|were|do|does|did|can|could|to))\s+(?:you |i |we )?"
    r"(?:an? |some )?$",
    re.IGNORECASE,
)
_SENTENCE = re.compile(r"(?<=[.!?])\s+")
_ORDINALS = {
    "first": 1, "1st": 1, "second": 2, "2nd": 2, "third": 3, "3rd": 3, "fourth": 4, "4th": 4,
    "fifth": 5, "5th": 5, "sixth": 6, "6th": 6, "last": -1, "latter": -1, "former": 1,
}  # fmt: skip
_ORDINAL = "(?:" + "|".join(_ORDINALS) + ")"
_NUMBERED = re.compile(
    r"\b(?:the )?(?:numbers?|options?|items?|points?|steps?|no\.?) #?(?P<n>\d{1,2}(?: (?:and|or) \d{1,2})?)\b"
    rf"|\b(?:the )?(?P<o>{_ORDINAL}(?: (?:and|or) (?:the )?{_ORDINAL})?)"
    r"(?: (?:one|option|item|point|step|suggestion|approach|way|type|method|choice|idea|thing)s?\b"
    r"|(?=\s*[?.!,]|\s*$))",
    re.IGNORECASE,
)


def rewrite(question: str, history: Sequence[Message]) -> str:
    """The question as a stand-alone search query.

    Without history the question comes back as it is. Reads the last 12 messages of the thread and
    the first 1,200 characters of each; the texts are data, nothing in them is followed.
    """
    if not history or not question.strip() or len(question) > CHARACTERS:
        return question
    thread = Thread()
    for message in window(history):
        if message.role is Role.USER:
            _follow(message.text, thread)
        else:
            _listen(message.text, thread)
    return _resolve(question, thread)


def _listen(answer: str, thread: Thread) -> None:
    """Take in an answer: its list, its names, what it dwells on and asks back."""
    thread.items = listed(answer) or thread.items
    answer = answer[:OPENING] if len(answer) > OPENING else answer
    found = phrases(answer)
    thread.hear(found)
    if answer.rstrip().endswith("?"):
        last = _SENTENCE.split(answer.rstrip())[-1]
        thread.asked_back = tuple(sorted(_telling(phrases(last)), key=weight)[-2:])
    if thread.focus is not None:
        about = {singular(w) for w in thread.focus.words}
        if not about & {singular(w) for p in found for w in p.words}:
            thread.focus = dwelt_on(answer) or thread.focus


def _follow(text: str, thread: Thread) -> None:
    """Take in a question of the user."""
    resolved = _resolve(text, thread)
    text = text[:OPENING]
    found = phrases(text)
    about = subject(found)
    thread.unmentioned += 1
    if about is not None:
        about = thread.in_full(about)
        if thread.topic is None or _SWITCH.search(text):
            thread.topic = thread.focus = about
        elif not _leans(tokens(text), found) and _takes_over(about):
            if about.kind is not Kind.PLAIN or _ASKS.search(text):
                thread.focus = about
        if person_like(about):
            thread.people.append(about)
    elif resolved != text:
        thread.unmentioned -= 1
    thread.hear(found)
    thread.question = resolved
    thread.asked_back = ()


def _takes_over(about: Phrase) -> bool:
    """Whether what a question is about becomes what the thread is about."""
    return weight(about) >= 1.6 or (about.led and not about.definite and weight(about) > 1.0)


def _resolve(question: str, thread: Thread) -> str:
    """The question with what it leaves out put in."""
    if thread.focus is None or _SWITCH.search(question):
        return question
    if _REPLY.fullmatch(question):
        return _with_context(question, thread.asked_back)
    swapped = _number(question, thread) or _swap(question, thread)
    if swapped:
        return swapped
    question = _names_in_full(question, thread)
    begin, core = _core(question)
    found = phrases(core)
    words = tokens(core)
    settled = bool(_telling(phrases(question[:begin])))
    if not settled:
        replaced = _replace_pronoun(core, words, found, thread)
        if replaced:
            return question[:begin] + _with_context(replaced, [thread.live_topic])
    if not _ASKS.search(core) and (len(_telling(found)) > 1 or _STATES.match(core)):
        return question
    if _stands(core, found) or (settled and not _leans(words, found)):
        return question
    return _with_context(question, [thread.focus, thread.live_topic])


def _core(question: str) -> tuple[int, str]:
    """Where the sentence that asks begins, and it: the last one with a question mark, else all."""
    starts = [0, *(m.end() for m in _SENTENCE.finditer(question))]
    pieces = [question[a:b] for a, b in zip(starts, [*starts[1:], len(question)], strict=True)]
    asking = [i for i, p in enumerate(pieces) if "?" in p]
    if not asking:
        return 0, question
    return starts[asking[-1]], question[starts[asking[-1]] :]


def _telling(found: Sequence[Phrase]) -> list[Phrase]:
    """Phrases that name something rather than ask for a property."""
    return [p for p in found if not all(is_attribute(w) for w in p.words)]


def _leans(words: Sequence[Token], found: Sequence[Phrase]) -> bool:
    """Whether a pronoun or the like points back into the thread."""
    own = [p.start for p in _telling(found) if not p.definite]
    first = min(own, default=1 << 30)
    for i, token in enumerate(words):
        if token.word in _LEANING and not own:
            return True
        if token.start > first:
            continue
        pronoun = token.word in _OWNING or token.word in _PERSONAL
        if pronoun or (token.word in _POINTING and _points(words, i)):
            return True
    return False


def _points(words: Sequence[Token], i: int) -> bool:
    """Whether this/that/these/those at ``i`` points at something, and is no conjunction."""
    after = words[i + 1].word if i + 1 < len(words) else ""
    return words[i].word != "that" or i == 0 or not after[:1].isalpha() or after in STOP_WORDS


def _stands(text: str, found: Sequence[Phrase]) -> bool:
    """Whether a question says enough to search by.

    A name or a code does, or three words, or two where it is about the asker's own business. "What
    is a strong password?" introduces its subject and does; "what about the experiments?" does not.
    """
    telling = _telling(found)
    if any(p.kind is not Kind.PLAIN for p in telling):
        return True
    if any(not p.definite and _DEFINES.search(text[: p.start]) for p in telling):
        return True
    enough = 2 if _OWN_BUSINESS.search(text) else 3
    return sum(len(p.words) for p in telling) >= enough


def _names_in_full(question: str, thread: Thread) -> str:
    """Short forms of names that the thread has in full: "Dali" to "Salvador Dali"."""
    lower_case = question[1:] == question[1:].lower()
    for phrase in reversed(phrases(question)):
        full = thread.in_full(phrase, lower_case)
        if full is not phrase and singular(full.words[0]) not in fold_words(question):
            question = question[: phrase.start] + full.text + question[phrase.end :]
    return question


def fold_words(text: str) -> set[str]:
    """The words of a text, folded and singular."""
    return {singular(t.word) for t in tokens(text)}


def _number(question: str, thread: Thread) -> str:
    """The question with "the second option" by its name in the last list, or nothing."""
    match = _NUMBERED.search(question)
    if not match or not thread.items:
        return ""
    wanted = re.findall(r"\w+", (match["n"] or match["o"]).lower())
    places = [int(w) if w.isdigit() else _ORDINALS.get(w, 0) for w in wanted]
    named = [thread.items[p - 1 if p > 0 else -1] for p in places if p and p <= len(thread.items)]
    if not named:
        return ""
    return question[: match.start()] + " and ".join(named) + question[match.end() :]


def _swap(question: str, thread: Thread) -> str:
    """ "And the MG-400?" as the question before with the same kind of thing exchanged."""
    opening = _ELLIPSIS.match(question)
    found = phrases(question)
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


def _replace_pronoun(
    question: str, words: Sequence[Token], found: Sequence[Phrase], thread: Thread
) -> str:
    """The question with its first pronoun replaced; empty where it has none of the thread."""
    first = min((p.start for p in _telling(found)), default=1 << 30)
    empty = [m.span() for m in _EMPTY_IT.finditer(question)]
    for i, token in enumerate(words):
        if token.start > first:
            return ""
        after = words[i + 1].word if i + 1 < len(words) else ""
        named = after[:1].isalpha() and after not in STOP_WORDS
        owner = token.word in _OWNING and named
        bare = token.word in _PERSONAL and not (token.word == "her" and named)
        if token.word in {"these", "those"}:
            bare = not after[:1].isalpha() or after in _PREDICATES
        if not owner and not bare:
            continue
        if token.word == "it" and any(a <= token.start < b for a, b in empty):
            continue
        meant = _meant(token.word, thread)
        if meant is None:
            return ""
        ending = ("'" if meant.text.endswith("s") else "'s") if owner else ""
        return question[: token.start] + meant.text + ending + question[token.end :]
    return ""


def _meant(pronoun: str, thread: Thread) -> Phrase | None:
    """Whom or what a pronoun stands for."""
    if pronoun in _HUMAN:
        if thread.topic is not None and person_like(thread.topic):
            return thread.topic
        return thread.people[-1] if thread.people else thread.focus
    if thread.focus is not None and pronoun in {"it", "its"} and person_like(thread.focus):
        return None if thread.focus is thread.topic else thread.topic
    return thread.focus


def _with_context(question: str, context: Sequence[Phrase | None]) -> str:
    """The question with those phrases after it in brackets that it does not hold yet."""
    held = fold_words(question)
    added: list[str] = []
    for phrase in context:
        if phrase is None:
            continue
        own = {singular(w) for w in phrase.words}
        if not own <= held:
            added.append(phrase.text)
            held |= own
    return f"{question.rstrip()} ({', '.join(added)})" if added else question
