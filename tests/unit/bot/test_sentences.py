"""The sentence splitter, which chunking, claims, citations and streaming share."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.sentences import Piece, SentenceStream, Unit, split

MARKDOWN = st.text(alphabet=st.sampled_from("ab 12.!?\n`|-#*[]()~é。"), max_size=200) | st.lists(
    st.sampled_from(
        [
            "It needs 2.5 bar.",
            "Really? Yes [1].",
            "e.g. this one.",
            "\n\n",
            "- an item",
            "\n",
            "| a | b |\n",
            "```\ncode. here\n```\n",
            "# Head\n",
            " ",
        ]
    ),
    max_size=12,
).map("".join)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("One. Two! Three?", ["One.", "Two!", "Three?"]),
        ("It costs 2.50 EUR. Buy it.", ["It costs 2.50 EUR.", "Buy it."]),
        ("Use e.g. the MG-200 v1.2.3 now. Go.", ["Use e.g. the MG-200 v1.2.3 now.", "Go."]),
        ("Dr. Smith came at 5 p.m. He left.", ["Dr. Smith came at 5 p.m.", "He left."]),
        (
            "It weighs 900 g. It runs on 12 V. Good.",
            ["It weighs 900 g.", "It runs on 12 V.", "Good."],
        ),
        ("Wait 30 sec. Then say no. See Fig. 3.", ["Wait 30 sec.", "Then say no.", "See Fig. 3."]),
        ("J. R. Smith wrote it. Read it.", ["J. R. Smith wrote it.", "Read it."]),
        ("It is so [1]. And so [2].", ["It is so [1].", "And so [2]."]),
        ("It is so. [1] And so. [2]", ["It is so. [1]", "And so. [2]"]),
        ("水は青い。空も青い。", ["水は青い。", "空も青い。"]),
        ("", []),
        ("   \n ", []),
    ],
)
def test_prose_is_split_at_sentence_ends_only(text: str, expected: list[str]) -> None:
    """Decimals, versions, abbreviations and markers do not end a sentence."""
    assert [s.text for s in split(text)] == expected


def test_blocks_are_units_of_their_own() -> None:
    """Headings, items, table rows and fenced code are never merged with prose."""
    text = "# Title\nProse here.\n- one\n- two\n| a | b |\n```\nx. y\n```\n"
    assert [s.unit for s in split(text)] == [
        Unit.HEADING,
        Unit.PROSE,
        Unit.ITEM,
        Unit.ITEM,
        Unit.ROW,
        Unit.CODE,
    ]


def test_an_unclosed_fence_runs_to_the_end() -> None:
    """Half a code block is still code, not sentences."""
    assert [s.unit for s in split("Look:\n```sh\nrun. this. now.")] == [Unit.PROSE, Unit.CODE]


@given(MARKDOWN)
def test_spans_are_exact_and_ordered(text: str) -> None:
    """Each unit is the text of its span, and nothing but white space lies between units."""
    at = 0
    for sentence in split(text):
        assert text[sentence.start : sentence.end] == sentence.text
        assert not text[at : sentence.start].strip()
        at = sentence.end
    assert not text[at:].strip()


@given(MARKDOWN, st.lists(st.integers(1, 7), min_size=1, max_size=60))
def test_a_stream_gives_back_every_character_once(text: str, steps: list[int]) -> None:
    """Whatever the pieces, what comes out is what went in."""
    stream = SentenceStream()
    out: list[Piece] = []
    at = 0
    for step in steps * (len(text) // len(steps) + 1):
        out += stream.feed(text[at : at + step])
        at += step
    out += stream.feed(text[at:])
    out += stream.finish()
    assert "".join(piece.text for piece in out) == text


def test_a_stream_holds_a_sentence_until_the_next_begins() -> None:
    """A decimal point at the end of a piece does not cut the number in two."""
    stream = SentenceStream()
    assert stream.feed("It needs 2.") == []
    assert stream.feed("5 bar. ") == []
    assert stream.feed("And a hose.") == [Piece("It needs 2.5 bar.", Unit.PROSE)]
    assert stream.finish() == [Piece(" And a hose.", Unit.PROSE)]


def test_the_second_sentence_of_an_item_belongs_to_the_item() -> None:
    """A stream remembers that it is inside a list."""
    stream = SentenceStream()
    pieces = stream.feed("Do this:\n\n1. Press it. Then wait.\n2. Go.\n\nDone.") + stream.finish()
    assert [(p.text.strip(), p.unit) for p in pieces] == [
        ("Do this:", Unit.PROSE),
        ("1. Press it.", Unit.ITEM),
        ("Then wait.", Unit.ITEM),
        ("2. Go.", Unit.ITEM),
        ("Done.", Unit.PROSE),
    ]
