"""A day of traffic in fast motion: is memory flat, what does the database grow by, what is left?

    python -m benchmarks.bench_soak [--turns 200000] [--hours 24] [--minutes 230] [--home FOLDER]

One process serves as ``wellspoken serve`` does: web server, worker with all its schedules, and a
chat platform that forgets what it is told, on SQLite: leases and schedules on PostgreSQL go by that
server's clock, which nobody here can move. The clock of this process is simulated
(``soak/clock.py``): every timer, lease, schedule and window of it lives through the whole day, from
6 in the morning. People come as in ``soak/traffic.py``: questions, repeats, small talk, follow-ups,
what nobody knows, thumbs, corrections, edits, deletions, wishes to be forgotten; documents change
every quarter of an hour and are read again. The model is a stand-in.

Every simulated quarter of an hour memory, tasks, threads, files and the database are counted, every
hour tables, caches and types of objects. With ``--home`` (or $WELLSPOKEN_BENCH_SOAK_HOME) a run
that was cut short goes on where it stood; memory is then judged of the process that lived longest.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from benchmarks.bench_load import _free_port, _running
from benchmarks.open_sets import ROOT
from benchmarks.product import environment
from benchmarks.reporting import at_least, at_most, figure
from benchmarks.soak.judging import explained, growth, longest_run, slope

HOME = "WELLSPOKEN_BENCH_SOAK_HOME"
_TOKENS = 60
_FLAT_MB = 2.0
_SHOWN = 6
_MB = 2**20


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--turns", type=int, default=200_000, help="a day")
    parser.add_argument("--hours", type=float, default=24, help="simulated")
    parser.add_argument("--minutes", type=float, default=230, help="of the wall clock, at most")
    parser.add_argument("--home", type=Path, default=os.environ.get(HOME))
    parser.add_argument("--judge", action="store_true", help="only what is in the home already")
    return parser.parse_args()


def _live(options: argparse.Namespace, home: Path, stack: ExitStack) -> None:
    """Let the day be lived through, in a process of its own."""
    port = _free_port()
    model = [sys.executable, "-m", "tests.platforms.openai_server", "--port", str(port)]
    logs = Path(stack.enter_context(tempfile.TemporaryDirectory()))
    stack.enter_context(_running([*model, "--tokens", str(_TOKENS)], logs, environment()))
    command = [sys.executable, "-m", "benchmarks.soak", str(home)]
    command += ["--model", f"http://127.0.0.1:{port}/v1", "--turns", str(options.turns)]
    command += ["--hours", str(options.hours), "--minutes", str(options.minutes)]
    lived = subprocess.Popen(command, cwd=ROOT, env=environment())
    try:
        if lived.wait():
            raise SystemExit("The day was not lived through; its last words are above.")
    except KeyboardInterrupt:
        lived.send_signal(signal.SIGINT)  # it measures once more, stops, and tells what is left
        lived.wait()


def _tell(home: Path) -> None:
    """Judge by the samples, and say the figures."""
    lines = (home / "samples.jsonl").read_text("utf-8").splitlines()
    samples: list[dict[str, Any]] = [json.loads(line) for line in lines]
    last, ends = samples[-1], [row for row in samples if row.get("end")]
    turns, hours = last["turns"], last["second"] / 3600
    print(f"\n{turns:,} turns in {hours:.1f} simulated hours, {last['run']} processes")
    print("  " + ", ".join(f"{count} {what}" for what, count in sorted(last["counts"].items())))
    figure("turns", turns)
    figure("simulated hours", hours)
    _memory(samples)
    _database(samples)
    left = sum(sum(row["tasks_left"].values()) for row in ends)
    open_ = last["open_events"] + last["open_jobs"]
    lost = last["counts"].get("left", 0) + last["counts"].get("failed", 0)
    print(f"  left after the stop: {left} tasks, {open_} events and jobs; {lost} without an answer")
    if ends:
        figure("tasks left after the stop", left, bar=at_most(0))
        figure("events and jobs left after the stop", open_, bar=at_most(0))
    figure("questions without an answer", lost, n=last["counts"].get("asked"), bar=at_most(0))


def _memory(samples: list[dict[str, Any]]) -> None:
    rows = longest_run(samples)
    titles = "tasks threads files  objects cached   DB MB"
    print(f"  {'hours':>6} {'turns':>8} {'MB':>6} {'before':>6} {titles}")
    for row in rows:
        print(
            f"  {row['second'] / 3600:6.2f} {row['turns']:8,} {row['resident'] / _MB:6.0f} "
            f"{row['resident_before'] / _MB:6.0f} {row['tasks']:5} {row['threads']:7} "
            f"{row['files']:5} {row['objects']:8,} {row.get('cached', 0) / _MB:6.0f} "
            f"{row['database'] / _MB:7.0f}"
        )
    figure("memory at the end", rows[-1]["resident"] / _MB, unit="MB")
    found = slope(rows)
    if found is not None:
        print(
            f"  memory after the warm-up: {found.value:+.2f} MB in 10,000 turns "
            f"({found.low:+.2f} to {found.high:+.2f}), over {found.turns:,} turns"
        )
        figure(
            "memory after the warm-up, in 10,000 turns",
            found.value,
            unit="MB",
            interval=(found.low, found.high),
            n=found.turns,
            bar=at_most(_FLAT_MB),
        )
    _grown(rows, "held", "entries held")
    _grown(rows, "kinds", "objects")
    for what in ("tasks", "threads", "files"):
        figure(f"{what}, at most", max(row[what] for row in rows))
    figure("journal of the database, at most", max(r["journal"] for r in rows) / _MB, unit="MB")


def _grown(rows: list[dict[str, Any]], what: str, title: str) -> None:
    """What grew most since the middle of the time."""
    hourly = [row[what] for row in rows if row[what]]
    if len(hourly) < 2:
        return
    middle, last = hourly[len(hourly) // 2], hourly[-1]
    more = {name: count - middle.get(name, 0) for name, count in last.items()}
    for name, count in sorted(more.items(), key=lambda pair: -pair[1])[:_SHOWN]:
        print(f"  {title} since the middle: {count:+7,} to {last[name]:,} {name}")


def _database(samples: list[dict[str, Any]]) -> None:
    found = growth(samples)
    if not found:
        return
    whole = sum(each.bytes_a_turn for each in found)
    share = explained(found)
    print(f"  the database grew by {whole:,.0f} bytes a turn; rows explain {share:.1%}:")
    for each in found:
        print(f"    {each.bytes_a_turn:8,.1f} bytes, {each.rows_a_turn:6.3f} rows  {each.table}")
    figure("database, a turn", whole, unit="bytes")
    figure("growth explained by rows", share, unit="share", bar=at_least(0.95))
    for each in found[:_SHOWN]:
        figure(f"of that {each.table}", each.bytes_a_turn, unit="bytes")


def main() -> None:
    """Live through the day, or what is left of it, and judge it."""
    options = _options()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with ExitStack() as stack:
        home = options.home or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        home.mkdir(parents=True, exist_ok=True)
        if not options.judge:
            _live(options, home, stack)
        _tell(home)


if __name__ == "__main__":
    main()
