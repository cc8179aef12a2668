"""Figures of a benchmark, for the tables of ``docs/benchmarks.md``.

A benchmark prints what it likes, and says its figures beside that::

    figure("besides the model, p50", 18.2, unit="ms", bar=at_most(25), speed=True)

Run alone nothing comes of it; ``python -m benchmarks`` names a file to write them to, by
``$WELLSPOKEN_BENCH_FIGURES``.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bot.evaluation.intervals import wilson

VARIABLE = "WELLSPOKEN_BENCH_FIGURES"
Bar = tuple[str, float]


class NotRunError(Exception):
    """Why a benchmark cannot run here, in words: no server, no data."""


def at_most(value: float) -> Bar:
    """A bar that a figure must not pass."""
    return ("at most", value)


def at_least(value: float) -> Bar:
    """A bar that a figure must reach."""
    return ("at least", value)


def figure(
    what: str,
    value: float | None,
    *,
    unit: str = "",
    interval: Sequence[float] | None = None,
    n: int | None = None,
    bar: Bar | None = None,
    speed: bool = False,
) -> None:
    """Say one figure.

    ``unit`` is "share" for what is between 0 and 1, "difference" for one of two shares.
    ``interval`` are the ends of the 95 % one, and ``n`` how many were counted. ``speed`` is what a
    busy machine spoils. ``None`` and NaN: nothing was counted.
    """
    if value is None or math.isnan(value):
        return
    told: dict[str, Any] = {"what": what, "value": float(value), "unit": unit}
    told |= {"interval": [float(end) for end in interval]} if interval is not None else {}
    told |= {"n": n} if n is not None else {}
    told |= {"bar": list(bar)} if bar is not None else {}
    told |= {"speed": True} if speed else {}
    _write(told)


def proportion(what: str, count: float, n: int, *, bar: Bar | None = None) -> None:
    """Say a share of ``n`` cases, with Wilson's interval; nothing for none."""
    found = wilson(count, n)
    if found is not None:
        figure(what, count / n, unit="share", interval=found.pair(), n=n, bar=bar)


def card(name: str, scorecard: dict[str, Any], about: dict[str, Any]) -> None:
    """Keep a whole scorecard of ``wellspoken evaluate``, and what is told ``about`` its suite."""
    _write({"suite": name, "about": about, "card": scorecard})


def not_run(why: str) -> None:
    """Say that nothing could be measured here, and why."""
    _write({"not run": why})


def _write(told: dict[str, Any]) -> None:
    path = os.environ.get(VARIABLE)
    if path:
        with Path(path).open("a", encoding="utf-8") as file:
            file.write(json.dumps(told, ensure_ascii=False) + "\n")
