"""Server-sent events out of raw bytes."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from bot.llm.events import EventDecoder

texts = st.text(st.characters(exclude_characters="\r\n", codec="utf-8"), min_size=1, max_size=20)


def decode(data: bytes, cuts: list[int]) -> list[bytes]:
    """Feed the data, cut at these places."""
    decoder = EventDecoder()
    places = sorted({min(c, len(data)) for c in cuts} | {0, len(data)})
    events = []
    for start, end in pairwise(places):
        events += decoder.feed(data[start:end])
    return events + decoder.finish()


@given(
    st.lists(texts, min_size=1, max_size=6),
    st.sampled_from(["\n", "\r\n", "\r"]),
    st.lists(st.integers(0, 400), max_size=12),
    st.booleans(),
)
def test_any_split_of_any_line_ends_gives_the_same_events(
    payloads: list[str], end: str, cuts: list[int], last_line: bool
) -> None:
    """Whatever the network does to the bytes, the events are the ones that were sent."""
    stream = "".join(f": ping{end}event: x{end}data: {p}{end}{end}" for p in payloads)
    data = stream.encode()
    if not last_line:
        data = data.removesuffix(end.encode()).removesuffix(end.encode())
    assert decode(data, cuts) == [p.encode() for p in payloads]


def test_data_lines_of_one_event_are_joined() -> None:
    """Several data lines are one event with line breaks."""
    assert decode(b"data: a\ndata:b\ndata:\n\n", []) == [b"a\nb\n"]


def test_event_without_data_is_none() -> None:
    """Comments, ids and retries alone make no event."""
    assert decode(b": c\n\nid: 7\nretry: 5\n\n\n", []) == []


def test_byte_order_mark_is_dropped() -> None:
    """A mark at the start is no part of the first line."""
    assert decode(b"\xef\xbb\xbfdata: a\n\n", [1, 2]) == [b"a"]


def test_short_stream_is_not_held_back_for_ever() -> None:
    """Two bytes are enough of a stream to end."""
    assert decode(b"\n", []) == []
