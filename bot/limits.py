"""How often somebody may ask: windows that slide, floods, and when to say so.

Pure: moments are handed in, in seconds on any one clock. Memory is bounded: a window keeps at most
as many moments a key as it allows, at most so many keys, and none that was not heard of for as long
as it is wide.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from dataclasses import dataclass
from enum import StrEnum
from hashlib import blake2b
from typing import Final

_MOST_KEYS = 20_000
_MOST_KNOWN = 20_000
_CALM_S = 5.0
"""How long a flood must have been over before it is spoken of once more."""


@dataclass(frozen=True, slots=True)
class Rate:
    """At most ``most`` events in any stretch of ``seconds``."""

    most: int
    seconds: float


class Window:
    """At most so many events a key in any stretch of time.

    A moment before the key's newest one counts as that: what comes late comes now.
    """

    def __init__(self, rate: Rate, keys: int = _MOST_KEYS) -> None:
        """``keys`` is how many keys are remembered; those longest unheard of are forgotten."""
        self.rate = rate
        self._keys = keys
        self._events: OrderedDict[str, deque[tuple[float, str]]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._events)

    def wait(self, key: str, now: float) -> float:
        """Seconds until there is room for another event; 0 where there is now."""
        events = self._recent(key, now)
        if len(events) < self.rate.most:
            return 0.0
        return max(0.0, events[-self.rate.most][0] + self.rate.seconds - now)

    def add(self, key: str, now: float, what: str = "") -> None:
        """Count an event; one that is named counts once in the window."""
        events = self._recent(key, now)
        if what and any(seen == what for _at, seen in events):
            return
        if key not in self._events:
            self._events[key] = events
            while len(self._events) > self._keys:
                self._events.popitem(last=False)
        self._events.move_to_end(key)
        events.append((max(now, events[-1][0]) if events else now, what))
        if len(events) > self.rate.most:  # those before can no longer bound anything
            events.popleft()
        self._let_go(now - self.rate.seconds)

    def _let_go(self, since: float) -> None:
        """Forget who was not heard of since: what people wrote once would fill the memory."""
        while next(iter(self._events.values()))[-1][0] <= since:
            self._events.popitem(last=False)

    def clear(self, key: str) -> None:
        """Forget a key's events."""
        self._events.pop(key, None)

    def _recent(self, key: str, now: float) -> deque[tuple[float, str]]:
        events = self._events.get(key)
        if events is None:
            return deque()
        since = max(now, events[-1][0]) - self.rate.seconds
        while events and events[0][0] <= since:
            events.popleft()
        if not events:
            del self._events[key]
        return events


class Kind(StrEnum):
    """What there was too much of."""

    FLOOD = "flood"
    REPEAT = "repeat"
    PERSON = "person"
    CHANNEL = "channel"
    WORKSPACE = "workspace"


@dataclass(frozen=True, slots=True)
class Rates:
    """How often may be asked; ``None`` is no limit. ``burst`` are one person's messages of any
    kind, ``repeats`` the same words of one person in one channel."""

    person: Rate | None = None
    channel: Rate | None = None
    workspace: Rate | None = None
    burst: Rate | None = None
    repeats: Rate | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """A message to be weighed. ``event`` is the same for the same message delivered again;
    ``sure`` says that it is meant for the bot: only then is anything ever said about a limit.
    The same words count as such within a ``thread``, outside of threads within the channel."""

    event: str
    person: str
    channel: str
    workspace: str
    text: str
    at: float
    sure: bool = True
    thread: str = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a message is taken; if not, whether that is said, and when to try again."""

    kind: Kind | None = None
    wait_s: float = 0.0
    tell: bool = False

    @property
    def passes(self) -> bool:
        return self.kind is None


PASSED: Final = Verdict()


class Limiter:
    """Weighs what people ask, for one process."""

    def __init__(self, rates: Rates, keys: int = _MOST_KEYS) -> None:
        self._person, self._channel = _window(rates.person, keys), _window(rates.channel, keys)
        self._workspace = _window(rates.workspace, keys)
        self._burst, self._repeats = _window(rates.burst, keys), _window(rates.repeats, keys)
        self._keys = keys
        self._known: OrderedDict[str, Verdict] = OrderedDict()
        self._silent: OrderedDict[str, float] = OrderedDict()
        self._full: OrderedDict[str, float] = OrderedDict()
        self._flooding: OrderedDict[str, float] = OrderedDict()

    def weigh(self, asked: Asked) -> Verdict:
        """Whether a message is taken, and count it. The same message has the same verdict, unless
        that was silence."""
        known = self._known.get(asked.event)
        if known is not None:
            return known
        found = self._flooded(asked) or (self._over(asked) if asked.sure else None)
        if found is not None:
            return self.refuse(asked, *found)
        if asked.sure:
            for window, key in self._windows(asked):
                window.add(key, asked.at)
        return self._remember(asked.event, PASSED)

    def refuse(self, asked: Asked, kind: Kind, wait_s: float) -> Verdict:
        """The verdict on a message that is one too many: the first of them is spoken of, then
        there is silence for as long as was said, and until a flood is over."""
        if kind in (Kind.CHANNEL, Kind.WORKSPACE, Kind.FLOOD):
            _put(self._full, asked.workspace, asked.at + wait_s, self._keys)
        if not asked.sure:
            return Verdict(kind, wait_s)
        if kind is Kind.FLOOD:
            _put(self._flooding, asked.person, asked.at + _CALM_S, self._keys)
        until = self._silent.get(asked.person)
        tell = until is None or asked.at >= until
        end = asked.at + max(wait_s, 1.0) if tell or until is None else until
        if kind in (Kind.FLOOD, Kind.REPEAT):
            end = max(end, asked.at + _CALM_S)
        _put(self._silent, asked.person, end, self._keys)
        verdict = Verdict(kind, wait_s, tell)
        return self._remember(asked.event, verdict) if tell else verdict

    def flooding(self, person: str, at: float) -> bool:
        """Whether somebody floods: of what was said then, only the newest counts."""
        return at < self._flooding.get(person, at)

    def full(self, now: float) -> tuple[str, ...]:
        """The workspaces in which there is too much at this moment."""
        return tuple(name for name, until in self._full.items() if until > now)

    @property
    def size(self) -> int:
        """How many keys are held in memory."""
        windows = (self._person, self._channel, self._workspace, self._burst, self._repeats)
        held = sum(len(window) for window in windows if window is not None)
        return held + len(self._known) + len(self._silent) + len(self._full) + len(self._flooding)

    def _flooded(self, asked: Asked) -> tuple[Kind, float] | None:
        """Messages count here even where they are not taken: a flood ends when it stops."""
        counted = (
            (Kind.FLOOD, self._burst, asked.person if asked.sure else f"~{asked.person}"),
            (
                Kind.REPEAT,
                self._repeats,
                f"{asked.person} {asked.thread or asked.channel} {_digest(asked.text)}",
            ),
        )
        for kind, window, key in counted:
            if window is None or (kind is Kind.REPEAT and not (asked.sure and asked.text.strip())):
                continue
            wait = window.wait(key, asked.at)
            window.add(key, asked.at)
            if wait > 0:
                return kind, window.rate.seconds
        return None

    def _over(self, asked: Asked) -> tuple[Kind, float] | None:
        kinds = (Kind.PERSON, Kind.CHANNEL, Kind.WORKSPACE)
        every = (self._person, self._channel, self._workspace)
        keys = (asked.person, asked.channel, asked.workspace)
        for kind, window, key in zip(kinds, every, keys, strict=True):
            if window is not None and (wait := window.wait(key, asked.at)) > 0:
                return kind, wait
        return None

    def _windows(self, asked: Asked) -> list[tuple[Window, str]]:
        every = (
            (self._person, asked.person),
            (self._channel, asked.channel),
            (self._workspace, asked.workspace),
        )
        return [(window, key) for window, key in every if window is not None]

    def _remember(self, event: str, verdict: Verdict) -> Verdict:
        self._known[event] = verdict
        while len(self._known) > _MOST_KNOWN:
            self._known.popitem(last=False)
        return verdict


def _window(rate: Rate | None, keys: int) -> Window | None:
    return None if rate is None else Window(rate, keys)


def _put(kept: OrderedDict[str, float], key: str, value: float, most: int) -> None:
    kept[key] = max(value, kept.get(key, value))
    kept.move_to_end(key)
    while len(kept) > most:
        kept.popitem(last=False)


def _digest(text: str) -> str:
    """The same for the same words: case and space do not count."""
    words = " ".join(text.casefold().split())
    return blake2b(words.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()
