"""The card of a handoff: a question for a person, as it is posted into the handoff channel."""

from __future__ import annotations

from adapters.chat.base import Card
from adapters.rendering.splitting import cut
from adapters.slack.blocks import Block, as_mrkdwn, escape, header, section

_LONGEST, _LONGEST_SAID = 2400, 300
_WHO = {"user": "asked", "assistant": "answered"}


def card_text(card: Card, asker: str) -> str:
    """The card in one line: what a notification shows."""
    return f"{escape(asker)} asks: {escape(cut(card.question, 300))}"


def card_blocks(card: Card, asker: str) -> list[Block]:
    """The card; ``asker`` is the name of who asked."""
    name = escape(asker)
    blocks = [
        header("A question for a person"),
        section(f"*{name}* asks:\n{_quoted(escape(cut(card.question, _LONGEST)))}"),
    ]
    if card.context:
        said = "\n".join(_line(who, what) for who, what in card.context)
        blocks.append(section(f"*Before that*\n{said}"))
    if card.tried:
        blocks.append(section(f"*What I said*\n{_quoted(as_mrkdwn(cut(card.tried, _LONGEST)))}"))
    notes = [f"Replies in this thread go to {name}; one that begins with // stays here."]
    if card.link:
        notes.append(f"<{card.link}|The conversation>")
    elements = [{"type": "mrkdwn", "text": note} for note in notes]
    return [*blocks, {"type": "context", "elements": elements}]


def _line(who: str, what: str) -> str:
    return f"• _{_WHO.get(who, escape(who))}_: {escape(cut(' '.join(what.split()), _LONGEST_SAID))}"


def _quoted(text: str) -> str:
    return "\n".join(f"> {line}" for line in text.splitlines())
