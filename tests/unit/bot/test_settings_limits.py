"""The settings of limits, and what is said about wrong ones."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from bot.limits import Rate
from bot.settings.limits import LimitsSection, parse_rate, write_rate


@pytest.mark.parametrize(
    ("written", "rate", "again"),
    [
        ("20/1m", Rate(20, 60), "20/1m"),
        ("5/s", Rate(5, 1), "5/1s"),
        (" 100 / 1h ", Rate(100, 3600), "100/1h"),
        ("3/90s", Rate(3, 90), "3/90s"),
        ("off", None, "off"),
        ("OFF", None, "off"),
    ],
)
def test_a_rate_is_a_number_and_a_time(written: str, rate: Rate | None, again: str) -> None:
    """It is read, and written back the shortest way."""
    assert parse_rate(written) == rate
    assert write_rate(rate) == again


@pytest.mark.parametrize(
    ("written", "advice"),
    [
        ("20", "write it as 20/1m"),
        ("twenty/1m", "write it as 20/1m"),
        ("20/1", "write it as 20/1m"),
        ("-1/1m", "write it as 20/1m"),
        (20, "write it as 20/1m"),
        ("", "write it as 20/1m"),
        ("0/1m", "lets nobody ask"),
        ("20/0s", "out of bounds"),
        ("20/40d", "out of bounds"),
        ("999999999/1m", "out of bounds"),
    ],
)
def test_what_is_no_rate_gets_advice(written: object, advice: str) -> None:
    """One sentence says how to write it."""
    with pytest.raises(ValidationError, match=advice):
        LimitsSection.model_validate({"person": written})


def test_a_team_of_people_never_meets_the_usual_limits() -> None:
    """Two questions a second for a minute from one person, and 100 at once, are within them."""
    usual = LimitsSection()
    assert usual.person == Rate(240, 60)
    assert usual.burst is not None
    assert usual.burst.most > 100
    assert usual.api is None
