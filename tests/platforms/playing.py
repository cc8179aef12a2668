"""How people are played from lines: typed, piped, or written in a script."""

from __future__ import annotations

import argparse
import asyncio
import sys
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

PersonT = TypeVar("PersonT")
PlaceT = TypeVar("PlaceT")


class _Shown(Protocol):
    """A message as people see it."""

    reactions: Any

    @property
    def shown(self) -> str: ...

    @property
    def buttons(self) -> list[str]: ...


MessageT = TypeVar("MessageT", bound=_Shown)


def tell(text: str) -> None:
    """Print a line at once."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


class Lines(ABC, Generic[PersonT, PlaceT]):
    """What a player does: ``on_NAME`` carries out the line ``NAME …``.

    ``unheard`` is what a gesture raises that the service did not take, ``sorry`` tells of it.
    """

    def __init__(
        self,
        people: Mapping[str, PersonT],
        channels: Mapping[str, PlaceT],
        unheard: type[Exception],
        sorry: str,
    ) -> None:
        self.people, self.channels = people, channels
        self.me = next(iter(people.values()))
        self.here = next(iter(channels.values()))
        self._unheard, self._sorry = unheard, sorry
        self._seen: dict[str, tuple[str, bool]] = {}
        self.lines: dict[str, Callable[[str], Awaitable[None]]] = {
            name.removeprefix("on_"): getattr(self, name)
            for name in dir(self)
            if name.startswith("on_")
        }

    async def play(self, line: str) -> bool:
        """Carry out one line; whether to go on."""
        name, _, rest = line.strip().partition(" ")
        if not name or name.startswith("#"):
            return True
        if name == "quit":
            return False
        action = self.lines.get(name)
        if action is None:
            tell(f"? {name}: one of {', '.join(sorted(self.lines))}, quit")
            return True
        try:
            await action(rest.strip())
        except (AssertionError, LookupError, TimeoutError, ValueError) as error:
            tell(f"! {type(error).__name__}: {error}")
        except self._unheard as error:
            tell(f"! {self._sorry}: {error}")
        return True

    async def on_as(self, name: str) -> None:
        """Be somebody else."""
        self.me = self.people[name.title()]

    async def on_in(self, name: str) -> None:
        """Be somewhere else."""
        self.here = self.channels[name.lstrip("#")]

    async def on_pause(self, seconds: str) -> None:
        """Do nothing."""
        await asyncio.sleep(float(seconds))

    @abstractmethod
    def watch(self) -> None:
        """Print what is new or other than before."""

    def _once(self, key: str, line: str) -> None:
        if key not in self._seen:
            self._seen[key] = (line, False)
            tell(line)


def pairs(text: str) -> dict[str, str]:
    """``NAME=VALUE; …`` taken apart."""
    parts = (part.partition("=") for part in text.split(";") if part.strip())
    return {name.strip(): value.strip() for name, _, value in parts}


def told(head: str, marks: Iterable[str], words: str, message: _Shown) -> str:
    """A message in lines: who and where, its marks, its words, its buttons and reactions."""
    given = ", ".join(mark for mark in marks if mark)
    lines = [f"{head} ({given})" if given else head]
    lines += [f"    {line}" for line in words.splitlines()]
    lines += [f"    [{'] ['.join(message.buttons)}]"] if message.buttons else []
    reactions = [f"{name} {len(users)}" for name, users in message.reactions.items()]
    lines += [f"    {', '.join(reactions)}"] if reactions else []
    return "\n".join(lines)


def last_answer(answers: list[MessageT], at: Callable[[MessageT], float]) -> MessageT:
    """The last one, of those with buttons if there are any. Raises LookupError."""
    pressable = [answer for answer in answers if answer.buttons] or answers
    if not pressable:
        raise LookupError("no answer yet")
    return max(pressable, key=at)


async def _watching(player: Lines[Any, Any]) -> None:
    while True:
        await asyncio.sleep(0.2)
        player.watch()


async def _typed_lines() -> AsyncIterator[str]:
    while line := await asyncio.to_thread(sys.stdin.readline):
        yield line


async def _written_lines(script: str) -> AsyncIterator[str]:
    for line in script.splitlines():
        tell(f"> {line}")
        yield line


async def perform(player: Lines[Any, Any], script: str | None) -> None:
    """Play a script, or else what is typed, until the lines end, and print what happens."""
    watching = asyncio.create_task(_watching(player))
    async for line in _typed_lines() if script is None else _written_lines(script):
        if not await player.play(line):
            break
    watching.cancel()
    with suppress(asyncio.CancelledError):
        await watching
    player.watch()


def arguments(description: str | None, port: int) -> argparse.ArgumentParser:
    """The arguments that every player has."""
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--port", type=int, default=port)
    parser.add_argument("--script", help="a file with lines to play instead of the keyboard")
    parser.add_argument(
        "--await-service", type=float, default=120.0, help="seconds to wait for it; 0: do not"
    )
    return parser


def start(
    run: Callable[[argparse.Namespace, str | None], Coroutine[Any, Any, None]],
    parser: argparse.ArgumentParser,
) -> None:
    """Read the arguments and play."""
    given = parser.parse_args()
    script = Path(given.script).read_text("utf-8") if given.script else None
    with suppress(KeyboardInterrupt):
        asyncio.run(run(given, script))
