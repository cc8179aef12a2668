"""Web pages and sitemaps as sources, against a server on this machine."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise

import pytest

from bot.errors import SourceUnavailableError
from knowledge.document import FailedDocument, RawDocument
from knowledge.sources.addresses import is_public, resolved
from knowledge.sources.base import Item, Skipped
from knowledge.sources.fetching import Fetcher
from knowledge.sources.web import WebSource

Answer = tuple[int, dict[str, str], bytes]


class Site:
    """A small web server; ``pages`` maps a path to an answer or a function of the headers."""

    def __init__(self) -> None:
        self.pages: dict[str, Answer | Callable[[dict[str, str]], Answer]] = {}
        self.asked: list[str] = []
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                site.asked.append(self.path)
                page = site.pages.get(self.path, (404, {}, b"not here"))
                status, headers, body = page(dict(self.headers)) if callable(page) else page
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                with contextlib.suppress(BrokenPipeError):  # the reader had enough
                    self.wfile.write(body)

            def log_message(self, *args: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.01,))
        self.thread.start()

    def url(self, path: str = "/") -> str:
        return f"http://127.0.0.1:{self.server.server_port}{path}"

    def html(self, path: str, text: str) -> None:
        self.pages[path] = (200, {"Content-Type": "text/html"}, f"<h1>{text}</h1>".encode())

    def sitemap(self, path: str, *addresses: str, kind: str = "urlset") -> None:
        inner = "".join(f"<url><loc>{a}</loc></url>" for a in addresses)
        body = f'<?xml version="1.0"?><{kind} xmlns="x">{inner}</{kind}>'.encode()
        self.pages[path] = (200, {"Content-Type": "application/xml"}, body)

    def stop(self) -> None:
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


@pytest.fixture
def site() -> Iterator[Site]:
    server = Site()
    yield server
    server.stop()


async def load_all(source: WebSource, known: str = "") -> list[RawDocument | FailedDocument | None]:
    items: list[Item] = []
    async for each in source.items():
        if not isinstance(each, Skipped | FailedDocument):
            items.append(each)
    found = [await item.load(known) for item in items]
    await source.close()
    return found


async def only(source: WebSource) -> RawDocument:
    (found,) = await load_all(source)
    assert isinstance(found, RawDocument), found
    return found


async def test_a_page_is_a_source_with_one_document(site: Site) -> None:
    """A page is named and linked by its address, and read by the kind that the server names."""
    site.html("/plans", "Plans")
    found = await only(WebSource(site.url("/plans#price"), allow_private=True))
    assert (found.name, found.uri, found.format) == (
        site.url("/plans"),
        site.url("/plans"),
        ".html",
    )
    assert found.source == "127.0.0.1"
    assert b"Plans" in found.content


@pytest.mark.parametrize(
    ("path", "kind", "suffix"),
    [
        ("/a", "application/pdf", ".pdf"),
        ("/a.md", "text/plain", ".md"),
        ("/a.md", "text/markdown; charset=utf-8", ".md"),
        ("/a.csv", "application/octet-stream", ".csv"),
        ("/a", "text/plain", ".txt"),
    ],
)
async def test_the_kind_decides_the_reader(site: Site, path: str, kind: str, suffix: str) -> None:
    """Where the server only says "text", the suffix of the address counts."""
    site.pages[path] = (200, {"Content-Type": kind}, b"content")
    assert (await only(WebSource(site.url(path), allow_private=True))).format == suffix


async def test_other_kinds_are_reported(site: Site) -> None:
    """A picture is no page."""
    site.pages["/a"] = (200, {"Content-Type": "image/png"}, b"x")
    (found,) = await load_all(WebSource(site.url("/a"), allow_private=True))
    assert isinstance(found, FailedDocument)
    assert "image/png" in found.error


async def test_the_servers_charset_counts(site: Site) -> None:
    """Text in an old encoding that the server names is read right."""
    body = "Größe".encode("cp1252")
    site.pages["/a"] = (200, {"Content-Type": "text/html; charset=windows-1252"}, body)
    found = await only(WebSource(site.url("/a"), allow_private=True))
    assert found.content.decode() == "Größe"


async def test_a_sitemap_gives_its_pages(site: Site) -> None:
    """Pages of a sitemap, of an index of sitemaps, and of a packed one; other hosts are skipped."""
    for name in "abc":
        site.html(f"/{name}", name)
    site.sitemap("/one.xml", site.url("/a"), site.url("/b"), "https://elsewhere.test/x")
    site.sitemap("/two.xml", site.url("/c"), site.url("/a"))
    status, headers, body = site.pages["/two.xml"]  # type: ignore[misc]  # it is no function
    site.pages["/two.xml.gz"] = (status, headers, gzip.compress(body))
    site.sitemap("/index.xml", site.url("/one.xml"), site.url("/two.xml.gz"), kind="sitemapindex")
    found = await load_all(WebSource(site.url("/index.xml"), allow_private=True))
    assert [r.name for r in found if isinstance(r, RawDocument)] == [
        site.url(f"/{name}") for name in "abc"
    ]


async def test_a_part_of_a_sitemap_that_is_missing_ends_the_reading(site: Site) -> None:
    """Half a list of pages must not remove the other half."""
    site.sitemap("/index.xml", site.url("/gone.xml"), kind="sitemapindex")
    with pytest.raises(SourceUnavailableError, match="no sitemap"):
        await load_all(WebSource(site.url("/index.xml"), allow_private=True))


async def test_a_page_that_is_gone_says_so(site: Site) -> None:
    """404 is gone; another error of the server is not."""
    site.pages["/broken"] = (500, {}, b"")
    site.sitemap("/s.xml", site.url("/nowhere"), site.url("/broken"))
    gone, broken = await load_all(WebSource(site.url("/s.xml"), allow_private=True))
    assert isinstance(gone, FailedDocument)
    assert isinstance(broken, FailedDocument)
    assert (gone.gone, broken.gone) == (True, False)


async def test_an_unchanged_page_is_not_sent_again(site: Site) -> None:
    """The server is asked with the state that is known."""

    def page(headers: dict[str, str]) -> Answer:
        if headers.get("If-None-Match") == '"v1"':
            return 304, {}, b""
        return 200, {"Content-Type": "text/html", "ETag": '"v1"'}, b"<p>x</p>"

    site.pages["/a"] = page
    site.sitemap("/s.xml", site.url("/a"))
    source = WebSource(site.url("/s.xml"), allow_private=True)
    first = await only(source)
    assert first.fingerprint
    assert await load_all(source, first.fingerprint) == [None]


async def test_robots_are_heeded(site: Site) -> None:
    """What robots.txt asks not to fetch is not fetched."""
    site.pages["/robots.txt"] = (200, {}, b"User-agent: *\nDisallow: /private/")
    site.html("/private/a", "a")
    site.sitemap("/s.xml", site.url("/private/a"))
    (found,) = await load_all(WebSource(site.url("/s.xml"), allow_private=True))
    assert isinstance(found, FailedDocument)
    assert "robots.txt" in found.error
    assert "/private/a" not in site.asked


async def test_robots_hold_for_what_a_page_leads_to(site: Site) -> None:
    """A redirect is no way round robots.txt."""
    site.pages["/robots.txt"] = (200, {}, b"User-agent: wellspoken\nDisallow: /private/")
    site.pages["/a"] = (302, {"Location": "/private/a"}, b"")
    site.html("/private/a", "a")
    site.sitemap("/s.xml", site.url("/a"))
    (found,) = await load_all(WebSource(site.url("/s.xml"), allow_private=True))
    assert isinstance(found, FailedDocument)
    assert "robots.txt" in found.error
    assert "/private/a" not in site.asked


async def test_robots_that_cannot_be_told_allow_nothing(site: Site) -> None:
    """While the server fails to tell its rules the source is down, and no page is asked for."""
    site.pages["/robots.txt"] = (503, {}, b"")
    site.html("/a", "a")
    with pytest.raises(SourceUnavailableError, match="503"):
        await load_all(WebSource(site.url("/a"), allow_private=True))
    assert "/a" not in site.asked


async def test_a_page_by_itself_is_not_sent_again(site: Site) -> None:
    """The only page of a source costs a 304 as well; without it the source is down."""

    def page(headers: dict[str, str]) -> Answer:
        if headers.get("If-Modified-Since") == "Sun, 22 Nov 2026 10:42:00 GMT":
            return 304, {}, b""
        changed = {"Content-Type": "text/html", "Last-Modified": "Sun, 22 Nov 2026 10:42:00 GMT"}
        return 200, changed, b"<p>x</p>"

    site.pages["/a"] = page
    first = await only(WebSource(site.url("/a"), allow_private=True))
    assert await load_all(WebSource(site.url("/a"), allow_private=True), first.fingerprint) == [
        None
    ]
    site.pages["/a"] = (404, {}, b"")
    with pytest.raises(SourceUnavailableError, match="404"):
        await load_all(WebSource(site.url("/a"), allow_private=True))


async def test_a_sitemap_under_another_name_is_a_sentence(site: Site) -> None:
    """An address that does not look like a sitemap says how to write it."""
    site.sitemap("/pages", site.url("/a"))
    with pytest.raises(SourceUnavailableError, match="it is a sitemap"):
        await load_all(WebSource(site.url("/pages"), allow_private=True))


async def test_a_server_that_asks_for_patience_gets_it(site: Site) -> None:
    """A short Retry-After is waited for, and the page is read."""
    answers = iter([(503, {"Retry-After": "1"}, b""), (429, {"Retry-After": "0"}, b"")])
    sound = (200, {"Content-Type": "text/html"}, b"<p>x</p>")
    site.pages["/a"] = lambda _: next(answers, sound)
    began = time.monotonic()
    await only(WebSource(site.url("/a"), allow_private=True))
    assert time.monotonic() - began >= 1
    assert site.asked.count("/a") == 3


async def test_a_server_that_is_worn_out_is_left_alone(site: Site) -> None:
    """A long Retry-After ends the asking: the other pages keep their state unasked."""
    for name in "abcdefgh":
        site.pages[f"/{name}"] = (429, {"Retry-After": "3600"}, b"")
    site.sitemap("/s.xml", *(site.url(f"/{name}") for name in "abcdefgh"))
    found = await load_all(WebSource(site.url("/s.xml"), allow_private=True))
    assert all(isinstance(f, FailedDocument) and not f.gone for f in found)
    assert all("patience" in f.error for f in found if isinstance(f, FailedDocument))
    assert sum(path in site.asked for path in map("/{}".format, "abcdefgh")) == 1


async def test_requests_keep_the_distance_that_is_asked_for(site: Site) -> None:
    """Crawl-delay lies between the beginnings of any two requests."""
    site.pages["/robots.txt"] = (200, {}, b"User-agent: *\nCrawl-delay: 0.2")
    times: list[float] = []

    def page(_: dict[str, str]) -> Answer:
        times.append(time.monotonic())
        return 200, {"Content-Type": "text/html"}, b"<p>x</p>"

    for name in "abc":
        site.pages[f"/{name}"] = page
    source = WebSource(site.url("/s.xml"), allow_private=True)
    await asyncio.gather(*(source.fetch(site.url(f"/{name}")) for name in "abc"))
    await source.close()
    assert all(later - sooner > 0.15 for sooner, later in pairwise(times))


async def test_private_addresses_are_refused_unless_allowed(site: Site) -> None:
    """This machine's own services are out of reach by default, and the sentence says why."""
    with pytest.raises(SourceUnavailableError, match="private address"):
        await load_all(WebSource(site.url("/")))
    assert not site.asked


@pytest.mark.parametrize(
    "address",
    """127.0.0.1 10.0.0.1 172.16.5.5 192.168.1.1 169.254.169.254 100.64.0.1 0.0.0.0 224.0.0.1
    255.255.255.255 ::1 :: fe80::1 fe80::1%eth0 fc00::1 fd00:ec2::254 ff02::1 ::ffff:127.0.0.1
    ::ffff:169.254.169.254 64:ff9b::7f00:1 2002:7f00:1:: ::127.0.0.1 192.0.2.1 nonsense""".split(),
)
def test_addresses_that_are_not_public(address: str) -> None:
    """Private, local, metadata and reserved addresses, also inside IPv6."""
    assert not is_public(address)


@pytest.mark.parametrize("address", ["93.184.216.34", "1.1.1.1", "2606:4700::1111"])
def test_addresses_that_are_public(address: str) -> None:
    """The open internet is allowed."""
    assert is_public(address)


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "127.1", "2130706433", "0x7f000001", "0177.0.0.1", "::1", "localhost"]
)
async def test_no_way_of_writing_hides_loopback(host: str) -> None:
    """An address is judged after it was resolved, however it is written."""
    with pytest.raises(SourceUnavailableError):
        await resolved(host, 80)


async def test_large_and_slow_pages_are_cut_off(site: Site) -> None:
    """A page is bounded in bytes, also after unpacking, and in time."""
    packed = gzip.compress(b"x" * 5_000_000)
    site.pages["/bomb"] = (200, {"Content-Type": "text/html", "Content-Encoding": "gzip"}, packed)

    def slow(_: dict[str, str]) -> Answer:
        time.sleep(1)
        return 200, {}, b"late"

    site.pages["/slow"] = slow
    patient = Fetcher(limit=1_000_000, allow_private=True)
    with pytest.raises(SourceUnavailableError, match="larger"):
        await patient.fetch(site.url("/bomb"))
    fetcher = Fetcher(seconds=0.3, limit=1_000_000, allow_private=True)
    with pytest.raises(SourceUnavailableError, match=r"within 0\.3 s"):
        await fetcher.fetch(site.url("/slow"))
    await fetcher.close()


async def test_redirects_without_end_are_cut_off(site: Site) -> None:
    """A page that leads to itself is a sentence."""
    site.pages["/round"] = (302, {"Location": "/round"}, b"")
    fetcher = Fetcher(allow_private=True)
    with pytest.raises(SourceUnavailableError, match="redirects"):
        await fetcher.fetch(site.url("/round"))
    await fetcher.close()


@pytest.mark.parametrize(
    "url", ["file:///etc/passwd", "ftp://x.test/", "http://", "http://u:p@127.0.0.1/", "http://[x"]
)
async def test_addresses_that_are_none_are_a_sentence(url: str) -> None:
    """Other schemes, passwords and broken addresses are refused."""
    with pytest.raises(SourceUnavailableError):
        await Fetcher(allow_private=True).fetch(url)


async def test_no_server_and_no_name_are_a_sentence() -> None:
    """A closed port and an unknown name say what is wrong."""
    fetcher = Fetcher(seconds=5, allow_private=True)
    for url in ("http://127.0.0.1:1/", "http://nowhere.invalid/"):
        with pytest.raises(SourceUnavailableError):
            await asyncio.wait_for(fetcher.fetch(url), 60)
    await fetcher.close()


async def test_a_host_that_hangs_is_left_alone(site: Site) -> None:
    """After a few pages without an answer the others fail at once, instead of each being waited
    for; what was read before stays."""
    hung = []

    def hang(_: dict[str, str]) -> Answer:
        hung.append(1)
        time.sleep(1)
        return 200, {"Content-Type": "text/html"}, b"<p>late</p>"

    names = [f"/p{n}" for n in range(30)]
    site.sitemap("/sitemap.xml", *map(site.url, names))
    site.pages.update(dict.fromkeys(names, hang))
    source = WebSource(site.url("/sitemap.xml"), allow_private=True, seconds=0.2)
    failed = [await item.load() async for item in source.items() if not isinstance(item, Skipped)]
    await source.close()
    assert len(failed) == 30
    assert all(isinstance(f, FailedDocument) and not f.gone for f in failed)
    assert len(hung) == 5
    assert "does not answer" in str(failed[-1])
