"""Web pages: one address, or all pages that a sitemap lists."""

from __future__ import annotations

import asyncio
import re
import zlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import PurePosixPath
from urllib.parse import unquote, urlsplit, urlunsplit
from xml.etree import ElementTree

from bot.errors import SourceUnavailableError
from bot.settings.addresses import without_secrets
from knowledge.days import day_of_header
from knowledge.document import DEFAULT_LIMIT, FailedDocument, RawDocument
from knowledge.readers import FORMATS
from knowledge.sources.base import Item, Skipped
from knowledge.sources.fetching import PROGRAM, Fetcher, Page
from knowledge.sources.manners import Manners
from knowledge.sources.robots import Robots, read_robots

_KINDS = {
    "text/html": ".html",
    "application/xhtml+xml": ".html",
    "text/markdown": ".md",
    "text/x-markdown": ".md",
    "text/x-rst": ".rst",
    "text/plain": ".txt",
    "text/csv": ".csv",
    "application/json": ".json",
    "application/pdf": ".pdf",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": ".docx",
}
_SITEMAPS_DEEP = 3
_SITEMAP_ADDRESS = re.compile(r"sitemap|\.xml$|\.xml[?]|\.gz$", re.IGNORECASE)

_PAUSE_S = 0.1
_TRIES = 3
_PATIENCE_S = 5.0
_LONGEST_WAIT_S = 60.0
_LONGEST_DELAY_S = 10.0


@dataclass(frozen=True, slots=True)
class PageItem:
    """A page to fetch, named by its address. ``alone``: it is all that the source has, so that
    without it the source is down."""

    source: WebSource
    url: str
    page: Page | None = None
    alone: bool = False

    @property
    def name(self) -> str:
        return without_secrets(self.url)

    async def load(self, known: str = "") -> RawDocument | FailedDocument | None:
        """Fetch the page, unless the server says that it is as it was."""
        try:
            page = self.page or await self.source.fetch(self.url, known)
        except SourceUnavailableError as error:
            if self.alone:
                raise
            return FailedDocument(self.name, str(error))
        if page.status == 304:
            return None
        if self.alone:
            _check_alone(page, self.name)
        if page.status != 200:
            return _failed(
                self.name, f"the server answered {page.status}.", gone=page.status in (404, 410)
            )
        suffix = _format(page)
        if not suffix:
            return _failed(self.name, f"pages of the kind {page.kind or 'unknown'} are not read.")
        return RawDocument(
            source=self.source.name,
            name=self.name,
            format=suffix,
            uri=without_secrets(
                page.url if urlsplit(page.url).netloc == urlsplit(self.url).netloc else self.url
            ),
            fingerprint=page.fingerprint,
            content=_as_utf8(page),
            extra={"day_server": on} if (on := day_of_header(page.modified)) else {},
        )


class WebSource:
    """A page, or the pages of a sitemap (an index of sitemaps as well), as a source.

    An address that ends in ``.xml`` or ``.gz`` or holds the word "sitemap" is asked for a sitemap
    first. A document is named by its address. Pages of other hosts are passed over; those that
    ``robots.txt`` asks not to fetch fail. Private addresses are refused unless ``allow_private`` is
    set. ``pause``: seconds between two requests to a host, at most two of which are under way;
    none by default for private ones, more where robots.txt asks for it.
    """

    def __init__(
        self,
        url: str,
        name: str | None = None,
        *,
        seconds: float = 30.0,
        limit: int = DEFAULT_LIMIT,
        pages: int = 5_000,
        allow_private: bool = False,
        pause: float | None = None,
    ) -> None:
        self.url = _normal(url)
        self.name = name or urlsplit(url).hostname or url
        self._limit = limit
        self._most = pages
        self._fetcher = Fetcher(seconds=seconds, limit=limit, allow_private=allow_private)
        self._pause = pause if pause is not None else 0.0 if allow_private else _PAUSE_S
        self._robots: dict[str, Robots | SourceUnavailableError] = {}
        self._robots_lock = asyncio.Lock()
        self._hosts: dict[str, Manners] = {}

    async def fetch(self, url: str, known: str = "") -> Page:
        """A page of this source, when its server has time; raises SourceUnavailableError."""
        for patience in reversed(range(_TRIES)):
            try:
                page = await self._fetcher.fetch(url, known, self._turn)
            except SourceUnavailableError as error:
                raise _unspoken(error) from None  # nor in the cause
            wait = page.wait
            if page.status == 429 and wait is None:
                wait = _PATIENCE_S
            if page.status not in (429, 503) or wait is None:
                return page
            host = self._host(page.url)
            if not patience or wait > _LONGEST_WAIT_S:
                host.close(wait, f"its server asks for patience ({page.status}, {wait:.0f} s).")
                break
            host.wait(wait)
        reason = f"its server asks for patience ({page.status}, {wait:.0f} s)."
        raise SourceUnavailableError(source=without_secrets(url), reason=reason)

    async def items(self) -> AsyncIterator[Item | Skipped | FailedDocument]:
        """The page, or every page of the sitemap in its order."""
        if not _SITEMAP_ADDRESS.search(self.url):
            yield PageItem(self, self.url, alone=True)
            return
        first = await self.fetch(self.url)
        if first.status != 200:
            raise SourceUnavailableError(
                source=without_secrets(self.url), reason=f"the server answered {first.status}."
            )
        if not _sitemap(first.content):
            yield PageItem(self, self.url, first)
            return
        async for each in self._listed(first):
            yield each

    async def close(self) -> None:
        """Close the connections."""
        await self._fetcher.close()

    async def _listed(self, first: Page) -> AsyncIterator[Item | Skipped | FailedDocument]:
        """The pages of a sitemap and of those it points to. One that cannot be fetched ends the
        reading: then it is not known what is gone."""
        waiting = [(first, 0)]
        seen = {self.url}
        count = 0
        while waiting:
            page, depth = waiting.pop(0)
            kind, addresses = _addresses(page.content, page.url)
            for address in addresses:
                url = _normal(address)
                if url in seen:
                    continue
                seen.add(url)
                if not _same_site(url, self.url):
                    yield Skipped(without_secrets(url))
                elif kind == "sitemapindex":
                    if depth < _SITEMAPS_DEEP:
                        waiting.append((await self._sitemap_page(url), depth + 1))
                elif count >= self._most:
                    yield Skipped(without_secrets(url))
                else:
                    count += 1
                    yield PageItem(self, url)

    async def _sitemap_page(self, url: str) -> Page:
        page = await self.fetch(url)
        if page.status != 200 or not _sitemap(page.content):
            raise SourceUnavailableError(source=without_secrets(url), reason="it is no sitemap.")
        return page

    @asynccontextmanager
    async def _turn(self, url: str) -> AsyncIterator[None]:
        """A request to an address, if the rules of its host allow it, when it is its turn."""
        rules = await self._rules(url)
        if not rules.allows(url):
            raise SourceUnavailableError(source=url, reason="robots.txt asks not to fetch it.")
        host = self._host(url)
        host.pause = max(self._pause, min(rules.delay, _LONGEST_DELAY_S))
        async with host.turn():
            yield

    def _host(self, url: str) -> Manners:
        netloc = urlsplit(url).netloc
        return self._hosts.setdefault(netloc, Manners(netloc, self._pause))

    async def _rules(self, url: str) -> Robots:
        """What the host's robots.txt says; a host without one allows everything."""
        parts = urlsplit(url)
        async with self._robots_lock:
            if parts.netloc not in self._robots:
                rules: Robots | SourceUnavailableError
                try:
                    rules = await self._read_robots(parts.scheme, parts.netloc)
                except SourceUnavailableError as error:
                    rules = error
                self._robots[parts.netloc] = rules
        known = self._robots[parts.netloc]
        if isinstance(known, SourceUnavailableError):  # nor are they asked for again in this run
            raise SourceUnavailableError(str(known), **known.data)
        return known

    async def _read_robots(self, scheme: str, netloc: str) -> Robots:
        """The rules. While the server fails to tell them, nothing may be fetched (RFC 9309)."""
        url = urlunsplit((scheme, netloc, "/robots.txt", "", ""))
        page = await self._fetcher.fetch(url)
        if page.status >= 500 or page.status == 429:
            reason = f"the server answered {page.status}."
            raise SourceUnavailableError(source=url, reason=reason)
        return read_robots(page.content, PROGRAM) if page.status == 200 else Robots()


def _unspoken(error: SourceUnavailableError) -> SourceUnavailableError:
    """The same error about an address that says no secret."""
    source = without_secrets(str(error.data.get("source", "")))
    return SourceUnavailableError(source=source, reason=error.data.get("reason", ""))


def _check_alone(page: Page, url: str) -> None:
    """Raises SourceUnavailableError where a source's only page is none."""
    if page.status != 200:
        reason = f"the server answered {page.status}."
        raise SourceUnavailableError(source=url, reason=reason)
    if _sitemap(page.content):
        reason = 'it is a sitemap; name it by an address that ends in .xml or holds "sitemap".'
        raise SourceUnavailableError(source=url, reason=reason)


def _failed(url: str, reason: str, *, gone: bool = False) -> FailedDocument:
    return FailedDocument(url, str(SourceUnavailableError(source=url, reason=reason)), gone=gone)


def _normal(url: str) -> str:
    """An address without fragment, its host in lower case."""
    parts = urlsplit(url.strip())
    return urlunsplit((parts.scheme, parts.netloc.lower(), parts.path or "/", parts.query, ""))


def _same_site(url: str, other: str) -> bool:
    def host(address: str) -> str:
        return urlsplit(address).netloc.removeprefix("www.")

    return host(url) == host(other)


def _format(page: Page) -> str:
    """The suffix of the format: that of the kind the server names, else that of the address."""
    suffix = PurePosixPath(unquote(urlsplit(page.url).path)).suffix.lower()
    if page.kind in ("", "text/plain", "application/octet-stream") and suffix in FORMATS:
        return suffix
    return _KINDS.get(page.kind, "")


def _as_utf8(page: Page) -> bytes:
    """Text in the charset that the server names, as UTF-8."""
    if page.charset.lower() in ("", "utf-8", "utf8") or not page.kind.startswith("text/"):
        return page.content
    try:
        return page.content.decode(page.charset).encode()
    except (LookupError, UnicodeError):
        return page.content


def _unpacked(content: bytes) -> bytes:
    """A sitemap may come as a gzip file."""
    if not content.startswith(b"\x1f\x8b"):
        return content
    try:
        return zlib.decompressobj(31).decompress(content, DEFAULT_LIMIT)
    except zlib.error:
        return content


def _sitemap(content: bytes) -> bool:
    head = _unpacked(content)[:2000]
    return b"<urlset" in head or b"<sitemapindex" in head


def _addresses(content: bytes, url: str) -> tuple[str, list[str]]:
    """The kind of a sitemap (``urlset``, ``sitemapindex``) and the addresses in it."""
    try:
        # Entities cannot grow without bound: expat has refused that since 2.4.1.
        root = ElementTree.fromstring(_unpacked(content))  # noqa: S314
    except ElementTree.ParseError as error:
        source = without_secrets(url)
        raise SourceUnavailableError(source=source, reason="its sitemap is broken.") from error
    found = [e.text.strip() for e in root.iter() if e.tag.rpartition("}")[2] == "loc" and e.text]
    return root.tag.rpartition("}")[2], found
