"""Cases are asked side by side, in bounds, and not twice."""

import asyncio

import pytest

from bot.evaluation.cases import Case
from bot.evaluation.running import Tolerance, TooManyFailedError, run_cases

CASES = [Case(str(n), f"What is {n}?") for n in range(20)]


async def test_cases_are_asked_in_bounds_and_come_back_in_order() -> None:
    """At most four at once; what is known is not asked again; each new answer is kept."""
    busy, most, kept = 0, 0, []

    async def answer(case: Case) -> str:
        nonlocal busy, most
        busy += 1
        most = max(most, busy)
        await asyncio.sleep(0.001 * (int(case.id) % 3))
        busy -= 1
        return f"answer {case.id}"

    steps: list[tuple[int, int]] = []
    found = await run_cases(
        CASES,
        answer,
        at_once=4,
        known={"3": "known"},
        keep=lambda id_, _: kept.append(id_),
        progress=lambda done, total: steps.append((done, total)),
    )
    assert list(found) == [case.id for case in CASES]
    assert found["3"] == "known"
    assert most == 4
    assert len(kept) == 19
    assert steps[0] == (1, 20)
    assert steps[-1] == (20, 20)


async def test_the_first_error_ends_the_run() -> None:
    """It comes as it was raised, and the others are cancelled."""
    asked = []

    async def answer(case: Case) -> str:
        asked.append(case.id)
        if case.id == "2":
            raise LookupError(case.id)
        await asyncio.sleep(30)
        return ""

    with pytest.raises(LookupError):
        await run_cases(CASES, answer, at_once=5)
    assert len(asked) == 5


def test_a_tenth_of_failures_is_borne_for_each_side() -> None:
    """Two of twenty each may fail; the third of one side ends it with a sentence."""
    tolerance = Tolerance(20)
    for side in ("v2", "v1"):
        tolerance.note(side, "down")
        tolerance.note(side, "down")
    with pytest.raises(TooManyFailedError, match=r"v2 failed 3 times in 20 cases.*\(down\)"):
        tolerance.note("v2", "down.")
