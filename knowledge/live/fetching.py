"""One fact over HTTP: bounded in time and size, JSON only, never to another host."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urljoin, urlsplit

from bot.errors import LiveFactError
from knowledge.live.address import AddressTemplate
from knowledge.live.reading import is_fault, parse

if TYPE_CHECKING:
    import httpx2

LARGEST = 262_144
"""Bytes of an answer; a fact is a few hundred."""

_REDIRECTS = 3
_MOVED = frozenset({301, 302, 303, 307, 308})
_NOTHING = frozenset({204, 404, 410})
_REFUSED = frozenset({401, 403})
_HEADERS = {
    "User-Agent": "Wellspoken/1.0 (live facts)",
    "Accept": "application/json",
    "Accept-Encoding": "gzip",
}


class Fetch(Protocol):
    """Where the facts of one source come from."""

    async def fetch(self, values: Mapping[str, str]) -> Any:
        """What the source says for these values, as parsed JSON or as a list of rows; ``None``:
        there is nothing for them. Raises LiveFactError with a reason that anybody may read."""
        ...

    async def close(self) -> None:
        """Let go of connections; a later fetch opens new ones."""
        ...


class HttpFetch:
    """A :class:`Fetch` from a web address. ``seconds`` bounds the whole answer.

    The address is the operator's own and may be private. No proxy of the environment is used.
    """

    def __init__(self, name: str, address: AddressTemplate, *, seconds: float) -> None:
        self._name = name
        self._address = address
        self._seconds = seconds
        self._client: httpx2.AsyncClient | None = None
        self._opening = asyncio.Lock()

    async def close(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()

    async def fetch(self, values: Mapping[str, str]) -> Any:
        try:
            url = self._address.fill(values)
        except ValueError:
            return None  # no such thing can be there
        async with self._opening:
            if self._client is None:
                # Loading the library and its certificates takes long: beside the loop, untimed.
                self._client = await asyncio.to_thread(_new_client, self._seconds)
        return await self._fetch(self._client, url)

    async def _fetch(self, client: httpx2.AsyncClient, url: str) -> Any:
        import httpx2  # late: only live facts and web sources need it

        try:
            async with asyncio.timeout(self._seconds):
                return await self._follow(client, url)
        except (TimeoutError, httpx2.TimeoutException) as error:
            raise self._error(f"its system did not answer within {self._seconds:g} s") from error
        except httpx2.TransportError as error:
            raise self._error("its system cannot be reached") from error
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            raise self._error("its system sent an answer that cannot be read") from error

    async def _follow(self, client: httpx2.AsyncClient, url: str) -> Any:
        """The answer, also where the same host has moved it ("/AX-100" to "/AX-100/")."""
        for _ in range(_REDIRECTS + 1):
            data, onward = await self._once(client, url)
            if not onward:
                return data
            target = urljoin(url, onward)
            if _origin(target) != _origin(url):
                raise self._error("its system sends us to another address")
            url = target
        raise self._error("its system sends us around in circles")

    async def _once(self, client: httpx2.AsyncClient, url: str) -> tuple[Any, str]:
        """One request: the data, or where to go on."""
        request = client.build_request("GET", url, headers=_HEADERS)
        answer = await client.send(request, stream=True)
        try:
            status = answer.status_code
            if status in _MOVED and (onward := answer.headers.get("location")):
                return None, onward
            if status in _NOTHING:
                return None, ""
            if status != 200:
                raise self._error(_refusal(status))
            return self._read(await self._content(answer), answer), ""
        finally:
            await answer.aclose()

    async def _content(self, answer: httpx2.Response) -> bytes:
        content = bytearray()
        async for piece in answer.aiter_bytes(16_384):
            content += piece
            if len(content) > LARGEST:
                raise self._error("its system sent far more than a fact")
        return bytes(content)

    def _read(self, content: bytes, answer: httpx2.Response) -> Any:
        kind = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
        if "html" in kind or content[:100].lstrip().lower().startswith((b"<!doctype", b"<html")):
            raise self._error("its system sent a web page instead of data")
        if not content.strip():
            return None
        try:
            data = parse(content)
        except ValueError as error:
            raise self._error("its system sent data that cannot be read") from error
        if is_fault(data):
            raise self._error("its system reports an error")
        return data

    def _error(self, reason: str) -> LiveFactError:
        return LiveFactError(name=self._name, reason=reason)


def _new_client(seconds: float) -> httpx2.AsyncClient:
    import httpx2  # late, as above

    return httpx2.AsyncClient(follow_redirects=False, trust_env=False, timeout=seconds)


def _refusal(status: int) -> str:
    if status in _REFUSED:
        return f"its system refuses us ({status})"
    if status == 429:
        return "its system is asked too often (429)"
    if status >= 500:
        return f"its system has a fault ({status})"
    return f"its system did not take the request ({status})"


def _origin(url: str) -> tuple[str, str, int]:
    """Scheme, host and port; an address that cannot be read has none of its own."""
    try:
        parts = urlsplit(url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError:
        return "", "", 0
    return parts.scheme, parts.hostname or "", port
