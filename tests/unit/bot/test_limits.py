"""Windows, floods and what is said about them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bot.limits import Asked, Kind, Limiter, Rate, Rates, Verdict, Window

MINUTE = 60.0
MOMENTS = st.lists(st.integers(0, 500).map(float), min_size=1, max_size=60)


def asked(at: float, event: str = "", **more: object) -> Asked:
    told = {"person": "p", "channel": "c", "workspace": "w", "text": f"question {at}"} | more
    return Asked(event=event or f"e{at}", at=at, **told)  # type: ignore[arg-type]  # tests name any


@given(moments=MOMENTS, most=st.integers(1, 5), seconds=st.integers(1, 100))
def test_no_stretch_holds_more_than_its_rate(moments: list[float], most: int, seconds: int) -> None:
    """Whatever the moments, what was let through keeps to the rate in every stretch."""
    window, passed = Window(Rate(most, seconds)), []
    for now in sorted(moments):
        if window.wait("a", now) == 0:
            window.add("a", now)
            passed.append(now)
    for at in passed:
        assert sum(at - seconds < other <= at for other in passed) <= most


@given(moments=MOMENTS, most=st.integers(1, 5))
def test_who_waits_as_long_as_told_is_let_in(moments: list[float], most: int) -> None:
    """The named wait is enough."""
    window = Window(Rate(most, MINUTE))
    for now in sorted(moments):
        if wait := window.wait("a", now):
            assert window.wait("a", now + wait + 1e-6) == 0
        else:
            window.add("a", now)


def test_a_window_remembers_few_keys() -> None:
    """Memory is bounded by keys and by events, whatever comes."""
    window = Window(Rate(3, MINUTE), keys=10)
    for n in range(1_000):
        window.add(f"k{n}", n / 1_000)
    assert len(window) == 10
    for n in range(1_000):
        window.add("one", 1 + n / 1_000)
    assert window.wait("one", 2.0) > 0


def test_a_window_forgets_who_was_not_heard_of() -> None:
    """Who wrote once takes no room once the window has passed, however few keys there are."""
    window = Window(Rate(3, MINUTE))
    for n in range(1_000):
        window.add(f"k{n}", float(n))
    assert len(window) == MINUTE
    for _ in range(3):
        window.add("k999", 999.0)
    window.add("late", 1_040.0)
    assert window.wait("k999", 1_040.0) > 0


def test_late_messages_count_as_now() -> None:
    """What was said before the newest message does not open the window again."""
    window = Window(Rate(2, MINUTE))
    window.add("a", 100)
    window.add("a", 10)
    assert window.wait("a", 20) > 0
    assert window.wait("a", 160) == 0


def test_the_first_over_a_limit_is_spoken_of_and_the_next_is_not() -> None:
    """One sentence with the time to wait; the next one after that time."""
    limiter = Limiter(Rates(person=Rate(2, MINUTE)))
    verdicts = [limiter.weigh(asked(at)) for at in (0.0, 10.0, 20.0, 30.0, 59.0)]
    assert [v.passes for v in verdicts] == [True, True, False, False, False]
    assert [v.tell for v in verdicts] == [False, False, True, False, False]
    assert (verdicts[2].kind, verdicts[2].wait_s) == (Kind.PERSON, 40.0)
    assert limiter.weigh(asked(60.0)).passes
    assert limiter.weigh(asked(61.0)).tell


def test_the_same_message_delivered_again_has_the_same_verdict() -> None:
    """A redelivery neither counts nor changes what was decided."""
    limiter = Limiter(Rates(person=Rate(1, MINUTE)))
    first = limiter.weigh(asked(0.0, "a"))
    told = limiter.weigh(asked(1.0, "b"))
    assert (first.passes, told.tell) == (True, True)
    for _ in range(3):
        assert limiter.weigh(asked(0.0, "a")) == first
        assert limiter.weigh(asked(1.0, "b")) == told
    assert limiter.weigh(asked(61.0, "c")).passes


def test_a_channel_is_bounded_over_its_people() -> None:
    """Each of those who are one too many hears it once; another channel goes on."""
    limiter = Limiter(Rates(channel=Rate(2, MINUTE)))
    verdicts = [limiter.weigh(asked(n, person=f"p{n % 4}")) for n in range(8)]
    assert [v.passes for v in verdicts] == [True, True] + [False] * 6
    assert [v.tell for v in verdicts[2:]] == [True, True, True, True, False, False]
    assert limiter.weigh(asked(8.0, channel="other")).passes
    assert limiter.full(8.0) == ("w",)
    assert limiter.full(200.0) == ()


def test_the_same_words_over_and_over_are_answered_a_few_times() -> None:
    """Case and space do not make them others; other words and other channels do."""
    limiter = Limiter(Rates(repeats=Rate(3, MINUTE)))
    said = ("Is it on?", "is it  on?", "IS IT ON?", "Is it on?", "Is it on?")
    verdicts = [limiter.weigh(asked(float(n), text=t)) for n, t in enumerate(said)]
    assert [v.kind for v in verdicts] == [None, None, None, Kind.REPEAT, Kind.REPEAT]
    assert [v.tell for v in verdicts] == [False, False, False, True, False]
    assert limiter.weigh(asked(5.0, text="Is it off?")).passes
    assert limiter.weigh(asked(6.0, text="Is it on?", channel="other")).passes


def test_a_flood_leaves_others_served_and_memory_bounded() -> None:
    """10,000 messages in a second from one person: one sentence, silence until it is calm, and
    everybody else passes."""
    rates = Rates(Rate(20, 60), Rate(300, 60), Rate(1500, 60), Rate(10, 10), Rate(6, 60))
    limiter = Limiter(rates)
    flood: list[Verdict] = []
    others: list[Verdict] = []
    for n in range(10_000):
        flood.append(limiter.weigh(asked(n / 10_000, f"f{n}")))
        if n % 100 == 0:
            others.append(limiter.weigh(asked(n / 10_000, f"o{n}", person=f"q{n}")))
    assert sum(v.passes for v in flood) == 10
    assert sum(v.tell for v in flood) == 1
    assert all(v.passes for v in others)
    assert limiter.size < 1_000
    assert limiter.flooding("p", 0.5)
    assert not limiter.flooding("q100", 0.5)
    assert limiter.weigh(asked(30.0)).passes, "it is calm"


def test_what_people_say_to_each_other_is_never_spoken_of() -> None:
    """A lively thread counts for nothing, and a flood in it is left alone in silence."""
    rates = Rates(person=Rate(1, MINUTE), burst=Rate(5, 10))
    limiter = Limiter(rates)
    verdicts = [limiter.weigh(asked(n / 10, sure=False)) for n in range(20)]
    assert sum(v.passes for v in verdicts) == 5
    assert not any(v.tell for v in verdicts)
    assert limiter.weigh(asked(3.0)).passes


def test_no_limits_let_everything_through() -> None:
    """`off` everywhere."""
    limiter = Limiter(Rates())
    assert all(limiter.weigh(asked(0.0, f"e{n}")).passes for n in range(500))


@given(gaps=st.lists(st.floats(0, 30, allow_nan=False), min_size=1, max_size=80))
def test_nobody_is_left_in_silence_from_the_start(gaps: list[float]) -> None:
    """Whatever the pace: the first that is not taken is spoken of, and the wait is positive."""
    limiter = Limiter(Rates(Rate(3, 20), Rate(5, 20), Rate(7, 20), Rate(4, 5), None))
    at, before = 0.0, True
    for n, gap in enumerate(gaps):
        at += gap
        verdict = limiter.weigh(asked(at, f"e{n}"))
        if not verdict.passes:
            assert verdict.wait_s > 0
            assert verdict.tell or not before
        before = before and verdict.passes
