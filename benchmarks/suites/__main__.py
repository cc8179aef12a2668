"""The open sets as suites: list them, write them, or ask them.

python -m benchmarks.suites
python -m benchmarks.suites make squad2 --out /tmp/squad2
python -m benchmarks.suites run squad2 clapnq [--mode rag] [--quick]
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from benchmarks.open_sets import data_folder
from benchmarks.suites.catalogue import QUICK, SETS, made, missing
from benchmarks.suites.running import MODES, asked, kept, printed


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.suites", description=__doc__.splitlines()[0]
    )
    doing = parser.add_subparsers(dest="doing")
    make = doing.add_parser("make", help="write the documents and the suite of a set")
    make.add_argument("set", choices=SETS)
    make.add_argument("--out", type=Path, required=True)
    run = doing.add_parser("run", help="read in and ask; without a name the usual ones")
    run.add_argument("sets", nargs="*", metavar="SET")
    run.add_argument("--mode", action="append", choices=("rag", "voice", "hybrid", "auto"))
    run.add_argument("--quick", action="store_true", help=f"{QUICK} questions a set")
    run.add_argument("--out", type=Path, help="keep the scorecards here, as SET.json")
    for each in (make, run):
        each.add_argument("--data", type=Path, default=data_folder(), help="the open sets")
        each.add_argument("--size", type=int, help="questions; default: as listed")
    return parser.parse_args()


def main() -> int:
    """What was asked for; 1 where a set is not there or failed, 2 for an unknown one."""
    options = _options()
    if options.doing is None:
        for name, listed in SETS.items():
            size = listed.size or "all"
            print(f"{name:20}{size:>6}  {listed.about}{'' if listed.usual else ' (named only)'}")
        return 0
    if options.doing == "make":
        return _make(options)
    names = options.sets or [name for name, listed in SETS.items() if listed.usual]
    unknown = [name for name in names if name not in SETS]
    if unknown:
        print(f"No such set: {', '.join(unknown)}; there are {', '.join(SETS)}.", file=sys.stderr)
        return 2
    failed = 0
    for name in names:
        failed |= _run(name, options)
    return failed


def _make(options: argparse.Namespace) -> int:
    why = missing(options.set, options.data)
    if why:
        print(why, file=sys.stderr)
        return 1
    suite = made(options.set, options.data, size=options.size)
    path = suite.write(options.out)
    print(f"{path}: {len(suite.cases)} cases about {options.out / 'documents'}")
    return 0


def _run(name: str, options: argparse.Namespace) -> int:
    why = missing(name, options.data)
    if why:
        print(f"{name}: {why}", file=sys.stderr)
        return 1
    suite = made(name, options.data, size=options.size or (QUICK if options.quick else None))
    card, about = asked(suite, options.mode or list(MODES))
    kept(name, card, about)
    print(printed(suite, card), flush=True)
    if options.out:
        options.out.mkdir(parents=True, exist_ok=True)
        told = json.dumps({"about": about, "card": card}, indent=1, ensure_ascii=False)
        (options.out / f"{name}.json").write_text(told + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
