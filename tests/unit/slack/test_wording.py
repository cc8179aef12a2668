"""How a streamed answer may end."""

from __future__ import annotations

from adapters.slack.wording import Wording
from bot.evidence import Citation
from tests.platforms.turns import turn_of

URI = "https://garden.example/roses"
CITED = (Citation(1, "c1", "Roses", URI, "water at night"),)


def test_a_linked_marker_is_no_reason_to_write_anew() -> None:
    """The sources below are links, so that a stream whose markers are none may stay."""
    ending = Wording().ending(turn_of("At night [1].", *CITED), "A note.")
    assert ending is not None
    whole, below = ending
    assert whole == "At night [1].\n\nA note."
    assert URI in str(below)


def test_what_a_stream_could_not_show_is_written_anew() -> None:
    """A link whose address was not known while it was streamed, and what fits in no message."""
    assert Wording().ending(turn_of(f"[At night]({URI}).", *CITED), "") is None
    assert Wording().ending(turn_of("At night. " * 2_000), "") is None
