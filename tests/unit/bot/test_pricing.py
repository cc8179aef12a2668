"""Prices: each model its own, in US dollars a million tokens."""

from __future__ import annotations

import pytest

from bot.pricing import Price, Prices

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
