"""From JSON and rows to sentences; from texts to amounts."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.ports import LiveFigure
from knowledge.live.amounts import amounts, readings
from knowledge.live.reading import Told, is_fault, parse, rows, told

PRICE = frozenset({"price"})
STOCK = frozenset({"stock"})


def said(data: Any, topics: frozenset[str] = PRICE, subject: str = "AX-100") -> Told:
    """What is told of an answer about a product."""
    return told(rows(data, [subject]), subject, "10:42 UTC", topics, frozenset())


def quoted(found: Told) -> list[str]:
    """The sentences that answer."""
    return [found.text[start:end] for start, end in found.spans]


GOODS = parse(b'{"code": "AX-100", "price": 49.00, "currency": "EUR", "stock": 12}')


def test_values_become_sentences_with_their_time() -> None:
    """Price with its currency as it was written, stock by its common name, and the time."""
    assert said(GOODS).text == (
        "Price of AX-100: 49.00 EUR. Units in stock of AX-100: 12. As of 10:42 UTC."
    )


def test_a_name_that_ends_in_a_place_word_reads_as_a_sentence() -> None:
    """ "Arrives on of order 7" is no English."""
    order = {"state": "shipped", "arrives_on": "2026-11-25"}
    assert said(order, frozenset({"order"}), "order 7").text == (
        "State of order 7: shipped. Order 7 arrives on: 2026-11-25. As of 10:42 UTC."
    )


def test_only_what_was_asked_for_answers() -> None:
    """The sentences that answer are about the topic of the question; the text holds all."""
    assert quoted(said(GOODS)) == ["Price of AX-100: 49.00 EUR."]
    assert quoted(said(GOODS, STOCK)) == ["Units in stock of AX-100: 12."]
    assert len(quoted(said(GOODS, PRICE | STOCK))) == len(quoted(said(GOODS, frozenset()))) == 2


@pytest.mark.parametrize(
    ("data", "text"),
    [
        ({"price": 49.0}, "Price of AX-100: 49.00."),
        ({"price": 49}, "Price of AX-100: 49."),
        ({"data": {"item": {"unitPrice": "49,00 €"}}}, "Unit price of AX-100: 49,00 €."),
        ({"in_stock": True}, "In stock of AX-100: yes."),
        ({"AX-100": {"stock": 3}}, "Units in stock of AX-100: 3."),
        ([{"size": "S", "price": 4}, {"size": "M", "price": 5}],
         "AX-100: size S, price 4. AX-100: size M, price 5."),
        (49.5, "AX-100: 49.5."),
        ("sold out", "AX-100: sold out."),
        ({"tags": ["new", "blue"]}, "Tags of AX-100: new, blue."),
        ({"next_delivery": date(2026, 12, 1)}, "Next delivery of AX-100: 2026-12-01."),
        ({"seen": datetime(2026, 12, 1, 9, 5, tzinfo=UTC)},
         "Seen of AX-100: 2026-12-01 09:05+00:00."),
        ({"price": Decimal("1299.00")}, "Price of AX-100: 1299.00."),
    ],
)  # fmt: skip
def test_every_usual_form_is_read(data: Any, text: str) -> None:
    """Nested, in lists, with or without a unit, from JSON and from a database."""
    assert said(data).text == f"{text} As of 10:42 UTC."


@pytest.mark.parametrize("data", [None, {}, [], "", [{}], {"items": []}, {"code": "ax-100"}, b"x"])
def test_nothing_is_nothing(data: Any) -> None:
    """An empty answer, or one that only repeats the code, tells nothing."""
    assert rows(data, ["AX-100"]) == []


def test_what_is_no_business_of_an_asker_is_left_out() -> None:
    """Keys, tokens and addresses of the inner network; an address of the open web stays."""
    data = {
        "api_key": "k1",
        "_id": "k2",
        "session_token": "k3",
        "self": "http://shop.example/k4",
        "links": {"next": "http://shop.example/k5"},
        "note": "see http://10.0.0.7/k6 or http://user:k7@shop.example/ or http://erp/k8",
        "photo": b"k9",
        "tracking": "https://parcels.example.com/t/1",
    }
    text = said(data).text
    assert not any(f"k{n}" in text for n in range(1, 10))
    assert "https://parcels.example.com/t/1" in text
    assert "Note of AX-100: see or or." in text


def test_a_report_of_an_error_is_no_fact() -> None:
    """An answer that only says that something failed is not told; a field of that name is."""
    assert is_fault({"error": "no such table", "code": 7})
    assert not is_fault({"error": None, "price": 4})
    assert not is_fault([])


@pytest.mark.parametrize("content", [b"{", b"[" * 100_000, b'{"a": NaN}', b"\xff\xfe\x00", b"1 2"])
def test_broken_json_is_said_to_be(content: bytes) -> None:
    """Whatever is wrong with it, it is one kind of error."""
    with pytest.raises(ValueError, match=r".*"):
        parse(content)


def test_figures_are_what_documents_are_compared_with() -> None:
    """Price and stock with their units, and which of them was asked for."""
    assert said(GOODS).figures == (
        LiveFigure("price", Decimal("49.00"), "eur", asked=True),
        LiveFigure("stock", Decimal(12), "unit", asked=False),
    )
    assert said([GOODS, GOODS]).figures == ()
    assert said({"price": 1, "list_price": 2}).figures == ()


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.decimals() | st.text(max_size=40),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner),
    max_leaves=20,
)


@given(json_values, st.frozensets(st.sampled_from(["price", "stock", "order"])))
def test_whatever_comes_is_told_in_one_line(data: Any, topics: frozenset[str]) -> None:
    """Any JSON becomes a text without line ends, bounded, whose spans are inside it."""
    found = rows(data, ["AX-100"])
    text = told(found, "AX-100", "10:42 UTC", topics, frozenset())
    assert len(text.text) < 30_000
    assert "\n" not in text.text
    assert all(0 <= a < b <= len(text.text) for a, b in text.spans)
    assert not found or text.spans


# -- amounts --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "value", "unit"),
    [
        ("49 €", "49", "eur"),
        ("EUR 49.00", "49", "eur"),
        ("€49", "49", "eur"),
        ("49,- €", "49", ""),
        ("1,299.00 USD", "1299", "usd"),
        ("1.299,00 €", "1299", "eur"),
        ("CHF 1'299.00", "1299", "chf"),
        ("1 299,50 EUR", "1299.5", "eur"),
        ("12 Stück", "12", "unit"),
        ("3 units", "3", "unit"),
    ],
)
def test_an_amount_is_read_in_any_notation(text: str, value: str, unit: str) -> None:
    """Dots and commas either way, the currency before or behind."""
    (found,) = amounts(text)
    assert found.readings == {Decimal(value)}
    assert found.unit == unit or not unit


def test_an_amount_that_may_be_two_is_both() -> None:
    """1.299 is a thousand or a little more than one; a comparison has to allow for both."""
    assert readings("1.299") == {Decimal("1.299"), Decimal(1299)}


@pytest.mark.parametrize("text", ["12:30", "v1.2.3", "2026-01-31", "AX-100", "10.0.0.7", "a/5"])
def test_what_is_no_amount_is_none(text: str) -> None:
    """Times, versions, dates, codes and addresses."""
    assert amounts(text) == ()
