"""Addresses in answers: those of what carries them, those of the allow list, and no others."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.linking import LEFT_OUT, Sites, only_known_links, title_said

KNOWN = (
    "See https://docs.example/faq and write to help@docs.example.",
    "https://docs.example/warranty",
)
EVIL = "https://evil.example/x?q=1"


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        (f"[words]({EVIL})", "words"),
        (f"[words](<{EVIL}> 'title')", "words"),
        (f"[a [b] c]({EVIL})", "a [b] c"),
        (f"![image]({EVIL})", "image"),
        ("![image](https://docs.example/faq)", "image"),
        (f"<{EVIL}>", LEFT_OUT),
        (EVIL, LEFT_OUT),
        (f"<{EVIL}|words>", "words"),
        (f"<a href='{EVIL}' target=x>words</a>", "words"),
        (f"<a href={EVIL}>words", "words"),
        (f"<img src={EVIL}>", ""),
        (f"[x]: {EVIL}", ""),
        ("evil.example/x", LEFT_OUT),
        ("www.evil.example", LEFT_OUT),
        ("evil.com", LEFT_OUT),
        ("evil。com/x", LEFT_OUT),
        ("[x](javascript:alert(1))", "x)"),
        ("[x](data:text/html;base64,PHM+)", "x"),
        ("javascript:alert(1)", f"{LEFT_OUT}(1)"),
        ("<vbscript:msgbox>", LEFT_OUT),
        ("slack://channel?id=C1", LEFT_OUT),
        ("ftp://evil.example/x", LEFT_OUT),
        ("mailto:mallory@evil.example", LEFT_OUT),
        ("mallory@evil.example", LEFT_OUT),
        ("https://docs.example@evil.example/faq", LEFT_OUT),
        ("https://docs.example.evil.example/faq", LEFT_OUT),
        ("https://docs.example/faq?leak=all", LEFT_OUT),
        ("https://dоcs.example/faq", LEFT_OUT),  # a Cyrillic letter
        ("https://xn--dcs-tdd.example/faq", LEFT_OUT),
        ("HTTPS://EVIL.EXAMPLE/X", LEFT_OUT),
        ("<data 0123456789ab>\nwords", "words"),
        ("evil.me", LEFT_OUT),
        ("evil.technology", LEFT_OUT),
        ("зло.рф", LEFT_OUT),
        ("ev\u200bil.com", LEFT_OUT),
        ("evil.c\u00adom", LEFT_OUT),
        ("ht\u2060tps://evil.example", LEFT_OUT),
        ("http:evil.example", LEFT_OUT),
        ("//evil.example/x", LEFT_OUT),
        ("\uff48\uff54\uff54\uff50://evil.example", LEFT_OUT),
        ("https\uff1a//evil.example", LEFT_OUT),
    ],
)
def test_a_foreign_address_goes_however_it_is_written(said: str, shown: str) -> None:
    """Its words stay, the address does not."""
    assert only_known_links(said, KNOWN) == shown


@pytest.mark.parametrize(
    "said",
    [
        "[words](https://docs.example/faq)",
        "https://docs.example/faq",
        "https://docs.example/warranty/",
        "<https://docs.example/warranty>",
        "docs.example/warranty",
        "help@docs.example",
        "It lasts 24 months [1][2].",
        "Open config.yaml, README.md or main.py in Node.js 1.2.3, e.g. here.",
        "a.b.c = foo.bar(x) | y",
        "Run setup.py, build.sh or lib.rs; // a comment, s3://",
        "http: the protocol. Ratio 3//2, path a//b.",
        "`[x]` and [y] stay",
    ],
)
def test_what_documents_say_stays(said: str) -> None:
    """Known addresses, and what is none."""
    assert only_known_links(said, KNOWN) == said


def test_a_known_address_takes_the_form_of_a_link() -> None:
    """Slack's form and an anchor become Markdown's."""
    assert only_known_links("<https://docs.example/faq|words>", KNOWN) == (
        "[words](https://docs.example/faq)"
    )
    assert only_known_links('<a href="https://docs.example/faq">w</a>', KNOWN) == (
        "[w](https://docs.example/faq)"
    )


def test_no_script_is_a_target_whatever_documents_say() -> None:
    """A document that holds it allows its words, not the link."""
    assert only_known_links("[x](javascript:go)", ["javascript:go"]) == "x"


@pytest.mark.parametrize(
    ("address", "allowed"),
    [
        ("https://status.example.com/now", True),
        ("status.example.com", True),
        ("https://a.help.example.com/x", True),
        ("https://example.com/help/me", True),
        ("https://example.com/helpless", False),
        ("https://example.com/help/../admin", False),
        ("https://example.com/", False),
        ("https://status.example.com.evil.example", False),
        ("https://status.example.com@evil.example", False),
        ("https://status.example.com:8443/", False),
        ("https://evil.example/status.example.com", False),
        ("https://status.example.com\\@evil.example", False),
        ("javascript://status.example.com/%0aalert(1)", False),
        ("https://help.example.com.evil", False),
    ],
)
def test_the_allow_list_is_of_hosts_and_beginnings(address: str, allowed: bool) -> None:
    """A host, all below a host, or what begins with an address; nothing that only looks like it."""
    sites = Sites(["status.example.com", "*.help.example.com", "https://example.com/help/"])
    assert sites.allow(address) is allowed
    assert (only_known_links(address, (), sites) == address) is allowed


@given(st.text(alphabet=st.sampled_from("ab.:/@<>[]()!|#? \nhtps"), max_size=80))
@settings(deadline=None)
def test_no_foreign_web_address_is_ever_left(text: str) -> None:
    """Whatever is around it, an address that nobody knows does not pass."""
    assert "evil.example/x" not in only_known_links(f"{text} {EVIL} {text}", KNOWN)


@pytest.mark.parametrize(
    ("title", "shown"),
    [
        ("Refunds [click](https://evil.example/x)", "Refunds click"),
        ("Refunds <https://evil.example|here>\n\u200b now", "Refunds here now"),
        ("Go to https://evil.example", f"Go to {LEFT_OUT}"),
        ("https://docs.example/faq", "https://docs.example/faq"),
        ("ASP.NET on crates.io", "ASP.NET on crates.io"),
    ],
)
def test_a_title_in_an_answer_leads_nowhere_but_to_its_page(title: str, shown: str) -> None:
    """Links keep their words, foreign addresses go, names with a dot stay."""
    assert title_said(title, "https://docs.example/faq") == shown
