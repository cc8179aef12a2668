"""Short ids that sort by the time they were made, also across processes."""

from __future__ import annotations

import secrets
import threading
import time

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford's base 32: no i, l, o, u
_RANDOM_BITS = 28
_LENGTH = 16  # 52 bits of microseconds since 1970 (enough until 2112) and 28 random bits

_lock = threading.Lock()
_last = 0


def _next_microsecond() -> int:
    """The time now, and always later than the time given before."""
    global _last  # noqa: PLW0603 - one clock per process is the point
    with _lock:
        _last = max(_last + 1, time.time_ns() // 1000)
        return _last


def new_id(prefix: str = "t") -> str:
    """``prefix`` and 16 characters; ids of one process come in ascending order.

    Two processes would have to hit the same microsecond and the same of 2**28 random numbers to
    meet.
    """
    number = (_next_microsecond() << _RANDOM_BITS) | secrets.randbits(_RANDOM_BITS)
    letters = [_ALPHABET[(number >> shift) & 31] for shift in range((_LENGTH - 1) * 5, -1, -5)]
    return prefix + "".join(letters)
