"""Personal data is found by rules, and what only looks like it is left alone."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from persona.curation.presidio import PresidioScrubber, finder
from persona.curation.privacy import Finder, Rules, iban, luhn, scrubbed


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Write to jane.doe+x@example.co.uk.", "Write to <email>."),
        ("Mail jane [at] example [dot] org now", "Mail <email> now"),
        ("Call +49 30 1234567 today", "Call <phone> today"),
        ("My number is 699 956 915.", "My number is <phone>."),
        ("(555) 123-4567 is mine", "<phone> is mine"),
        ("Card 4111 1111 1111 1111, please", "Card <card>, please"),
        ("IBAN DE89 3704 0044 0532 0130 00 it is", "IBAN <iban> it is"),
        ("From 203.0.114.7 and 2001:4860:4860::8888", "From <ip> and <ip>"),
        ("sk-proj-abcdefghij0123456789ABCD", "<key>"),
        ("the password is hunter2x!", "the password is <key>"),
        ("xoxb-123456789012-abcdefghijkl leaked", "<key> leaked"),
    ],
)
def test_what_identifies_a_person_becomes_a_placeholder(text: str, expected: str) -> None:
    """Each kind has a placeholder of its own."""
    assert scrubbed(text, Rules()).text == expected


@pytest.mark.parametrize(
    "text",
    [
        "Within 30 days of 2026-04-16 11:30, or 1 000 000 times.",
        "Card 4111 1111 1111 1112 is none.",
        "Open 192.168.4.1, or 127.0.0.1, on firmware 5.10.60.1.",
        "Order 10432, the MG-400 costs $429, error E-204, page 12-34.",
        "commit 5f2c and `imported_visitors_20230209_20240123.csv`",
    ],
)
def test_what_is_nobody_s_stays(text: str) -> None:
    """Dates, prices, codes, sums that do not check, addresses of one's own network."""
    assert scrubbed(text, Rules()).text == text


def test_check_digits_hold() -> None:
    """Luhn and mod 97 tell right numbers from wrong ones."""
    assert luhn("4111111111111111")
    assert not luhn("4111111111111112")
    assert iban("GB82 WEST 1234 5698 7654 32")
    assert not iban("GB83 WEST 1234 5698 7654 32")


@given(st.text(max_size=200))
def test_findings_are_in_order_and_apart(text: str) -> None:
    """Whatever the text, findings lie inside it, one after the other."""
    at = 0
    for found in Rules().find(text):
        assert at <= found.start < found.end <= len(text)
        at = found.end


@dataclass(frozen=True)
class _Result:
    entity_type: str
    start: int
    end: int
    score: float


class _Analyzer:
    """Presidio, as far as it is asked."""

    def analyze(self, *, text: str, language: str, entities: list[str]) -> list[_Result]:
        assert language == "en"
        assert "PERSON" in entities
        at = text.find("Ottilie")
        return [_Result("PERSON", at, at + 7, 0.9), _Result("EMAIL_ADDRESS", 0, 30, 0.3)]


def test_presidio_adds_what_the_rules_do_not_know() -> None:
    """Names come on top; what Presidio is not sure of does not."""
    scrubber: Finder = PresidioScrubber(_Analyzer())
    text = "Ask Ottilie or a@example.com for it, she knows."
    assert scrubbed(text, scrubber).text == "Ask <name> or <email> for it, she knows."
    assert scrubber.id == "rules-1+presidio"


def test_without_presidio_the_rules_work_alone() -> None:
    """Nothing is missing where the extra is not installed."""
    assert finder().id.startswith("rules-1")
