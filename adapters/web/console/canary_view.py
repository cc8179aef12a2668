"""A canary as the models room shows it: its measures in words, and how they went on the way."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from adapters.web.plotting import Plot, Reading, trend
from persona.canary import Interval, Side
from persona.canary_reading import THUMBS, UNKNOWN, UNSUPPORTED, interval, shown

if TYPE_CHECKING:
    from adapters.release.releasing import CanaryStory

_MEANINGS = {
    THUMBS: "Share of the rated threads with a thumb down, after so many turns of both. Lower is "
    "better.",
    UNSUPPORTED: "Share of what was said first that its sources do not carry, after so many turns "
    "of both. Lower is better.",
    UNKNOWN: "Share of threads in which the answer was not known, after so many turns of both. "
    "Lower is better.",
}


def measured(canary: CanaryStory) -> list[dict[str, Any]]:
    """The measures of a canary, both sides with their intervals."""
    return [
        {
            "name": m.name.capitalize(),
            "canary": (shown(m, Side.CANARY), interval(m, Side.CANARY)),
            "live": (shown(m, Side.LIVE), interval(m, Side.LIVE)),
            "worse": m.worse,
        }
        for m in canary.seen.measures
    ]


def drawn(canary: CanaryStory) -> list[Plot]:
    """The measures on the way, canary and live with their bands; without those of which nothing
    was seen, and without any until there are two places."""
    mine, other = canary.trial.version, canary.trial.against or "General model"
    plots = []
    for curve in canary.curves:
        sides = {
            mine: [_reading(place.canary) for place in curve.places],
            other: [_reading(place.live) for place in curve.places],
        }
        if len(curve.places) > 1 and any(r.n for readings in sides.values() for r in readings):
            moments = [f"{place.turns:,}" for place in curve.places]
            title = curve.name.capitalize()
            plots.append(trend(title, _MEANINGS[curve.name], moments, sides, moment="Turns so far"))
    return plots


def _reading(found: Interval) -> Reading:
    if found.value is None:
        return Reading()
    return Reading(found.value, found.low, found.high, found.n)
