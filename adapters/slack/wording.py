"""The words of an answer as a surface needs them: :mod:`adapters.rendering.slack`, applied."""

from __future__ import annotations

import re
from collections.abc import Sequence

from adapters.rendering.slack import (
    LONGEST_TEXT,
    SlackStream,
    mrkdwn,
    mrkdwn_cut,
    slack_markdown,
    slack_parts,
)
from adapters.slack.forms import Part
from adapters.slack.lookups import Block
from bot.conversation import Turn

_LINKED_MARKER = re.compile(r"\[(\[\d{1,3}\])\]\([^()\s]*\)")


class Wording:
    """Markdown of ours in Slack's forms. Nobody is pinged, only known addresses are links."""

    def streamed(self, text: str) -> str:
        """Markdown for a stream, of a text that goes on: only what will not change any more. It is
        a beginning of what :meth:`said` makes of the whole, or the stream is given up for edits."""
        return SlackStream().feed(text)

    def said(self, text: str) -> str:
        """A complete text as Markdown for a stream."""
        return slack_markdown(text)

    def drafted(self, text: str) -> str:
        """mrkdwn, at most 3,900 characters."""
        return mrkdwn_cut(mrkdwn(text), LONGEST_TEXT)

    def ending(self, turn: Turn, note: str) -> tuple[str, Sequence[Block]] | None:
        """The whole text of a stream and what stands below it; ``None`` where an answer must be
        written anew, because it is too long or its links were not known while it was streamed.

        A marker that is no link is no reason: the numbered sources below it are links.
        """
        parts = slack_parts(turn, note)
        whole = slack_markdown(f"{turn.answer}\n\n{note}" if note else turn.answer)
        if len(parts) > 1 or _LINKED_MARKER.sub(r"\1", parts[0].markdown) != whole:
            return None
        return whole, [block for block in parts[0].blocks if block["type"] != "markdown"]

    def parts(self, turn: Turn, note: str) -> Sequence[Part]:
        """The answer as finished messages."""
        return slack_parts(turn, note)
