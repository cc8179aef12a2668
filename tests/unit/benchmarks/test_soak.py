"""The soak: its clock, its people, and how its samples are judged."""

from __future__ import annotations

import random
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from benchmarks.catalogue import benchmarks
from benchmarks.soak.judging import explained, growth, longest_run, slope
from benchmarks.soak.kept import Kept
from benchmarks.soak.traffic import Library, Traffic

ROOT = Path(__file__).parents[3]
MB = 2**20
NOW = datetime(2026, 3, 2, 14, tzinfo=UTC)

_ON_THE_CLOCK = """
import asyncio, time
from datetime import UTC, datetime
from benchmarks.soak.clock import FastClock

clock = FastClock(datetime(2026, 3, 2, tzinfo=UTC))
clock.install()
from datetime import datetime as seen

async def main():
    begun, real, said = seen.now(UTC), time.perf_counter(), []
    async def sleeper():
        await asyncio.sleep(3600)
        said.append(seen.now(UTC))
    task = asyncio.create_task(sleeper())
    await asyncio.sleep(0)
    for _ in range(60):
        clock.move(60.0)
        await asyncio.sleep(0)
    await task
    assert (said[0] - begun).total_seconds() >= 3600
    assert begun.year == 2026 and isinstance(begun, seen) and type(begun) is datetime
    assert seen(2026, 1, 1) == datetime(2026, 1, 1)
    assert abs(time.time() - seen.now(UTC).timestamp()) < 60
    print("kept time")

clock.run(main())
"""


def sample(turns: int, **more: Any) -> dict[str, Any]:
    size = {"resident": 300 * MB, "tables": {}, "rows": {}}
    return {"run": 1, "turns": turns, "second": turns / 2, **size, **more}


def test_all_clocks_agree_on_the_simulated_time() -> None:
    """Timers, ``datetime.now`` and ``time.time`` go on together, an hour in a moment."""
    done = subprocess.run(
        [sys.executable, "-c", _ON_THE_CLOCK], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.stdout.strip() == "kept time", done.stderr


def test_memory_that_stands_is_flat() -> None:
    """After the warm-up nothing grows: the slope is nought, and the interval holds it."""
    chance = random.Random(1)
    rows = [sample(n * 1_000, resident=(300 + chance.random()) * MB) for n in range(40)]
    rows[0]["resident"] = 200 * MB
    found = slope(rows)
    assert found is not None
    assert found.low < 0 < found.high
    assert abs(found.value) < 0.5


def test_a_leak_is_told_with_its_size() -> None:
    """A kilobyte a turn is ten megabytes in 10,000 turns."""
    found = slope([sample(n * 1_000, resident=300 * MB + n * 1_000 * 1_024) for n in range(40)])
    assert found is not None
    assert found.value == pytest.approx(10_000 * 1_024 / MB)
    assert found.low > 9


def test_too_few_samples_say_nothing() -> None:
    """Two points are no trend."""
    assert slope([sample(0), sample(100)]) is None
    assert growth([sample(0), sample(100)]) == []


def test_growth_that_rows_explain() -> None:
    """A table that takes the same for each row is explained."""
    hours = [
        sample(n * 100, tables={"turns": 4_000 * n, "empty": 8_192}, rows={"turns": 2 * n})
        for n in range(1, 6)
    ]
    found = growth(hours)
    assert [(each.table, each.bytes_a_turn, each.rows_a_turn) for each in found] == [
        ("turns", 40.0, 0.02)
    ]
    assert explained(found) == pytest.approx(1.0)


def test_growth_that_rows_do_not_explain() -> None:
    """Rows that become larger and larger, or bytes without rows, are not explained."""
    rows = {"turns": [1, 2, 3], "log": [5, 5, 5]}
    sizes = {"turns": [1_000, 2_000, 9_000], "log": [0, 1_000, 2_000]}
    hours = [
        sample(
            n * 100,
            tables={name: size[n] for name, size in sizes.items()},
            rows={name: count[n] for name, count in rows.items()},
        )
        for n in range(3)
    ]
    assert explained(growth(hours)) < 0.2


def test_the_longest_run_is_judged() -> None:
    """Of a day that was cut short, memory is judged of the process that answered most."""
    rows = [sample(n, run=1) for n in (0, 500)] + [sample(n, run=2) for n in (500, 2_000)]
    assert [row["run"] for row in longest_run([*rows, sample(2_000, run=2, end=True)])] == [2, 2]


def test_a_run_goes_on_where_it_stood(tmp_path: Path) -> None:
    """The time and the counts of an earlier run are there again."""
    line = '{"second": 900.5, "run": 1, "counts": {"turns": 7}}\n'
    (tmp_path / "samples.jsonl").write_text(line, "utf-8")
    kept = Kept(tmp_path)
    assert (kept.second, kept.runs, kept.counts["turns"]) == (900.5, 2, 7)
    assert Kept(tmp_path / "new").runs == 1


def test_people_come_by_the_curve_of_the_day() -> None:
    """Most at two in the afternoon, few at two in the night, as many a day as was said."""
    traffic = Traffic(200_000, seed=3)
    by_hour = [sum(traffic.arrivals(h, 10.0) for _ in range(360)) for h in range(24)]
    assert sum(by_hour) == pytest.approx(200_000, rel=0.02)
    assert by_hour.index(max(by_hour)) in range(12, 17)
    assert max(by_hour) > 8 * min(by_hour)


def test_people_write_what_they_should() -> None:
    """All kinds of messages come, by chat and by the API, and no message has another's id."""
    traffic = Traffic(200_000, seed=3)
    sent = [traffic.message(NOW) for _ in range(5_000)]
    kinds = {each.kind for each in sent}
    assert kinds == {"new", "repeat", "small talk", "follow-up", "unknown"}
    heard = [each.heard.message for each in sent if each.heard is not None]
    assert len(set(heard)) == len(heard)
    assert 0.5 < len(heard) / len(sent) < 0.8
    assert any(each.thread for each in sent)


def test_documents_change_all_day(tmp_path: Path) -> None:
    """An edit changes documents and takes one away or brings it back; their number stays about."""
    library = Library(tmp_path, random.Random(1))
    before = {path: path.read_text("utf-8") for path in tmp_path.rglob("*.md")}
    for _ in range(20):
        library.edit()
    after = {path: path.read_text("utf-8") for path in tmp_path.rglob("*.md")}
    assert len(before) - 12 <= len(after) <= len(before)
    assert sum(before[path] != text for path, text in after.items()) > 30


def test_a_day_is_not_lived_through_unasked() -> None:
    """What takes hours runs only where it is named."""
    assert [each.name for each in benchmarks() if not each.plan.usual] == ["console", "soak"]
