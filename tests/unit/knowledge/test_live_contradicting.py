"""A document that says another value is found out; one that says the same never is."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.evidence import Chunk, Passage
from bot.ports import Contradiction, LiveFigure, LiveFinding
from knowledge.live.contradicting import contradictions, disagrees


def page(text: str, title: str = "Prices") -> Passage:
    """A passage of a document."""
    chunk = Chunk(
        id="c", document="prices.md", source="docs", revision="1", ordinal=0, title=title,
        headings=(), text=text, start=0, end=len(text), uri="",
    )  # fmt: skip
    return Passage(chunk, 1.0)


def finding(*figures: LiveFigure, code: str = "AX-100") -> LiveFinding:
    """A live fact about a product."""
    return LiveFinding(page("", "live"), (), "10:42 UTC", (code,), figures)


EUR_49 = finding(LiveFigure("price", Decimal("49.00"), "eur"))
BARE_49 = finding(LiveFigure("price", Decimal(49)))
TWELVE = finding(LiveFigure("stock", Decimal(12), "unit"))

TABLE = """| Code | Price (EUR) | Weight |
|---|---|---|
| AX-100 | {} | 900 g |
| AX-200 | 89.00 | 1 kg |"""


@pytest.mark.parametrize(
    ("live", "text", "value"),
    [
        (EUR_49, "The AX-100 costs 59 €.", "59 €"),
        (EUR_49, "AX-100: 59.00 EUR", "59.00 EUR"),
        (EUR_49, "The price of the AX-100 is €59.", "€59"),
        (EUR_49, "Der AX-100 kostet 1.059,00 €.", "1.059,00 €"),
        (BARE_49, "The AX-100 costs 59 €.", "59 €"),
        (EUR_49, "The AX-100 costs 59.", "59"),
        (EUR_49, TABLE.format("59.00"), "59.00"),
        (BARE_49, TABLE.format("59"), "59"),
        (TWELVE, "We have 5 units of the AX-100 in stock.", "5 units"),
    ],
)
def test_another_value_for_the_same_thing_is_pointed_out(
    live: LiveFinding, text: str, value: str
) -> None:
    """Same code, same kind of number, same unit, another value: the page's own words of it."""
    (found,) = contradictions([live], [page("Nothing."), page(text)])
    assert (found.passage, found.title, found.value) == (1, "Prices", value)
    start, end = found.quote
    assert value in text[start:end]


@pytest.mark.parametrize(
    "text",
    [
        "The AX-200 costs 59 €.",
        "The AX-100 costs less than the AX-200, which is 59 €.",
        "The AX-100 costs $59.",
        "The AX-100 weighs 900 g.",
        "The AX-100 needs 5 bar and 230 V.",
        "The AX-100 was 59 € until May.",
        "From 59 € you get the AX-100.",
        "Shipping of the AX-100 costs 4.90 €.",
        "The filter of the AX-100 costs 9 €.",
        "The AX-100 costs 59 € per month.",
        "The AX-100 costs 59 €/month.",
        "Ten AX-100 cost 59 €, twenty 99 €.",
        "The AX-100 costs about 59 €.",
        "If you return the AX-100, 10 € are kept.",
        "The AX-100 does not cost 59 €.",
        "It costs 59 €.",
        TABLE.format("59.00").replace("Price (EUR)", "Price (USD)"),
        TABLE.format("59.00").replace("Weight", "Old price"),
    ],
)
def test_what_may_mean_something_else_is_left_alone(text: str) -> None:
    """Another product, unit, part, condition or time: no alarm."""
    assert contradictions([EUR_49], [page(text)]) == ()


def test_a_page_of_the_product_itself_need_not_repeat_its_code() -> None:
    """Under the title AX-100, "It costs 59 €." is about the AX-100."""
    (found,) = contradictions([EUR_49], [page("It costs 59 €.", "The AX-100 kettle")])
    assert found == Contradiction(0, (0, 14), "59 €", "The AX-100 kettle")


def notations(value: Decimal) -> list[str]:
    """The ways in which people write an amount of money."""
    english, plain = f"{value:,.2f}", f"{value:.2f}"
    german = english.translate(str.maketrans(",.", ".,"))
    written = [english, plain, german, plain.replace(".", ","), english.replace(",", " ")]
    if value == value.to_integral_value():
        whole = f"{value:,.0f}"
        written += [whole, whole.replace(",", "."), f"{value:.0f}", f"{value:.0f},-"]
    return [form for w in written for form in (f"{w} €", f"{w} EUR", f"€{w}", f"EUR {w}", w)]


prices = st.decimals(1, 99_999, places=2) | st.integers(1, 99_999).map(Decimal)
sentences = st.sampled_from(
    [
        "The AX-100 costs {}.",
        "Price of the AX-100: {}",
        "AX-100 {}",
        "Der AX-100 kostet {}.",
        "- AX-100: {}",
        TABLE,
    ]
)


@given(prices, sentences, st.data(), st.sampled_from(["eur", ""]))
def test_the_same_value_is_never_a_contradiction(
    price: Decimal, sentence: str, data: st.DataObject, unit: str
) -> None:
    """49.00, 49 €, 49,00 EUR and 1.299,00 € agree with what a live source says of them."""
    text = sentence.format(data.draw(st.sampled_from(notations(price))))
    live = finding(LiveFigure("price", price, unit))
    assert contradictions([live], [page(text)]) == ()
    assert not disagrees(live, text)


@given(prices, prices, sentences.filter(lambda s: s != TABLE), st.data())
def test_another_value_with_its_currency_always_is_one(
    price: Decimal, other: Decimal, sentence: str, data: st.DataObject
) -> None:
    """In whatever notation, as long as it can be read in one way only."""
    written = f"{other:,.2f} €"
    found = contradictions(
        [finding(LiveFigure("price", price, "eur"))], [page(sentence.format(written))]
    )
    assert len(found) == (price != other)


def test_a_sentence_of_an_answer_that_disagrees_is_known() -> None:
    """A sentence with another value; not one that names both."""
    assert disagrees(EUR_49, "The AX-100 costs 59 €.")
    assert not disagrees(EUR_49, "The AX-100 costs 49 €, not 59 €.")
    assert not disagrees(EUR_49, "The AX-200 costs 59 €.")


@given(st.text(max_size=200))
def test_any_text_is_compared(text: str) -> None:
    """Whatever a document holds, the comparison comes to an end; quotes are inside the text."""
    for found in contradictions([EUR_49, TWELVE], [page(f"AX-100 {text}")]):
        assert 0 <= found.quote[0] < found.quote[1] <= len(text) + 7
