"""A desk on real storage with an engine that plays prepared answers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from adapters.assembly import Application, assemble
from adapters.chat.base import Heard
from adapters.chat.desk import Desk
from bot.conversation import (
    Outcome,
    Question,
    Turn,
)
from bot.reply import Show, silent
from bot.settings import load_settings
from bot.store.history import History
from bot.store.ids import new_id
from tests.platforms.chat_fake import FakeChat
from tests.platforms.turns import turn_of


@dataclass
class ScriptedEngine:
    """Answers "Answer to …" in three pieces; what else it shall do is set on it."""

    history: History
    outcome: Outcome = Outcome.ANSWERED
    delay: float = 0.0
    fault: Exception | None = None
    busy: bool = False
    reply: Callable[[Question], str] = lambda question: f"Answer to {question.text}"
    asked: list[Question] = field(default_factory=list)

    async def answer(self, question: Question, show: Show = silent) -> Turn:
        if question.key and (done := await self.history.turn_for_key(question.key)):
            await show(done.answer)
            return done
        self.asked.append(question)
        if self.delay:
            await asyncio.sleep(self.delay)
        if self.fault is not None:
            raise self.fault
        text = self.reply(question)
        for piece in (text[:4], text[4:8], text[8:]):
            await show(piece)
        turn = turn_of(
            text,
            id=new_id("turn"),
            thread=question.thread or new_id("thread"),
            question=question.text,
            query=question.text,
            author=question.author,
            channel=question.channel,
            audience=question.principal.groups,
            outcome=self.outcome,
        )
        await self.history.record(turn, question.key)
        return turn


@dataclass
class Office:
    """A desk with its platform, its engine and what is behind it."""

    desk: Desk
    chat: FakeChat
    engine: ScriptedEngine
    app: Application

    async def hear(self, *heard: Heard) -> None:
        """Take messages, work until nothing waits."""
        for message in heard:
            await self.desk.take(message)
        await self.work()

    async def work(self, seconds: float = 90.0) -> None:
        """Work until everything in the inbox is done or failed."""
        running = asyncio.create_task(self.desk.run())
        try:
            async with asyncio.timeout(seconds):
                while not self.chat.dead and await self.desk.inbox.open_count():
                    await asyncio.sleep(0.01)
                    if running.done():
                        await running
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)


@asynccontextmanager
async def office(
    home: Path,
    chat: FakeChat | None = None,
    *,
    desk: Mapping[str, Any] | None = None,
    **settings: object,
) -> AsyncIterator[Office]:
    """A desk whose data lives in a folder; a second one there finds what the first one left.

    ``desk`` holds what its constructor takes.
    """
    chosen = load_settings(WELLSPOKEN_HOME=home, **settings)
    async with assemble(chosen, warm=False) as assembled:
        engine = ScriptedEngine(assembled.history)
        app = replace(assembled, engine=engine)  # type: ignore[arg-type]  # the part of it that is used
        counter = Desk(app, **(desk or {}))
        platform = chat or FakeChat()
        counter.join(platform)
        yield Office(counter, platform, engine, app)
