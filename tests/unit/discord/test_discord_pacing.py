"""How fast Discord may be called."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from adapters.discord.pacing import BURST, EDIT_GAP_S, Pacer


class Time:
    """A clock that a test moves, and that sleepers move."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += seconds


def pacer() -> tuple[Time, Pacer]:
    time = Time()
    return time, Pacer(clock=time, sleep=time.sleep)


def test_drafts_leave_a_gap_in_their_channel_alone() -> None:
    """A draft is followed by none for 1.2 s there; elsewhere there is no reason to wait."""
    time, pace = pacer()
    pace.drawn("1")
    pace.written("1")
    assert not pace.free("1")
    assert pace.free("2")
    time.now += EDIT_GAP_S
    assert pace.free("1")


def test_a_burst_of_posts_leaves_no_room_for_drafts() -> None:
    """Three posts at once: drafts wait until the channel has breathed."""
    time, pace = pacer()
    for _ in range(3):
        pace.written("1")
    assert not pace.free("1")
    time.now += 1.0
    assert pace.free("1")


async def test_no_second_has_more_calls_than_discord_takes() -> None:
    """Two hundred calls at once take their turns; meanwhile nothing is drafted."""
    time, pace = pacer()
    made = []
    for channel in range(200):
        await pace.ready(str(channel))
        made.append(time.now)
        if channel > BURST:
            assert not pace.free("other")
    for at in made:
        assert len([other for other in made if at <= other < at + 1.0]) < 50
    assert made[-1] - made[0] < 6.0
    time.now += 1.0
    assert pace.free("other")


async def test_answers_to_interactions_wait_for_nobody() -> None:
    """They count towards no limit of the bot."""
    time, pace = pacer()
    for _ in range(100):
        await pace.ready("1", counts=False)
    assert time.now == 100.0


async def test_what_discord_asks_for_is_waited_for() -> None:
    """A limit in a channel holds that channel, a ban all of them."""
    time, pace = pacer()
    pace.blocked(7.0, "1")
    assert (pace.wait("1"), pace.wait("2")) == (7.0, 0.0)
    pace.blocked(3.0)
    assert (pace.wait("1"), pace.wait("2")) == (7.0, 3.0)
    await pace.ready("1")
    assert time.now == 107.0
    assert pace.wait("1") == 0.0


@given(st.lists(st.floats(0, 3, allow_nan=False), min_size=1, max_size=60))
def test_drafts_alone_never_reach_the_limit(waits: list[float]) -> None:
    """However words come: no more than five drafts in any five seconds of a channel."""
    time, pace = pacer()
    drawn: list[float] = []
    for wait in waits:
        time.now += wait
        if pace.free("1"):
            pace.drawn("1")
            pace.written("1")
            drawn.append(time.now)
    for at in drawn:
        assert len([other for other in drawn if at <= other < at + 5.0]) <= 5
