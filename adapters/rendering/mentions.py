"""Nobody is pinged: what a chat platform would read as a mention is broken up before it is sent.

What counts, in any case, on any platform: ``<!channel>``, ``<!subteam^S1>``, ``<@U1>``, ``<#C1>``
(docs.slack.dev/messaging/formatting-message-text), ``@everyone``, ``@here``, ``<@1>``, ``<@&1>``,
``<#1>`` (discord.com/developers/docs/reference#message-formatting), and ``@channel``. A zero-width
space after the sign breaks them, as ``discord.utils.escape_mentions`` does it; it is invisible and
works in code too, where nothing can be escaped. A sender that knows a switch for it on the wire
(Discord's ``allowed_mentions``) sets that as well.
"""

from __future__ import annotations

import re
import unicodedata

ZWSP = "\u200b"

_KEPT = frozenset("\n\t")
_JOINERS = frozenset("\u200c\u200d\ufe0e\ufe0f")

# "<" as it is, and as a platform may decode it.
_OPENED = re.compile(
    r"(<|&lt;?|&#0*60;?|&#x0*3c;?)"
    r"(?=[@#!]|&#0*(?:64|35|33)(?!\d)|&#x0*(?:40|23|21)(?![\da-f])|&(?:commat|num|excl);)",
    re.IGNORECASE,
)
_NAMED = re.compile(
    r"(@|&#0*64;?|&#x0*40;?|&commat;)(?=everyone|here|channel|group)", re.IGNORECASE
)


def visible(text: str, before: str = "") -> str:
    """Text without characters that nobody sees: they would hide a mention from :func:`disarm`.

    Controls, format characters (zero-width, direction marks, tags) and lone surrogates go; joiners
    that scripts and emoji need stay after a character that is not ASCII. ``before`` is the last
    character of the text that came before this piece.
    """
    if text.isascii() and text.isprintable():
        return text
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    text = text.replace("\u2028", "\n").replace("\u2029", "\n")
    kept: list[str] = []
    last = before
    for char in text:
        if char in _JOINERS:
            if not last or last.isascii():
                continue
        elif char not in _KEPT and unicodedata.category(char) in ("Cc", "Cf", "Cs"):
            continue
        kept.append(char)
        last = char
    return "".join(kept)


def disarm(text: str) -> str:
    """Text in which no mention is left; it reads as before."""
    if "@" not in text and "<" not in text and "&" not in text:
        return text
    text = _OPENED.sub(rf"\1{ZWSP}", text)
    return _NAMED.sub(rf"\1{ZWSP}", text)
