"""What is posted, and noted, by a process that may have been taken for dead."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from adapters.chat.base import Placement
from adapters.chat.tenure import in_hand
from bot.errors import LeaseLostError


async def test_who_stood_still_after_noting_its_intent_does_not_post() -> None:
    """Another process has seen the intent, and posts: there is one message, not two."""
    noted: list[Mapping[str, Any]] = []
    held = True

    async def note(state: Mapping[str, Any]) -> None:
        nonlocal held
        noted.append(dict(state))
        held = False  # it stands still here for longer than its lease

    async def send() -> str:
        pytest.fail("it posts though another process may")

    async def find(_: Sequence[str]) -> str | None:
        return None

    before = in_hand.set(lambda: held)
    try:
        with pytest.raises(LeaseLostError):
            await Placement("event", None, note).post(send, find)
    finally:
        in_hand.reset(before)
    assert noted == [{"messages": [], "marks": {}, "pending": True}]
