"""What a web source may reach, with a server on this machine and a resolver of the test's own."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import asynccontextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import SourceUnavailableError
from knowledge.sources.addresses import (
    is_forbidden,
    is_loopback,
    is_public,
    resolved,
    why_not_onward,
)
from knowledge.sources.fetching import Fetcher
from tests.unit.knowledge.test_sources_web import Site


@pytest.fixture
def site() -> Iterator[Site]:
    server = Site()
    yield server
    server.stop()


class Names:
    """A resolver: each name has its answers in turn, the last one for good."""

    def __init__(self, **answers: Sequence[Sequence[str]]) -> None:
        self.answers = {name.replace("_", "."): list(each) for name, each in answers.items()}
        self.asked: list[str] = []

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        self.asked.append(host)
        found = self.answers.get(host)
        if found is None:
            raise OSError("no such name")
        return found.pop(0) if len(found) > 1 else found[0]


INSIDE = [["10.0.0.7"]], [["127.0.0.1"]], [["169.254.169.254"]], [["::1"]], [["fd00:ec2::254"]]


@pytest.mark.parametrize("inside", INSIDE)
async def test_a_name_that_leads_inside_is_refused(site: Site, inside: list[list[str]]) -> None:
    """A public name with a private address is as private as the address."""
    fetcher = Fetcher(lookup=Names(docs_test=inside))
    with pytest.raises(SourceUnavailableError, match="private address"):
        await fetcher.fetch(f"http://docs.test:{site.server.server_port}/")
    assert not site.asked


async def test_one_private_address_among_public_ones_is_enough(site: Site) -> None:
    """The next look-up may give the other one."""
    fetcher = Fetcher(lookup=Names(docs_test=[["93.184.216.34", "127.0.0.1"]]))
    with pytest.raises(SourceUnavailableError, match="private address"):
        await fetcher.fetch("http://docs.test/")


async def test_the_connection_goes_to_the_address_that_was_checked(site: Site) -> None:
    """A name that changes between two look-ups (DNS rebinding) is looked up once a request, and
    the server sees the name in the Host header."""
    port = site.server.server_port
    hosts: list[str] = []

    def page(headers: dict[str, str]) -> tuple[int, dict[str, str], bytes]:
        hosts.append(headers["Host"])
        return 200, {"Content-Type": "text/plain"}, b"whole"

    site.pages["/"] = page
    names = Names(docs_test=[["127.0.0.1"], ["169.254.169.254"]])
    fetcher = Fetcher(allow_private=True, lookup=names)
    assert (await fetcher.fetch(f"http://docs.test:{port}/")).content == b"whole"
    assert names.asked == ["docs.test"]
    assert hosts == [f"docs.test:{port}"]
    with pytest.raises(SourceUnavailableError, match="never read"):  # now it is the other one
        await fetcher.fetch(f"http://docs.test:{port}/")
    await fetcher.close()


@pytest.mark.parametrize(
    ("onward", "reason"),
    [
        ("http://169.254.169.254/latest/meta-data/", "never read"),
        ("http://[fd00:ec2::254]/latest/meta-data/", "never read"),
        ("http://[::ffff:169.254.169.254]/", "never read"),
        ("http://meta.test/computeMetadata/v1/", "never read"),
        ("http://docs.test:6379/", "port 6379"),
        ("http://user:pw@docs.test/", "name or password"),
        ("http://@docs.test/", "name or password"),
        ("http://nowhere.test/", "name is unknown"),
        ("ftp://docs.test/", "no http or https"),
        ("file:///etc/passwd", "no http or https"),
        ("gopher://docs.test:70/x", "no http or https"),
        ("http://docs.test:99999/", "no web address"),
        ("//meta.test/x", "never read"),
    ],
)
async def test_no_redirect_leads_where_nothing_is_read(
    site: Site, onward: str, reason: str
) -> None:
    """Also where the source may be private, each hop is looked at before anything is sent."""
    port = site.server.server_port
    site.pages["/"] = (302, {"Location": onward}, b"")
    names = Names(docs_test=[["127.0.0.1"]], meta_test=[["169.254.169.254"]])

    async def lookup(host: str, to: int) -> Sequence[str]:
        return [host] if ":" in host or host[0].isdecimal() else await names(host, to)

    turns: list[str] = []
    fetcher = Fetcher(allow_private=True, lookup=lookup)

    @asynccontextmanager
    async def turn(url: str):
        turns.append(url)
        yield

    with pytest.raises(SourceUnavailableError, match=reason):
        await fetcher.fetch(f"http://docs.test:{port}/", turn=turn)
    assert len(turns) == 1  # nor is the robots.txt over there asked for
    assert site.asked == ["/"]
    await fetcher.close()


async def test_a_redirect_on_the_same_site_is_followed(site: Site) -> None:
    """Its own port stays allowed, and so do the ordinary ones."""
    port = site.server.server_port
    site.pages["/"] = (301, {"Location": "/moved"}, b"")
    site.html("/moved", "here")
    fetcher = Fetcher(allow_private=True, lookup=Names(docs_test=[["127.0.0.1"]]))
    page = await fetcher.fetch(f"http://docs.test:{port}/")
    assert page.url == f"http://docs.test:{port}/moved"
    await fetcher.close()


@pytest.mark.parametrize(
    ("home", "onward", "words"),
    [
        (("10.0.0.7", 80), ("127.0.0.1", 80), "this machine"),
        (("10.0.0.7", 80), ("::1", 80), "this machine"),
        (("10.0.0.7", 80), ("::ffff:127.0.0.1", 443), "this machine"),
        (("127.0.0.1", 8000), ("127.0.0.1", 8000), None),
        (("10.0.0.7", 80), ("10.0.0.8", 443), None),
        (("10.0.0.7", 8080), ("10.0.0.8", 8080), None),
        (("10.0.0.7", 8080), ("10.0.0.7", 22), "port 22"),
        (("93.184.216.34", 443), ("93.184.216.34", 80), None),
    ],
)
def test_where_a_redirect_may_lead(
    home: tuple[str, int], onward: tuple[str, int], words: str | None
) -> None:
    """From a private site to another one, never to this machine or to a service's port."""
    reason = why_not_onward(home, onward)
    assert (words is None) == (reason is None)
    assert words is None or words in (reason or "")


@pytest.mark.parametrize(
    "address",
    """fec0::1 192.0.0.192 192.0.0.8 168.63.129.16 192.88.99.1 198.18.0.1 240.0.0.1 3fff::1
    64:ff9b:1::7f00:1 2001:4860::5efe:7f00:1 2001:4860::200:5efe:10.0.0.1 2002:a00:1::
    64:ff9b::a9fe:a9fe 2001:0:4136:e378:8000:63bf:3fff:fdd2 5f00::1 100::1
    ::ffff:0:127.0.0.1""".split(),
)
def test_addresses_that_pythons_table_would_let_through(address: str) -> None:
    """Site-local, protocol assignments, wire servers, tunnels with an address inside."""
    assert not is_public(address)


@pytest.mark.parametrize(
    "address",
    """169.254.169.254 169.254.170.2 fe80::1 fe80::1%eth0 fd00:ec2::254 fd20:ce::254
    100.100.100.200 192.0.0.192 168.63.129.16 0.0.0.0 :: 224.0.0.1 ff02::1 255.255.255.255
    ::ffff:169.254.169.254 64:ff9b::a9fe:a9fe 2002:a9fe:a9fe:: nonsense""".split(),
)
async def test_metadata_is_never_read(address: str) -> None:
    """Not even where private addresses are allowed."""

    async def lookup(_host: str, _port: int) -> Sequence[str]:
        return [address]

    assert is_forbidden(address)
    with pytest.raises(SourceUnavailableError):
        await resolved("docs.test", 80, allow_private=True, lookup=lookup)


@given(st.ip_addresses())
def test_what_is_public_is_neither_forbidden_nor_here(address: object) -> None:
    """For every address: public excludes all else, and none makes the check fail."""
    text = str(address)
    if is_public(text):
        assert not is_forbidden(text)
        assert not is_loopback(text)


@given(st.ip_addresses(v=4).filter(lambda a: not is_public(str(a))))
def test_no_wrapping_makes_a_private_address_public(address: object) -> None:
    """Mapped, compatible, translated and tunnelled forms are judged by what is inside."""
    n = int(address)  # type: ignore[call-overload]  # an IPv4Address
    high, low = n >> 16, n & 0xFFFF
    for wrapped in (
        f"::ffff:{high:x}:{low:x}",
        f"64:ff9b::{high:x}:{low:x}",
        f"2002:{high:x}:{low:x}::",
        f"2606:4700::5efe:{high:x}:{low:x}",
    ):
        assert not is_public(wrapped)


async def test_a_name_that_is_never_found_is_waited_for_in_bounds() -> None:
    """The time limit holds for the look-up, too."""

    async def never(_host: str, _port: int) -> Sequence[str]:
        await asyncio.sleep(60)
        return []

    with pytest.raises(SourceUnavailableError, match=r"within 0\.05 s"):
        await Fetcher(seconds=0.05, lookup=never).fetch("http://docs.test/")
