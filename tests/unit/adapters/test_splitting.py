from __future__ import annotations

import re

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from adapters.rendering.splitting import cut, split_markdown, utf16_units

WORDS = st.sampled_from(["word", "a", "long-word", "Sentence.", "[1]", "**bold**", "é", "😀"])
PROSE = st.lists(WORDS, min_size=1, max_size=40).map(" ".join)
CODE = st.lists(PROSE, min_size=1, max_size=12).map(lambda x: "```py\n" + "\n".join(x) + "\n```")
ITEMS = st.lists(PROSE, min_size=2, max_size=12).map(
    lambda x: "\n".join(f"{n}. {item}" for n, item in enumerate(x, 1))
)
ROW = st.lists(WORDS, min_size=2, max_size=2).map(lambda x: f"| {x[0]} | {x[1]} |")
TABLE = st.lists(ROW, min_size=1, max_size=20).map(
    lambda x: "| Name | Value |\n|---|---|\n" + "\n".join(x)
)
ANSWERS = st.lists(st.one_of(PROSE, CODE, ITEMS, TABLE), min_size=1, max_size=8).map("\n\n".join)


def bare(text: str) -> str:
    """Without what a split repeats, and without white space."""
    text = re.sub(r"```\w*|\| Name \| Value \||\|---\|---\|", "", text)
    return "".join(text.split())


@settings(max_examples=300, deadline=None)
@given(ANSWERS, st.integers(60, 400))
def test_parts_fit_and_hold_everything(text: str, limit: int) -> None:
    """Nothing is lost, nothing is empty, nothing is too long, and fences are closed."""
    parts = split_markdown(text, limit)
    assert all(part.strip() for part in parts)
    assert all(len(part) <= limit for part in parts)
    assert bare("\n".join(parts)) == bare(text)
    for part in parts:
        assert part.count("```") % 2 == 0
        if re.search(r"^\| (?!Name)", part, re.MULTILINE):
            assert "| Name | Value |\n|---|---|\n|" in part


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=300), st.integers(1, 80))
@example("```\n" + "x" * 50 + "\n```", 5)
@example("| a |\n|---|\n| b |", 4)
def test_any_text_fits_any_limit(text: str, limit: int) -> None:
    """The limit holds for whatever comes, in the platform's own units."""
    parts = split_markdown(text, max(limit, 2), utf16_units)
    assert all(part.strip() and utf16_units(part) <= max(limit, 2) for part in parts)
    assert all(len(part) <= limit for part in split_markdown(text, limit))


def test_paragraphs_stay_whole_where_they_can() -> None:
    """A paragraph that fits into a part of its own is not cut."""
    one, two = "First sentence. " * 4, "Second sentence. " * 4
    assert split_markdown(f"{one.strip()}\n\n{two.strip()}", 80) == [one.strip(), two.strip()]


def test_a_long_paragraph_is_cut_after_a_sentence() -> None:
    """Not in its middle, and not after an abbreviation's letters."""
    assert split_markdown("One two three. Four five six. Seven.", 30) == [
        "One two three. Four five six.",
        "Seven.",
    ]


def test_a_link_is_not_cut() -> None:
    """The words of a link stay together with its address."""
    text = "Read all about it in [the long handbook page](https://docs.example.com/a) today."
    parts = split_markdown(text, 70)
    assert "[the long handbook page](https://docs.example.com/a)" in "".join(parts[1:])


def test_code_is_opened_again_with_its_language() -> None:
    """Each part of a long block is a block of its own in the same language."""
    parts = split_markdown("```py\n" + "x = 1\n" * 10 + "```", 40)
    assert len(parts) == 2
    assert all(part.startswith("```py\n") and part.endswith("\n```") for part in parts)


def test_code_that_fits_is_moved_rather_than_cut() -> None:
    """A block that does not fit below the text goes to the next part as it is."""
    code = "```\n" + "\n".join(["line"] * 6) + "\n```"
    assert split_markdown("Some words before it.\n\n" + code, 45) == ["Some words before it.", code]


def test_numbers_of_a_list_go_on() -> None:
    """Items that are all called 1 in the source count on in the next part."""
    parts = split_markdown("1. aaaaaaaa\n1. bbbbbbbb\n1. cccccccc", 24)
    assert parts == ["1. aaaaaaaa\n1. bbbbbbbb", "3. cccccccc"]


def test_a_heading_stays_with_its_text() -> None:
    """No part ends with a heading."""
    parts = split_markdown("Intro words here.\n\n# Heading\n\nText below it is here.", 40)
    assert parts == ["Intro words here.", "# Heading\n\nText below it is here."]


def test_a_limit_of_nothing_is_refused() -> None:
    """A part holds at least one character."""
    with pytest.raises(ValueError, match="at least one"):
        split_markdown("text", 0)


def test_cut_says_that_it_goes_on() -> None:
    """A shortened text ends at a word with a sign."""
    assert cut("one two three four", 15) == "one two three…"
    assert cut("one", 15) == "one"
