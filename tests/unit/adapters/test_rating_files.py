"""Files of ratings, as people really write them."""

from __future__ import annotations

from pathlib import Path

import pytest

from adapters.teaching.rating import read_lines
from bot.errors import UsageError


def test_a_line_ends_where_the_file_says_so(tmp_path: Path) -> None:
    """Other ends of lines, as word processors write them, are part of a text."""
    path = tmp_path / "ratings.jsonl"
    path.write_text('{"question": "How?\u2028And why?", "rating": "up"}\r\n', "utf-8")

    good, bad = read_lines(path)

    assert [line.question for line in good] == ["How?\u2028And why?"]
    assert bad == []


@pytest.mark.parametrize("line", ["[" * 100_000, "{"])
def test_what_is_no_json_is_named_by_its_line(tmp_path: Path, line: str) -> None:
    """A line that cannot be read is told, and the others are taken."""
    path = tmp_path / "ratings.jsonl"
    path.write_text(f'{line}\n{{"question": "Why?", "rating": "down"}}\n', "utf-8")

    good, bad = read_lines(path)

    assert [line.number for line in good] == [2]
    assert bad == [(1, "not JSON")]


def test_a_folder_is_called_one(tmp_path: Path) -> None:
    """Who names a folder hears that it is one, not that it is missing."""
    with pytest.raises(UsageError, match="is a folder"):
        read_lines(tmp_path)
