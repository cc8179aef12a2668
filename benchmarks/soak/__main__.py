"""The process that lives through the day; ``bench_soak`` starts it.

The clock is put in place first of all: nothing of the product may have been imported before it.
"""

from __future__ import annotations

import argparse
from datetime import UTC, datetime
from pathlib import Path

# These take datetime as it is: what they make must be what they expect.
import aiohttp  # noqa: F401
import fastapi  # noqa: F401
import pydantic  # noqa: F401
import sqlalchemy.ext.asyncio  # noqa: F401

from benchmarks.soak.clock import FastClock

BEGIN = datetime(2026, 3, 2, 6, tzinfo=UTC)  # a Monday, before people come


def main() -> None:
    """Live the day, or what is left of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("home", type=Path)
    parser.add_argument("--model", required=True, help="address of the model server")
    parser.add_argument("--turns", type=int, required=True)
    parser.add_argument("--hours", type=float, required=True)
    parser.add_argument("--minutes", type=float, required=True)
    parser.add_argument("--seed", type=int, default=10)
    options = parser.parse_args()
    clock = FastClock(BEGIN)
    from benchmarks.soak.kept import Kept

    kept = Kept(options.home)
    clock.move(kept.second)
    clock.install()
    from benchmarks.soak.day import Day

    clock.run(Day(clock, kept, options).live())


if __name__ == "__main__":
    main()
