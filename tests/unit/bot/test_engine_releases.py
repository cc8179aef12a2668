"""The engine and released versions: who speaks in a thread, and how well it keeps to the voice."""

from __future__ import annotations

from datetime import UTC, datetime

from bot.engine import Engine
from bot.errors import ModelUnavailableError
from bot.ladder import Ladder
from bot.ports import Voice
from tests.unit.bot.test_engine import READER, Literal, Shelf, Speaker, Turns, ask, passage

GENERAL = "general"


class Split:
    """Releases that give every second thread to a canary."""

    def __init__(self, live: Voice | None, canary: Voice | None = None) -> None:
        self.live, self.canary = live, canary

    async def voice(self, thread: str) -> Voice | None:
        return self.canary if thread.endswith("canary") else self.live


async def half(text: str) -> float | None:
    """A style check that likes short answers."""
    return 1.0 if len(text) < 30 else 0.25


def engine(releases: Split, turns: Turns | None = None) -> Engine:
    """An engine with a general model, a reader that finds nothing, and releases."""
    return Engine(
        turns=turns or Turns(),
        retriever=Shelf(passage()),
        ladder=Ladder(READER, general=Speaker("It weighs 900 g.", model=GENERAL)),
        grounder=Literal(),
        clock=lambda: datetime(2026, 11, 22, tzinfo=UTC),
        releases=releases,
        style=half,
    )


async def test_the_released_version_speaks_by_thread() -> None:
    """The canary's threads hear the canary, the others the live version, as the turn says."""
    live = Speaker("It weighs 900 g.", model="v1")
    canary = Speaker("The MG-200 needs 2.5 bar of water pressure.", model="v2")
    bot = engine(Split(live, canary))
    assert (await bot.answer(ask(thread="one"))).model == "v1"
    turn = await bot.answer(ask(thread="one-canary"))
    assert (turn.model, turn.style) == ("v2", 0.25)
    assert (await bot.answer(ask(thread="one"))).style == 1.0


async def test_without_a_release_the_general_model_speaks() -> None:
    """Nothing released: as if there were no registry."""
    assert (await engine(Split(None)).answer(ask())).model == GENERAL


async def test_a_released_version_that_is_down_is_stood_in_for() -> None:
    """The ladder below it is the same: the general model answers, and the turn says why."""
    down = Speaker(model="v1", fail=ModelUnavailableError(url="http://x"))
    bot = Engine(
        turns=Turns(),
        retriever=Shelf(passage()),
        ladder=Ladder(Speaker("It weighs 900 g.", model="reader")),
        grounder=Literal(),
        clock=lambda: datetime(2026, 11, 22, tzinfo=UTC),
        releases=Split(down),
    )
    turn = await bot.answer(ask())
    assert turn.model == "reader"
    assert any("v1" in note for note in turn.notes)
    assert turn.style is None
