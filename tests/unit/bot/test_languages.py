"""Which language a message is in."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.languages import language, spoken


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("How long is the warranty?", "en"),
        ("when did the king die", "en"),
        ("What was Die Hard?", "en"),
        ("hat war", ""),
        ("Wie lange ist die Garantie?", "de"),
        ("es geht nicht", "de"),
        ("Gerät zurücksetzen", "de"),
        ("MG-400?", ""),
        ("", ""),
    ],
)
def test_function_words_tell_the_language(text: str, found: str) -> None:
    """Words that are of both languages tell nothing alone."""
    assert language(text) == found


def test_the_asker_is_answered_in_a_language_that_the_persona_speaks() -> None:
    """Else in its first one; none where there are no words for it."""
    german = "Wie lange ist die Garantie?"

    assert spoken(german, ("en", "de-CH")) == "de"
    assert spoken(german, ("en",)) == "en"
    assert spoken("MG-400?", ("de", "en")) == "de"
    assert spoken(german, ("fr", "de")) == "de"
    assert spoken("MG-400?", ("fr", "de")) == ""
    assert spoken("MG-400?", ()) == "en"


@given(st.text(max_size=200))
def test_any_text_has_one_of_them_or_none(text: str) -> None:
    """Whatever is written."""
    assert language(text) in ("", "en", "de")
