"""A canary's measures on the way: the same figures as the verdict's, after ever more turns."""

from __future__ import annotations

import itertools
import random

from persona.canary import Side
from persona.canary_curves import DRAWN, PLACES, curves
from persona.canary_reading import MEASURES, THUMBS, UNKNOWN, UNSUPPORTED, Limits, TurnSeen, reading

LIMITS = Limits()


def turns_of(number: int, seed: int = 7) -> list[TurnSeen]:
    """Turns of threads that have several, some rated, in no order of sides."""
    rng = random.Random(seed)
    found = []
    for _ in range(number):
        thread = rng.randrange(max(1, number // 2))
        bad = {UNKNOWN: float(rng.random() < 0.2), UNSUPPORTED: rng.random() * 0.5}
        if rng.random() < 0.3:
            bad[THUMBS] = float(rng.random() < 0.4)
        side = Side.CANARY if thread % 3 == 0 else Side.LIVE
        found.append(TurnSeen(f"thread{thread}", side, bad))
    return found


def test_the_last_place_is_what_the_verdict_says() -> None:
    """Value, interval and number of threads of both sides are those of the reading, and so they are
    at any place before, of the turns until then."""
    turns = turns_of(400)
    for curve in curves(turns, LIMITS):
        for place in (curve.places[5], curve.places[-1]):
            seen = reading(turns[: place.turns], LIMITS)
            measure = seen.measures[MEASURES.index(curve.name)]
            for mine, theirs in ((place.canary, measure.canary), (place.live, measure.live)):
                assert mine.n == theirs.n
                assert mine.value is not None
                assert theirs.value is not None
                told = [
                    (mine.value, theirs.value),
                    (mine.low, theirs.low),
                    (mine.high, theirs.high),
                ]
                assert all(abs(a - b) < 1e-6 for a, b in told)


def test_places_are_spread_over_all_turns() -> None:
    """So many places at most, the last one behind the last turn; few turns have fewer."""
    made = curves(turns_of(1000), LIMITS)
    assert [curve.name for curve in made] == list(DRAWN)
    at = [place.turns for place in made[0].places]
    assert (len(at), at[-1]) == (PLACES, 1000)
    assert max(b - a for a, b in itertools.pairwise(at)) <= 43
    assert [place.turns for place in curves(turns_of(3), LIMITS)[0].places] == [1, 2, 3]
    assert curves([], LIMITS) == ()


def test_a_measure_that_nothing_tells_has_no_value() -> None:
    """Without a thumb there is no share of them, and anything may be true."""
    turns = [TurnSeen(f"t{n}", Side.LIVE, {UNKNOWN: 0.0}) for n in range(8)]
    by_name = {curve.name: curve.places[-1] for curve in curves(turns, LIMITS)}
    assert (by_name[THUMBS].live.value, by_name[THUMBS].live.n) == (None, 0)
    assert (by_name[UNKNOWN].live.value, by_name[UNKNOWN].canary.value) == (0.0, None)
