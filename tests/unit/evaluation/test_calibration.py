"""Calibration says how far a confidence can be believed, and how sure that is."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from bot.evaluation.calibration import calibrate, check_points, confusion, router_points

RUNS = 250


def test_nothing_is_null_and_a_sure_thing_is_no_error() -> None:
    """No points: null everywhere; always sure and always right: no error, and the bins tell it."""
    empty = calibrate([]).json()
    assert (empty["n"], empty["ece"], empty["brier_ci95"]) == (0, None, None)
    told = calibrate([(1.0, True)] * 20).json()
    assert (told["ece"], told["brier"]) == (0, 0)
    assert told["bins"][-1]["n"] == 20
    assert calibrate([(0.9, False)]).json()["ece"] == 0.9


@pytest.mark.parametrize("less", [0.0, 0.1, 0.2])
def test_the_interval_of_the_error_covers_the_true_one(less: float) -> None:
    """For who is right as often as he is sure, and for who is less so: in at least 91% of 250 runs
    over 100 points, nought included where there is none."""
    random = np.random.default_rng(4)
    held = 0
    for _ in range(RUNS):
        sure = 0.25 + 0.7 * random.random(100)
        right = random.random(100) < sure - less
        found = calibrate(zip(sure.tolist(), right.tolist(), strict=True)).error
        assert found is not None
        held += found.interval.low - 1e-9 <= less <= found.interval.high + 1e-9
    assert held / RUNS >= 0.91


def test_points_and_confusion_come_from_records() -> None:
    """Old records without a router or a check count nowhere, refusals in no point of the check."""
    router = {"taken": "hybrid", "confidence": 0.8, "label": "rag", "right": False}
    records: list[dict[str, Any]] = [
        {"right": True, "refused": False, "router": router, "grounding": {"confidence": 0.9}},
        {"right": True, "refused": True, "grounding": {"confidence": 0.9}},
        {"right": True, "refused": False},
    ]
    assert router_points(records) == [(0.8, False)]
    assert check_points(records) == [(0.9, True)]
    assert confusion(records) == {"rag": {"hybrid": 1, "rag": 0}}
