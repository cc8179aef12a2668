"""What text may hold at all, before it takes any form."""

from __future__ import annotations

import re

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


def plain(text: str) -> str:
    """Text without control characters and without marks that turn its direction around."""
    return _CONTROL.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def is_web_address(uri: str) -> bool:
    """Whether an address can be a link of its own on a page."""
    return uri.lower().startswith(("http://", "https://"))
