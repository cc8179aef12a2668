"""Every benchmark, each in a process of its own, and the tables of the docs from what they say.

    python -m benchmarks [--only NAME …] [--quick] [--all] [--anyway]
    python -m benchmarks --list
    python -m benchmarks --write

What fails or cannot run is told and keeps its older figures. A result of the very code that is here
is not measured again, so that an interrupted run goes on where it stood.
"""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Sequence
from datetime import UTC, datetime

from benchmarks.catalogue import SUITE, Benchmark, benchmarks
from benchmarks.keeping import Result, load, merged, save
from benchmarks.open_sets import ROOT, data_folder
from benchmarks.publishing import write
from benchmarks.running import code, measured, spoilt
from benchmarks.suites.catalogue import SETS


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description=__doc__.splitlines()[0]
    )
    parser.add_argument("--only", nargs="+", metavar="NAME", help="these; suites: every suite")
    parser.add_argument("--quick", action="store_true", help="small; nothing is kept or written")
    parser.add_argument("--all", action="store_true", help="also what was measured of this code")
    parser.add_argument(
        "--anyway", action="store_true", help="believe figures of speed on a busy machine"
    )
    parser.add_argument("--list", action="store_true", help="print what there is")
    parser.add_argument("--write", action="store_true", help="write the tables, run nothing")
    return parser.parse_args()


def _wanted(only: Sequence[str] | None) -> list[Benchmark]:
    every = list(benchmarks())
    if only is None:
        usual = {f"{SUITE}{name}" for name, listed in SETS.items() if listed.usual}
        usual |= {e.name for e in every if e.plan.usual and not e.name.startswith(SUITE)}
        return [each for each in every if each.name in usual]
    names = {name.removeprefix("bench_") for name in only}
    if "suites" in names:
        names = (names - {"suites"}) | {f"{SUITE}{name}" for name in SETS if SETS[name].usual}
    unknown = names - {each.name for each in every}
    if unknown:
        raise SystemExit(f"No such benchmark: {', '.join(sorted(unknown))}; see --list.")
    return [each for each in every if each.name in names]


def _known(each: Benchmark, before: Result | None) -> bool:
    if before is None or "not_run" in before:
        return False
    return bool(before.get("code") == code(each.module))


def _one(each: Benchmark, options: argparse.Namespace) -> bool:
    """Run one and keep what it says; whether it could."""
    before = load().get(each.name)
    if _known(each, before) and not (options.all or options.quick):
        print(f"{each.name}: measured on {before['at'][:10] if before else ''}", flush=True)
        return True
    print(f"\n== {each.name}", flush=True)
    if each.missing:
        now: Result = {"at": datetime.now(UTC).isoformat(timespec="seconds")}
        now |= {"not_run": each.missing}
        busy = False
    else:
        now, others, printed = measured(each, quick=options.quick)
        busy = spoilt(others) and not options.anyway
        print(printed.rstrip().replace(str(data_folder()), "OPEN_SETS"))
        print(f"{now['seconds']:.0f} s; others used {others:.0%} of the machine", flush=True)
    if "not_run" in now:
        print(f"not run: {now['not_run']}", flush=True)
    if not options.quick:
        now |= {"not_run": _plain(now["not_run"])} if "not_run" in now else {}
        save(each.name, merged(now, before, busy=busy))
    return "not_run" not in now


def _plain(why: str) -> str:
    """A reason without paths of this machine."""
    return why.replace(str(data_folder()), "the open sets").replace(str(ROOT), ".")


def main() -> int:
    """1 where something was not run, 130 where it was interrupted."""
    options = _options()
    if options.list:
        for each in benchmarks():
            print(f"{each.name:28}{each.module} {' '.join(each.plan.arguments)}")
        return 0
    if options.write:
        write()
        return 0
    wanted = _wanted(options.only)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # ends what it started
    failed: list[str] = []
    try:
        for each in wanted:
            failed += [] if _one(each, options) else [each.name]
    except KeyboardInterrupt:
        print("\nInterrupted; the same command goes on here.", file=sys.stderr)
        return 130
    finally:
        if not options.quick:
            write()
    if failed:
        print(f"\nNot run: {', '.join(failed)}.", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
