"""Boosted trees fitted elsewhere and kept as JSON; evaluated in plain Python, 40 µs a case."""

from __future__ import annotations

import math
from collections.abc import Sequence


class Trees:
    """A classifier; nodes are ``[signal, threshold, left, right]`` or ``[value]``, root first.

    The probability is moved so that ``threshold``, where the training set its decision, is 0.5.
    """

    def __init__(
        self, start: float, trees: Sequence[Sequence[Sequence[float]]], threshold: float = 0.5
    ) -> None:
        self._start = start - math.log(threshold / (1 - threshold))
        self._trees = trees

    def probability(self, signals: Sequence[float]) -> float:
        """The estimated probability of the positive class, 0 to 1."""
        total = self._start
        for tree in self._trees:
            node = tree[0]
            while len(node) > 1:
                signal, threshold, left, right = node
                node = tree[int(left if signals[int(signal)] <= threshold else right)]
            total += node[0]
        return 1 / (1 + math.exp(-max(-60.0, min(60.0, total))))
