"""Follows the links of a website as a person with a cookie would, and says what it found."""

from __future__ import annotations

import re
from collections import Counter, deque
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import parse_qsl, urldefrag, urljoin, urlsplit

import httpx2

from adapters.web.auth.roles import LEAST

_INNER = "/console"
_ROUTES = tuple(
    (route.split(" ", 1)[1], re.compile(re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(path))))
    for route in LEAST
    if route.startswith("GET ")
    for path in [route.split(" ", 1)[1]]
)
_NAMED = {
    "a": "href",
    "area": "href",
    "link": "href",
    "script": "src",
    "img": "src",
    "form": "action",
}


class _Names(HTMLParser):
    """The addresses, ids, headings and title of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.addresses: list[str] = []
        self.ids: set[str] = set()
        self.headings = 0
        self.title = ""
        self._in_title = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = dict(attrs)
        if told.get("id"):
            self.ids.add(told["id"] or "")
        self.headings += tag == "h1"
        self._in_title = tag == "title" and not self.title
        if tag == "form" and (told.get("method") or "get").lower() != "get":
            return
        named = told.get(_NAMED.get(tag, ""))
        for address in (named, told.get("hx-get")):
            if address:
                self.addresses.append(address)

    def handle_data(self, data: str) -> None:
        if self._in_title:
            self.title += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "title":
            self._in_title = False


@dataclass
class Crawled:
    """What an address answered; ``found_on`` is the page that named it."""

    address: str
    found_on: str
    status: int
    is_page: bool = False
    """Whether it is a whole page, not a piece of one, a file or a script."""
    ids: set[str] = field(default_factory=set)
    places: list[tuple[str, str]] = field(default_factory=list)
    """The addresses that it names with a place on them."""
    headings: int = 0
    title: str = ""

    @property
    def path(self) -> str:
        return urlsplit(self.address).path

    @property
    def kind(self) -> str:
        """The route that it takes, like ``/console/turns/{turn}``."""
        return kind_of(self.path)

    @property
    def file_name(self) -> str:
        """Of its pictures."""
        return re.sub(r"[^a-z]+", "-", self.kind.lower()).strip("-")

    def faults(self) -> list[str]:
        """What is wrong with it by itself."""
        if self.status >= 400:
            return [f"{self.found_on} leads to {self.address}: {self.status}"]
        if not self.is_page:
            return []
        found = [] if self.headings == 1 else [f"{self.address} has {self.headings} headings"]
        return found if self.title.strip() else [*found, f"{self.address} has no title"]


def kind_of(path: str) -> str:
    """The route of a path; a path of nobody is its own."""
    exact = [route for route, _ in _ROUTES if route == path]
    fitting = [route for route, pattern in _ROUTES if pattern.fullmatch(path)]
    if exact or fitting:
        return (exact or fitting)[0]
    return re.sub(r"/sources/[^/]+/\d+", "/sources/{turn}/{n}", path)


def _shape(address: str) -> tuple[str, ...]:
    """What addresses have in common that differ in their values."""
    parts = urlsplit(address)
    asked = sorted({key for key, value in parse_qsl(parts.query, keep_blank_values=True) if value})
    return (kind_of(parts.path), *asked)


def crawl(client: httpx2.Client, first: str, most: int) -> list[Crawled]:
    """Every address that can be reached from the first one, ``most`` of each shape.

    Pages besides the console's are looked at, but what they name is not followed.
    """
    waiting, met, shapes = deque([(first, first)]), {first}, Counter[tuple[str, ...]]()
    found = []
    while waiting:
        address, found_on = waiting.popleft()
        page, named = _fetched(client, address, found_on)
        found.append(page)
        for name in named if page.path.startswith(_INNER) else ():
            if name in met or shapes[_shape(name)] >= most:
                continue
            met.add(name)
            shapes[_shape(name)] += 1
            waiting.append((name, address))
    return found


def _fetched(client: httpx2.Client, address: str, found_on: str) -> tuple[Crawled, list[str]]:
    answer = client.get(address, headers={"accept": "text/html,*/*"}, follow_redirects=True)
    page = Crawled(address, found_on, answer.status_code)
    if not answer.headers.get("content-type", "").startswith("text/html"):
        return page, []
    names = _Names()
    names.feed(answer.text)
    page.is_page = "<html" in answer.text[:500].lower()
    page.ids, page.headings, page.title = names.ids, names.headings, names.title
    followed = []
    for name in names.addresses:
        whole, place = urldefrag(urljoin(address, name))
        if urlsplit(whole).netloc or urlsplit(whole).scheme:
            continue
        if place:
            page.places.append((whole, place))
        followed.append(whole)
    return page, followed
