"""Sentences said again: the right way keeps the sense, the wrong one turns it."""

from __future__ import annotations

import pytest

from benchmarks.checker.pairs import ClaimPair
from benchmarks.checker.stances import said_otherwise, stance_claims

SENTENCE = "You cannot restore a board that was deleted."
TEXT = f"Boards belong to projects. {SENTENCE} Owners delete boards."


@pytest.mark.parametrize(
    ("sentence", "right", "wrong"),
    [
        (SENTENCE, "You are unable to restore a board that was deleted.",
         "It is possible for you to restore a board that was deleted."),
        ("The owner must confirm each invitation.",
         "The owner is required to confirm each invitation.",
         "There is no need for the owner to confirm each invitation."),
        ("Do not open the housing of the pump.",
         "It is forbidden for you to open the housing of the pump.",
         "You are free to open the housing of the pump."),
        ("The key is required for each export.", "The key is necessary for each export.",
         "The key is optional for each export."),
        ("A project holds up to 5 guests.", "A project holds no more than 5 guests.",
         "A project holds at least 5 guests."),
        ("Used items are refused unless they are faulty.",
         "Used items are refused except if they are faulty.",
         "Used items are refused even if they are faulty."),
    ],
)  # fmt: skip
def test_a_stance_is_kept_and_turned(sentence: str, right: str, wrong: str) -> None:
    """What can, must and cannot be is among the right ways, its opposite among the wrong ones."""
    ways = said_otherwise(sentence)
    assert ways is not None
    assert right in ways[0]
    assert wrong in ways[1]
    assert not set(ways[0]) & set(ways[1])


@pytest.mark.parametrize("sentence", ["Rain fell all day.", "You can stay unless they ask you to."])
def test_what_no_rule_fits_keeps_its_sense(sentence: str) -> None:
    """A plain sentence has no other wording, and a tangled one is not put as a modal."""
    ways = said_otherwise(sentence)
    assert ways is None or all("possible" not in w for w in (*ways[0], *ways[1]))


def test_both_verdicts_come_alike_and_the_passage_may_say_it_otherwise() -> None:
    """Right and wrong claims in equal numbers; in half of the pairs the passage was changed."""
    pair = ClaimPair("made:docs", "copied", (TEXT, "Another page."), SENTENCE, "", 1, "docs:a")
    found = list(stance_claims([pair, pair], 7))
    assert [p.label for p in found] == [1, 0, 1, 0]
    assert [TEXT in p.evidence for p in found] == [True, True, False, False]
    assert all(SENTENCE not in p.evidence[0] for p in found[2:])
    assert list(stance_claims([pair], 7)) == found
