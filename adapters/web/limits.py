"""How often somebody without the token may ask, and how often anybody may guess the token.

Counted in this process: several servers behind one address allow as many times more.
"""

from __future__ import annotations

import hashlib
import ipaddress
import math
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass

from starlette.requests import Request

from bot.errors import UsageError

WINDOW_S = 60.0
QUESTIONS_OF_A_VISITOR = 20
QUESTIONS_OF_AN_ADDRESS = 120
"""Higher than a visitor's: an office or a school shares one address."""
GUESSES_OF_AN_ADDRESS = 10
_TRUSTED_S = 3600.0
_MOST_KEYS = 20_000

Clock = Callable[[], float]


class TooManyError(UsageError):
    """That is more than one minute has room for; please try again in {seconds} s."""

    def __init__(self, wait_s: float) -> None:
        self.retry_after = max(1, math.ceil(wait_s))
        super().__init__(seconds=self.retry_after)


class Window:
    """At most so many events a key in any stretch of ``seconds``; memory is bounded too."""

    def __init__(self, most: int, seconds: float = WINDOW_S, clock: Clock = time.monotonic) -> None:
        self._most = most
        self._seconds = seconds
        self._clock = clock
        self._events: OrderedDict[str, deque[tuple[float, str]]] = OrderedDict()

    def wait(self, key: str) -> float:
        """Seconds until there is room for another event; 0 where there is now."""
        events = self._recent(key)
        if len(events) < self._most:
            return 0.0
        return events[-self._most][0] + self._seconds - self._clock()

    def add(self, key: str, what: str = "") -> None:
        """Count an event; one that is named counts once in the window."""
        events = self._recent(key)
        if what and any(seen == what for _at, seen in events):
            return
        self._events[key] = events
        self._events.move_to_end(key)
        events.append((self._clock(), what))
        while len(self._events) > _MOST_KEYS:
            self._events.popitem(last=False)

    def clear(self, key: str) -> None:
        """Forget a key's events."""
        self._events.pop(key, None)

    def _recent(self, key: str) -> deque[tuple[float, str]]:
        events = self._events.get(key, deque())
        since = self._clock() - self._seconds
        while events and events[0][0] <= since:
            events.popleft()
        if not events:
            self._events.pop(key, None)
        return events


@dataclass(frozen=True, slots=True)
class Rates:
    """What one minute has room for."""

    visitor: int = QUESTIONS_OF_A_VISITOR
    address: int = QUESTIONS_OF_AN_ADDRESS
    guesses: int = GUESSES_OF_AN_ADDRESS


class Limits:
    """The windows of one server. Who holds the token is never counted."""

    def __init__(self, rates: Rates | None = None, clock: Clock = time.monotonic) -> None:
        rates = rates or Rates()
        self._visitors = Window(rates.visitor, clock=clock)
        self._addresses = Window(rates.address, clock=clock)
        self._typed = Window(rates.guesses, clock=clock)
        self._sent = Window(rates.guesses, clock=clock)
        self._trusted = Window(1, _TRUSTED_S, clock)

    def take_question(self, request: Request, visitor: str | None) -> None:
        """Count a question; ``visitor`` is ``None`` for one that brought no cookie of ours.

        Raises TooManyError. This machine's own address has no limit of its own: a proxy that
        does not tell for whom it asks would make one visitor of all.
        """
        address = address_of(request)
        who = visitor or address
        wait = self._visitors.wait(who)
        shared = not _is_here(address)
        if shared:
            wait = max(wait, self._addresses.wait(address))
        if wait > 0:
            raise TooManyError(wait)
        self._visitors.add(who)
        if shared:
            self._addresses.add(address)

    def check_guess(self, request: Request, *, script: bool) -> None:
        """Raises TooManyError after too many wrong tokens from an address, before another one is
        looked at. Scripts of an address that had the right one within an hour may go on: nobody
        else can lock them out."""
        address = address_of(request)
        if script and self._trusted.wait(address) > 0:
            return
        wait = (self._sent if script else self._typed).wait(address)
        if wait > 0:
            raise TooManyError(wait)

    def guessed(self, request: Request, token: bytes, *, right: bool, script: bool) -> None:
        """Remember a guess; a script that repeats one wrong token counts once."""
        address = address_of(request)
        if right:
            self._trusted.add(address, "right")
            self._typed.clear(address)
        elif script:
            self._sent.add(address, hashlib.sha256(token).hexdigest())
        else:
            self._typed.add(address)


def address_of(request: Request) -> str:
    """Who connects: an IPv4 address, or the /64 network of an IPv6 one, as one customer has it."""
    host = request.client.host if request.client else ""
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return host
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped:
            return str(address.ipv4_mapped)
        if not address.is_loopback:
            return str(ipaddress.ip_network((address, 64), strict=False))
    return str(address)


def _is_here(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return not address  # a Unix socket has none
