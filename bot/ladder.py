"""Who speaks on which route, and who steps in where a model does not: the failure ladder.

Plain lookups may have a cheaper model of their own; the brand voice speaks on the other routes, the
general model steps in for it, and the built-in reader, which needs no server, for everybody. A
model that failed three times in a row is left alone for a while, so that not every asker waits for
it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic

from bot.conversation import Route
from bot.ports import Voice

FAILURES = 3
REST_S = 30.0


@dataclass(slots=True)
class _Standing:
    """How a model did lately: failures in a row, and until when it is left alone."""

    failures: int = 0
    until: float = 0.0
    why: str = ""


class Ladder:
    """The voices of a bot, in the order in which they are tried.

    ``voice`` speaks as the brand, ``general`` is the general model with the persona in its prompt,
    ``lookup`` a cheaper one for plain lookups, ``plain`` the built-in reader. ``now`` is a clock in
    seconds that never goes back.
    """

    def __init__(
        self,
        plain: Voice,
        *,
        voice: Voice | None = None,
        general: Voice | None = None,
        lookup: Voice | None = None,
        now: Callable[[], float] = monotonic,
    ) -> None:
        self.plain = plain
        self.voice = voice or general or plain
        self._general = general
        self._lookup = lookup
        self._now = now
        self._standings: dict[int, _Standing] = {}

    def led_by(self, voice: Voice | None) -> Ladder:
        """The same ladder with another brand voice on top (``None``: as it is): what models failed
        is known to both."""
        if voice is None or voice is self.voice:
            return self
        led = Ladder(
            self.plain, voice=voice, general=self._general, lookup=self._lookup, now=self._now
        )
        led._standings = self._standings
        return led

    def order(self, route: Route) -> tuple[Voice, ...]:
        """Every voice of a route, the preferred one first, the built-in reader last.

        The offer of a person is the built-in voice's alone: a model might promise anything.
        """
        if route is Route.HANDOFF:
            return (self.plain,)
        first = self._lookup if route is Route.RAG else None
        voices = [v for v in (first, self.voice, self._general, self.plain) if v is not None]
        return tuple({id(v): v for v in voices}.values())

    def rungs(self, route: Route, *, frugal: bool = False) -> tuple[Voice, ...]:
        """Those to try now: without the ones that are left alone; ``frugal``: no model at all."""
        if frugal:
            return (self.plain,)
        return tuple(v for v in self.order(route) if v is self.plain or not self._rests(v))

    def left_alone(self, route: Route) -> tuple[str, ...]:
        """Why models of a route are not tried now, in words, the preferred one first."""
        return tuple(
            f"{voice.model} is left alone for a while: {self._standings[id(voice)].why}"
            for voice in self.order(route)
            if voice is not self.plain and self._rests(voice)
        )

    def rung(self, voice: Voice) -> str:
        """What a voice is on this ladder: ``lookup``, ``voice``, ``general`` or ``plain``."""
        named = (("plain", self.plain), ("lookup", self._lookup), ("general", self._general))
        return next((name for name, each in named if each is voice), "voice")

    def models(self, route: Route) -> tuple[str, ...]:
        """The ids of a route's voices, in their order."""
        return tuple(v.model for v in self.order(route))

    def spoke(self, voice: Voice) -> None:
        """A voice answered: what it failed before is forgotten."""
        self._standings.pop(id(voice), None)

    def failed(self, voice: Voice, why: str = "") -> None:
        """A voice failed; the third time in a row it is left alone, then tried once again."""
        standing = self._standings.setdefault(id(voice), _Standing())
        standing.failures += 1
        standing.why = why
        if standing.failures >= FAILURES:
            standing.until = self._now() + REST_S

    def _rests(self, voice: Voice) -> bool:
        standing = self._standings.get(id(voice))
        return standing is not None and self._now() < standing.until
