"""What the events of a completion mean."""

from __future__ import annotations

from itertools import pairwise

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import ModelBrokenAnswerError
from bot.llm.completion import CompletionReader, ThoughtFilter


def shown(text: str, cuts: list[int]) -> str:
    """What is left of a text that comes in pieces."""
    thoughts = ThoughtFilter()
    places = sorted({min(c, len(text)) for c in cuts} | {0, len(text)})
    parts = [thoughts.feed(text[a:b]) for a, b in pairwise(places)]
    return "".join(parts) + thoughts.finish()


cuts_anywhere = st.lists(st.integers(0, 60), max_size=10)


@given(st.text(max_size=30).filter(lambda t: "</think>" not in t), cuts_anywhere)
def test_thoughts_at_the_front_are_taken_off(thought: str, cuts: list[int]) -> None:
    """However a thought is cut into pieces, only the answer behind it is shown."""
    assert shown(f"\n<think>{thought}</think>\n\nTwo days.", cuts) == "Two days."


@given(
    st.text(max_size=40).filter(lambda t: not t.lstrip().startswith("<think>")),
    cuts_anywhere,
)
def test_other_text_stays_as_it_is(text: str, cuts: list[int]) -> None:
    """An answer that merely speaks of tags loses nothing but white space around nothing."""
    left = shown(text, cuts)
    assert left == text or (left == text.strip() and "<think>".startswith(left))


def test_thoughts_later_in_the_answer_are_text() -> None:
    """Only the front is looked at: a documentation of the tag is an answer."""
    assert shown("Write <think>x</think>.", [4]) == "Write <think>x</think>."


def test_thought_without_an_answer_leaves_nothing() -> None:
    """A model that only thought has said nothing."""
    assert shown("<think>well", [3]) == ""


def test_plain_message_and_refusal_are_text() -> None:
    """A whole message reads like a delta; a refusal is what the model said."""
    reader = CompletionReader()
    event = {"choices": [{"message": {"content": None, "refusal": "I cannot."}}]}
    assert reader.read(orjson.dumps(event)) == "I cannot."


def test_zero_bytes_are_dropped() -> None:
    """A zero byte would not go into PostgreSQL."""
    event = {"choices": [{"delta": {"content": "a\0b"}}]}
    assert CompletionReader().read(orjson.dumps(event)) == "ab"


@pytest.mark.parametrize("event", [b"{", b"[]", b"7", b'{"error": "out of memory"}'])
def test_unreadable_and_error_events_are_broken_answers(event: bytes) -> None:
    """Half an object, no object, an error: none of them is text."""
    with pytest.raises(ModelBrokenAnswerError):
        CompletionReader().read(event)


@pytest.mark.parametrize(
    ("usage", "counted"),
    [
        ({"prompt_tokens": 5, "completion_tokens": 7}, (5, 7)),
        ({"prompt_tokens": 5, "completion_tokens": None}, (5, 0)),
        (None, None),
    ],
)
def test_usage_is_that_of_the_server(usage: object, counted: object) -> None:
    """Missing numbers count as none."""
    reader = CompletionReader()
    reader.read(orjson.dumps({"choices": [], "usage": usage}))
    assert reader.usage == counted
