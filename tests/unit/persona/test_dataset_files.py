"""Files of data sets that somebody changed or took away."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.errors import TrainingError
from persona.dataset_files import check_files
from tests.contracts.test_tuners import dataset_in


def test_files_as_they_were_built_may_be_trained_on(tmp_path: Path) -> None:
    """What was curated is what is trained."""
    check_files(dataset_in(tmp_path))


def test_lines_that_were_put_in_by_hand_are_not_trained_on(tmp_path: Path) -> None:
    """They went through no curation: the sentence says to build the set anew."""
    dataset = dataset_in(tmp_path)
    with dataset.validation_file.open("a") as file:
        file.write(dataset.train_file.read_text("utf-8"))
    with pytest.raises(TrainingError, match=r"d1 were changed.*dataset build --format sft"):
        check_files(dataset)


def test_a_file_that_is_gone_is_named(tmp_path: Path) -> None:
    """The sentence says which file, and what to do."""
    dataset = dataset_in(tmp_path)
    dataset.train_file.unlink()
    with pytest.raises(TrainingError, match=r"train\.jsonl.* is gone; build it anew"):
        check_files(dataset)
