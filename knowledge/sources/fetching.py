"""One page over HTTP: bounded in time and size, checked at every redirect."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit, urlunsplit

from bot.errors import SourceUnavailableError
from knowledge.document import DEFAULT_LIMIT
from knowledge.sources.addresses import Lookup, look_up, resolved, why_not_onward

if TYPE_CHECKING:
    import httpx2

PROGRAM = "wellspoken"
"""The name that a robots.txt may call us by."""

AGENT = "Wellspoken/1.0 (documentation reader)"
_REDIRECTS = 5
_MOVED = frozenset({301, 302, 303, 307, 308})


@dataclass(frozen=True, slots=True)
class Page:
    """What a server sent. ``url`` is the one after redirects; ``status`` 304 has no content;
    ``wait`` is how many seconds it wants to be left alone (Retry-After), ``modified`` when it says
    that the page was changed (Last-Modified)."""

    url: str
    status: int
    kind: str
    charset: str
    content: bytes
    fingerprint: str
    wait: float | None = None
    modified: str = ""


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a request goes: a host in letters of the network, and a port."""

    host: str
    port: int

    @classmethod
    def of(cls, url: str) -> _Place:
        """The place of an address; raises SourceUnavailableError, ValueError."""
        parts = urlsplit(url)
        host = (parts.hostname or "").encode("idna").decode()
        if parts.scheme not in ("http", "https") or not host:
            raise SourceUnavailableError(source=url, reason="it is no http or https address.")
        if "@" in parts.netloc:
            raise SourceUnavailableError(
                source=host, reason="an address must not hold a name or password."
            )
        return cls(host, parts.port or (443 if parts.scheme == "https" else 80))


Turn = Callable[[str], AbstractAsyncContextManager[None]]
"""Entered for each request to an address; may make it wait, or refuse it with an error."""


@asynccontextmanager
async def _at_once(url: str) -> AsyncIterator[None]:
    del url  # whoever has manners hands in something else
    yield


class Fetcher:
    """Fetches pages. ``seconds`` bounds each request, ``limit`` the unpacked bytes."""

    def __init__(
        self,
        *,
        seconds: float = 30.0,
        limit: int = DEFAULT_LIMIT,
        allow_private: bool = False,
        lookup: Lookup = look_up,
    ) -> None:
        self._lookup = lookup
        self._seconds = seconds
        self._limit = limit
        self._allow_private = allow_private
        # A client a host: a connection is reused by address, and its certificate was checked for
        # one host only.
        self._clients: dict[str, httpx2.AsyncClient] = {}

    async def close(self) -> None:
        """Let go of the connections; a later fetch opens new ones."""
        clients, self._clients = self._clients, {}
        for client in clients.values():
            await client.aclose()

    async def fetch(self, url: str, known: str = "", turn: Turn = _at_once) -> Page:
        """A page; ``known`` is the fingerprint of the state that the caller has, ``turn`` is
        entered for the address and for each that it leads on to.

        Raises SourceUnavailableError: no such name, private address, no answer in time, too large.
        """
        import httpx2  # late: only web sources need it

        try:
            return await self._follow(url, known, turn)
        except (TimeoutError, httpx2.TimeoutException) as error:
            reason = f"no whole answer within {self._seconds:g} s."
            raise SourceUnavailableError(source=url, reason=reason) from error
        except httpx2.HTTPError as error:
            reason = f"the connection failed ({str(error) or type(error).__name__})."
            raise SourceUnavailableError(source=url, reason=reason) from error
        except (httpx2.InvalidURL, ValueError) as error:
            raise SourceUnavailableError(source=url, reason="it is no web address.") from error

    async def _follow(self, url: str, known: str, turn: Turn) -> Page:
        first = url
        for hop in range(_REDIRECTS + 1):
            if hop:  # before its turn: even its robots.txt may be none of our business
                async with asyncio.timeout(self._seconds):
                    await self._reached(_Place.of(url), _Place.of(first))
            async with turn(url), asyncio.timeout(self._seconds):
                page, onward = await self._once(url, known, first)
            if page is not None:
                return page
            url = urljoin(url, onward)
        raise SourceUnavailableError(source=url, reason=f"more than {_REDIRECTS} redirects.")

    async def _reached(self, place: _Place, first: _Place) -> str:
        """The one address of a place that is connected to; raises SourceUnavailableError where it
        may not be, or not from where the reading began."""
        address = await self._resolved(place)
        if place != first:
            home = await self._resolved(first)
            reason = why_not_onward((home, first.port), (address, place.port))
            if reason is not None:
                raise SourceUnavailableError(source=place.host, reason=reason)
        return address

    async def _resolved(self, place: _Place) -> str:
        return await resolved(
            place.host, place.port, allow_private=self._allow_private, lookup=self._lookup
        )

    async def _once(self, url: str, known: str, first: str) -> tuple[Page | None, str]:
        """One request; a page, or where to go on."""
        parts, place = urlsplit(url), _Place.of(url)
        # The name is not asked for again: the connection goes to the address that was checked.
        address = await self._reached(place, _Place.of(first))
        literal = f"[{address}]" if ":" in address else address
        target = urlunsplit((parts.scheme, f"{literal}:{place.port}", parts.path, parts.query, ""))
        host = f"[{place.host}]" if ":" in place.host else place.host
        headers = {
            "Host": f"{host}:{parts.port}" if parts.port else host,
            "User-Agent": AGENT,
            "Accept": "text/html, text/markdown, text/plain, */*;q=0.5",
            "Accept-Encoding": "gzip",
            **_conditions(known),
        }
        client = self._client(parts.netloc)
        request = client.build_request(
            "GET", target, headers=headers, extensions={"sni_hostname": place.host}
        )
        answer = await client.send(request, stream=True)
        try:
            if answer.status_code in _MOVED and "location" in answer.headers:
                return None, answer.headers["location"]
            return await self._page(url, answer), ""
        finally:
            await answer.aclose()

    def _client(self, host: str) -> httpx2.AsyncClient:
        import httpx2  # late, as above

        if host not in self._clients:
            # No proxy from the environment: it would connect to names that nobody checked.
            self._clients[host] = httpx2.AsyncClient(
                follow_redirects=False, trust_env=False, timeout=self._seconds
            )
        return self._clients[host]

    async def _page(self, url: str, answer: httpx2.Response) -> Page:
        content = bytearray()
        if answer.status_code == 200:
            async for piece in answer.aiter_bytes(65_536):
                content += piece
                if len(content) > self._limit:
                    reason = f"it is larger than {self._limit / 1e6:g} MB."
                    raise SourceUnavailableError(source=url, reason=reason)
        kind = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
        return Page(
            url=url,
            status=answer.status_code,
            kind=kind,
            charset=answer.charset_encoding or "",
            content=bytes(content),
            fingerprint=_fingerprint(answer.headers),
            wait=_wait(answer.headers.get("retry-after", "")),
            modified=answer.headers.get("last-modified", ""),
        )


def _fingerprint(headers: Mapping[str, str]) -> str:
    if etag := headers.get("etag"):
        return f"etag {etag}"[:500]
    if modified := headers.get("last-modified"):
        return f"modified {modified}"[:500]
    return ""


def _wait(value: str) -> float | None:
    """The seconds of a Retry-After, which holds a number or a date (RFC 9110, 10.2.3)."""
    if value.strip().isdecimal():
        return float(value)
    try:
        until = parsedate_to_datetime(value)
    except (ValueError, OverflowError):
        return None
    if until.tzinfo is None:
        until = until.replace(tzinfo=UTC)
    return max((until - datetime.now(UTC)).total_seconds(), 0.0)


def _conditions(known: str) -> dict[str, str]:
    """Ask for the page only if it changed."""
    kind, _, value = known.partition(" ")
    if kind == "etag":
        return {"If-None-Match": value}
    if kind == "modified":
        return {"If-Modified-Since": value}
    return {}
