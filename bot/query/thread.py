"""What a thread is about, followed message by message.

A small model of attention (after Grosz, Joshi and Weinstein, "Centering", 1995): the *topic* is
what the thread started with, the *focus* what was asked about last by name, and names seen on the
way complete short forms ("Dali" to "Salvador Dali").
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from bot.conversation import Message, Role
from bot.query.phrases import Kind, Phrase, is_attribute, phrases, singular

MESSAGES = 20
"""How many of the last messages count (and the first one, which names the topic)."""

CHARACTERS = 1_500
"""How much of each message is read."""

_ENUMERATED = re.compile(r"(?:^|[\s(])(?:#?(\d{1,2})[.)])\s+", re.MULTILINE)
_BULLET = re.compile(r"^\s*[-*•]\s+(.+)$", re.MULTILINE)
_ITEM_END = re.compile(r"[:;.,\n(]|\s[-–—]\s|\*\*:?\s")


@dataclass(slots=True)
class Thread:
    """What the messages so far are about."""

    topic: Phrase | None = None
    focus: Phrase | None = None
    question: str = ""
    """The last question of the user, as resolved."""
    items: tuple[str, ...] = ()
    """The list that the last answer gave, where it gave one."""
    names: dict[str, Phrase] = field(default_factory=dict)
    """Each word of a name (folded) to the longest name with it."""
    vocabulary: set[str] = field(default_factory=set)
    """Every telling word so far, singular."""

    def learn(self, found: Sequence[Phrase]) -> None:
        """Keep the names and words of some phrases."""
        for phrase in found:
            for word in phrase.words:
                self.vocabulary.add(singular(word))
                if phrase.kind is Kind.PLAIN or is_attribute(word):
                    continue
                known = self.names.get(word)
                if known is None or len(known.words) < len(phrase.words):
                    self.names[word] = phrase


def window(history: Sequence[Message]) -> list[Message]:
    """The messages that count, shortened."""
    kept = list(history[-MESSAGES:])
    if len(history) > MESSAGES:
        kept.insert(0, next((m for m in history if m.role is Role.USER), history[0]))
    return [Message(m.role, m.text[:CHARACTERS]) for m in kept if m.text.strip()]


def weight(phrase: Phrase) -> float:
    """How likely a phrase of a question is what the question is about."""
    score = {Kind.CODE: 3.0, Kind.NAME: 2.5, Kind.PLAIN: 1.0}[phrase.kind]
    if all(is_attribute(w) for w in phrase.words):
        score -= 2.0
    return score + 0.6 * phrase.asked + 0.3 * min(len(phrase.words), 3)


def subject(text: str, found: Sequence[Phrase] | None = None) -> Phrase | None:
    """What a question is about: its weightiest phrase, the first of equals."""
    found = phrases(text) if found is None else found
    best = max(found, key=weight, default=None)
    return best if best is not None and weight(best) > 0.5 else None


def listed(answer: str) -> tuple[str, ...]:
    """The names of the items that an answer enumerates: "1) …, 2) …", bullets."""
    marks = list(_ENUMERATED.finditer(answer))
    items = []
    if len(marks) >= 2 and [m.group(1) for m in marks[:2]] == ["1", "2"]:
        ends = [m.start() for m in marks[1:]] + [len(answer)]
        items = [answer[m.end() : e] for m, e in zip(marks, ends, strict=True)]
    else:
        items = _BULLET.findall(answer)
    if len(items) < 2:
        return ()
    return tuple(_ITEM_END.split(i.strip(" *_\"'"))[0].strip(" *_\"'")[:60] for i in items)
