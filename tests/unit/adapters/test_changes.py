"""What an edit changed, by words."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from adapters.rendering.changes import LONGEST, Change, changes

_TEXTS = st.lists(st.sampled_from(["hold", "the", "button", "[1].", "12", "s"]), max_size=12)


def test_words_that_went_and_words_that_came_are_marked() -> None:
    """Word by word, the old before the new, the spaces between them unmarked."""
    pieces = changes("Hold it for 10 seconds [1].", "Hold the button for 12 seconds [1].")
    assert pieces is not None
    marked = [(p.change.value, p.text) for p in pieces if p.change is not Change.KEPT]
    assert marked == [
        ("removed", "it"),
        ("added", "the button"),
        ("removed", "10"),
        ("added", "12"),
    ]


def test_words_taken_from_the_beginning_leave_a_space() -> None:
    """What went stands before the first word that stays, and does not touch it."""
    pieces = changes("Hold the button", "the button")
    assert pieces is not None
    assert "".join(piece.text for piece in pieces) == "Hold the button"


def test_texts_without_much_in_common_are_not_compared() -> None:
    """Nor what is empty, nor what is too long."""
    assert changes("Hold the button.", "Ask a colleague in the warehouse for it") is None
    assert changes("", "Hold it.") is None
    assert changes("a " * (LONGEST + 1), "a") is None


def test_a_text_of_one_word_is_not_compared() -> None:
    """It is short enough, and would have millions of pairs; a long text of many words is."""
    table, other = "| " * 700, "| x " * 700
    assert changes(table, other) is None
    long = " ".join(f"word{n % 400}" for n in range(LONGEST - 1))
    assert changes(long, f"{long} more")


@given(_TEXTS, _TEXTS)
def test_both_texts_can_be_read_from_it(before: list[str], after: list[str]) -> None:
    """Without what was added it is the old text, without what was removed the new one."""
    pieces = changes(" ".join(before), " ".join(after))
    if pieces is None:
        return
    for left_out, words in ((Change.ADDED, before), (Change.REMOVED, after)):
        text = "".join(p.text for p in pieces if p.change is not left_out)
        assert text.split() == words
