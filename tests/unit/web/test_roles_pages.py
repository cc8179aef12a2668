"""What viewers and reviewers read: no heading without its matter, no link that refuses them."""

from __future__ import annotations

import html
import re
from collections import Counter, deque
from collections.abc import AsyncIterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import httpx2
import pytest
import pytest_asyncio

from adapters.web.app import create_app
from adapters.web.auth.roles import Role
from adapters.web.auth.sessions import Access
from adapters.web.ports.application import Application
from knowledge.stores.base import StoreStats
from tests.platforms.crawling import kind_of
from tests.platforms.full_house import furnish
from tests.platforms.web_application import WebApplication

TOKENS = {Role.VIEWER: "the-viewer's-token", Role.REVIEWER: "the-reviewer's-token"}
LESSER = pytest.mark.parametrize("role", list(TOKENS))
MOST_OF_A_SHAPE = 2
_MATTER = frozenset({"input", "select", "textarea", "button", "img", "svg", "progress", "hr"})
_PLACES = re.compile(r"h[1-6]")


class _Headings(HTMLParser):
    """Headings of the second and third level with nothing behind them before the next heading of
    their level or the end of the room."""

    def __init__(self) -> None:
        super().__init__()
        self.bare: list[str] = []
        self._open: list[tuple[int, str]] = []
        """Those that nothing stands below yet, the outer ones first."""
        self._inside = 0
        self._words = ""
        self._unseen = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ("script", "style"):
            self._unseen += 1
        elif _PLACES.fullmatch(tag):
            self._close(int(tag[1]))
            self._inside, self._words = int(tag[1]), ""
        elif tag in _MATTER or "hx-get" in dict(attrs):
            self._matter()

    def handle_data(self, data: str) -> None:
        if self._inside:
            self._words += data
        elif data.strip() and not self._unseen:
            self._matter()

    def handle_endtag(self, tag: str) -> None:
        if tag in ("script", "style"):
            self._unseen -= 1
        elif self._inside and tag == f"h{self._inside}":
            if self._inside in (2, 3):
                self._open.append((self._inside, self._words.strip()))
            self._inside = 0
        elif tag == "main":
            self._close(1)

    def _matter(self) -> None:
        if not self._inside:
            self._open.clear()

    def _close(self, level: int) -> None:
        """A heading of this level begins; one below another is matter of its."""
        self.bare += [words for depth, words in self._open if depth >= level]
        self._open = [(depth, words) for depth, words in self._open if depth < level]


def bare_headings(page: str) -> list[str]:
    """The headings of a page that nothing follows."""
    found = _Headings()
    found.feed(page)
    return found.bare


@pytest_asyncio.fixture
async def client(application: WebApplication) -> AsyncIterator[httpx2.AsyncClient]:
    contract: Application = application
    app = create_app(contract, access=Access(TOKENS[Role.VIEWER], TOKENS[Role.REVIEWER]))
    transport = httpx2.ASGITransport(app, raise_app_exceptions=False)
    async with httpx2.AsyncClient(
        transport=transport, base_url="http://bot.test", headers={"accept": "text/html"}
    ) as client:
        yield client


async def rooms_of(client: httpx2.AsyncClient, role: Role) -> dict[str, str]:
    """Every page of the console that a role's links lead to, a few of each shape. Raises
    AssertionError for a link that leads to nothing or to a refusal."""
    client.cookies.clear()
    entered = await client.post("/console/login", data={"token": TOKENS[role]})
    assert entered.status_code == 303
    waiting, met = deque([("/console", "")]), {"/console"}
    shapes: Counter[tuple[str, ...]] = Counter()
    found: dict[str, str] = {}
    while waiting:
        address, named_on = waiting.popleft()
        answer = await client.get(address)
        assert answer.status_code in (200, 303), (named_on, address, answer.status_code)
        if not answer.headers.get("content-type", "").startswith("text/html"):
            continue
        found[address] = answer.text
        if not address.startswith("/console"):
            continue
        for link in re.findall(r'href="(/[^"#]*)', answer.text):
            told = html.unescape(link)
            parts = urlsplit(told)
            shape = (kind_of(parts.path), *sorted(key for key, _ in parse_qsl(parts.query)))
            if told in met or told.startswith("/static") or shapes[shape] >= MOST_OF_A_SHAPE:
                continue
            met.add(told)
            shapes[shape] += 1
            waiting.append((told, address))
    return found


async def emptied(application: WebApplication) -> None:
    """Nothing is read in any more."""
    for record in await application.ledger.listing():
        await application.ledger.remove(record.source, [record.document])
    application.store.found = StoreStats(0, 0, 0)


def test_a_heading_with_nothing_behind_it_is_found() -> None:
    """Before the next one of its level, and at the end; one with a lesser heading below is full."""
    page = (
        "<main><h1>Room</h1><h2>Bare</h2><h2>Full</h2><h3>Within</h3><p>x</p><h3>Empty</h3>"
        "<h2>Field</h2><input><section><h2>Last</h2> </section></main>x"
    )
    assert bare_headings(page) == ["Bare", "Empty", "Last"]
    assert bare_headings("<main><h2>Outer</h2><h3>Inner</h3></main>") == ["Outer", "Inner"]


@LESSER
async def test_an_empty_house_leads_nobody_to_a_refusal(
    client: httpx2.AsyncClient, application: WebApplication, role: Role
) -> None:
    """Before anything was read in or asked: whatever a role is offered opens, and each heading has
    its matter."""
    await emptied(application)
    pages = await rooms_of(client, role)
    assert len(pages) > 20
    assert "Nothing has been read in" in pages["/console/knowledge"]
    assert {page: bare for page, text in pages.items() if (bare := bare_headings(text))} == {}


@LESSER
async def test_in_a_full_house_each_heading_has_its_matter(
    client: httpx2.AsyncClient, application: WebApplication, role: Role, tmp_path: Path
) -> None:
    """Also where the form below it is not for this role; and whatever is offered opens."""
    await furnish(tmp_path, turns=60, url=f"sqlite:///{tmp_path / 'web.db'}")
    pages = await rooms_of(client, role)
    assert len(pages) > 40
    assert {page: bare for page, text in pages.items() if (bare := bare_headings(text))} == {}


async def test_what_a_role_may_not_do_is_said_to_be_anothers(
    client: httpx2.AsyncClient, application: WebApplication
) -> None:
    """No sentence sends a viewer to a form that is not there, and it names the role that has it."""
    await emptied(application)
    pages = {role: await rooms_of(client, role) for role in TOKENS}
    for room, may, others, least in (
        ("knowledge", "upload files above", "Reviewers upload files here", Role.REVIEWER),
        ("suites", "Propose one below", "Reviewers propose one here", Role.REVIEWER),
        ("training", "start a round above", "have an admin start a round here", Role.ADMIN),
        ("scorecards", "Start one above", "An admin starts a run here", Role.ADMIN),
        ("datasets", "then build one", "have an admin build one", Role.ADMIN),
    ):
        for role, rooms in pages.items():
            text = rooms[f"/console/{room}"]
            assert (may in text, others in text) == (role >= least, role < least), (room, role)
    assert "first run" not in pages[Role.REVIEWER]["/console/knowledge"]
