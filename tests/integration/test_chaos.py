"""A short part of `make chaos`, the same faults each time: nothing lost, nothing answered twice.

Counts are asserted, never times: an answer that comes late on a machine that stands still is no
fault here, and what counts as lost is waited for.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from tests.chaos.judging import Counts
from tests.chaos.kept import read, write_line
from tests.chaos.scenarios import SCENARIOS, Result, Size, run

_NAMED = {each.name: each for each in SCENARIOS}
_PATIENCE_S = 240.0
_PAUSE_S = 3.0


def _faults(result: Result) -> dict[str, int]:
    """What must not be on however busy a machine."""
    return {name: count for name, count in result.counts.faults.items() if name != "late"}


def test_a_long_run_may_be_made_in_parts(tmp_path: Path) -> None:
    """What is kept of a run is read again as it was, in the order of the scenarios."""
    counts = Counts(asked=3, answered=2, honest=1, sentences=Counter({"Sorry": 1}), notes=["why"])
    first = Result(_NAMED["disk"], 2, counts, 3.5, [], [0.5, 1.5], "2026-11-23 08:00", "much", 2.5)
    later = Result(_NAMED["kills-sqlite"], 1, Counts(kills=4), 9.0, [2.5])
    for result in (first, later):
        write_line(tmp_path / "part", result)
    assert read([tmp_path / "part"]) == [later, first]


@pytest.mark.slow
@pytest.mark.timeout(600)
async def test_one_process_killed_again_and_again() -> None:
    """Each question has one answer though the only process is killed three times."""
    result = await run(
        _NAMED["kills-sqlite"], 11, Size(kills=3, patience=_PATIENCE_S, pause=_PAUSE_S)
    )
    assert result.counts.kills >= 3
    assert not _faults(result), result.counts


@pytest.mark.slow
@pytest.mark.postgres
@pytest.mark.timeout(600)
@pytest.mark.usefixtures("postgres")  # whether there is one; this world breaks its own
async def test_two_processes_whose_database_goes_away() -> None:
    """Two processes answer each question once though their database crashes meanwhile."""
    result = await run(
        _NAMED["gone-postgresql"], 12, Size(seconds=3.0, patience=_PATIENCE_S, pause=_PAUSE_S)
    )
    assert not _faults(result), result.counts


@pytest.mark.slow
@pytest.mark.timeout(600)
async def test_events_that_come_twice_and_out_of_order() -> None:
    """Each event counts once, whoever hears it and however often."""
    result = await run(
        _NAMED["events-sqlite"], 13, Size(seconds=3.0, patience=_PATIENCE_S, pause=_PAUSE_S)
    )
    assert not _faults(result), result.counts
