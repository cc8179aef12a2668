"""robots.txt as RFC 9309 says."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.sources.robots import Robots, read_robots


@pytest.mark.parametrize(
    ("rules", "path", "allowed"),
    [
        ("Disallow: /", "/a", False),
        ("Disallow:", "/a", True),
        ("Disallow: /a", "/ab", False),
        ("Disallow: /a/", "/a", True),
        ("Disallow: /\nAllow: /docs/", "/docs/x", True),
        ("Allow: /docs/\nDisallow: /docs/private", "/docs/private/x", False),
        ("Disallow: /docs\nAllow: /docs", "/docs", True),
        ("Disallow: /*.pdf$", "/a/b.pdf", False),
        ("Disallow: /*.pdf$", "/a/b.pdf?x=1", True),
        ("Disallow: /*?print=", "/a?print=1", False),
        ("Disallow: /a*b*c", "/a-b-c-d", False),
        ("Disallow: /ende$", "/ende", False),
        ("Disallow: /ende$", "/enden", True),
        ("Disallow: /gr%c3%bc%C3%9fe", "/gr\u00fc\u00dfe", False),
        ("Disallow: /gr\u00fc\u00dfe", "/gr%C3%BC%C3%9Fe", False),
        ("Disallow: /x # a remark", "/x", False),
    ],
)
def test_the_longest_rule_that_fits_counts(rules: str, path: str, allowed: bool) -> None:
    """Prefixes, wildcards, the end sign, and characters written in either way."""
    robots = read_robots(f"User-agent: *\n{rules}\n".encode(), "wellspoken")
    assert robots.allows(f"https://example.com{path}") is allowed


def test_our_own_group_counts_before_that_for_everybody() -> None:
    """Groups named after us are one; others' rules are not ours; several may share theirs."""
    text = """\ufeffUser-Agent: *
Disallow: /
Crawl-delay: 30

User-agent: Other
User-agent: WellSpoken
Disallow: /one
Crawl-Delay: 2

Sitemap: https://example.com/sitemap.xml

User-agent: other
Disallow: /three

User-agent: wellspoken
Disallow: /two
Crawl-delay: nonsense
"""
    robots = read_robots(text.encode(), "wellspoken")
    allowed = [robots.allows(f"https://example.com/{n}") for n in ("one", "two", "three", "four")]
    assert allowed == [False, False, True, True]
    assert robots.delay == 2


@given(st.binary(max_size=400), st.text(max_size=40))
def test_nothing_breaks_it(content: bytes, path: str) -> None:
    """Whatever a server sends as robots.txt, there is an answer."""
    read_robots(b"User-agent: *\nDisallow: " + content, "wellspoken").allows(
        f"https://x.test/{path}"
    )
    assert Robots().allows(f"https://x.test/{path}")
