"""The voice's second try: numbered lines, however sloppily a model writes them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.repairing import replacements

A, B = "The MG-200 has a warranty of 24 months [1].", "Returns take 30 days [2]."


@pytest.mark.parametrize(
    "reply",
    [
        f"1: {A}\n2: {B}",
        f"1. {A}\n2. {B}",
        f"1) {A}\n2) {B}",
        f"[1] : {A}\n[2] : {B}",
        f"**1:** {A}\n**2:** {B}",
        f"- 1: {A}\n- 2: {B}",
        f"Sentence 1: {A}\nSentence 2: {B}",
        f"#1: {A}\n#2: {B}",
        f"1 - {A}\n2 – {B}",
        f"1:{A}\n2:{B}",
        f"1: {A}\n\n2: {B}\n",
        f"1:\n{A}\n2:\n{B}",
        f"```\n1: {A}\n2: {B}\n```",
        f"```text\n1: {A}\n2: {B}",
        f"Here are the replacements:\n\n1: {A}\n2: {B}\n\nLet me know if that helps.",
        f'1: "{A}"\n2: “{B}”',
        f"1: Replacement: {A}\n2: Corrected: {B}",
        f'1: "48 months." -> {A}\n2: "90 days." → {B}',
        f"2: {B}\n1: {A}",
        f"0: {A}\n1: {B}",
        f"1. {A}\n1. {B}",
        f"1: The old one.\n2: Another old one.\n\n1: {A}\n2: {B}",
        f"1: {A}\r\n2: {B}\r\n3: One that nobody asked for.",
    ],
)
def test_a_sloppy_reply_is_understood(reply: str) -> None:
    """Marks, wrong counting, prose and fences around the lines do no harm."""
    assert replacements(reply, 2) == (A, B)


@pytest.mark.parametrize(
    "nothing",
    ["-", "–", "", " - ", "NO_ANSWER", "`NO_ANSWER`", "(none)", "None.", "n/a", "[removed]",
     "nothing", "NO_ANSWER, the passages do not say."],
)  # fmt: skip
def test_a_line_without_a_sentence_says_nothing(nothing: str) -> None:
    """However a model writes that there is nothing to say, the other lines stand."""
    assert replacements(f"1: {nothing}\n2: {B}", 2) == ("", B)


@pytest.mark.parametrize(
    "reply",
    [
        "",
        "NO_ANSWER",
        f"{A} {B}",
        f"{A}\n{B}",
        "The warranty lasts 24 months. 2.5 bar are enough. 10:30 is when we close.",
        f"7: {A}\n9: {B}",
        "1: " + "so on and on " * 200,
    ],
)
def test_what_cannot_be_assigned_is_dropped(reply: str) -> None:
    """A repeated answer, foreign numbers and endless lines replace nothing."""
    assert replacements(reply, 2) == ("", "")


@pytest.mark.parametrize(
    "reply",
    [A, f"1: {A}", f"4: {A}", f"Here it is:\n\n{A}", f"```\n{A}\n```", f'"{A}"', f"  {A}\n"],
)
def test_one_sentence_needs_no_number(reply: str) -> None:
    """Where one was asked for, the one that came is it."""
    assert replacements(reply, 1) == (A,)


def test_an_answer_repeated_whole_is_no_sentence() -> None:
    """Several sentences without a number are not put in the place of one."""
    assert replacements(f"{A} {B}", 1) == ("",)
    assert replacements(f"{A}\n{B}", 1) == ("",)


def test_a_number_that_belongs_to_the_sentence_stays() -> None:
    """2.5 bar and 10:30 are no line numbers, and a line may begin with a number of its own."""
    assert replacements("2.5 bar are enough [1].", 1) == ("2.5 bar are enough [1].",)
    assert replacements("10:30 is when we close [1].", 1) == ("10:30 is when we close [1].",)
    assert replacements("1: 2.5 bar are enough [1].", 1) == ("2.5 bar are enough [1].",)


def test_a_block_of_code_belongs_to_its_number() -> None:
    """A command that was wrong may be replaced by a block."""
    reply = "1: Run this [1]:\n```sh\nmossgate login\n```\n2: -"
    assert replacements(reply, 2) == ("Run this [1]:\n```sh\nmossgate login\n```", "")


@given(st.text(max_size=400), st.integers(0, 6))
def test_any_text_gives_so_many_replacements(reply: str, count: int) -> None:
    """Whatever a model writes: one for each, all of it from the reply, never the sentinel."""
    said = replacements(reply, count)

    assert len(said) == count
    for sentence in said:
        assert sentence == sentence.strip()
        assert "NO_ANSWER" not in sentence
        assert sentence != "-"


@given(
    st.lists(
        st.sampled_from([A, B, "Ask again.", "2 bar are enough.", "1. Press Reset [1].", "-"]),
        min_size=1,
        max_size=6,
    )
)
def test_a_reply_as_it_was_asked_for_is_taken_word_for_word(sentences: list[str]) -> None:
    """Numbered lines give exactly their sentences."""
    reply = "\n".join(f"{n}: {sentence}" for n, sentence in enumerate(sentences, 1))
    wanted = tuple("" if s == "-" else s for s in sentences)
    assert replacements(reply, len(sentences)) == wanted


@given(
    st.lists(st.sampled_from(["1: ", "2: ", "```", "- ", A, "\n", "NO_ANSWER", " ", "3."])),
    st.integers(1, 3),
)
def test_pieces_of_replies_in_any_order_do_no_harm(pieces: list[str], count: int) -> None:
    """No mixture of what replies are made of is an error."""
    assert len(replacements("".join(pieces), count)) == count
