"""The report of a run: ``docs/chaos.md``."""

from __future__ import annotations

import os
import platform
import sqlite3
import statistics
import subprocess
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from itertools import groupby
from pathlib import Path

from tests.chaos.judging import Counts
from tests.chaos.scenarios import SCENARIOS, Result
from tests.platforms.command import ROOT
from tests.platforms.postgres_server import server_binaries
from tests.platforms.weaviate_server import VERSION, server_binary

PAGE = ROOT / "docs" / "chaos.md"
_ABOUT, _FOUND = (Path(__file__).parent / name for name in ("about.md", "found.md"))
"""The beginning of the page, and its end: what was found by these runs, and mended."""


def left(counts: Counts) -> int:
    """What was left behind, in all."""
    names = ("half_posted", "rows_left", "leases_left", "twice_stored", "bad_exits", "bad_trails",
             "faults_logged")  # fmt: skip
    return sum(int(getattr(counts, name)) for name in names)


def row(result: Result) -> str:
    """A line for people who watch."""
    counts = result.counts
    good = (
        f"{counts.asked} asked, {counts.answered} answered, {counts.honest} honest,"
        f" {counts.unheard} unheard, {counts.kills} kills, slowest {counts.slowest_s:.1f} s,"
        f" {result.seconds:.0f} s"
    )
    if result.first_answers:
        good += f", first answer {_spread(result.first_answers)}"
    return good + (f"  FAULTS: {counts.faults}" if counts.faults else "  ok")


def _spread(took: Sequence[float]) -> str:
    ordered = sorted(took)
    high = ordered[min(len(ordered) - 1, int(0.95 * len(ordered)))]
    return (
        f"{statistics.median(ordered):.2f} s in the middle, {high:.2f} s in 95 of 100,"
        f" {ordered[-1]:.2f} s at most (n={len(ordered)})"
    )


def _machine() -> list[str]:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    model = next(
        (line.partition(":")[2].strip() for line in Path("/proc/cpuinfo").read_text().splitlines()
         if line.startswith("model name")), platform.machine(),
    )  # fmt: skip
    binaries = server_binaries()
    postgres = "none"
    if binaries is not None:
        told = [str(binaries / "postgres"), "--version"]
        postgres = subprocess.run(told, capture_output=True, text=True, check=True).stdout.strip()
    libraries = ", ".join(f"{name} {version(name)}" for name in ("slack-bolt", "discord.py"))
    return [
        f"- machine: {os.cpu_count()} cores ({model}), {memory:.0f} GB",
        f"- Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}, {postgres},"
        f" Weaviate {VERSION if server_binary() else 'none'}, {libraries}",
    ]


def write(results: Sequence[Result], skipped: Mapping[str, str]) -> None:
    """Write the page anew."""
    total = Counts()
    for result in results:
        total.add(result.counts)
    groups = [list(group) for _, group in groupby(results, lambda result: result.scenario.name)]
    bad = sum(any(result.counts.faults for result in group) for group in groups)
    page = [
        _ABOUT.read_text("utf-8"),
        "## The last run",
        "",
        *_when(results),
        *_machine(),
        f"- **{total.kills} kills, {total.asked} questions: {total.lost} lost, {total.doubled}"
        f" doubled, {total.wrong} wrong, {total.disordered} out of order, {total.late} late,"
        f" {left(total)} left behind; {bad} of {len(groups)} scenarios with a fault**",
        *_times(results),
        "",
        "| scenario | world | fault | seeds | kills | asked | answered | honest | lost | doubled |"
        " wrong | order | late | left | slowest |",
        "|---|---|---|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|",
        *map(_table_row, groups),
        "",
    ]
    if total.sentences:
        told = (f"- {times} times: {text}" for text, times in total.sentences.most_common())
        page += ["The honest sentences:", "", *told, ""]
    if total.unheard:
        page += [f"{total.unheard} questions were never acknowledged and given up by Slack.", ""]
    faulty = [result for result in results if result.counts.faults]
    if faulty:
        notes = (f"- `{each.scenario.name}`, seed {each.seed}: {_named(each)}" for each in faulty)
        page += ["The faults:", "", *notes, ""]
    if skipped:
        page += ["Not run:", "", *(f"- `{name}`: {why}" for name, why in skipped.items()), ""]
    known = {*skipped, *(result.scenario.name for result in results)}
    never = [each.name for each in SCENARIOS if each.name not in known]
    if never:
        page += [f"Not asked for: {', '.join(never)}.", ""]
    page += [_FOUND.read_text("utf-8").rstrip(), ""]
    PAGE.write_text("\n".join(page), "utf-8")


def _when(results: Sequence[Result]) -> list[str]:
    if not results:
        return ["- nothing was run"]
    ends = sorted(result.ended for result in results)
    hours = sum(result.seconds for result in results) / 3600
    busy = [result.busy for result in results]
    settings = sorted({result.setting for result in results})
    return [
        f"- {ends[0]} to {ends[-1]} UTC, {hours:.1f} hours of scenarios; {'; '.join(settings)}",
        f"- load average of the machine meanwhile: {min(busy):.0f} to {max(busy):.0f}",
    ]


def _named(result: Result) -> str:
    return ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in
                     result.counts.faults.items())  # fmt: skip


def _times(results: Sequence[Result]) -> list[str]:
    told = []
    if took := [each for result in results for each in result.first_answers]:
        told.append(
            f"- first finished answer after a restart of the only process: {_spread(took)};"
            " what it consists of stands below"
        )
    if waits := [each for result in results for each in result.waits]:
        told.append(
            f"- from a question to its finished answer, with all the time for which the fault"
            f" lasted: {_spread(waits)}"
        )
    return told


def _table_row(group: Sequence[Result]) -> str:
    one, counts = group[0].scenario, Counts()
    for result in group:
        counts.add(result.counts)
    seeds = " ".join(str(result.seed) for result in group)
    cells = (
        f"`{one.name}`", one.plan.name, one.title, seeds, counts.kills, counts.asked,
        counts.answered, counts.honest, counts.lost, counts.doubled, counts.wrong,
        counts.disordered, counts.late, left(counts), f"{counts.slowest_s:.1f} s",
    )  # fmt: skip
    return f"| {' | '.join(map(str, cells))} |"
