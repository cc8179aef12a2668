"""The words of a question back, and whether one was asked. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from bot.conversation import Message, Role
from bot.evidence import Passage
from bot.languages import GERMAN

MOST = 4
"""Things that are offered; where there are more, the question says so."""


class Unclear(StrEnum):
    """What makes a question unclear."""

    POINTS_NOWHERE = "points_nowhere"
    """"How do I reset it?", and nothing before it says what."""
    ONE_OF_SEVERAL = "one_of_several"
    """"The sensor", of which there are two."""
    SAYS_LITTLE = "says_little"
    """"It does not work"."""


@dataclass(frozen=True, slots=True)
class Clarification:
    """The question back, what it offers, and why in words for the turn's story."""

    text: str
    choices: tuple[str, ...]
    kind: Unclear
    reason: str


@dataclass(frozen=True, slots=True)
class Choice:
    """A thing that could be meant: its name, where it is told, and what is told of it."""

    label: str
    code: bool
    passage: Passage
    told: str


_ASKED_BACK = re.compile(
    r"(?:\b(?:do you mean|which .{1,60} do you mean|what (?:exactly )?is it about)\b"
    r"|\b(?:was|welche\w*) .{0,60}\bgemeint\b|\bworum (?:genau )?geht es\b"
    r"|\bwhat (?:exactly )?happens\b|\bwas (?:genau )?passiert\b).*\?\s*$",
    re.IGNORECASE | re.DOTALL,
)
_WHAT_HAPPENS = re.compile(
    r"\bwhat (?:exactly )?happens\?\s*$|\bwhat exactly happens with .{1,60}\?\s*$"
    r"|\bwas (?:genau )?passiert(?: mit .{1,60})?\?\s*$",
    re.IGNORECASE,
)


def asked_back(history: Sequence[Message]) -> bool:
    """Whether the bot's last message was such a question back."""
    said = next((m.text for m in reversed(history) if m.role is Role.ASSISTANT), "")
    return bool(_ASKED_BACK.search(said.strip()[-400:]))


def asked_what_happens(history: Sequence[Message]) -> bool:
    """Whether it was asked in a thread already what exactly goes wrong."""
    back = (m.text for m in history if m.role is Role.ASSISTANT)
    return any(_WHAT_HAPPENS.search(text.strip()[-400:]) for text in back)


@dataclass(frozen=True, slots=True)
class Wording:
    """How it is asked."""

    tongue: str

    def clarification(
        self, chosen: Sequence[Choice], kind: Unclear, noun: str = ""
    ) -> Clarification:
        labels = tuple(c.label for c in chosen[:MOST])
        more = len(chosen) > MOST or kind is Unclear.POINTS_NOWHERE
        said = [self._named(c) for c in chosen[:MOST]]
        text = self._german(said, more) if self.tongue == GERMAN else _english(said, noun, more)
        why = {
            Unclear.POINTS_NOWHERE: "it does not say what it is about",
            Unclear.ONE_OF_SEVERAL: f'"{noun}" could be several',
            Unclear.SAYS_LITTLE: "it says too little to search by",
        }[kind]
        listed = f"; equally near: {', '.join(labels)}" if labels else ""
        return Clarification(text, labels, kind, why + listed)

    def what_happens(self, named: Sequence[str]) -> Clarification:
        """What goes wrong, with the thing that was spoken of, or with which of several."""
        labels = tuple(named[:MOST])
        german = self.tongue == GERMAN
        why = f"it says too little to search by; named before: {', '.join(labels)}"
        if len(labels) == 1:
            text = (
                f"Was genau passiert mit {labels[0]}?"
                if german
                else (f"What exactly happens with {_with_article(labels[0])}?")
            )
            return Clarification(text, labels, Unclear.SAYS_LITTLE, why)
        joint = " oder " if german else " or "
        shown = labels if german else tuple(map(_with_article, labels))
        listed = f"{', '.join(shown[:-1])}{joint}{shown[-1]}"
        text = (
            f"Worum genau geht es, {listed}, und was passiert?"
            if german
            else f"Which one is it about, {listed}, and what exactly happens?"
        )
        return Clarification(text, labels, Unclear.SAYS_LITTLE, why)

    def _named(self, choice: Choice) -> str:
        if not choice.code:
            return f"“{choice.label}”"
        return choice.label if self.tongue == GERMAN else f"the {choice.label}"

    def _german(self, said: Sequence[str], more: bool) -> str:
        if not said:
            return "Worum genau geht es, und was passiert?"
        listed = [*said, "etwas anderes"] if more else said
        return f"Was ist gemeint: {', '.join(listed[:-1])} oder {listed[-1]}?"


def _with_article(name: str) -> str:
    """A code as people say it; a name has no article."""
    return f"the {name}" if any(c.isdigit() for c in name) else name


def _english(said: Sequence[str], noun: str, more: bool) -> str:
    if not said:
        return "What exactly is it about, and what happens?"
    listed = [*said, "something else"] if more else said
    choice = f"{', '.join(listed[:-1])} or {listed[-1]}"
    return f"Which {noun} do you mean: {choice}?" if noun else f"Do you mean {choice}?"
