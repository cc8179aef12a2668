"""What goes wrong at the stand-in Discord, and how much it takes."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from tests.platforms.discord_words import Json
from tests.platforms.stand_in import Mishap


@dataclass
class Fault(Mishap):
    """A mishap of a route (``*``: of any). ``status`` and ``code`` answer with a failure.

    ``retry_after`` makes it a 429: of the bucket, of everything (``everything``), or a ban by
    Cloudflare, without a Via header (``ban``).
    """

    route: str
    code: int = 0
    everything: bool = False
    ban: bool = False

    @property
    def fails(self) -> bool:
        """Whether it answers with a failure."""
        limited = self.retry_after is not None or self.ban
        return self.status != 200 or bool(self.code) or limited

    def strikes(self, route: str, path: Json) -> bool:
        """Whether it strikes this call; counts."""
        return self._befalls(self.route, route, (path.get("channel"),))


LIMITS: Mapping[str, tuple[int, float]] = {
    "create_message": (5, 5.0), "edit_message": (5, 5.0), "delete_message": (5, 1.0),
    "add_reaction": (1, 0.25), "remove_own_reaction": (1, 0.25), "trigger_typing": (5, 5.0),
    "get_messages": (5, 5.0), "start_thread_from_message": (5, 5.0), "modify_channel": (5, 5.0),
    "create_followup_message": (5, 2.0), "edit_webhook_message": (5, 2.0),
}  # fmt: skip
"""Requests in so many seconds for each route and channel, as developers measured them."""


@dataclass
class Budget:
    """Discord's rate limits: buckets for each route and channel, and so many a second in all."""

    limits: Mapping[str, tuple[int, float]] = field(default_factory=lambda: dict(LIMITS))
    a_second: int = 50
    refused: int = 0
    _windows: dict[tuple[str, str], tuple[float, int]] = field(default_factory=dict)

    def take(self, route: str, major: str) -> tuple[float, bool, dict[str, str]]:
        """Seconds after which to come again (0: let pass), whether everything must, headers."""
        wait, _ = self._spend(("", ""), self.a_second, 1.0)
        if wait:
            self.refused += 1
            return wait, True, {}
        most, seconds = self.limits.get(route, (50, 1.0))
        wait, left = self._spend((route, major), most, seconds)
        self.refused += wait > 0
        ends = self._windows[route, major][0] + seconds - time.monotonic()
        return wait, False, limit_headers(route, most, left, ends)

    def _spend(self, key: tuple[str, str], most: int, seconds: float) -> tuple[float, int]:
        now = time.monotonic()
        began, spent = self._windows.get(key, (now, 0))
        if now - began >= seconds:
            began, spent = now, 0
        if spent >= most:
            self._windows[key] = (began, spent)
            return began + seconds - now, 0
        self._windows[key] = (began, spent + 1)
        return 0.0, most - spent - 1


def limit_headers(route: str, most: int = 100, left: int = 99, ends: float = 1.0) -> dict[str, str]:
    """The headers that tell about a bucket."""
    return {
        "X-RateLimit-Limit": str(most),
        "X-RateLimit-Remaining": str(left),
        "X-RateLimit-Reset": f"{time.time() + ends:.3f}",
        "X-RateLimit-Reset-After": f"{ends:.3f}",
        "X-RateLimit-Bucket": f"bucket-{route}",
    }
