"""The words of an answer as a surface needs them: :mod:`adapters.rendering.discord`, applied."""

from __future__ import annotations

import re

from adapters.rendering.discord import LONGEST_MESSAGE, discord_markdown, discord_parts
from adapters.rendering.splitting import cut, split_written
from bot.conversation import Turn
from bot.evidence import Citation

_MESSAGE = re.compile(r"https?://[^\s()<>]+/(?:archives|channels)/[^\s()<>]+")

PLACEHOLDER = "_Looking into it …_"
GOES_ON = " …"


def drafts(text: str) -> list[str]:
    """What is there of an answer so far, as messages; the last one says that it goes on."""
    room = LONGEST_MESSAGE - len(GOES_ON)
    written = split_written(text, room, discord_markdown, lambda piece: len(piece) / room)
    parts = [part for part in written if part.strip()]
    if not parts:
        return [PLACEHOLDER]
    # a line of its own below code and lists, so that it does not become part of them
    mark = "\n…" if "\n" in parts[-1] else GOES_ON
    return [*parts[:-1], parts[-1] + mark]


def answer(turn: Turn, note: str = "") -> list[str]:
    """The whole answer as finished messages, the sources below the last."""
    return discord_parts(turn, note)


def said(text: str) -> list[str]:
    """Markdown of ours or of a colleague's as messages. Links to messages stay links."""
    ours = [Citation(0, "", "", uri, "") for uri in _MESSAGE.findall(text)]
    written = split_written(
        text,
        LONGEST_MESSAGE,
        lambda piece: discord_markdown(piece, ours),
        lambda piece: len(piece) / LONGEST_MESSAGE,
    )
    return [part for part in written if part.strip()] or ["…"]


def ended(text: str, sentence: str) -> list[str]:
    """What was written of an answer, with a sentence below it instead of the rest."""
    return said(f"{text}\n\n{sentence}" if text.strip() else sentence)


def plainer(text: str) -> str:
    """A message that Discord refused in its form, cut to be surely within the limit."""
    return cut(text, LONGEST_MESSAGE - 100)
