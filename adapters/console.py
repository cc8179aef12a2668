"""A chat in the terminal: answers stream, sources follow, a key rates."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Protocol

from adapters.rendering import plain, sources_ansi
from bot.conversation import Author, Feedback, Outcome, Platform, Principal, Question, Rating, Turn
from bot.engine import Engine
from bot.errors import UsageError
from bot.store.ids import new_id
from bot.telemetry import held_back

if TYPE_CHECKING:
    from persona.profile import Persona

HELP = """\
+            thumbs up for the last answer
- [reason]   thumbs down, with a reason if you like
= TEXT       a better answer than the last one
/new         a new conversation
/quit        leave (also Ctrl-D)"""


class Ratings(Protocol):
    """Where a thumb goes."""

    async def rate(self, feedback: Feedback) -> None: ...


def _reader() -> Callable[[], str]:
    """What reads a line, at a terminal after a prompt; EOFError at the end of input."""
    if sys.stdin.isatty():
        return partial(input, "\n> ")
    # A file of its own: the interpreter cannot close sys.stdin while a thread waits in it.
    lines = os.fdopen(os.dup(sys.stdin.fileno()), encoding="utf-8", errors="replace")

    def read() -> str:
        if line := lines.readline():
            return line
        raise EOFError

    return read


async def _next_line(read: Callable[[], str]) -> str:
    """What ``read`` gives, from a daemon thread: Ctrl-C ends the chat without another Enter."""
    loop = asyncio.get_running_loop()
    line: asyncio.Future[str] = loop.create_future()

    def settle(typed: str | None) -> None:
        if line.done():
            return
        if typed is None:
            line.set_exception(EOFError())
        else:
            line.set_result(typed)

    def wait() -> None:
        try:
            typed: str | None = read()
        except EOFError:
            typed = None
        with contextlib.suppress(RuntimeError):  # the chat is over, and its loop with it
            loop.call_soon_threadsafe(settle, typed)

    threading.Thread(target=wait, name="typed", daemon=True).start()
    return await line


class TerminalChat:
    """One conversation with one person at a terminal."""

    def __init__(
        self, engine: Engine, ratings: Ratings, persona: Persona, principal: Principal
    ) -> None:
        self._engine = engine
        self._ratings = ratings
        self._persona = persona
        self._principal = principal
        self._author = Author(Platform.TERMINAL, "local")
        self._thread = new_id("thread")
        self._last: Turn | None = None
        self._said: Feedback | None = None
        self._color = sys.stdout.isatty()

    async def run(self) -> None:
        """Talk until the person leaves."""
        read = _reader()
        self._write(f"{self._persona.greeting[0]}\n(/help for the keys)\n")
        while True:
            try:
                line = await _next_line(read)
            except EOFError:
                self._write("\n")
                return
            text = line.strip()
            if text in ("/quit", "/exit"):
                return
            if text:
                await self._take(text)

    async def _take(self, text: str) -> None:
        if text in ("/help", "?"):
            self._write(HELP + "\n")
        elif text == "/new":
            self._thread, self._last, self._said = new_id("thread"), None, None
            self._write("A new conversation.\n")
        elif text[0] in "+-=" and self._last is not None:
            await self._rate(text)
        else:
            await self._ask(text)

    async def _ask(self, text: str) -> None:
        async def show(piece: str) -> None:
            self._write(plain(piece))

        question = Question(text, self._author, self._principal, thread=self._thread)
        with held_back():
            try:
                turn = await self._engine.answer(question, show)
            except UsageError as error:
                self._write(f"{error}\n")
                return
            self._last, self._said = turn, None
            sources = sources_ansi(turn, color=self._color)
            self._write(f"\n{sources}\n" if sources else "\n")
        if turn.outcome is not Outcome.ERROR and self._color:
            self._write("\x1b[2m+ or - rates this answer\x1b[0m\n")

    async def _rate(self, text: str) -> None:
        assert self._last is not None
        key, rest = text[0], text[1:].strip()
        if key == "=" and not rest:
            self._write("Write the better answer behind the sign: = It takes three minutes.\n")
            return
        given = Feedback(self._last.id, self._author, Rating.UP if key == "+" else Rating.DOWN)
        if key != "+":  # a reason and a better answer come one after the other and belong together
            before = self._said or given
            given = replace(
                given,
                reason=rest if key == "-" and rest else before.reason,
                correction=rest if key == "=" else before.correction,
            )
        await self._ratings.rate(given)
        self._said = given
        self._write("Thank you, noted.\n")

    @staticmethod
    def _write(text: str) -> None:
        sys.stdout.write(text)
        sys.stdout.flush()
