"""Simulates many machines with the figures of ``benchmarks/results``, and writes the sizing.

    python -m benchmarks.simulation

It takes about a minute, and measures nothing: after ``python -m benchmarks --only load turn`` it
says what the new figures mean. The sections of ``docs/operations.md`` follow.
"""

from __future__ import annotations

import argparse

from benchmarks.keeping import load
from benchmarks.simulation.publishing import write


def main() -> None:
    """Print what is written."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    print(write(load()))


if __name__ == "__main__":
    main()
