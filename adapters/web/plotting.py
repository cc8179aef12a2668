"""Figures as plots: plain dicts that ``_plots.html`` puts on a page and ``plots.js`` draws.

Every plot carries the table of the same figures, for everybody who sees no canvas. A plot is a
dict with ``kind``, ``title``, ``meaning``, ``note``, ``alt`` (what a screen reader says), ``keys``
(its legend: a name and a tone from 1 to 6), ``table`` (``head`` and ``rows`` of words, the first
of a row is its header) and ``draw`` (what the script needs; ``None`` where the table is the plot).

Pure: the same figures give the same plot.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

Plot = dict[str, Any]
Unit = Literal["share", "score", "loss", "dollars", "milliseconds", "count"]

TONES = {"rag": 1, "voice": 2, "hybrid": 3, "auto": 4}
"""A mode has the same colour and mark on every page; other names take what is left."""
_TONES = 6
_SPREAD = 20.0
"""From this ratio of the largest to the smallest cost on, an axis is logarithmic."""
_SECOND = 1_000  # milliseconds
_SPOKEN = 12
"""Readings that the words for a screen reader name; the table has all."""


@dataclass(frozen=True, slots=True)
class Reading:
    """A figure with the ends of its interval and the ``n`` cases behind it, in the plot's unit;
    shares are from 0 to 1. ``value`` is ``None`` where nothing was counted."""

    value: float | None = None
    low: float | None = None
    high: float | None = None
    n: int = 0

    @classmethod
    def of(cls, card: Mapping[str, Any], name: str) -> Reading:
        """A figure of a scorecard's mode: ``name``, with its ``_ci95`` and ``_n`` where it has
        them."""
        value = card.get(name)
        ends = card.get(f"{name}_ci95")
        if value is None:
            return cls()
        low, high = ends or (None, None)
        return cls(float(value), low, high, int(card.get(f"{name}_n") or card.get("n") or 0))


@dataclass(frozen=True, slots=True)
class Bin:
    """Answers of about the same ``confidence`` (their mean), and the share of them that was
    right."""

    confidence: float
    right: Reading


@dataclass(frozen=True, slots=True)
class Spot:
    """A named place: its ``x``, and its figure."""

    name: str
    x: float | None
    reading: Reading


def bars(
    title: str,
    meaning: str,
    categories: Sequence[str],
    series: Mapping[str, Sequence[Reading]],
    *,
    unit: Unit = "share",
    note: str = "",
    hints: Mapping[str, str] | None = None,
    tones: Mapping[str, int] | None = None,
) -> Plot:
    """Groups of bars with error bars: a group a category, a bar in it for each of the series.
    ``hints`` say in the table what a category counts; ``tones`` are colours of series."""
    keys = _keys(series, tones)
    return _plot(
        "bars", title, meaning, note, unit,
        keys=keys,
        table={**_side_by_side("", categories, series, unit), "hints": dict(hints or {})},
        readings=series,
        draw={
            "labels": list(categories),
            "top": 1 if unit in ("share", "score") else None,
            "series": [
                {"name": name, "tone": tone, "points": [_point(r) for r in series[name]]}
                for name, tone in keys
            ],
        },
    )  # fmt: skip


def stacked(
    title: str,
    meaning: str,
    categories: Sequence[str],
    series: Mapping[str, Sequence[float]],
    *,
    unit: Unit = "count",
    note: str = "",
    tones: Mapping[str, int] | None = None,
) -> Plot:
    """A bar a category, cut into the parts of the series."""
    readings = {name: [Reading(value) for value in values] for name, values in series.items()}
    plot = bars(title, meaning, categories, readings, unit=unit, note=note, tones=tones)
    return {**plot, "kind": "stacked", "draw": {**plot["draw"], "kind": "stacked", "top": None}}


def reliability(
    title: str, meaning: str, series: Mapping[str, Sequence[Bin]], *, note: str = ""
) -> Plot:
    """How often what was said with a confidence is right; on the diagonal the two are the same.
    A mark is the larger the more answers are behind it."""
    keys = _keys(series)
    most = max((b.right.n for bins in series.values() for b in bins), default=0) or 1
    rows = [
        [name, shown(b.confidence, "share"), *_words(b.right, "share"), f"{b.right.n:,}"]
        for name, _ in keys
        for b in series[name]
    ]
    return _plot(
        "reliability", title, meaning, note, "share",
        keys=keys,
        table=_table(["Of", "Said", "Right", "95% interval", "Answers"], rows),
        readings={name: [b.right for b in bins] for name, bins in series.items()},
        draw={
            "xTitle": "confidence", "yTitle": "right", "xUnit": "share", "top": 1,
            "series": [
                {"name": name, "tone": tone, "points": [
                    {**_point(b.right), "x": _finite(b.confidence),
                     "size": math.sqrt(b.right.n / most)}
                    for b in series[name]
                ]}
                for name, tone in keys
            ],
        },
    )  # fmt: skip


def against(
    title: str,
    meaning: str,
    spots: Sequence[Spot],
    *,
    x_title: str,
    y_title: str,
    x_unit: Unit = "dollars",
    unit: Unit = "share",
    note: str = "",
) -> Plot:
    """A figure against what it takes, a mark for each spot; logarithmic where what it takes
    spreads widely."""
    keys = _keys([spot.name for spot in spots])
    tones = dict(keys)
    there = [s.x for s in spots if s.x is not None and s.reading.value is not None]
    logarithmic = bool(there) and min(there) > 0 and max(there) / min(there) >= _SPREAD
    rows = [[s.name, shown(s.x, x_unit), *_words(s.reading, unit)] for s in spots]
    return _plot(
        "against", title, meaning, note, unit,
        keys=keys,
        table=_table(["", x_title, y_title, "95% interval"], rows),
        readings={s.name: [s.reading] for s in spots},
        draw={
            "xTitle": x_title, "yTitle": y_title, "xUnit": x_unit, "log": logarithmic,
            "top": 1 if unit in ("share", "score") else None,
            "series": [
                {"name": s.name, "tone": tones[s.name],
                 "points": [{**_point(s.reading), "x": _finite(s.x)}]}
                for s in spots
            ],
        },
    )  # fmt: skip


def trend(
    title: str,
    meaning: str,
    moments: Sequence[str],
    series: Mapping[str, Sequence[Reading]],
    *,
    unit: Unit = "share",
    note: str = "",
    moment: str = "When",
    tones: Mapping[str, int] | None = None,
) -> Plot:
    """Lines from the first moment to the last with a band for the interval; a moment without a
    figure is a gap. ``tones`` are colours of series."""
    plot = bars(title, meaning, moments, series, unit=unit, note=note, tones=tones)
    return {
        **plot,
        "kind": "trend",
        "draw": {**plot["draw"], "kind": "trend"},
        "table": _moments(moment, moments, series, unit),
    }


def curves(
    title: str,
    meaning: str,
    series: Mapping[str, Sequence[tuple[float, float]]],
    *,
    x_title: str,
    unit: Unit = "score",
    note: str = "",
) -> Plot:
    """Lines through places ``(x, y)``, each line with places of its own."""
    keys = _keys(series)
    places = sorted({x for points in series.values() for x, _ in points})
    known = {name: dict(points) for name, points in series.items()}
    rows = [[shown(x, "count"), *(shown(known[n].get(x), unit) for n in known)] for x in places]
    return _plot(
        "curves", title, meaning, note, unit,
        keys=keys,
        table=_table([x_title.capitalize(), *series], rows[::-1]),
        readings={n: [Reading(y) for _, y in points] for n, points in series.items()},
        draw={
            "xTitle": x_title, "xUnit": "count",
            "series": [
                {"name": name, "tone": tone,
                 "points": [{"x": _finite(x), "y": _finite(y)} for x, y in series[name]]}
                for name, tone in keys
            ],
        },
    )  # fmt: skip


def confusion(
    title: str,
    meaning: str,
    rows: Sequence[str],
    columns: Sequence[str],
    counts: Mapping[tuple[str, str], int],
    *,
    corner: str = "",
    note: str = "",
) -> Plot:
    """What should have been (rows) against what was (columns). The table is the plot: a cell is
    the darker the larger its share of its row; those on the diagonal are right."""
    cells = []
    for row in rows:
        total = sum(counts.get((row, column), 0) for column in columns)
        cells.append([
            {
                "count": (count := counts.get((row, column), 0)),
                "share": count / total if total else 0.0,
                "step": _step(count / total) if total else 0,
                "right": row == column,
            }
            for column in columns
        ])  # fmt: skip
    return {
        "kind": "confusion", "title": title, "meaning": meaning, "note": note, "alt": "",
        "keys": [], "draw": None,
        "table": {"head": [corner, *columns], "rows": list(zip(rows, cells, strict=True))},
    }  # fmt: skip


def shown(value: float | None, unit: Unit) -> str:
    """A figure as a table says it; a dash where there is none."""
    number = _finite(value)
    if number is None:
        return "–"
    if unit == "share":
        return f"{100 * number:.1f}%"
    if unit in ("score", "loss"):
        return f"{number:.{2 if unit == 'score' else 4}f}"
    if unit == "milliseconds":
        return f"{number / 1000:,.1f} s" if number >= _SECOND else f"{number:,.0f} ms"
    if unit == "dollars":
        whole, _, cents = f"{number:,.6f}".partition(".")
        small = cents.rstrip("0").ljust(2, "0")
        return f"${whole}.{small}" if abs(number) < 1 else f"${number:,.2f}"
    return f"{number:,.0f}"


def told(reading: Reading, unit: Unit) -> str:
    """A figure with its interval behind it."""
    value, ends = _words(reading, unit)
    return value if ends == "–" else f"{value} ({ends})"


def _plot(
    kind: str,
    title: str,
    meaning: str,
    note: str,
    unit: Unit,
    *,
    keys: Sequence[tuple[str, int]],
    table: Mapping[str, Any],
    readings: Mapping[str, Sequence[Reading]],
    draw: Mapping[str, Any],
) -> Plot:
    return {
        "kind": kind,
        "title": title,
        "meaning": meaning,
        "note": note,
        "alt": _spoken(title, readings, unit),
        "keys": [{"name": name, "tone": tone} for name, tone in keys],
        "table": table,
        "draw": {"kind": kind, "unit": unit, **draw},
    }


def _spoken(title: str, readings: Mapping[str, Sequence[Reading]], unit: Unit) -> str:
    """What a screen reader says in the canvas's place."""
    said = []
    for name, found in readings.items():
        there = [r.value for r in found if r.value is not None]
        if not there:
            said.append(f"{name} nothing counted")
        elif sum(map(len, readings.values())) <= _SPOKEN:
            said.append(f"{name} {', '.join(shown(v, unit) for v in there)}")
        else:
            said.append(f"{name} from {shown(min(there), unit)} to {shown(max(there), unit)}")
    return f"{title}: {'; '.join(said) or 'nothing counted'}. The table has every figure."


def _keys(
    names: Mapping[str, Any] | Sequence[str], tones: Mapping[str, int] | None = None
) -> list[tuple[str, int]]:
    """The series with their tones, each once."""
    known = {**TONES, **(tones or {})}
    taken = {known[name] for name in names if name in known}
    left = [tone for tone in range(1, _TONES + 1) if tone not in taken] or [1]
    others = itertools.cycle(left)
    return [(n, known[n] if n in known else next(others)) for n in dict.fromkeys(names)]


def _side_by_side(
    corner: str, labels: Sequence[str], series: Mapping[str, Sequence[Reading]], unit: Unit
) -> dict[str, Any]:
    """A row a label, a column for each of the series."""
    rows = [
        [label, *(told(found[n], unit) for found in series.values())]
        for n, label in enumerate(labels)
    ]
    return _table([corner, *series], rows)


def _moments(
    corner: str, labels: Sequence[str], series: Mapping[str, Sequence[Reading]], unit: Unit
) -> dict[str, Any]:
    """As :func:`_side_by_side`, the newest first."""
    table = _side_by_side(corner, labels, series, unit)
    return {**table, "rows": table["rows"][::-1]}


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> dict[str, Any]:
    return {"head": list(head), "rows": [list(row) for row in rows], "hints": {}}


def _words(reading: Reading, unit: Unit) -> tuple[str, str]:
    """A figure and its interval."""
    if reading.value is None or reading.low is None or reading.high is None:
        return shown(reading.value, unit), "–"
    return shown(reading.value, unit), f"{shown(reading.low, unit)} to {shown(reading.high, unit)}"


def _point(reading: Reading) -> dict[str, Any]:
    return {
        "y": _finite(reading.value),
        "low": _finite(reading.low),
        "high": _finite(reading.high),
        "n": reading.n,
    }


def _finite(value: float | None) -> float | None:
    """JSON has no word for what is no number."""
    return float(value) if value is not None and math.isfinite(value) else None


def _step(share: float) -> int:
    """How dark a cell is, from 0 to 5."""
    return min(5, math.ceil(5 * share))
