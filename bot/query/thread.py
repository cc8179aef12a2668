"""What a thread is about, as far as it has gone.

A small model of attention (after Grosz, Joshi and Weinstein, "Centering", 1995): the *topic* is
what the thread started with, the *focus* what was asked about last by name, and names seen on the
way complete short forms ("Dali" to "Salvador Dali").
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from bot.conversation import Message, Role
from bot.query.phrases import Kind, Phrase, is_attribute, is_telling, phrases, singular, tokens

MESSAGES = 12
"""How many of the last messages count (and the first one, which names the topic)."""

CHARACTERS = 1_200
"""How much of each message is looked at for lists; a longer question is left as it is."""

RECENT = 4
"""How many of the last messages are looked at for lists and for their theme."""

THEME = 5
"""How often a word must come in them to be their theme."""

OPENING = 400
"""How much of each message is read for what it is about."""

_JOINED = re.compile(r"\s+(?:and|or|vs\.?|versus|to|with)\s+(?:the\s+)?")

ALIVE = 6
"""After so many questions without a mention the topic is left behind."""

ALIVE_ANSWERED = 2
"""The same in a thread with answers, where what was asked last was settled meanwhile."""


@dataclass(slots=True)
class Thread:
    """What the messages so far are about."""

    topic: Phrase | None = None
    """What the thread started with, or with what it was started anew."""
    question: str = ""
    """The last question of the user, as resolved."""
    listings: list[tuple[str, ...]] = field(default_factory=list)
    """What the answers listed, the latest first: numbered, bulleted, or in a sentence."""
    several: tuple[str, ...] = ()
    """What "both" or "which of them" means: what was listed or joined last."""
    offered: str = ""
    """What the last answer offered, where it ended in such a question."""
    asked_back: tuple[Phrase, ...] = ()
    ails: tuple[Phrase, ...] = ()  # what the bot asked of what happens with it
    """What the last answer asked about, where it ended in a question."""
    choices: tuple[str, ...] = ()
    """What that question offered to choose from."""
    names: dict[str, Phrase] = field(default_factory=dict)
    """Each word of a name (folded) to the longest name with it."""
    people: list[Phrase] = field(default_factory=list)
    """Names that may be a person's, in order of mention by the user."""
    focus: Phrase | None = None
    """What the thread is about now: what was brought up last."""
    reported: Phrase | None = None
    """The name or code that the last answer was about."""
    latest: Sequence[Message] = ()
    """The messages to take the theme from, once all are taken in."""
    answered: bool = False
    """Whether there are answers in the thread."""
    unmentioned: int = 0
    """Questions since the topic was last mentioned."""

    @property
    def live_topic(self) -> Phrase | None:
        """The topic, unless the thread has left it behind."""
        limit = ALIVE_ANSWERED if self.answered else ALIVE
        return self.topic if self.unmentioned <= limit else None

    @property
    def background(self) -> Phrase | None:
        """What to name beside the focus: the theme of the last messages, or the topic."""
        return theme(self.latest) or self.live_topic

    def hear(self, found: Sequence[Phrase]) -> None:
        """Take in the phrases of a message: its names, and whether the topic is among them."""
        for phrase in found:
            if self.topic and set(phrase.words) & set(self.topic.words):
                self.unmentioned = 0
            if phrase.kind is not Kind.NAME:
                continue
            for token in tokens(phrase.text):
                known = self.names.get(token.word)
                longer = known is None or set(known.words) < set(phrase.words)
                if longer and token.text[:1].isupper() and not token.text.isupper():
                    self.names[token.word] = phrase

    def in_full(self, phrase: Phrase, lower_case: bool = False) -> Phrase:
        """The longest name known for a short one; of people also where nobody writes capitals."""
        if len(phrase.words) > 1 or phrase.kind is Kind.CODE:
            return phrase
        known = self.names.get(phrase.words[0])
        if known is None or not 1 < len(known.words) <= 5:
            return phrase
        named = phrase.kind is Kind.NAME or (lower_case and person_like(known))
        return known if named else phrase


def window(history: Sequence[Message]) -> list[Message]:
    """The messages that count, shortened."""
    kept = list(history[-MESSAGES:])
    if len(history) > MESSAGES:
        kept.insert(0, next((m for m in history if m.role is Role.USER), history[0]))
    return [Message(m.role, m.text[:CHARACTERS]) for m in kept if m.text.strip()]


def person_like(phrase: Phrase) -> bool:
    """Whether a name may be a person's: two to four capitalised words."""
    parts = phrase.text.split()
    return (
        phrase.kind is Kind.NAME
        and 2 <= len(parts) <= 4
        and all(p[:1].isupper() and not p.isupper() for p in parts)
        and parts[0].lower() != "the"
    )


def weight(phrase: Phrase) -> float:
    """How likely a phrase of a question is what the question is about."""
    score = {Kind.CODE: 3.0, Kind.NAME: 2.5, Kind.PLAIN: 1.0}[phrase.kind]
    if all(map(is_attribute, phrase.words)) or all(w.isdigit() for w in phrase.words):
        score -= 2.0
    elif phrase.does:
        score -= 1.0
    elif phrase.words[0].isdigit():
        score += 1.0  # "529 plan"
    elif len(phrase.words) == 1 and phrase.words[0].endswith(("ing", "ed", "ly")):
        score -= 0.8
    led = 0.3 * (phrase.led and phrase.kind is Kind.PLAIN)
    return score + 0.6 * phrase.asked + led + 0.3 * min(len(phrase.words), 3)


def subject(text: str, found: Sequence[Phrase]) -> Phrase | None:
    """What a question is about: its weightiest phrase, the first of equals; two names or codes
    that it joins ("the MG-200 and the MG-400") together."""
    best = max(found, key=weight, default=None)
    if best is None or weight(best) <= 0.9:
        return None
    for other in found:
        between = text[best.end : other.start] if other.start > best.end else "?"
        if other.kind is best.kind is not Kind.PLAIN and _JOINED.fullmatch(between):
            return replace(
                best,
                text=text[best.start : other.end],
                words=best.words + other.words,
                end=other.end,
            )
    return best


def dwelt_on(answer: str) -> Phrase | None:
    """What a longer answer keeps coming back to: the shortest phrase with the word of its first
    sentence that it repeats most, three times at least."""
    found = tokens(answer)
    if len(found) < 25:
        return None
    counts = Counter(singular(t.word) for t in found if is_telling(t.word))
    opening = phrases(re.split(r"(?<=[.!?])\s", answer, maxsplit=1)[0])
    words = [singular(w) for p in opening for w in p.words if not is_attribute(w)]
    word = max(words, key=lambda w: counts[w], default="")
    if counts[word] < 3:
        return None
    return _shortest_with(word, phrases(answer))


def theme(messages: Sequence[Message]) -> Phrase | None:
    """What the last messages together keep coming back to, four times at least.

    Long answers name what they are about again and again; on iKAT this as context instead of the
    thread's first topic doubles what is recovered, and changes nothing where answers are short.
    """
    if not any(m.role is Role.ASSISTANT for m in messages[-RECENT:]):
        return None
    counts: Counter[str] = Counter()
    for message in messages[-RECENT:]:
        telling = (t.word for t in tokens(message.text) if is_telling(t.word))
        counts.update(singular(w) for w in telling if len(w) > 2 and not w.isdigit())
    word = next((w for w, n in counts.most_common(5) if n >= THEME and not is_attribute(w)), "")
    recent = reversed(messages[-RECENT:])
    return _shortest_with(word, [p for m in recent for p in phrases(m.text[:OPENING])])


def _shortest_with(word: str, found: Iterable[Phrase]) -> Phrase | None:
    holding = [p for p in found if word in map(singular, p.words)]
    return min(holding, key=lambda p: len(p.words), default=None)
