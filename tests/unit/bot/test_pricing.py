"""Prices: each model its own, in US dollars a million tokens."""

from __future__ import annotations

import pytest

from bot.pricing import Price, Prices, in_dollars

PRICES = Prices(Price(1.0, 2.0), {"big": Price(2.5, 10.0), "free": Price()})


def test_a_million_tokens_cost_the_price() -> None:
    """Prompt and answer are charged apart."""
    assert Price(2.5, 10.0).of(1_000_000, 100_000) == pytest.approx(3.5)


@pytest.mark.parametrize(
    ("model", "price"),
    [
        ("big", Price(2.5, 10.0)),
        ("big-2026-08-06", Price(2.5, 10.0)),
        ("big-mini", Price(1.0, 2.0)),
        ("free", Price()),
        ("unheard-of", Price(1.0, 2.0)),
    ],
)
def test_a_model_has_its_own_price_or_that_of_all_others(model: str, price: Price) -> None:
    """Dated versions cost what their name costs; another model with a longer name does not."""
    assert PRICES.of(model) == price


@pytest.mark.parametrize(
    ("amount", "words"),
    [
        (0.0, "$0.00"),
        (0.05, "$0.05"),
        (1234.5, "$1,234.50"),
        (0.0123, "$0.0123"),
        (0.000012, "$0.000012"),
    ],
)
def test_small_prices_have_the_places_that_they_need(amount: float, words: str) -> None:
    """An answer of a hundredth of a cent is not free."""
    assert in_dollars(amount) == words
