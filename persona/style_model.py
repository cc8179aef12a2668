"""The style classifier: a small logistic regression on vectors, words and the surface of texts.

Few examples are the rule here, so it is fitted by maximum a posteriori with a Gaussian prior (in
the dual, whose size is the number of examples) and its probability is calibrated on examples that
it did not see, with a prior towards one half (Platt 1999, with a ridge on the slope). Neither text
nor words are kept in the weights: hashed features cannot be read back.
"""

from __future__ import annotations

import base64
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bot.ports import Vectors
from persona.style_features import BUCKETS, SURFACE, Features, features

FORMAT = 1
READ = 300
"""Characters of a text whose vector is taken: enough for its manner, and quick."""

LONGEST = 4_000
"""Characters of a text that the classifier reads at all."""

LEAST = 5
"""Texts of each kind that are needed to train one."""

_VECTOR, _HASHED, _SURFACE = 3.0, 2.0, 1.0
"""How far each block reaches, as prior standard deviations; by ``benchmarks/bench_style.py``."""

_FOLDS = 5
_HALFWAY = 8  # examples of the rarer kind at which the classifier counts half
_SLOPE_PRIOR = 1.5  # standard deviation of the slope, of margins scaled to 1

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Example:
    """A text that is in the voice or is not; of one ``group`` (a question, a turn) are never some
    learned from and others judged. ``origin`` says where it comes from."""

    text: str
    on_voice: bool
    origin: str = "example"
    group: str = ""
    weight: float = 1.0


@dataclass(frozen=True)
class StyleModel:
    """A trained classifier. ``embedder`` names whose vectors it takes; empty: none."""

    embedder: str
    vector: Array  # [dimensions] or [0]
    hashed: Array  # [BUCKETS]
    surface: Array  # [len(SURFACE)]
    bias: float
    slope: float
    offset: float
    trust: float  # 0 to 1: how much it counts beside the rules
    figures: Mapping[str, Any] = field(default_factory=dict)

    def margin(self, found: Features, vector: Vectors | None = None) -> float:
        """How far on the side of the voice a text is; 0 is the border before calibration."""
        value = self.bias + float(self.surface @ found.surface)
        value += float(self.hashed[found.buckets] @ found.values)
        if vector is not None and len(self.vector):
            value += float(self.vector @ vector)
        return value

    def probability(self, margin: float) -> float:
        """The calibrated probability that a text of this margin is in the voice."""
        return _sigmoid(self.slope * margin + self.offset)

    def weights(self) -> dict[str, Any]:
        """As kept in the table ``style_models``."""
        return {
            "format": FORMAT,
            "vector": _packed(self.vector),
            "hashed": _packed(self.hashed),
            "surface": _packed(self.surface),
            "features": list(SURFACE),
            "numbers": [self.bias, self.slope, self.offset, self.trust],
        }

    @classmethod
    def kept(
        cls, embedder: str, weights: Mapping[str, Any], figures: Mapping[str, Any]
    ) -> StyleModel | None:
        """The classifier of a row; ``None`` where it was made for other features or is damaged."""
        try:
            if weights["format"] != FORMAT or weights["features"] != list(SURFACE):
                return None
            vector, hashed, named = (
                _unpacked(str(weights[part])) for part in ("vector", "hashed", "surface")
            )
            bias, slope, offset, trust = numbers = [float(n) for n in weights["numbers"]]
        except (KeyError, TypeError, ValueError):
            return None
        sizes = (len(hashed), len(named))  # of vectors the embedder knows the size
        if sizes != (BUCKETS, len(SURFACE)) or not all(map(math.isfinite, numbers)):
            return None
        return cls(embedder, vector, hashed, named, bias, slope, offset, trust, figures)


def train(
    examples: Sequence[Example], vectors: Vectors | None = None, *, embedder: str = ""
) -> StyleModel:
    """Fit the classifier; ``vectors`` are those of the first ``READ`` characters of each text.

    Both kinds must be there. ``figures`` of the model: ``auc`` and ``brier`` on examples that it
    did not see (5 folds by group), ``on_voice``, ``off_voice``, ``origins``. Deterministic.
    """
    found = [features(example.text) for example in examples]
    rows = _matrix(found, vectors)
    on, weight = _kinds(examples)
    kernel = rows @ rows.T
    unseen = _unseen_margins(kernel, on, weight, _folds(examples))
    slope, offset = _calibrate(unseen, on, weight)
    alpha, bias = _fit(kernel, on, weight)
    whole = rows.T.astype(float) @ alpha
    dimensions = 0 if vectors is None else vectors.shape[1]
    rarer = int(min(on.sum(), (~on).sum()))
    said = 1 / (1 + np.exp(-np.clip(slope * unseen + offset, -500, 500)))
    figures = {
        "auc": round(auc(unseen, on), 4),
        "brier": round(float(np.mean((said - on) ** 2)), 4),
        "on_voice": int(on.sum()),
        "off_voice": int((~on).sum()),
        "origins": _origins(examples),
    }
    return StyleModel(
        embedder=embedder if dimensions else "",
        vector=whole[:dimensions] * _VECTOR,
        hashed=whole[dimensions : dimensions + BUCKETS] * _HASHED,
        surface=whole[dimensions + BUCKETS :] * _SURFACE,
        bias=bias,
        slope=slope,
        offset=offset,
        trust=rarer / (rarer + _HALFWAY),
        figures=figures,
    )


def left_out_margins(examples: Sequence[Example]) -> Array:
    """The margin [n] of each example by a classifier of all but its group; every group is left out
    once, so it takes as many fits as there are groups, of time cubic in the examples."""
    rows = _matrix([features(example.text) for example in examples], None)
    on, weight = _kinds(examples)
    return _unseen_margins(rows @ rows.T, on, weight, _groups(examples))


def auc(scores: Sequence[float] | Array, on: Sequence[bool] | NDArray[np.bool_]) -> float:
    """The probability that a text in the voice scores higher than one that is not; ties count
    half. 0.5 where one kind is missing."""
    values, kinds = np.asarray(scores, float), np.asarray(on, bool)
    many, few = int(kinds.sum()), int((~kinds).sum())
    if not many or not few:
        return 0.5
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[place]
    return float((ranks[kinds].sum() - many * (many + 1) / 2) / (many * few))


def _kinds(examples: Sequence[Example]) -> tuple[NDArray[np.bool_], Array]:
    """Which are in the voice, and what each weighs."""
    on = np.array([example.on_voice for example in examples], bool)
    weight = np.array([example.weight for example in examples], float)
    for kind in (on, ~on):  # both kinds weigh the same, whatever their number
        weight[kind] *= len(on) / 2 / max(weight[kind].sum(), 1e-9)
    return on, weight


def _matrix(found: Sequence[Features], vectors: Vectors | None) -> NDArray[np.float32]:
    dimensions = 0 if vectors is None else vectors.shape[1]
    rows = np.zeros((len(found), dimensions + BUCKETS + len(SURFACE)), np.float32)
    for row, each in zip(rows, found, strict=True):
        row[dimensions + each.buckets] = _HASHED * each.values
        row[dimensions + BUCKETS :] = _SURFACE * each.surface
    if vectors is not None:
        rows[:, :dimensions] = _VECTOR * vectors
    return rows


def _fit(kernel: NDArray[np.float32], on: NDArray[np.bool_], weight: Array) -> tuple[Array, float]:
    """Kernel logistic regression by iteratively reweighted least squares; coefficients, bias."""
    n = len(on)
    inner, target = kernel.astype(float), on.astype(float)
    alpha, bias = np.zeros(n), 0.0
    for _ in range(25):
        margin = np.clip(inner @ alpha + bias, -30, 30)
        chance = 1 / (1 + np.exp(-margin))
        curve = np.maximum(chance * (1 - chance), 1e-4)
        working = margin + (target - chance) / curve
        system = inner + np.diag(1 / (weight * curve))
        solved = np.linalg.solve(system, np.stack([np.ones(n), working], axis=1))
        before, bias = bias, float(solved[:, 1].sum() / solved[:, 0].sum())
        change = solved[:, 1] - bias * solved[:, 0]
        moved = float(np.abs(change - alpha).max()) + abs(bias - before)
        alpha = change
        if moved < 1e-4:
            break
    return alpha, bias


def _folds(examples: Sequence[Example]) -> NDArray[np.int64]:
    """A fold for each example, whole groups together, in the order in which groups come."""
    return _groups(examples) % _FOLDS


def _groups(examples: Sequence[Example]) -> NDArray[np.int64]:
    """The number of each example's group, in the order in which groups come."""
    known: dict[str, int] = {}
    names = [e.group or f"\0{i}" for i, e in enumerate(examples)]
    return np.array([known.setdefault(name, len(known)) for name in names])


def _unseen_margins(
    kernel: NDArray[np.float32], on: NDArray[np.bool_], weight: Array, fold: NDArray[np.int64]
) -> Array:
    """The margin of each example by a classifier that did not see its fold."""
    margins = np.zeros(len(on))
    for number in np.unique(fold):
        out, rest = fold == number, fold != number
        if len(np.unique(on[rest])) < 2:
            continue  # nothing can be learned without it: its margin stays 0, undecided
        alpha, bias = _fit(kernel[np.ix_(rest, rest)], on[rest], weight[rest])
        margins[out] = kernel[np.ix_(out, rest)] @ alpha + bias
    return margins


def _calibrate(margins: Array, on: NDArray[np.bool_], weight: Array) -> tuple[float, float]:
    """Slope and offset of the probability. The prior is a slope of 0: everything one half."""
    scale = float(margins.std()) or 1.0
    inputs = np.stack([margins / scale, np.ones(len(on))], axis=1)
    # Platt's targets keep a separable set from claiming certainty.
    high, low = (on.sum() + 1) / (on.sum() + 2), 1 / ((~on).sum() + 2)
    target = np.where(on, high, low)
    found, prior = np.zeros(2), np.diag([1 / _SLOPE_PRIOR**2, 1e-2])
    for _ in range(30):
        chance = 1 / (1 + np.exp(-inputs @ found))
        curve = weight * np.maximum(chance * (1 - chance), 1e-6)
        gradient = inputs.T @ (weight * (chance - target)) + prior @ found
        found = found - np.linalg.solve(inputs.T @ (inputs * curve[:, None]) + prior, gradient)
        found = np.clip(found, -20, 20)
    return max(0.0, float(found[0])) / scale, float(found[1])


def _origins(examples: Sequence[Example]) -> dict[str, dict[str, int]]:
    counts: dict[str, dict[str, int]] = {}
    for example in examples:
        each = counts.setdefault(example.origin, {"on_voice": 0, "off_voice": 0})
        each["on_voice" if example.on_voice else "off_voice"] += 1
    return counts


def _sigmoid(value: float) -> float:
    return 1 / (1 + math.exp(-max(-500.0, min(500.0, value))))


def _packed(values: Array) -> str:
    return base64.b64encode(values.astype("<f4").tobytes()).decode("ascii")


def _unpacked(text: str) -> Array:
    return np.frombuffer(base64.b64decode(text, validate=True), "<f4").astype(float)
