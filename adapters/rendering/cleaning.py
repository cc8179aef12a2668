"""What text may hold at all, before it takes any form."""

from __future__ import annotations

import re

# Controls; lone surrogates; marks of direction, zero-width and other invisible characters; tags.
# The joiners that scripts and emoji need stay.
_CONTROL = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff"
    "\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e007f]"
)


def plain(text: str) -> str:
    """Text without control characters and others that nobody sees, as marks of direction."""
    return _CONTROL.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def is_web_address(uri: str) -> bool:
    """Whether an address can be a link of its own on a page."""
    return uri.lower().startswith(("http://", "https://"))
