"""How long drafts of an answer may be written."""

from __future__ import annotations

import asyncio

from adapters.chat.tenure import Tenure, in_hand


async def test_it_lasts_from_the_beginning_to_the_end() -> None:
    """Before the first and after the last moment nothing is drafted."""
    tenure = Tenure()
    assert (tenure.begun, tenure.holds) == (False, False)
    tenure.begin()
    assert (tenure.begun, tenure.holds) == (True, True)
    tenure.end()
    assert (tenure.begun, tenure.holds) == (True, False)


async def test_who_is_cancelled_drafts_no_more() -> None:
    """From the cancellation on the answer is another process's, also while this one tidies up."""
    tenure, seen = Tenure(), list[bool]()

    async def answer() -> None:
        tenure.begin()
        try:
            await asyncio.sleep(60)
        finally:
            seen.append(tenure.holds)

    task = asyncio.create_task(answer())
    await asyncio.sleep(0)
    assert tenure.holds
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert seen == [False]
    assert not tenure.holds


async def test_the_end_ends_a_pause() -> None:
    """Nobody waits for the pace of drafts once the last form is there."""
    tenure = Tenure()
    tenure.begin()
    pausing = asyncio.create_task(tenure.pause(60))
    await asyncio.sleep(0)
    tenure.end()
    async with asyncio.timeout(30):
        await pausing


async def test_who_may_have_lost_the_lease_drafts_no_more() -> None:
    """A process that stood still for too long does not write over what another one wrote."""
    leased = True

    async def answer() -> tuple[bool, bool]:
        nonlocal leased
        in_hand.set(lambda: leased)
        tenure = Tenure()
        tenure.begin()
        before = tenure.holds
        leased = False
        return before, tenure.holds

    assert await asyncio.create_task(answer()) == (True, False)
