"""How long a process that is told to stop lets work go on."""

from __future__ import annotations

from datetime import timedelta

import pytest

from adapters.server import TimeLeft
from bot.settings.telemetry import ServeSection


@pytest.mark.parametrize("given", ["4s", "11m", "soon"])
def test_a_time_to_stop_that_makes_no_sense_is_refused(given: str) -> None:
    """Too short hands everything back, too long is killed by whoever waits."""
    with pytest.raises(ValueError, match=r"drain|duration"):
        ServeSection.model_validate({"drain": given})


def test_the_time_runs_from_the_signal_on() -> None:
    """Before it all of it is left, afterwards less and less, never nothing."""
    now = 100.0
    left = TimeLeft(20, lambda: now)
    now = 150.0
    assert left() == 20
    left.begin()
    now = 165.0
    assert left() == 5
    now = 500.0
    assert left() == 1
    assert ServeSection().drain == timedelta(seconds=30)
