"""People who ask: many threads, follow-ups, at a rate; bounded in number and in time."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from tests.chaos.chats import Chat, Talk

MOST_OPEN = 40
"""So many questions may wait for their answers before nobody asks more."""


@dataclass
class Load:
    """Asks ``rate`` questions a second on all the chats together, until stopped or ``most`` were
    asked. ``following`` is the share of questions that follow in a thread, ``pause`` seconds after
    the last one at the least."""

    chats: Sequence[Chat]
    chance: random.Random
    rate: float = 4.0
    most: int = 200
    following: float = 0.4
    pause: float = 0.0
    talks: list[Talk] = field(default_factory=list)
    _waiting: list[Talk] = field(default_factory=list)
    _task: asyncio.Task[None] | None = None

    @property
    def asked(self) -> int:
        """How many questions were asked."""
        return sum(len(talk.asked) for talk in self.talks)

    @property
    def open(self) -> int:
        """How many have no finished answer yet."""
        self._waiting = [talk for talk in self._waiting if unanswered(talk)]
        return sum(map(unanswered, self._waiting))

    def _may_follow(self, talk: Talk) -> bool:
        rested = bool(talk.asked) and time.time() - talk.asked[-1].asked >= self.pause
        return rested and talk.chat.may_follow(talk)

    async def ask(self) -> None:
        """One question, in a thread that goes on or in a new one."""
        followable = [talk for talk in self.talks[-30:] if self._may_follow(talk)]
        if followable and self.chance.random() < self.following:
            talk = self.chance.choice(followable)
        else:
            talk = self.chance.choice(list(self.chats)).talk(self.chance)
            self.talks.append(talk)
        await talk.chat.ask(talk, self.chance)
        if talk not in self._waiting:
            self._waiting.append(talk)

    async def run(self, seconds: float) -> None:
        """Ask for so long."""
        until = time.monotonic() + seconds
        while time.monotonic() < until and self.asked < self.most:
            if self.open < MOST_OPEN:
                await self.ask()
            await asyncio.sleep(self.chance.expovariate(self.rate))

    def start(self, seconds: float) -> None:
        """:meth:`run` beside what else happens."""
        self._task = asyncio.create_task(self.run(seconds))

    async def stop(self) -> None:
        """Nobody asks any more. Raises what went wrong in asking."""
        if self._task is None:
            return
        if self._task.done():
            self._task.result()
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        self._task = None


def unanswered(talk: Talk) -> int:
    """How many of its questions wait for a finished message."""
    finished = sum(said.finished is not None for said in talk.chat.said(talk))
    return max(0, len(talk.asked) - finished)
