"""The trained checker of an application: one for all, loaded when it is needed, gone at the end."""

from __future__ import annotations

import threading

import pytest

from adapters.models import open_checker
from knowledge.checking.answering import EncoderJudge


def threads() -> list[threading.Thread]:
    """The threads that read for a checker."""
    return [t for t in threading.enumerate() if t.name.startswith("check")]


@pytest.mark.parametrize("warm", [True, False])
async def test_the_checker_answers_and_leaves_no_thread(*, warm: bool) -> None:
    """It loads ahead or at the first question, and ends with the application."""
    before = threads()
    with open_checker(warm=warm) as encoder:
        assert len(threads()) - len(before) == int(warm)
        likely = await EncoderJudge(encoder).answers(
            "How long is the warranty?", ["The warranty lasts 24 months."]
        )
        assert 0 < likely < 1
        mine = [t for t in threads() if t not in before]
    for thread in mine:
        thread.join(60)
    assert not any(t.is_alive() for t in mine)
