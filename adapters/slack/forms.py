"""The messages of an answer, and the plainer forms of one that Slack refuses."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from adapters.chat.base import Offer
from adapters.rendering.slack import mrkdwn_begun, mrkdwn_cut
from adapters.slack.blocks import LONGEST_SECTION, paragraph
from adapters.slack.lookups import Block

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
