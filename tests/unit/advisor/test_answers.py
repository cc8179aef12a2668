"""Answers are checked one by one; whatever is wrong is told in one sentence."""

from __future__ import annotations

from pathlib import Path

import pytest

from adapters.advising import answers_from, weights_from
from bot.advisor import Answers, read_answers
from bot.errors import UsageError


def test_answers_are_read_as_they_were_given() -> None:
    """Any of them, none is needed."""
    assert read_answers({}) == Answers()
    given = {"new_data": "daily", "monthly_queries": 5, "sources_required": True, "task": "x"}
    assert read_answers(given) == Answers(
        new_data="daily", monthly_queries=5, sources_required=True, task="x"
    )


@pytest.mark.parametrize(
    "data",
    [
        [],
        None,
        "rag",
        {"new_data": "sometimes"},
        {"new_data": None},
        {"style_control": 3},
        {"style_control": ["high"]},
        {"task": 5},
        {"sources_required": "yes"},
        {"monthly_queries": "many"},
        {"monthly_queries": True},
        {"monthly_queries": -1},
        {"monthly_queries": float("nan")},
        {"monthly_queries": 10**400},
        {"colour": "red"},
    ],
)
def test_a_wrong_answer_is_wrong_usage(data: object) -> None:
    """Exit code 2, one sentence."""
    with pytest.raises(UsageError) as raised:
        read_answers(data)
    assert raised.value.exit_code == 2
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe\x00", b"[" * 100_000, b"[1]"])
def test_a_file_that_is_no_answers_is_wrong_usage(tmp_path: Path, content: bytes) -> None:
    """Empty, broken, binary or too deep."""
    path = tmp_path / "answers.json"
    path.write_bytes(content)
    with pytest.raises(UsageError) as raised:
        answers_from(path)
    assert "\n" not in str(raised.value)


def test_a_missing_file_and_a_folder_are_wrong_usage(tmp_path: Path) -> None:
    """Neither can be read."""
    for path in (tmp_path / "missing.json", tmp_path):
        with pytest.raises(UsageError):
            answers_from(path)


def test_weights_are_named_by_factor() -> None:
    """Dashes for spaces; anything else is wrong usage."""
    assert weights_from(["upfront-cost=2", "task fit=0"]) == {"upfront cost": 2.0, "task fit": 0.0}
    for wrong in ("price=2", "task fit", "task fit=-1", "task fit=much", "task fit=nan"):
        with pytest.raises(UsageError):
            weights_from([wrong])
