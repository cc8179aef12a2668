"""What a site's robots.txt asks of us, read as RFC 9309 says; and Crawl-delay, which it leaves out.

The standard library's parser knows no ``*`` and ``$`` in paths and takes the first rule that fits
instead of the longest.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

_SAFE = "/?&=%:;,+$!'()*@~-._[]"
_ESCAPE = re.compile(r"%[0-9a-fA-F]{2}")
_LONGEST_FILE = 512_000
_MOST_RULES = 10_000


@dataclass(frozen=True, slots=True)
class Robots:
    """The rules for one program: ``(allowed, pattern)``; ``delay`` in seconds between requests."""

    rules: tuple[tuple[bool, str], ...] = ()
    delay: float = 0.0

    def allows(self, url: str) -> bool:
        """Whether an address may be fetched: the longest rule that fits says so."""
        parts = urlsplit(url)
        path = _plain(f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/")
        fitting = [(len(p), allowed) for allowed, p in self.rules if _fits(p, path)]
        return max(fitting, default=(0, True))[1]


def read_robots(content: bytes, program: str) -> Robots:
    """The rules of a robots.txt for ``program``, else those for everybody."""
    text = content[:_LONGEST_FILE].decode("utf-8", "replace").lstrip("\ufeff")
    groups: dict[str, tuple[list[tuple[bool, str]], list[float]]] = {}
    agents: list[str] = []
    naming = False
    for line in text.splitlines():
        key, colon, value = line.partition("#")[0].partition(":")
        key, value = key.strip().lower(), value.strip()
        if not colon:
            continue
        if key == "user-agent":
            agents = [*agents, value.lower()] if naming else [value.lower()]
            groups.setdefault(value.lower(), ([], []))
            naming = True
            continue
        naming = False
        for rules, delays in (groups[agent] for agent in agents):
            if key in ("allow", "disallow") and value and len(rules) < _MOST_RULES:
                rules.append((key == "allow", _plain(value)))
            elif key == "crawl-delay":
                delays.extend(_seconds(value))
    rules, delays = groups.get(program.lower()) or groups.get("*") or ([], [])
    return Robots(tuple(rules), max(delays, default=0.0))


def _seconds(value: str) -> list[float]:
    try:
        seconds = float(value)
    except ValueError:
        return []
    return [seconds] if 0 <= seconds < float("inf") else []


def _plain(path: str) -> str:
    """A path or pattern with one way of writing each character."""
    return _ESCAPE.sub(lambda found: found[0].upper(), quote(path, safe=_SAFE))


def _fits(pattern: str, path: str) -> bool:
    """Whether a pattern fits the beginning of a path: ``*`` is anything, ``$`` the end."""
    to_the_end = pattern.endswith("$")
    first, *rest = pattern.removesuffix("$").split("*")
    if not path.startswith(first):
        return False
    at = len(first)
    for n, piece in enumerate(rest, 1):
        if to_the_end and n == len(rest):
            return path.endswith(piece) and len(path) - len(piece) >= at
        at = path.find(piece, at)
        if at < 0:
            return False
        at += len(piece)
    return not to_the_end or at == len(path)
