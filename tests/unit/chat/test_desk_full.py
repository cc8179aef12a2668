"""More is asked in chats than there are places: nothing is refused or lost, and nobody is left
without a word."""

from __future__ import annotations

import asyncio
from pathlib import Path

from tests.platforms.chat_desk import office
from tests.platforms.chat_fake import said

_QUEUED = "has your question; others are before it…"


async def test_who_waits_for_a_place_is_told_so_and_answered_in_turn(tmp_path: Path) -> None:
    """Each sees at once that work began, the one who waits hears after a while that others are
    before, once; when the process is stopped the next one answers both."""
    async with office(tmp_path, desk={"places": 1, "finish_s": 0.1}) as here:
        here.engine.delay = 3600
        working = asyncio.create_task(here.desk.run())
        first, second = said("One", for_bot=True), said("Two", for_bot=True)
        assert first.home != second.home
        await here.desk.take(first)
        async with asyncio.timeout(60):
            while not here.engine.asked:  # noqa: ASYNC110 - another task
                await asyncio.sleep(0.01)
            await here.desk.take(second)
            while (second.message, _QUEUED) not in here.chat.begun:  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        assert (first.message, _QUEUED) not in here.chat.begun
        assert here.chat.begun.count((second.message, "")) == 1
        working.cancel()
        await asyncio.gather(working, return_exceptions=True)
        here.engine.delay = 0.0
        await here.work()
        told = [here.chat.in_thread(question.home)[-1].text for question in (first, second)]
        assert told == ["Answer to One", "Answer to Two"]
        assert here.chat.begun.count((second.message, _QUEUED)) == 1
