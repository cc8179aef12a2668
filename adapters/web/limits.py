"""How often somebody without the token may ask, and how often anybody may guess the token.

Counted in this process: several servers behind one address allow as many times more.
"""

from __future__ import annotations

import hashlib
import ipaddress
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from starlette.requests import Request

from bot.conversation import Platform
from bot.errors import UsageError
from bot.limits import Rate, Window

_TRUSTED = Rate(1, 3600.0)
_TRIALS = Rate(20, 60.0)
_VISITOR, _ADDRESS, _GUESSES = Rate(20, 60.0), Rate(120, 60.0), Rate(10, 60.0)
_EVERYBODY = "everybody"
_VISITS = 4
"""Looks and thumbs of a widget for each question that an address may ask."""

Clock = Callable[[], float]
Observe = Callable[[str, Platform], None]


class TooManyError(UsageError):
    """That is more than there is room for just now; please try again in {seconds} s."""

    def __init__(self, wait_s: float) -> None:
        self.retry_after = max(1, math.ceil(wait_s))
        super().__init__(seconds=self.retry_after)


class FullError(TooManyError):
    """So many questions are being answered that there is no place for another one; please try again
    in {seconds} s."""


@dataclass(frozen=True, slots=True)
class Rates:
    """What there is room for; ``None`` is no limit. ``address`` is higher than ``visitor``: an
    office or a school shares one. ``api`` is for all together who hold the token, ``trials`` for
    each operator who tries questions out; ``widget_visitor`` and ``widget_token`` for one visitor
    of a website with the widget, and for all who come by one token."""

    visitor: Rate | None = _VISITOR
    address: Rate | None = _ADDRESS
    guesses: Rate | None = _GUESSES
    api: Rate | None = None
    trials: Rate | None = _TRIALS
    widget_visitor: Rate | None = _VISITOR
    widget_token: Rate | None = None


class Limits:
    """The windows of one server. In the chat, who holds the token is never counted."""

    def __init__(
        self,
        rates: Rates | None = None,
        clock: Clock = time.monotonic,
        observe: Observe = lambda _kind, _platform: None,
    ) -> None:
        """``observe`` is told of each question or guess that is one too many: of what kind, and
        by which way."""
        rates = rates or Rates()
        self._clock = clock
        self._observe = observe
        self._visitors, self._addresses = _window(rates.visitor), _window(rates.address)
        self._typed, self._sent = _window(rates.guesses), _window(rates.guesses)
        self._scripts = _window(rates.api)
        self._guests, self._sites = _window(rates.widget_visitor), _window(rates.widget_token)
        self._trusted, self._trials = Window(_TRUSTED), _window(rates.trials)
        per = rates.address
        self._visits = _window(per and Rate(per.most * _VISITS, per.seconds))

    def take_question(self, request: Request, visitor: str | None) -> None:
        """Count a question; ``visitor`` is ``None`` for one that brought no cookie of ours.

        Raises TooManyError. This machine's own address has no limit of its own: a proxy that
        does not tell for whom it asks would make one visitor of all.
        """
        address = address_of(request)
        counted = [("visitor", self._visitors, visitor or address)]
        if not _is_here(address):
            counted.append(("address", self._addresses, address))
        self._take(counted, Platform.WEB)

    def take_widget_question(self, request: Request, visitor: str, token: str) -> None:
        """Count a question on a website with the widget; raises TooManyError. Its address is
        counted with those of the chat."""
        counted = [("widget_visitor", self._guests, visitor), ("widget", self._sites, token)]
        address = address_of(request)
        if not _is_here(address):
            counted.append(("address", self._addresses, address))
        self._take(counted, Platform.WEB)

    def take_widget_visit(self, request: Request) -> None:
        """Count a look at a widget's conversation, or a thumb; raises TooManyError."""
        address = address_of(request)
        if not _is_here(address):
            self._take([("visit", self._visits, address)], Platform.WEB)

    def take_trial(self, operator: str) -> None:
        """Count a question that an operator tries out; raises TooManyError."""
        self._take([("trial", self._trials, operator)], Platform.WEB)

    def take_script_question(self) -> None:
        """Count a question of a script that holds the token; raises TooManyError."""
        self._take([("api", self._scripts, _EVERYBODY)], Platform.API)

    def _take(self, counted: Sequence[tuple[str, Window | None, str]], by: Platform) -> None:
        now = self._clock()
        windows = [(kind, window, key) for kind, window, key in counted if window is not None]
        waits = {kind: window.wait(key, now) for kind, window, key in windows}
        kind = max(waits, key=lambda name: waits[name], default="")
        if kind and waits[kind] > 0:
            self._observe(kind, by)
            raise TooManyError(waits[kind])
        for _kind, window, key in windows:
            window.add(key, now)

    def check_guess(self, request: Request, *, script: bool) -> None:
        """Raises TooManyError after too many wrong tokens from an address, before another one is
        looked at. Scripts of an address that had the right one within an hour may go on: nobody
        else can lock them out."""
        address, now = address_of(request), self._clock()
        if script and self._trusted.wait(address, now) > 0:
            return
        window = self._sent if script else self._typed
        wait = window.wait(address, now) if window is not None else 0.0
        if wait > 0:
            self._observe("guesses", Platform.API if script else Platform.WEB)
            raise TooManyError(wait)

    def guessed(self, request: Request, token: bytes, *, right: bool, script: bool) -> None:
        """Remember a guess; a script that repeats one wrong token counts once."""
        address, now = address_of(request), self._clock()
        window = self._sent if script else self._typed
        if right:
            self._trusted.add(address, now, "right")
            if self._typed is not None:
                self._typed.clear(address)
        elif window is not None:
            window.add(address, now, hashlib.sha256(token).hexdigest() if script else "")


def _window(rate: Rate | None) -> Window | None:
    return None if rate is None else Window(rate)


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
