"""From which probability on a message takes which way: values, so that they can be learned."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from datetime import datetime

from bot.routing.classifier import builtin
from bot.telemetry import log

LOWEST, HIGHEST = 0.3, 0.99
"""Between these a probability may decide: lower, anything would pass for small talk; higher,
nothing."""


@dataclass(frozen=True, slots=True)
class Thresholds:
    """When the classifier decides alone, and when a first search may change its mind.

    ``voice``, ``handoff``: from this probability on nothing is looked up. ``in_thread``: the same
    for a message that leans on its thread, where it is more likely a follow-up. Below ``certain``
    small talk is worth a search first. ``nothing`` and ``near`` measure what a search found, as
    :class:`bot.nearness.Nearness` does: below the first there is nothing about it, from
    the second on there is. ``plain``: the share of a question's telling words that one sentence
    holds which states its answer plainly.

    ``version`` is the learned version, 0 the shipped one; ``origin`` says it in words.
    Where the shipped ones are from: docs/routing.md.
    """

    voice: float = 0.55
    handoff: float = 0.55
    in_thread: float = 0.8
    certain: float = 0.8
    nothing: float = 0.6
    near: float = 0.95
    plain: float = 0.99
    version: int = 0
    origin: str = "shipped"

    def __post_init__(self) -> None:
        for name in ("voice", "handoff", "in_thread"):
            if not LOWEST <= getattr(self, name) <= HIGHEST:
                raise ValueError(f"{name} must be between {LOWEST} and {HIGHEST}")

    def values(self) -> dict[str, float]:
        """What decides, by name."""
        return {k: v for k, v in asdict(self).items() if k not in ("version", "origin")}

    @classmethod
    def of(cls, values: Mapping[str, float], version: int, origin: str) -> Thresholds:
        """Thresholds from stored values; what a later program would know besides is left out.

        Raises ValueError for one that cannot decide.
        """
        known = {f.name for f in fields(cls)} - {"version", "origin"}
        kept = {name: float(value) for name, value in values.items() if name in known}
        return cls(**kept, version=version, origin=origin)


SHIPPED = Thresholds()
"""What the program comes with."""


def kept(number: int, values: Mapping[str, float], classifier: str, at: datetime) -> Thresholds:
    """The thresholds of a stored version; those shipped where it is for another classifier, or
    cannot decide."""
    if classifier != builtin().id:
        log.info("learned thresholds are for another classifier", version=number)
        return SHIPPED
    try:
        return Thresholds.of(values, number, f"learned on {at:%d %b %Y}")
    except (ValueError, TypeError) as error:
        log.warning("learned thresholds cannot be used", version=number, error=str(error))
        return SHIPPED
