"""What a surface is handed: how an answer is written for Slack, and what stands below it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from adapters.chat.base import Offer
from adapters.rendering.slack import mrkdwn_begun, mrkdwn_cut
from adapters.slack.blocks import LONGEST_SECTION, paragraph
from adapters.slack.lookups import Block
from bot.conversation import Turn

_TEXT = 4_000


class Part(Protocol):
    """One message of an answer. ``text`` alone says everything (mrkdwn, at most 4,000 characters);
    ``blocks``, where there are any, are shown in its place."""

    @property
    def text(self) -> str: ...
    @property
    def blocks(self) -> Sequence[Block]: ...


@dataclass(frozen=True, slots=True)
class Plain:
    """A message of text alone."""

    text: str
    blocks: Sequence[Block] = ()


class Rendering(Protocol):
    """Markdown of ours in Slack's forms. Nobody is pinged, only known addresses are links."""

    def streamed(self, text: str) -> str:
        """Markdown for a stream, of a text that goes on: a beginning of what :meth:`said` makes of
        the whole, or the stream is given up for edits."""
        ...

    def said(self, text: str) -> str:
        """Markdown for a stream, of a whole text."""
        ...

    def drafted(self, text: str) -> str:
        """mrkdwn of what is there so far, at most 4,000 characters."""
        ...

    def ending(self, turn: Turn, note: str) -> tuple[str, Sequence[Block]] | None:
        """The whole text of a streamed answer, and the sources below it; ``None`` where it has to
        be written anew as :meth:`parts`."""
        ...

    def parts(self, turn: Turn, note: str) -> Sequence[Part]:
        """The whole answer with its sources and the note as messages."""
        ...


class Us(Protocol):
    """The bot in a workspace, as its messages name their author."""

    @property
    def user(self) -> str: ...
    @property
    def bot(self) -> str: ...


Controls = Callable[[str, Offer], Sequence[Block]]
"""The thumbs for a turn, and the offer's button."""


def simpler_forms(part: Part, controls: Sequence[Block]) -> Iterator[tuple[str, Sequence[Block]]]:
    """The message as it should be, then ever plainer: for a Slack that refuses its blocks."""
    if part.blocks:
        yield part.text, [*part.blocks, *controls]
    if part.blocks or controls:
        yield part.text, [*_sections(part.text), *controls]
    yield part.text, ()
    if len(part.text) > _TEXT:
        yield mrkdwn_cut(part.text, _TEXT), ()


def _sections(text: str) -> Iterator[Block]:
    """Text as blocks, so that buttons can stand below it."""
    while len(text) > LONGEST_SECTION:
        line = text.rfind("\n", 1, LONGEST_SECTION)
        piece = text[:line] if line > 0 else mrkdwn_begun(text, LONGEST_SECTION)
        yield paragraph(piece)
        text = text[len(piece) :].lstrip("\n")
    if text:
        yield paragraph(text)


def joined(body: str, sentence: str) -> str:
    """A sentence below what was said so far, within the limit of a message."""
    body = mrkdwn_cut(body, _TEXT - len(sentence) - 2)
    return f"{body}\n\n{sentence}" if body else sentence
