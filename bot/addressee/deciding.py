"""The decision whether a message is answered without a mention, and why."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.addressee.calling import calls_bot, names_bot, to_person
from bot.addressee.phrases import Gist, gist, sentences
from bot.addressee.signs import TELLS, weigh
from bot.addressee.standing import BOT, Before, Situation, Standing, situation
from bot.addressee.support import opens_support

THRESHOLD = 0.25
"""A score above it is answered: a tie between signs is silence."""

_FEW = 6
"""Up to so many words, a remark may be a topic that is asked for: "the open driver"."""

_PERSONAL = re.compile(
    r"(?:i|we|you|he|she|they|it|that|told|just|both|these|all|everything)\b", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Said:
    """A message, as far as the decision needs it.

    ``author``, ``mentions`` (other people who are mentioned) and ``replies_to`` are authors' keys;
    ``replies_to`` is empty where unknown, ``bot`` for the bot itself. ``for_bot`` says that the
    bot is mentioned, ``direct`` that nobody else reads it (a direct message, a command).
    """

    text: str
    author: str
    at: datetime
    for_bot: bool
    mentions: tuple[str, ...] = ()
    replies_to: str = ""
    direct: bool = False
    in_thread: bool = False


@dataclass(frozen=True, slots=True)
class Addressed:
    """The decision: whether to answer, how sure it is (0.5 to 1), and the reasons in words."""

    answer: bool
    confidence: float
    reasons: tuple[str, ...]


def decide(
    said: Said,
    before: Sequence[Before],
    *,
    reply_when: str,
    names: Sequence[str],
    taking_part: bool,
    muted: bool = False,
) -> Addressed:
    """Whether ``said`` is answered; ``before`` are the thread's speakers, oldest first.

    A mention and a direct message are always answered, also where the thread is muted; all else
    is silent there. Never answered: what begins with a mention of somebody else, thanks, emoji.

    In a thread that the bot takes part in, its place in the talk and its words decide, whatever
    ``reply_when`` says. In a thread of others, and at the top of a channel, it is ``reply_when``:

    - ``mentioned``: nothing but a mention.
    - ``addressed``: what calls the bot by one of its ``names``; at the top also a support question
      to nobody in particular ("How do I …", "Is there a way …"), not a mere report of a problem.
    - ``always``: at the top every message that says something and is not plainly for a person;
      in threads as ``addressed``.
    """
    plain = _mentioned(said) or _silenced(said, names, muted)
    if plain:
        return plain
    told = gist(said.text, names)
    where = situation(said.author, said.at, before)
    agrees = taking_part and where.asked and where.in_dialogue and told.agrees
    if not (told.says_something or agrees):
        kind = "says what its writer will do" if told.announces else "thanks, a nod or no words"
        return Addressed(False, 0.95, (f"nothing to answer: {kind}",))
    may_be_called = taking_part or reply_when != "mentioned"
    if may_be_called and calls_bot(told.whole, names):
        return Addressed(True, 0.95, ("calls the bot by its name",))
    if said.replies_to not in ("", BOT, said.author):
        return Addressed(False, 0.95, ("replies to another person's message",))
    if taking_part:
        followed = _follows(said, told, where, names)
        if followed.answer or said.in_thread:
            return followed
    return _at_the_top(said, told, reply_when, names)


def _mentioned(said: Said) -> Addressed | None:
    if said.direct:
        return Addressed(True, 1.0, ("a direct message",))
    return Addressed(True, 1.0, ("mentions the bot",)) if said.for_bot else None


def _silenced(said: Said, names: Sequence[str], muted: bool) -> Addressed | None:
    if muted:
        return Addressed(False, 1.0, ("the thread is muted",))
    if _begins_with_mention(said.text, names):
        return Addressed(False, 1.0, ("begins with a mention of another person",))
    return None


_BEFORE_MENTION = re.compile(
    r"\W*(?:(?:hi|hey|hello|thanks|thank you|thx|ok|okay|yes|no|hallo|danke|merci|hola|gracias|and"
    r"|cc|so|sorry)\b\W*){0,2}(?=<[@!]|@)",
    re.IGNORECASE,
)
_AT = re.compile(r"(?:<[@!]|(?<![\w.])@(?=\w))(?P<name>[\w.-]*)")


def _begins_with_mention(text: str, names: Sequence[str]) -> bool:
    """Whether a text begins, but for a greeting, with a mention of somebody but the bot."""
    opening = _BEFORE_MENTION.match(text)
    mention = _AT.match(text, opening.end()) if opening else None
    if not mention:
        return False
    return mention["name"].lower() not in {
        name.lower().split()[0] for name in names if name.strip()
    }


def _follows(said: Said, told: Gist, where: Situation, names: Sequence[str]) -> Addressed:
    """The decision within a thread that the bot takes part in: scores added up."""
    standing = Standing.DIALOGUE if said.replies_to == BOT else where.standing
    in_dialogue = where.in_dialogue or said.replies_to == BOT
    parts = sentences(told.rest)
    weighed = [(standing.reason, standing.score)]
    if said.replies_to == BOT:
        weighed.append(("replies to the bot's message", 1.0))
    if where.asked:
        short = told.words <= 40 or told.paste
        weighed.append(("the bot had asked something back", 1.5 if short else 0.75))
    if where.late and not in_dialogue:
        weighed.append(("comes late", -0.5))
    signs = weigh(told.rest, parts, in_dialogue=in_dialogue)
    weighed += signs
    if all(reason == TELLS for reason, _ in signs) and not told.paste and not where.asked:
        weighed += _of_remarks(told, where, tells=bool(signs))
    if told.paste:
        weighed.append(("shows code or a log", 0.5))
    if to_person(sentences(told.whole), names):
        weighed.append(("calls a person by name", -4.0))
    elif said.mentions or _AT.search(told.rest):
        weighed.append(("mentions another person", -2.0))
    if names_bot(told.rest, names):
        weighed.append(("speaks about the bot, not to it", -1.5 if in_dialogue else -2.5))
    return _summed(weighed)


def _of_remarks(told: Gist, where: Situation, *, tells: bool) -> list[tuple[str, float]]:
    """Scores of a message that asks, reports and corrects nothing: a remark."""
    found = []
    if not tells and not _may_be_topic(told.rest):
        found.append(("a remark that asks and reports nothing", -1.0))
    if told.thanks:
        found.append(("a remark with thanks or after a nod", -1.25))
    if where.company:
        found.append(("a remark, and others are in the thread", -0.75))
    return found


def _may_be_topic(text: str) -> bool:
    words = text.split()
    if len(words) == 1:
        return len(text) > _FEW and not text.lower().endswith("ing")
    return len(words) <= _FEW and not _PERSONAL.match(text)


def _summed(weighed: Sequence[tuple[str, float]]) -> Addressed:
    """The decision of scores; its reasons are all of them with their scores, strongest first."""
    score = sum(value for _, value in weighed)
    answer = score > THRESHOLD
    telling = sorted(weighed, key=lambda item: -abs(item[1]))
    reasons = tuple(f"{reason} ({value:+g})" for reason, value in telling)
    sure = 1 / (1 + math.exp(-1.5 * abs(score - THRESHOLD)))
    return Addressed(answer, round(sure, 3), reasons)


def _at_the_top(said: Said, told: Gist, reply_when: str, names: Sequence[str]) -> Addressed:
    """The decision outside the bot's threads, for a message that does not call the bot."""
    against = _against(said, told, reply_when, names)
    if against:
        return Addressed(False, 0.9, (against,))
    if reply_when == "always":
        return Addressed(True, 0.95, ("the channel is always answered",))
    if opens_support(sentences(told.rest)):
        return Addressed(True, 0.8, ("a support question to nobody in particular",))
    return Addressed(False, 0.8, ("neither calls the bot nor asks a support question",))


def _against(said: Said, told: Gist, reply_when: str, names: Sequence[str]) -> str:
    """What speaks against an answer outside the bot's threads; empty when nothing does."""
    if said.in_thread:
        return "a thread that the bot is not in"
    if reply_when == "mentioned":
        return "the channel is answered when it mentions the bot"
    if to_person(sentences(told.whole), names):
        return "calls a person by name"
    if reply_when == "always":
        return ""
    if said.mentions or _AT.search(told.rest):
        return "mentions another person"
    return "speaks about the bot, not to it" if names_bot(told.rest, names) else ""
