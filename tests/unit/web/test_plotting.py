"""Figures become plots: what is drawn, what is read out, and the table of the same."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.web.plotting import (
    Bin,
    Reading,
    Spot,
    against,
    bars,
    confusion,
    curves,
    reliability,
    shown,
    stacked,
    trend,
)

GOOD = Reading(0.8, 0.7, 0.9, 50)


def test_bars_carry_their_intervals_and_a_table_of_the_same() -> None:
    """What is drawn is what the table says; nothing counted is a gap and a dash."""
    plot = bars("Answers", "how right", ["Accuracy", "F1"], {"rag": [GOOD, Reading()]})
    (series,) = plot["draw"]["series"]
    assert series["points"][0] == {"y": 0.8, "low": 0.7, "high": 0.9, "n": 50}
    assert series["points"][1]["y"] is None
    assert plot["table"]["head"] == ["", "rag"]
    assert plot["table"]["rows"] == [["Accuracy", "80.0% (70.0% to 90.0%)"], ["F1", "–"]]
    assert "rag 80.0%" in plot["alt"]


def test_a_mode_has_its_tone_on_every_page() -> None:
    """The tone of a mode does not depend on which others there are; others take what is left."""
    alone = bars("A", "", ["x"], {"auto": [GOOD]})
    among = bars("A", "", ["x"], {"rag": [GOOD], "auto": [GOOD], "fast": [GOOD]})
    tones = {key["name"]: key["tone"] for key in among["keys"]}
    assert alone["keys"] == [{"name": "auto", "tone": tones["auto"]}]
    assert len(set(tones.values())) == 3


def test_more_series_than_tones_are_all_drawn() -> None:
    """With many series the tones come round again."""
    plot = stacked("A", "", ["x"], {f"s{n}": [1.0] for n in range(15)})
    assert len(plot["draw"]["series"]) == len(plot["keys"]) == 15


def test_reliability_sizes_a_mark_by_its_answers() -> None:
    """The largest bin has size 1; the table has what was said, what was right, and how many."""
    found = [Bin(0.5, Reading(0.4, 0.2, 0.6, 25)), Bin(0.9, Reading(0.9, 0.8, 1.0, 100))]
    plot = reliability("The router", "", {"auto": found})
    assert [p["size"] for p in plot["draw"]["series"][0]["points"]] == [0.5, 1.0]
    assert plot["table"]["rows"][0] == ["auto", "50.0%", "40.0%", "20.0% to 60.0%", "25"]


@pytest.mark.parametrize(
    ("costs", "logarithmic"), [((0.1, 0.2), False), ((0.1, 9.0), True), ((0.0, 9.0), False)]
)
def test_an_axis_is_logarithmic_where_costs_spread(
    costs: tuple[float, float], logarithmic: bool
) -> None:
    """Costs far apart are drawn by their magnitude, but never one that is nothing."""
    spots = [Spot(f"m{n}", cost, GOOD) for n, cost in enumerate(costs)]
    plot = against("A", "", spots, x_title="cost", y_title="accuracy")
    assert plot["draw"]["log"] is logarithmic


def test_a_trend_reads_from_the_newest() -> None:
    """The line goes to the right, the table down from the newest run; a gap stays one."""
    plot = trend("A", "", ["May", "June"], {"rag": [GOOD, Reading()]}, moment="Run")
    assert plot["draw"]["labels"] == ["May", "June"]
    assert plot["draw"]["series"][0]["points"][1]["y"] is None
    assert plot["table"]["head"][0] == "Run"
    assert [row[0] for row in plot["table"]["rows"]] == ["June", "May"]


def test_a_confusion_shades_by_the_share_of_a_row() -> None:
    """Rows have different sizes: a cell is dark for its own row; the diagonal is right."""
    plot = confusion("Routes", "", ["rag", "voice"], ["rag", "voice"], {("rag", "rag"): 3,
                     ("rag", "voice"): 1})  # fmt: skip
    (_, first), (_, empty) = plot["table"]["rows"]
    assert [(c["count"], c["share"], c["step"], c["right"]) for c in first] == [
        (3, 0.75, 4, True),
        (1, 0.25, 2, False),
    ]
    assert [c["step"] for c in empty] == [0, 0]
    assert plot["draw"] is None


@pytest.mark.parametrize(
    ("value", "unit", "words"),
    [
        (0.123, "share", "12.3%"),
        (None, "share", "–"),
        (math.nan, "share", "–"),
        (0.5, "dollars", "$0.50"),
        (0.00034, "dollars", "$0.00034"),
        (1234.5, "dollars", "$1,234.50"),
        (840.4, "milliseconds", "840 ms"),
        (1840.0, "milliseconds", "1.8 s"),
        (0.456, "score", "0.46"),
        (12345.0, "count", "12,345"),
    ],
)
def test_figures_in_words(value: float | None, unit: str, words: str) -> None:
    """Each unit has its own form; what is no number is a dash."""
    assert shown(value, unit) == words  # type: ignore[arg-type]  # parametrised over the literals


@given(st.lists(st.one_of(st.none(), st.floats()), min_size=1, max_size=5))
def test_what_is_drawn_is_json(values: list[float | None]) -> None:
    """Whatever the figures are, the block on the page is JSON that a browser reads."""
    readings = [Reading(v, v, v, 1) for v in values]
    labels = [str(n) for n in range(len(values))]
    spots = [Spot(label, v, r) for label, v, r in zip(labels, values, readings, strict=True)]
    for plot in (
        bars("A", "", labels, {"rag": readings}),
        trend("A", "", labels, {"rag": readings}),
        against("A", "", spots, x_title="x", y_title="y"),
    ):
        json.dumps(plot["draw"], allow_nan=False)


def test_curves_go_through_places_of_their_own() -> None:
    """Each line keeps its places; the table has a row for each, the last first, a dash where a line
    has none."""
    plot = curves(
        "Loss",
        "",
        {"Training": [(1, 2.0), (2, 1.5)], "Validation": [(2, 1.75)]},
        x_title="step",
        unit="loss",
    )
    assert plot["table"]["head"] == ["Step", "Training", "Validation"]
    assert plot["table"]["rows"] == [["2", "1.5000", "1.7500"], ["1", "2.0000", "–"]]
    assert [s["points"] for s in plot["draw"]["series"]] == [
        [{"x": 1.0, "y": 2.0}, {"x": 2.0, "y": 1.5}],
        [{"x": 2.0, "y": 1.75}],
    ]
    assert "Training 2.0000, 1.5000; Validation 1.7500" in plot["alt"]
