"""Addresses as people may read them: without what opens a door."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.settings.addresses import without_secrets


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("https://ada:pw@docs.example/a", "https://docs.example/a"),
        ("https://ghp_abc@git.example/r.git", "https://git.example/r.git"),
        ("https://docs.example/a?token=abc&page=2", "https://docs.example/a?page=2"),
        ("https://docs.example/a?page=2&lang=en#x", "https://docs.example/a?page=2&lang=en#x"),
        ("https://h.example/f?X-Amz-Signature=ab12&v=3", "https://h.example/f?v=3"),
        ("https://h.example/f?accessToken=1", "https://h.example/f"),
        ("https://h.example/f?api_key=1", "https://h.example/f"),
        ("https://h.example/f?sv=2024&sig=x", "https://h.example/f"),
        ("https://h.example/f?u=1a2B3c4D5e6F7g8H9i0J1k", "https://h.example/f"),
        ("https://h.example/f?1a2B3c4D5e6F7g8H9i0J1k", "https://h.example/f"),
        ("https://h.example/wiki?title=How_to_reset_the_controller", None),
        ("https://h.example/wiki?keyword=hat&tokenizer=no&monkey=2", None),
        ("git@git.example:team/docs.git", None),
        ("docs/handbook", None),
    ],
)
def test_secrets_of_an_address_are_not_shown(address: str, shown: str | None) -> None:
    """Names and passwords, signed parts and keys of the query go; the rest stays as it is."""
    assert without_secrets(address) == (address if shown is None else shown)


@given(st.text(max_size=80), st.from_regex(r"[a-z0-9]{24}[0-9][a-z]", fullmatch=True))
def test_whatever_surrounds_it_a_key_is_gone(words: str, key: str) -> None:
    """Also in an address that is broken."""
    assert key not in without_secrets(f"https://u:{key}@h.example/a?token={key}&x=1")
    assert key not in without_secrets(f"https://[{words.replace(key, '')}?token={key}")


def test_who_it_was_may_be_marked() -> None:
    """Operators see that there is a password, and not which."""
    assert without_secrets("https://a:b@h.example/", "***@") == "https://***@h.example/"
