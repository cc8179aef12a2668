"""Every scenario, one after the other, and the report: ``make chaos``.

    python -m tests.chaos [--kills N] [--only NAME …] [--seed N] [--seconds S] [--no-report]
    python -m tests.chaos --keep FILE --only NAME …    # a part; further parts go into the same file
    python -m tests.chaos --report FILE …              # docs/chaos.md from parts
    python -m tests.chaos --list

It ends with 0 when nothing was lost, doubled, late, out of order or left behind, with 1 otherwise.
"""

from __future__ import annotations

import argparse
import asyncio
import shutil
import signal
import sys
from datetime import UTC, datetime
from pathlib import Path

from tests.chaos.kept import read, write_line
from tests.chaos.report import row, write
from tests.chaos.scenarios import SCENARIOS, Result, Scenario, Size, run
from tests.chaos.world import World


def _say(text: str) -> None:
    sys.stdout.write(f"{datetime.now(UTC):%H:%M:%S} {text}\n")
    sys.stdout.flush()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.chaos", description=str(__doc__).splitlines()[0]
    )
    parser.add_argument("--kills", type=int, default=100, help="kill -9, in all (100)")
    parser.add_argument("--only", nargs="+", metavar="NAME", help="these scenarios")
    parser.add_argument("--seed", type=int, default=1, help="1; the next scenario has the next")
    parser.add_argument("--seconds", type=float, default=10.0, help="how long a fault lasts (10)")
    parser.add_argument("--times", type=int, default=4, help="how often what repeats comes (4)")
    parser.add_argument("--rate", type=float, default=4.0, help="questions a second (4)")
    parser.add_argument("--no-report", action="store_true", help="leave docs/chaos.md as it is")
    parser.add_argument("--logs", type=Path, help="keep the logs of scenarios that fail here")
    parser.add_argument("--keep", type=Path, help="add the results to this file, a line each")
    parser.add_argument("--report", type=Path, nargs="+", help="run nothing, report these files")
    parser.add_argument("--list", action="store_true", help="print what there is")
    return parser.parse_args()


def _wanted(names: list[str] | None) -> list[Scenario]:
    known = {each.name: each for each in SCENARIOS}
    if unknown := [name for name in names or () if name not in known]:
        raise SystemExit(f"No such scenario: {', '.join(unknown)}; see --list.")
    return [known[name] for name in names] if names else list(SCENARIOS)


def _size(scenario: Scenario, options: argparse.Namespace, alone: bool) -> Size:
    share = 1.0 if alone else scenario.share
    number = round(options.kills * share) if scenario.share else 0
    return Size(number, options.seconds, options.times, options.rate)


async def _one(
    scenario: Scenario, seed: int, size: Size, logs: Path | None
) -> tuple[Result, dict[str, int]]:
    kept: list[Path] = []

    def keep(world: World) -> None:
        if logs is not None:
            logs.mkdir(parents=True, exist_ok=True)
            for bot in world.bots:
                target = logs / f"{scenario.name}-{seed}-{bot.name}.log"
                shutil.copyfile(bot.log_file, target)
                kept.append(target)
            rows = logs / f"{scenario.name}-{seed}-inbox.txt"
            rows.write_text("\n".join(world.rows), "utf-8")
            kept.append(rows)

    result = await run(scenario, seed, size, lambda text: _say(f"    {text}"), keep=keep)
    bad = result.counts.faults
    if not bad:
        for file in kept:
            file.unlink()
    return result, bad


async def _all(options: argparse.Namespace) -> int:
    results: list[Result] = []
    skipped: dict[str, str] = {}
    wanted = _wanted(options.only)
    killing = [each for each in wanted if each.share]
    failed = 0
    for n, scenario in enumerate(wanted):
        if scenario.missing:
            skipped[scenario.name] = scenario.missing
            _say(f"{scenario.name}: not run, {scenario.missing}")
            continue
        size = _size(scenario, options, alone=len(killing) == 1)
        _say(f"{scenario.name} (seed {options.seed + n}): {scenario.title}, {scenario.plan.name}")
        try:
            result, bad = await _one(scenario, options.seed + n, size, options.logs)
        except Exception as error:  # noqa: BLE001 - the other scenarios are run all the same
            failed += 1
            skipped[scenario.name] = f"broke off: {type(error).__name__}: {error}"
            _say(f"  BROKE OFF: {type(error).__name__}: {error}")
            continue
        results.append(result)
        if options.keep is not None:
            write_line(options.keep, result)
        failed += bool(bad)
        _say(f"  {row(result)}")
        for sentence, times in result.counts.sentences.most_common(5):
            _say(f"    {times} times: {sentence!r}")
        for note in result.counts.notes[:12]:
            _say(f"    ! {note}")
    if not options.no_report:
        write(results, skipped)
    _say(f"{len(results)} scenarios, {failed} with faults, {len(skipped)} not run")
    return 1 if failed else 0


def main() -> int:
    """0 where nothing was amiss, 1 where something was, 130 where it was interrupted."""
    options = _options()
    if options.list:
        for each in SCENARIOS:
            sys.stdout.write(f"{each.name:20}{each.title}; {each.plan.name} {each.missing}\n")
        return 0
    if options.report:
        write(read(options.report), {})
        return 0
    for which in (signal.SIGINT, signal.SIGTERM):  # also where a shell had it ignored
        signal.signal(which, signal.default_int_handler)
    try:
        return asyncio.run(_all(options))
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
