"""Which addresses in an answer may be links: those of its own citations, and no other."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import quote

from markdown_it.common.normalize_url import normalizeLink

from adapters.rendering.cleaning import is_web_address
from adapters.rendering.mentions import visible
from bot.conversation import Outcome, Turn
from bot.evidence import Citation
from bot.linking import NO_SITES, Sites

LONGEST_ADDRESS = 1_000
"""Characters; a longer address is not linked, so that no limit ever cuts one in half."""

_SPECIAL = re.compile(
    r"(?P<address>(?:\b(?:https?|ftp)://|\bwww\.)[^\s<>\"`\[\]{}|\\^]+)|(?P<marker>\[(?P<n>\d{1,3})\])",
    re.IGNORECASE,
)
_TRAILING = re.compile(r"[.,;:!?'*_~)]+$")
_MENTION = re.compile(r"@(?=everyone|here|channel|group|[!&]?\d)", re.IGNORECASE)
_SCHEME = re.compile(r"^(?:https?|ftp)://", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Words:
    """Running text."""

    text: str


@dataclass(frozen=True, slots=True)
class Marker:
    """``[n]``, and where it leads; empty where its citation has no web address."""

    n: int
    uri: str


@dataclass(frozen=True, slots=True)
class Address:
    """A bare address, and where it may lead; empty where it is nobody's citation."""

    text: str
    uri: str

    @property
    def without_scheme(self) -> str:
        """As it can be shown without that a platform makes a link of it."""
        return _SCHEME.sub("", self.text)


def safe_address(uri: str) -> str:
    """An address for a link's target, or an empty text where it cannot be one.

    Characters that could end the link or begin something else are percent-encoded.
    """
    uri = visible(uri).strip()
    if not is_web_address(uri) or len(uri) > LONGEST_ADDRESS:
        return ""
    encoded = quote(normalizeLink(uri), safe="%/:?#[]&=+,;$-._~!'*@")
    encoded = encoded.replace("[", "%5B").replace("]", "%5D").replace("*", "%2A")
    # "@here" in a path is still an "@here" to a careless parser.
    encoded = _MENTION.sub("%40", encoded)
    return encoded if len(encoded) <= LONGEST_ADDRESS else ""


def _key(uri: str) -> str:
    address = normalizeLink(uri.partition("#")[0])
    return address if "?" in address else address.rstrip("/")


def linkable(turn: Turn) -> Sequence[Citation]:
    """What the answer of a turn may link to: its citations, and where it says that it does not
    know, the pages that it names as near."""
    if turn.outcome is not Outcome.ABSTAINED:
        return turn.citations
    chunks = {p.chunk.uri: p.chunk for p in turn.passages if is_web_address(p.chunk.uri)}
    near = [Citation(0, c.document, c.title, uri, "") for uri, c in chunks.items()]
    return (*turn.citations, *near)


_ALLOWED = [NO_SITES]


def allow(sites: Sites) -> None:
    """Let answers link to these as well: the operator's allow list, set once when an application
    is put together."""
    _ALLOWED[0] = sites


def is_allowed(uri: str) -> bool:
    """Whether the operator lets answers link there, whatever they cite."""
    return _ALLOWED[0].allow(uri)


class Links:
    """The addresses that an answer's citations and the operator allow."""

    def __init__(self, citations: Sequence[Citation]) -> None:
        self._numbered = {c.n: safe_address(c.uri) for c in citations}
        self._keys = {_key(c.uri) for c in citations if is_web_address(c.uri)}

    def target(self, uri: str) -> str:
        """Where a link to ``uri`` may lead; empty where it must lose its address."""
        return safe_address(uri) if _key(uri) in self._keys or is_allowed(uri) else ""

    def marker(self, n: int) -> Marker:
        """The marker of citation ``n``."""
        return Marker(n, self._numbered.get(n, ""))

    def parts(self, text: str) -> Iterator[Words | Marker | Address]:
        """Running text, taken apart at markers and bare addresses."""
        at = 0
        for found in _SPECIAL.finditer(text):
            if found["marker"]:
                start, end = found.span()
                part: Marker | Address = self.marker(int(found["n"]))
            else:
                start = found.start()
                address = _TRAILING.sub("", found.group())
                if found.group().endswith(")") and address.count("(") > address.count(")"):
                    address += ")"
                end = start + len(address)
                part = Address(address, self.target(address))
            if start > at:
                yield Words(text[at:start])
            yield part
            at = end
        if at < len(text):
            yield Words(text[at:])
