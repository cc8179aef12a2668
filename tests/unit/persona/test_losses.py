"""Losses by step: of the trainer's file, of its card, of a service's events."""

from __future__ import annotations

from pathlib import Path

from persona.tuning.base import Event
from persona.tuning.losses import Loss, joined, kept_losses, told_losses
from persona.tuning.trainer.folder import JobFolder, write_object


def test_a_step_that_was_done_again_counts_as_it_was_last(tmp_path: Path) -> None:
    """A killed trainer goes on from a checkpoint: steps behind it are measured twice; a torn line
    is left out."""
    folder = JobFolder(tmp_path)
    for step, loss in ((1, 4.0), (2, 3.0), (3, 9.0)):
        folder.measured(step, loss=loss)
    with folder.losses.open("ab") as file:
        file.write(b'{"step": 4, "lo')
    folder.measured(3, loss=2.0)
    folder.measured(3, validation=2.5)
    folder.measured(4, loss=float("nan"))
    assert kept_losses(tmp_path) == [Loss(1, 4.0), Loss(2, 3.0), Loss(3, 2.0, 2.5)]


def test_a_trainer_that_kept_none_left_its_card(tmp_path: Path) -> None:
    """The curve of the card stands for the file; without either nothing is known."""
    assert kept_losses(tmp_path) == []
    (tmp_path / "adapter").mkdir()
    write_object(tmp_path / "adapter" / "card.json", {"loss": [[1, 2.0], [5, 1.0], "odd", [6]]})
    assert kept_losses(tmp_path) == [Loss(1, 2.0), Loss(5, 1.0)]


def test_events_of_trainer_and_service_are_read() -> None:
    """Our own loss and validation events, and the metrics of OpenAI's API; what is no number is
    nothing."""
    events = [
        Event("1", "loss", "step 1", {"step": 1, "loss": 3.0}),
        Event("2", "validation", "step 1", {"step": 1, "loss": 3.5}),
        Event("3", "metrics", "Step 2", {"step": 2, "train_loss": 2.0, "valid_loss": 2.5}),
        Event("4", "metrics", "Step 3", {"step": 3, "train_loss": 1.0, "full_valid_loss": 1.5}),
        Event("5", "metrics", "Step 4", {"step": "4", "train_loss": "low"}),
        Event("6", "message", "Step 5", {"step": 5, "train_loss": 1.0}),
    ]
    assert told_losses(events) == [Loss(1, 3.0, 3.5), Loss(2, 2.0, 2.5), Loss(3, 1.0, 1.5)]


def test_what_was_measured_counts_over_what_was_told() -> None:
    """The file has more digits and more steps; what only events know stays."""
    assert joined([Loss(1, 3.0, 3.5), Loss(9, 1.0)], [Loss(1, 2.9999), Loss(2, 2.5)]) == [
        Loss(1, 2.9999, 3.5),
        Loss(2, 2.5),
        Loss(9, 1.0),
    ]
