"""Traces: texts in the bytes of a file, found by another process."""

from __future__ import annotations

from pathlib import Path

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from bot.store.traces import has_trace, look


def test_a_trace_is_found_wherever_it_is(tmp_path: Path) -> None:
    """At both ends, and across the windows in which the file is read."""
    file = tmp_path / "bytes"
    for before in (0, 10, (1 << 20) - 4, (1 << 20) - 1, 3 << 20):
        file.write_bytes(b"\0" * before + b"quince" + b"\0" * 10)
        assert has_trace(file, ["medlar", "quince"])
        assert not has_trace(file, ["quinces", "medlar", ""])


def test_words_of_all_scripts_are_looked_for(tmp_path: Path) -> None:
    """A text is looked for as the database writes it, in UTF-8."""
    file = tmp_path / "bytes"
    file.write_bytes("Süße Quitten, 木瓜".encode())
    assert has_trace(file, ["Quitten, 木"])
    assert not has_trace(file, ["Birnen"])
    assert not has_trace(file, [])


def test_a_file_that_cannot_be_read_may_hold_a_trace(tmp_path: Path) -> None:
    """What is not known counts as the worse case: the file is written anew then."""
    assert has_trace(tmp_path / "missing", ["quince"])


@settings(max_examples=60)
@given(
    place=st.integers(0, 40) | st.integers((1 << 20) - 160, (1 << 20) + 8),
    trace=st.text(min_size=1, max_size=150).filter(lambda text: text.strip("\0") == text),
    number=st.integers(0, 300),
)
def test_none_of_many_texts_is_overlooked(
    tmp_path_factory: pytest.TempPathFactory, place: int, trace: str, number: int
) -> None:
    """Wherever it stands, however long it is, and alike as the others begin."""
    file = tmp_path_factory.mktemp("traces") / "bytes"
    others = [f"please tell me about number {n} of all of them" for n in range(number)]
    file.write_bytes(b"\0" * place + trace.encode() + b"\0" * 7)
    assert look(file, [*others, trace])
    file.write_bytes(b"\0" * place + b"please tell me about number -1 of all" + b"\0" * 7)
    assert not look(file, others)
