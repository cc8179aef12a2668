"""What goes wrong at the stand-in Slack, and how much it takes a minute."""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field

from tests.platforms.slack_words import Json
from tests.platforms.stand_in import Mishap


@dataclass
class Fault(Mishap):
    """A mishap of a method (``*``: of any). ``error`` answers ``ok: false``."""

    method: str
    error: str = ""

    @property
    def fails(self) -> bool:
        """Whether it answers with a failure."""
        return self.status != 200 or bool(self.error) or self.retry_after is not None

    def strikes(self, method: str, args: Json) -> bool:
        """Whether it strikes this call; counts."""
        return self._befalls(self.method, method, (args.get("channel"), args.get("channel_id")))


TIERS: Mapping[str, int] = {
    "chat.startStream": 20, "chat.stopStream": 20, "chat.appendStream": 100, "chat.update": 50,
    "chat.delete": 50, "chat.postEphemeral": 100, "conversations.replies": 50,
    "conversations.history": 50, "conversations.info": 50, "conversations.members": 100,
    "conversations.open": 50, "users.info": 100, "usergroups.list": 20,
    "usergroups.users.list": 20, "reactions.get": 50, "views.open": 100, "views.publish": 100,
    "views.update": 100, "views.push": 100, "files.info": 100, "assistant.threads.setStatus": 600,
    "assistant.threads.setTitle": 100, "assistant.threads.setSuggestedPrompts": 100,
}  # fmt: skip
"""Calls a minute for each team and method: tier 2 is 20, tier 3 is 50, tier 4 is 100."""


@dataclass
class Budget:
    """Slack's rate limits: tiers a minute for each team, posts a second for each channel.

    A short burst over one post a second is let pass, as Slack does.
    """

    tiers: Mapping[str, int] = field(default_factory=lambda: dict(TIERS))
    posts_per_second: float = 1.0
    burst: int = 3
    refused: int = 0
    _calls: dict[tuple[str, str], deque[float]] = field(default_factory=dict)
    _posts: dict[str, tuple[float, float]] = field(default_factory=dict)

    def wait(self, method: str, team: str, channel: str) -> int:
        """Seconds after which to come again; 0 lets the call pass."""
        seconds = self._tier(method, team)
        if method == "chat.postMessage" and not seconds:
            seconds = self._pace(channel)
        self.refused += seconds > 0
        return math.ceil(seconds)

    def _tier(self, method: str, team: str) -> float:
        most = self.tiers.get(method)
        if most is None:
            return 0.0
        now, calls = time.monotonic(), self._calls.setdefault((team, method), deque())
        while calls and calls[0] <= now - 60:
            calls.popleft()
        if len(calls) >= most:
            return calls[0] + 60 - now
        calls.append(now)
        return 0.0

    def _pace(self, channel: str) -> float:
        now = time.monotonic()
        level, at = self._posts.get(channel, (0.0, now))
        level = max(0.0, level - (now - at) * self.posts_per_second)
        if level + 1 > self.burst:
            self._posts[channel] = (level, now)
            return (level + 1 - self.burst) / self.posts_per_second
        self._posts[channel] = (level + 1, now)
        return 0.0
