"""The decision what a follow-up leaves out, and putting it in."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from bot.conversation import Message, Role, Usage
from bot.query import cues, lists
from bot.query.phrases import Kind, Phrase, phrases, singular, tokens
from bot.query.references import exchanged, own_words, with_names_in_full, without_pronoun
from bot.query.thread import (
    CHARACTERS,
    OPENING,
    RECENT,
    Thread,
    dwelt_on,
    subject,
    weight,
    window,
)

_BRACKETS = re.compile(r"(?P<before>.*\s)\((?P<inside>[^()]+)\)", re.DOTALL)


def rewrite(question: str, history: Sequence[Message]) -> str:
    """The question as a stand-alone search query.

    Without history the question comes back as it is, and so does one of more than 1,200 characters.
    Reads the first and the last 12 messages of the thread, of each at most 1,200 characters; the
    texts are data, nothing in them is followed.
    """
    if not history or not question.strip() or len(question) > CHARACTERS:
        return question
    thread = Thread()
    messages = window(history)
    for age, message in zip(range(len(messages), 0, -1), messages, strict=True):
        if message.role is Role.USER:
            _follow(message.text, thread)
        else:
            _listen(message.text, thread, lists_too=age <= RECENT)
    thread.latest = messages
    return _resolve(question, thread)


def _listen(answer: str, thread: Thread, *, lists_too: bool) -> None:
    """Take in an answer: its list, its names, what it dwells on and asks back."""
    thread.answered = True
    if lists_too:
        listing = lists.listed(answer) or lists.series(answer)
        thread.listings[:0] = [listing] if listing else []
        if 1 < len(listing) <= lists.MOST:
            thread.several = listing
    last = cues.last_sentence(answer)
    offer = cues.OFFER.search(last) if last.endswith("?") else None
    thread.offered = offer["what"].rstrip("? ") if offer else ""
    answer = answer[:OPENING]
    found = phrases(answer)
    thread.hear(found)
    about_it = subject(answer, found)
    thread.reported = about_it if about_it and about_it.kind is not Kind.PLAIN else None
    if last.endswith("?") and cues.ASKS_BACK.search(last):
        asked = cues.telling(phrases(last))
        thread.choices = lists.offered(last)
        thread.asked_back = tuple(sorted(asked, key=weight)[-2:])
    if last.endswith("?") and cues.ASKS_WHAT_HAPPENS.search(last):
        thread.ails = tuple(p for p in phrases(last) if p.kind is not Kind.PLAIN)
    if thread.focus is not None:
        about = {singular(w) for w in thread.focus.words}
        if not about & {singular(w) for p in found for w in p.words}:
            thread.focus = dwelt_on(answer) or thread.focus


def _follow(text: str, thread: Thread) -> None:
    """Take in a question of the user."""
    resolved = _resolve(text, thread)
    text = text[:OPENING]
    found = phrases(text)
    about = subject(text, found)
    leaning = cues.leans(tokens(text), found)
    thread.unmentioned += 1
    if about is None and thread.topic is None:
        about = next(iter(found), None)  # "How long is the warranty?": better than nothing
    if about is not None:
        about = thread.in_full(about)
        if thread.topic is None or cues.SWITCH.search(text):
            thread.topic = thread.focus = about
        elif cues.introduces(text, about) or (_takes_over(about) and not leaning):
            thread.focus = about
    thread.people += [p for p in found if p.kind is Kind.NAME and not p.text.isupper()]
    thread.hear(phrases(resolved[: 2 * OPENING]) if leaning else found)
    thread.several = lists.pair(resolved, phrases(resolved))
    thread.question = resolved
    thread.asked_back = ()
    thread.ails = ()
    thread.choices = ()
    thread.offered = ""


def _takes_over(about: Phrase) -> bool:
    """Whether what a question is about may become what the thread is about."""
    return weight(about) >= 1.6 or (about.led and not about.definite and weight(about) > 1.0)


def _resolve(question: str, thread: Thread) -> str:
    """The question with what it leaves out put in."""
    if thread.focus is None or cues.SWITCH.search(question):
        return question
    if thread.offered and cues.REPLY.fullmatch(question):
        return f"{question.rstrip(' .!')}: {thread.offered}"
    if len(thread.ails) == 1 and "?" not in question and not cues.REPLY.fullmatch(question):
        return _with_context(question, thread.ails)
    if thread.asked_back and len(question) <= 40 and "?" not in question:
        return _answered_back(question, thread)
    return (
        next(filter(None, (lists.by_name(question, x) for x in thread.listings)), "")
        or exchanged(question, thread)
        or _completed(with_names_in_full(question, thread), thread)
    )


def _answered_back(reply: str, thread: Thread) -> str:
    """The question before with what the reply to the bot's own question picks."""
    if cues.REPLY.fullmatch(reply):
        return _with_context(thread.question, thread.asked_back)
    asked = thread.question
    if chosen := lists.picked(reply, thread.choices):
        return _bracketed(asked, [chosen])
    picked = cues.telling(phrases(reply))
    if any(p.kind for p in picked) and (ended := _BRACKETS.fullmatch(asked)):
        asked = ended["before"].rstrip()  # a name that is picked stands for the one put in before
    return _with_context(asked, picked) if picked else reply


def _completed(question: str, thread: Thread) -> str:
    """The question with its pronoun replaced, or with what it is about after it in brackets."""
    begin, core = cues.core(question)
    if thread.several and cues.SEVERAL.search(core):
        return _beside(question, thread.several)
    found = phrases(core)
    telling = cues.telling(found)
    if not cues.ASKS.search(core) and (telling or cues.STATES.match(core)):
        return question
    settled = bool(cues.telling(phrases(question[:begin])))
    replaced = "" if settled else without_pronoun(core, found, thread)
    if replaced:
        return question[:begin] + _with_context(replaced, [thread.background])
    elliptic = bool(cues.ELLIPSIS.match(core))
    leaning = cues.TAKEN_UP.search(core) or (
        not cues.stands(core, found)
        and (not settled or elliptic or cues.leans(tokens(core), found))
    )
    if not leaning:
        return question
    more = None if telling else thread.reported
    return _with_context(question, [thread.focus, more or thread.background])


def _beside(question: str, names: Sequence[str]) -> str:
    """The question with those names after it in brackets that it does not hold yet."""
    held = own_words(question)
    missing = [n for n in names if not own_words(n) <= held]
    return _bracketed(question, missing)


def _with_context(question: str, context: Sequence[Phrase | None]) -> str:
    """The question with those phrases after it in brackets that it does not hold yet."""
    held = own_words(question)
    added: list[str] = []
    for phrase in context:
        if phrase is None:
            continue
        own = {singular(w) for w in phrase.words}
        if not own <= held:
            added.append(phrase.text)
            held |= own
    return _bracketed(question, added)


def _bracketed(question: str, added: Sequence[str]) -> str:
    """The question with something after it in brackets, or in those that it ends in."""
    if not added:
        return question
    ended = _BRACKETS.fullmatch(question)
    if ended:
        return f"{ended['before']}({', '.join([ended['inside'], *added])})"
    return f"{question.rstrip()} ({', '.join(added)})"


class RuleRewriter:
    """A :class:`~bot.ports.Rewriter` by the rules alone."""

    async def rewrite(
        self,
        question: str,
        history: Sequence[Message],
        spend: Callable[[Usage], None] | None = None,  # noqa: ARG002 - rules charge nothing
    ) -> str:
        return rewrite(question, history)


def may_lean(question: str, history: Sequence[Message]) -> bool:
    """Whether a question may leave out what its thread says, so that a model is worth its cost.

    Not a first question, one that announces another topic, a long one, a thanks, or one that names
    four things and points at nothing. Of the follow-ups that people rewrote 2 to 3 % (mtrag: 9 %)
    are taken for such, of those that they left 15 to 25 % (``benchmarks/bench_rewrite.py``).
    """
    if not history or not question.strip() or len(question) > CHARACTERS:
        return False
    if cues.SWITCH.search(question) or cues.STATES.fullmatch(question.strip(" .!")):
        return False
    return cues.points_back(question) or rewrite(question, history) != question


def agrees(text: str) -> bool:
    """Whether a message is a yes to what was offered before it, and nothing more."""
    return bool(cues.AGREES.fullmatch(text.strip()))
