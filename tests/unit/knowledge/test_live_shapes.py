"""The values of a parameter, found by the example in its description."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.live.shapes import LONGEST_VALUE, shape_of


def values(description: str, text: str) -> list[str]:
    """The values that a text holds for a parameter."""
    return [v.text for v in shape_of(description).values(text)]


@pytest.mark.parametrize(
    ("description", "text", "found"),
    [
        ("the product's code, like AX-100", "the AX-100?", ["AX-100"]),
        (
            "the product's code, like AX-100",
            "ax-200, AX100 and AX 300",
            ["AX-200", "AX-100", "AX-300"],
        ),
        ("the product's code, like AX-100", "AX–100 (en dash)", ["AX-100"]),
        ("the product's code, like AX-100", "the AX-100-XL, AX-100s", ["AX-100-XL", "AX-100"]),
        ("the product's code, like AX-100", "in 100 cases, error E42", []),
        ("the product's code, like AX-100", "../AX-100/.. x@AX-100.com", []),
        ("the product's code, like AX-100", "AX-1234567890", []),
        ("the order's number, like 10482", "order 7, 10483, since 2024", ["7", "10483"]),
        ("the order's number, like 10482", "it was 12345 € in 2024-10-10", []),
        ("tracking number, like 1Z999AA10123456784", "1Z999AA10123456785", ["1Z999AA10123456785"]),
        ("the city, like Berlin", "What about New York?", ["New York"]),
        ("the city, like Berlin", "Is it cold?", []),
        ("a currency, e.g. EUR", "USD to EUR", ["USD", "EUR"]),
        ("ticket, like SUP-12 or INC12345", "INC99999 and SUP-1", ["INC99999", "SUP-1"]),
        ("invoice such as 2024/17", "invoice 2025/3?", ["2025/3"]),
        ("the product's code", "AX-100 in 2024", ["AX-100"]),
    ],
)
def test_values_look_like_the_example(description: str, text: str, found: list[str]) -> None:
    """Letters, digits and marks as in the example; anything else is none."""
    assert values(description, text) == found


@given(st.text(max_size=400))
def test_whatever_is_typed_a_code_is_a_code(text: str) -> None:
    """No value holds anything but letters, digits and dashes, where the example holds no more."""
    for value in values("the product's code, like AX-100", text):
        assert value.replace("-", "").isascii()
        assert value.replace("-", "").isalnum()
        assert len(value) <= LONGEST_VALUE
