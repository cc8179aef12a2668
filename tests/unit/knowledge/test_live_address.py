"""Addresses with holes: whatever the value, the address keeps its host and its structure."""

from __future__ import annotations

from urllib.parse import parse_qsl, unquote, urlsplit

import httpx2
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from knowledge.live.address import address_template

TEMPLATE = "http://user:key@shop.example:9000/v1/stock/{code}/now?lang=en&city={city}&k=secret"


@given(st.text(max_size=80), st.text(max_size=80))
@example("../../admin", "x&admin=1")
@example("..", ".")
@example("@evil.example", "#top")
@example("a/b\\c?d#e", "a=b&c=d;e")
@example("AX-100\r\nHost: evil", "x")
@example("%2e%2e%2f", "%00")
@example("evil.example:80/", "http://evil.example")
def test_no_value_changes_an_address(code: str, city: str) -> None:
    """One value is one segment or one value of the query, whatever it holds, or is refused."""
    try:
        url = address_template(TEMPLATE).fill({"code": code, "city": city})
    except ValueError:
        return
    before, after = urlsplit(TEMPLATE), urlsplit(url)
    assert (after.scheme, after.netloc, after.fragment) == (before.scheme, before.netloc, "")
    segments = after.path.split("/")
    assert [*segments[:3], *segments[4:]] == ["", "v1", "stock", "now"]
    assert unquote(segments[3]) == code
    assert parse_qsl(after.query, keep_blank_values=True) == [
        ("lang", "en"),
        ("city", city),
        ("k", "secret"),
    ]
    sent = httpx2.URL(url)
    assert (sent.scheme, sent.host, sent.port) == ("http", "shop.example", 9000)
    assert sent.raw_path.decode() == f"{after.path}?{after.query}"


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("ftp://shop/{code}", "http:// or https://"),
        ("http:///stock/{code}", "and a host"),
        ("http://{code}.shop.example/", "path and the query only"),
        ("http://shop:{code}/", "path and the query only"),
        ("http://{code}@shop/", "path and the query only"),
        ("http://shop/x#{code}", "# part"),
        ("http://shop/x?{code}=1", "values of its query"),
        ("http://shop/{}/x", "brace"),
        ("http://shop/{code/x", "brace"),
        ("http://shop/{a b}", "white space"),
    ],
)
def test_an_address_that_cannot_be_safe_is_refused(url: str, problem: str) -> None:
    """Holes are in the path and in the values of the query only."""
    with pytest.raises(ValueError, match=problem):
        address_template(url)


@pytest.mark.parametrize("value", ["", "..", ".", " ", "a\nb", "a\x00b", "\ud800", "x" * 65])
def test_a_value_that_cannot_be_one_segment_is_refused(value: str) -> None:
    """Dots alone lead elsewhere, line ends end a request: such a thing cannot be there."""
    with pytest.raises(ValueError, match="a value"):
        address_template("http://shop.example/{code}").fill({"code": value})
