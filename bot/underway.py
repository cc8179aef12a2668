"""What is under way: its ids on every line of the log, and as one trace, for the time of a block.

The id of a thread that a platform or a caller made may tell who talks where; such a one is told by
its fingerprint.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from contextlib import contextmanager

from bot.telemetry import bound
from bot.tracing import Span, trace

_OWN = re.compile(r"thread[0-9a-hjkmnp-tv-z]{16}")
"""An id that was made here: a moment and a random number, nothing of anybody."""


def told(thread: str) -> str:
    """A thread's id as a log may have it: ours as it is, any other as a fingerprint."""
    if not thread or _OWN.fullmatch(thread):
        return thread
    return f"#{hashlib.sha256(thread.encode()).hexdigest()[:12]}"


@contextmanager
def underway(turn: str, thread: str, platform: str) -> Iterator[Span]:
    """A turn: each line that is logged within the block names it, each span belongs to it."""
    ids = {"turn": turn, "thread": told(thread)}
    with bound(**ids), trace("turn", platform=platform, **ids) as span:
        yield span
