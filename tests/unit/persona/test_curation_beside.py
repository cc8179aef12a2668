"""Data sets are built where people are answered at the same time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from bot.errors import TrainingError
from bot.store.rated import Rated
from persona.curation.choosing import Format
from persona.curation.curator import Curator
from persona.curation.writing import Spool
from tests.platforms.turns import turn_of

TURNS = 20


class Choices:
    """Nobody said anything about their words."""

    async def standing(
        self, authors: set[str], /
    ) -> tuple[dict[str, bool], dict[tuple[str, str], bool]]:
        del authors
        return {}, {}


async def _rated() -> AsyncIterator[list[Rated]]:
    yield [Rated(turn_of(), ())] * TURNS


async def test_others_get_on_between_two_turns_of_a_data_set(tmp_path: Path) -> None:
    """A worker builds it in the process that answers: 100,000 turns take a minute."""
    unused: Any = None
    passes = 0
    seen: list[int] = []

    async def answer_people() -> None:
        nonlocal passes
        while True:
            passes += 1
            await asyncio.sleep(0)

    beside = asyncio.create_task(answer_people())
    spool = Spool(tmp_path)
    try:
        with pytest.raises(TrainingError):
            await Curator(Format.SFT, unused, Choices(), spool, silence=False).curate(
                _rated(), TURNS, lambda *_: seen.append(passes)
            )
    finally:
        spool.close()
        beside.cancel()
    assert seen[0] >= TURNS
