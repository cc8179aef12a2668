"""A quiet bot does not alert, a fall is found, and whatever got better is no fall."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from bot.evaluation.intervals import Floats
from bot.store.watch_figures import ALL, WEEK, Measure, Ratio, Tally, Week, monday
from bot.watching import Rules, drops

NOW = datetime(2026, 3, 25, 12, tzinfo=UTC)  # a Wednesday
THIS = monday(NOW)
OVER = THIS - WEEK
Random = np.random.Generator
BINARY = {
    Measure.SATISFACTION: (0.85, 100),
    Measure.ABSTENTIONS: (0.12, 600),
    Measure.HANDOFFS: (0.03, 600),
    Measure.ERRORS: (0.01, 600),
}


def summed(parts: Floats, wholes: Floats) -> Ratio:
    """As :meth:`Ratio.of` has it; thousands of weeks are made here."""
    part_part, part_whole, whole_whole = parts @ parts, parts @ wholes, wholes @ wholes
    sums = [float(x) for x in (parts.sum(), wholes.sum(), part_part, part_whole, whole_whole)]
    return Ratio(sums[0], sums[1], sums[2], sums[3], sums[4], len(wholes))


def singles(random: Random, rate: float, n: int) -> Ratio:
    """Observations that have nothing to do with each other."""
    return summed((random.random(n) < rate).astype(float), np.ones(n))


def sentences(random: Random, rate: float, answers: int) -> Ratio:
    """Sentences of answers of which some are better than others."""
    good = random.beta(rate * 4, (1 - rate) * 4, answers)
    said = random.integers(1, 6, answers)
    return summed(random.binomial(said, good).astype(float), said.astype(float))


def usual(random: Random, **changed: float) -> Tally:
    """A week of a bot: 600 turns, 100 thumbs; ``changed`` are other rates."""
    ratios = {
        name: singles(random, changed.get(name.name, rate), n) for name, (rate, n) in BINARY.items()
    }
    ratios[Measure.GROUNDED] = sentences(random, changed.get("GROUNDED", 0.95), 400)
    ratios[Measure.KEPT_BACK] = sentences(random, changed.get("KEPT_BACK", 0.06), 400)
    ratios[Measure.CHECKER] = sentences(random, changed.get("CHECKER", 0.9), 400)
    costs = random.lognormal(-6.0, 0.8, 600) * changed.get("COST", 1.0)
    ratios[Measure.COST] = summed(costs, np.ones(600))
    times = np.sort(random.lognormal(7.5, 0.6, 600) * changed.get("TIME", 1.0))
    return Tally(600, ratios, tuple(times.tolist()))


def weeks_of(make: Callable[[datetime], Tally], last: datetime = OVER) -> list[Week]:
    """Four weeks and the last one, with two routes and a model beside all turns."""
    scopes = (ALL, "route:rag", "route:hybrid", "model:small")
    starts = [last - back * WEEK for back in reversed(range(5))]
    return [Week(start, {scope: make(start) for scope in scopes}) for start in starts]


@pytest.mark.slow
def test_a_quiet_bot_alerts_falsely_in_fewer_than_one_week_of_twenty() -> None:
    """All measures, scopes and both weeks together, in 250 histories of a bot that stays the same,
    with a running week that is looked at every day."""
    random = np.random.default_rng(8)
    false = 0
    for _ in range(250):
        weeks = weeks_of(lambda _: usual(random), THIS)
        false += bool(drops(weeks, NOW))
    assert false / 250 < 0.05


@pytest.mark.parametrize(
    ("name", "rate", "measure"),
    [
        ("SATISFACTION", 0.65, Measure.SATISFACTION),
        ("ABSTENTIONS", 0.22, Measure.ABSTENTIONS),
        ("ERRORS", 0.06, Measure.ERRORS),
        ("GROUNDED", 0.88, Measure.GROUNDED),
        ("KEPT_BACK", 0.13, Measure.KEPT_BACK),
        ("COST", 1.7, Measure.COST),
        ("TIME", 1.8, Measure.P50),
    ],
)
def test_a_fall_is_found_in_more_than_four_of_five_weeks(
    name: str, rate: float, measure: Measure
) -> None:
    """With 100 thumbs and 600 turns a week."""
    random = np.random.default_rng(9)
    found = 0
    for _ in range(100):
        weeks = weeks_of(lambda start: usual(random, **({name: rate} if start == OVER else {})))
        told = drops(weeks, NOW)
        found += any(drop.measure is measure and drop.scope == ALL for drop in told)
    assert found > 80


@pytest.mark.parametrize(
    "better",
    [
        {"SATISFACTION": 0.99},
        {"ABSTENTIONS": 0.01},
        {"HANDOFFS": 0.0, "ERRORS": 0.0},
        {"GROUNDED": 0.995, "KEPT_BACK": 0.005, "CHECKER": 0.99},
        {"COST": 0.3, "TIME": 0.3},
    ],
)
def test_what_got_better_is_no_fall(better: dict[str, float]) -> None:
    """Fewer abstentions, fewer errors, quicker, cheaper."""
    random = np.random.default_rng(10)
    weeks = weeks_of(lambda start: usual(random, **(better if start == OVER else {})))
    assert drops(weeks, NOW) == []


def test_one_angry_person_is_no_fall() -> None:
    """Sixty thumbs down of one reader are one opinion."""
    random = np.random.default_rng(11)
    weeks = weeks_of(lambda _: usual(random))
    angry = Ratio.of([(0.0, 60.0), *((float(hit), 1.0) for hit in random.random(60) < 0.85)])
    tally = weeks[-1].tally()
    worse = Tally(tally.turns, {**tally.ratios, Measure.SATISFACTION: angry}, tally.times)
    weeks[-1] = Week(OVER, {ALL: worse})
    assert [d for d in drops(weeks, NOW) if d.measure is Measure.SATISFACTION] == []


def test_a_week_that_breaks_is_told_before_it_is_over() -> None:
    """A tenth of the turns fail since Monday; the sentence says since when."""
    random = np.random.default_rng(12)
    weeks = weeks_of(
        lambda start: usual(random, **({"ERRORS": 0.1} if start == THIS else {})), THIS
    )
    told = [drop for drop in drops(weeks, NOW) if drop.scope == ALL]
    assert [drop.measure for drop in told] == [Measure.ERRORS]
    assert told[0].running
    assert "rose from" in told[0].why
    assert told[0].why.endswith("so far this week")


def test_too_few_to_tell_are_left_alone() -> None:
    """Nine thumbs of ten down, where thirty are wanted."""
    few = {Measure.SATISFACTION: Ratio.of([(1.0, 1.0), *[(0.0, 1.0)] * 9])}
    many = {Measure.SATISFACTION: Ratio.of([(1.0, 1.0)] * 200)}
    weeks = [
        Week(OVER - WEEK, {ALL: Tally(200, many)}),
        Week(OVER, {ALL: Tally(10, few)}),
    ]
    assert drops(weeks, NOW) == []
    assert drops([Week(OVER, {ALL: Tally(10, few)})], NOW) == []
    assert drops([], NOW) == []


def test_the_least_can_be_set() -> None:
    """A careful operator waits for more."""
    random = np.random.default_rng(13)
    weeks = weeks_of(
        lambda start: usual(random, **({"SATISFACTION": 0.4} if start == OVER else {}))
    )
    assert any(d.measure is Measure.SATISFACTION for d in drops(weeks, NOW, Rules(least=90)))
    told = drops(weeks, NOW, Rules(least=150))
    assert not any(d.measure is Measure.SATISFACTION for d in told)


def test_next_to_nothing_is_not_told_however_sure_it_is() -> None:
    """Two points of satisfaction, of a hundred thousand thumbs."""

    def weighty(part: int) -> Tally:
        n = 100_000
        return Tally(n, {Measure.SATISFACTION: Ratio(part, n, part, part, n, n)})

    weeks = [Week(OVER - WEEK, {ALL: weighty(85_000)}), Week(OVER, {ALL: weighty(83_000)})]
    assert drops(weeks, NOW) == []


def test_a_week_begins_on_monday_at_midnight_utc() -> None:
    """Sunday's last second belongs to the week before."""
    assert datetime(2026, 3, 23, tzinfo=UTC) == THIS
    assert monday(THIS) == THIS
    assert monday(THIS - timedelta(microseconds=1)) == OVER
