"""Personal data is found by rules, and what only looks like it is left alone."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.bench_privacy import KINDS, PRECISION, RECALL, count, open_texts, own_texts
from benchmarks.open_sets import data_folder
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
        ("Mail jane (at) example (dot) org now", "Mail <email> now"),
        ("WhatsApp +8613812345678 today", "WhatsApp <phone> today"),
        ("my iban: fr14 2004 1010 0505 0001 3m02 606!", "my iban: <iban>!"),
        ("AT61 1904 3002 3457 3201 GB29 NWBK 6016 1331 9268 19", "<iban> <iban>"),
        ("client ip 2.36.9.12 and ::ffff:198.41.0.4", "client ip <ip> and ::ffff:<ip>"),
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
        "Your order number is 4471-2209-8831, the SKU 88-204-1177-02.",
        "Firmware 4.12.0.118 replaces 4.11.9.2; Python 3.11.14.1, section 3.14.2.7.",
        "commit 9fceb02d0ae598e95dc970b74767f19372d61af8, 0-00-000-0000, quote 2026/0042-118",
        "EAN 4006381333932, epoch 1699012345678, PO 4500 1182 77",
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
    assert scrubber.id == "rules-2+presidio"


def test_without_presidio_the_rules_work_alone() -> None:
    """Nothing is missing where the extra is not installed."""
    assert finder().id.startswith("rules-2")


@pytest.mark.parametrize("kind", KINDS)
def test_texts_in_many_forms_reach_the_bar(kind: str) -> None:
    """Of phones of thirty countries, cards, accounts and addresses in other forms than those of
    the open set, nearly all are found, and nearly nothing else is."""
    counts = count(own_texts(), Rules())
    assert counts.there[kind] > 10
    assert counts.hit[kind] >= RECALL * counts.there[kind], counts.wrong
    assert counts.right[kind] >= PRECISION * counts.made[kind], counts.wrong


def test_the_open_set_reaches_the_bar() -> None:
    """The same of Presidio's sentences, where they are there."""
    if not (data_folder() / "presidio_pii").is_dir():
        pytest.skip("the open sets are not there")
    counts = count(open_texts(data_folder()), Rules())
    for kind in KINDS:
        assert counts.hit[kind] >= RECALL * counts.there[kind], kind
        assert counts.right[kind] >= PRECISION * counts.made[kind], kind
