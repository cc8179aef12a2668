"""What an independent judge thinks of an answer: whether it is right, and whether sources carry it.

The built-in check lets nothing through that it would call unsupported, so the rate that it measures
of itself is about zero by construction. A judge that did not take part says something.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from bot.conversation import Usage


@dataclass(frozen=True, slots=True)
class Opinion:
    """A claim of an answer as the judge sees it; ``document`` is the one that it names for it."""

    text: str
    supported: bool
    reason: str = ""
    document: str = ""


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a judge thinks of one answer.

    ``right``: whether the answer says what a right answer contains; ``None``: it was not asked,
    because the answer refuses or nothing answers the question. ``claims`` are those of the answer
    that state something, each judged by itself; ``None``: nothing was there to hold them to.
    ``error`` says why there is no judgement; such a one counts nowhere.
    """

    model: str
    right: bool | None = None
    reason: str = ""
    claims: tuple[Opinion, ...] | None = None
    usage: Usage = field(default_factory=Usage)
    error: str = ""

    @property
    def hallucinated(self) -> bool | None:
        """Whether a claim is not carried; ``None`` where nothing was held to anything."""
        return None if self.claims is None else not all(c.supported for c in self.claims)

    def record(self) -> dict[str, Any]:
        """As it is kept."""
        return {**asdict(self), "hallucinated": self.hallucinated}


def judgement_of(record: Mapping[str, Any]) -> Judgement:
    """As it was kept. Raises KeyError, TypeError."""
    claims = record["claims"]
    return Judgement(
        model=record["model"],
        right=record["right"],
        reason=record["reason"],
        claims=None if claims is None else tuple(Opinion(**claim) for claim in claims),
        usage=Usage(**record["usage"]),
        error=record["error"],
    )
