"""When Slack may be called: the policy, on a clock of the test's own."""

from __future__ import annotations

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from adapters.slack.pacing import APPEND, POST, POST_BURST, POST_GAP_S, TIERS, UPDATE, Pacer


class Clock:
    """Time that passes when somebody sleeps."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += seconds


def paced() -> tuple[Pacer, Clock]:
    clock = Clock()
    return Pacer(clock=clock, sleep=clock.sleep), clock


async def test_a_short_burst_goes_out_at_once_and_the_rest_a_second_apart() -> None:
    """Three messages leave together, the fourth waits for a second."""
    pacer, clock = paced()
    times = []
    for _ in range(6):
        await pacer.ready(POST, "C1")
        times.append(clock.now - 1000.0)
    assert times == [0, 0, 0, 1, 2, 3]


async def test_a_busy_channel_holds_nothing_back_elsewhere() -> None:
    """A queue and a block in one channel leave another channel and other methods free."""
    pacer, clock = paced()
    for _ in range(3):
        await pacer.ready(POST, "C1")
    pacer.blocked(POST, "C1", 30)
    await pacer.ready(POST, "C2")
    await pacer.ready(UPDATE, "C1")
    assert clock.now == 1000.0
    assert pacer.wait(POST, "C1") == 30


async def test_a_block_learned_while_waiting_is_honoured() -> None:
    """Who waits for a slot waits longer when Slack asks for it in the meantime."""
    clock = Clock()
    pacer: Pacer

    async def sleep(seconds: float) -> None:
        clock.now += seconds
        if clock.now < 1002:
            pacer.blocked(POST, "C1", 10)

    pacer = Pacer(clock=clock, sleep=sleep)
    for _ in range(POST_BURST + 1):
        await pacer.ready(POST, "C1")
    assert clock.now == 1011.0


def test_a_shorter_block_does_not_take_back_a_longer_one() -> None:
    """The latest end counts."""
    pacer, _ = paced()
    pacer.blocked(POST, "C1", 30)
    pacer.blocked(POST, "C1", 1)
    assert pacer.wait(POST, "C1") == 30


async def test_optional_calls_are_thinned_out_before_the_tier_is_spent() -> None:
    """After four fifths of a minute's appends the rest is kept, but a required one never waits."""
    pacer, clock = paced()
    made = 0
    while pacer.free(APPEND, "C1"):
        await pacer.ready(APPEND, "C1")
        made += 1
    assert made == 0.8 * TIERS[APPEND]
    for _ in range(50):
        await pacer.ready(APPEND, "C1")
    assert clock.now == 1000.0
    clock.now += 60
    assert pacer.free(APPEND, "C1")


@given(st.lists(st.floats(0, 5), max_size=60))
async def test_no_stretch_of_time_holds_more_than_the_burst_and_its_seconds(
    gaps: list[float],
) -> None:
    """Whenever calls come in, no window of time holds more messages than its length allows."""
    pacer, clock = paced()
    times = []
    for gap in gaps:
        clock.now += gap
        await pacer.ready(POST, "C1")
        times.append(clock.now)
    for first in range(len(times)):
        for last in range(first, len(times)):
            allowed = POST_BURST + (times[last] - times[first]) / POST_GAP_S
            assert last - first + 1 <= allowed + 1e-6


@given(
    st.lists(
        st.tuples(st.sampled_from([POST, UPDATE]), st.sampled_from(["C1", "C2"]), st.floats(0, 90)),
        max_size=20,
    )
)
async def test_nothing_leaves_before_its_block_is_over(
    blocks: list[tuple[str, str, float]],
) -> None:
    """A call leaves no earlier than the end of every block of its method and channel."""
    pacer, clock = paced()
    ends: dict[tuple[str, str], float] = {}
    for method, channel, seconds in blocks:
        pacer.blocked(method, channel, seconds)
        key = (method, channel)
        ends[key] = max(ends.get(key, 0.0), clock.now + seconds)
        assert pacer.free(method, channel) is (ends[key] <= clock.now)
    for (method, channel), end in ends.items():
        await pacer.ready(method, channel)
        assert clock.now >= end - 1e-6


async def test_what_is_long_free_is_forgotten() -> None:
    """Thousands of channels leave no memory behind once they are free again."""
    pacer, clock = paced()
    for n in range(2_500):
        pacer.blocked(POST, f"C{n}", 1)
        clock.now += 2
    await pacer.ready(POST, "C1")
    assert len(pacer._blocked) == 0


async def test_those_who_waited_for_a_block_leave_one_after_the_other() -> None:
    """When a block ends, what queued up behind it is paced as ever, not let go in a crowd."""
    pacer = Pacer()
    pacer.blocked(POST, "C1", 0.05)
    loop = asyncio.get_running_loop()
    times: list[float] = []

    async def call() -> None:
        await pacer.ready(POST, "C1")
        times.append(loop.time())

    await asyncio.gather(*(call() for _ in range(POST_BURST + 1)))
    assert times[-1] - times[0] > 0.5 * POST_GAP_S
