"""Right against decided: counts, precision, recall, F1. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

Counts = Mapping[tuple[str, str], float]
"""``(right, decided)`` to how many."""


@dataclass(frozen=True, slots=True)
class ClassScore:
    """How one class was told from the others; ``None`` where there was none to tell."""

    name: str
    n: float
    precision: float | None
    recall: float | None
    f1: float | None


@dataclass(frozen=True, slots=True)
class Confusion:
    """A matrix: ``rows[i][j]`` counts what is ``names[i]`` and was decided as ``names[j]``."""

    names: tuple[str, ...]
    rows: tuple[tuple[float, ...], ...]

    @classmethod
    def of(cls, counts: Counts, names: Sequence[str]) -> Confusion:
        """The matrix of some counts, in the order of ``names``."""
        rows = tuple(tuple(counts.get((a, b), 0) for b in names) for a in names)
        return cls(tuple(names), rows)

    @property
    def n(self) -> float:
        return sum(map(sum, self.rows))

    @property
    def right(self) -> float:
        """How many were decided rightly."""
        return sum(row[i] for i, row in enumerate(self.rows))

    @property
    def scores(self) -> tuple[ClassScore, ...]:
        """Each class by itself."""
        return tuple(self._score(i) for i in range(len(self.names)))

    @property
    def macro_f1(self) -> float | None:
        """The mean F1 of the classes that occur, as right or as decided; ``None`` without any."""
        found = [s.f1 for s in self.scores if s.f1 is not None]
        return sum(found) / len(found) if found else None

    def _score(self, i: int) -> ClassScore:
        hit, n = self.rows[i][i], sum(self.rows[i])
        said = sum(row[i] for row in self.rows)
        return ClassScore(
            name=self.names[i],
            n=n,
            precision=hit / said if said else None,
            recall=hit / n if n else None,
            f1=2 * hit / (said + n) if said + n else None,
        )
