"""What stands in a passage word for word."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from knowledge.statements import read_passage
from knowledge.support import quoted

_WORDS = st.lists(st.sampled_from(["a", "ab", "b", "ba", "it's", "2.5", "ax-100"]), max_size=12)


@given(_WORDS, _WORDS)
def test_a_quotation_is_found_as_word_by_word(said: list[str], held: list[str]) -> None:
    """The quick look sees what a comparison at every place sees: whole words, in order."""
    stands = bool(said) and any(
        held[at : at + len(said)] == said for at in range(len(held) - len(said) + 1)
    )
    passages = [read_passage("nothing of it"), read_passage(" ".join(held))]
    found = quoted(" ".join(said), passages)
    assert (found is not None) == stands
    assert found is None or found[0] == 1
