"""The card of a handoff: a question for a person, as it is posted into the handoff channel."""

from __future__ import annotations

from adapters.chat.base import Card
from adapters.discord import wording
from adapters.rendering.discord import discord_markdown
from adapters.rendering.mentions import disarm, visible

_LONGEST, _LONGEST_SAID, _LONGEST_NAME = 900, 160, 80
_MESSAGE = 2_000
_WHO = {"user": "asked", "assistant": "answered"}


def card_text(card: Card, asker: str) -> str:
    """The card as one message of at most 2,000 characters; ``asker`` is the name of who asked.
    Where it would be longer, what the bot said and what was said before are left out."""
    name = _escaped(asker)
    head = f"**A question for a person**\n**{name}** asks:\n{_quoted(_cut(card.question))}"
    said = "\n".join(_line(who, what) for who, what in card.context)
    before = f"**Before that**\n{said}" if said else ""
    tried = f"**What I said**\n{_quoted(_cut(card.tried))}" if card.tried else ""
    notes = [f"Replies in this thread go to {name}; one that begins with // stays here."]
    if card.link:
        notes.append(f"[The conversation](<{card.link}>)")
    foot = "\n".join(f"-# {note}" for note in notes)
    for parts in ([head, before, tried, foot], [head, tried, foot], [head, foot]):
        text = "\n".join(part for part in parts if part)
        if len(text) <= _MESSAGE:
            return text
    return wording.plainer(head)


def card_name(card: Card, asker: str) -> str:
    """What the card's thread is called, at most 100 characters."""
    question = " ".join(visible(card.question).split())
    name = f"{asker[: _LONGEST_NAME // 3]}: {question}"
    return name if len(name) <= _LONGEST_NAME else f"{name[: _LONGEST_NAME - 1].rstrip()}…"


def _line(who: str, what: str) -> str:
    words = " ".join(what.split())
    if len(words) > _LONGEST_SAID:
        words = words[: _LONGEST_SAID - 1] + "…"
    return f"- *{_WHO.get(who) or _escaped(who)}*: {discord_markdown(words)}"


def _quoted(text: str) -> str:
    return "\n".join(f"> {line}" for line in discord_markdown(text).splitlines())


def _escaped(name: str) -> str:
    """A name as it stands: no markup comes of it and nobody is pinged."""
    words = disarm(visible(" ".join(name.split())))
    return "".join(f"\\{c}" if c in "\\*_~`|>[]()#<" else c for c in words)


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
