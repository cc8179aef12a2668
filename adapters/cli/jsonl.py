"""JSON Lines in, JSON Lines out: several at once, in the order given, each flushed at once."""

from __future__ import annotations

import asyncio
import codecs
import contextlib
import json
import os
import sys
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from pathlib import Path
from typing import IO, Any

from adapters.cli.console import print_json
from bot.errors import ConfigurationError, MissingFileError, UsageError, WellspokenError

Handler = Callable[[dict[str, Any]], Awaitable[dict[str, Any]]]

_AT_ONCE = 8


async def run_jsonl(path: str, handler: Handler, *, at_once: int = _AT_ONCE) -> int:
    """Answer each line of ``path`` (``-``: stdin) by ``handler``.

    Returns the exit code: 1 when a line was bad or failed, which is then written as
    ``{"id", "error"}`` while the rest goes on.
    """
    failed = False
    waiting: asyncio.Queue[asyncio.Task[dict[str, Any]] | None] = asyncio.Queue(at_once)
    places = asyncio.Semaphore(at_once)
    answers: set[asyncio.Task[dict[str, Any]]] = set()

    async def one(line: bytes) -> dict[str, Any]:
        async with places:
            return await _answer(line, handler)

    async def read(stream: IO[bytes]) -> None:
        try:
            async for line in _lines(stream):
                answers.add(task := asyncio.create_task(one(line)))
                await waiting.put(task)
        except Exception:
            await waiting.put(None)
            raise
        await waiting.put(None)

    reader = asyncio.create_task(read(_open(path)))
    try:
        while (task := await waiting.get()) is not None:
            result = await task
            answers.discard(task)
            failed = failed or "error" in result or result.get("outcome") == "error"
            print_json(result)
        await reader
    finally:
        # Whatever ends this early (Ctrl-C, a pipe that closed) ends what is under way, before the
        # caller closes what the answers need.
        for unfinished in (reader, *answers):
            unfinished.cancel()
        await asyncio.gather(reader, *answers, return_exceptions=True)
    return 1 if failed else 0


async def _answer(line: bytes, handler: Handler) -> dict[str, Any]:
    ident: Any = None
    try:
        record = _parsed(line.decode("utf-8", "replace"))
        ident = record.get("id")
        line.decode("utf-8")
        return {"id": ident, **await handler(record)}
    except UnicodeDecodeError:
        return {"id": ident, "error": "not UTF-8 text; save the file as UTF-8"}
    except WellspokenError as error:
        return {"id": ident, "error": str(error)}
    except Exception as error:  # noqa: BLE001 - a fault met by one line is not the next one's
        fault = f"a fault in the program, please report it ({type(error).__name__}: {error})"
        return {"id": ident, "error": fault}


def _parsed(line: str) -> dict[str, Any]:
    """The object of a line; raises UsageError."""
    try:
        record = json.loads(line, parse_constant=_no_number)
    except json.JSONDecodeError as error:
        raise UsageError(f"not valid JSON: {error.msg} at column {error.colno}") from error
    except RecursionError as error:
        raise UsageError("the JSON is nested too deeply") from error
    except ValueError as error:  # a number of thousands of digits
        raise UsageError(f"not valid JSON: {error}") from error
    if not isinstance(record, dict):
        raise UsageError('a line is one JSON object, like {"id": 1, …}')
    return record


def _no_number(name: str) -> None:
    raise ValueError(f"{name} is no number")


def _open(path: str) -> IO[bytes]:
    if path == "-":
        # A file of its own: the interpreter cannot close sys.stdin while a thread waits in it.
        return os.fdopen(os.dup(sys.stdin.fileno()), "rb")
    if not Path(path).exists():
        raise MissingFileError(path=path)
    try:
        return Path(path).open("rb")
    except OSError as error:
        raise _unreadable(path, error) from error


def _unreadable(path: str, error: OSError) -> ConfigurationError:
    return ConfigurationError(where=path, problem=f"cannot be read ({error.strerror})")


async def _lines(stream: IO[bytes]) -> AsyncIterator[bytes]:
    """The lines that are not empty, as they come, without the byte order mark.

    A thread reads them and closes the file; it never holds up the exit.
    """
    loop = asyncio.get_running_loop()
    lines: asyncio.Queue[bytes | OSError] = asyncio.Queue()
    room = threading.Semaphore(_AT_ONCE)

    def read() -> None:
        with stream, contextlib.suppress(RuntimeError):  # the command ended before its input did
            line: bytes | OSError = b" "
            while line and not isinstance(line, OSError):
                room.acquire()
                try:
                    line = stream.readline()
                except OSError as error:
                    line = error
                loop.call_soon_threadsafe(lines.put_nowait, line)

    threading.Thread(target=read, name="jsonl-reader", daemon=True).start()
    mark = codecs.BOM_UTF8
    while line := await lines.get():
        room.release()
        if isinstance(line, OSError):
            raise _unreadable(str(stream.name), line) from line
        line, mark = line.removeprefix(mark), b""
        if line.strip():
            yield line


# -- reading the fields of a record ---------------------------------------------------------


def text_field(record: dict[str, Any], name: str, *, required: bool = True) -> str:
    """A text of a record; raises UsageError where it is missing or no text."""
    value = record.get(name)
    if value is None and not required:
        return ""
    if not isinstance(value, str):
        raise UsageError(f'"{name}" is missing or no text')
    return value


def texts_field(record: dict[str, Any], name: str, *, required: bool = False) -> list[str]:
    """A list of texts of a record."""
    value = record.get(name)
    if value is None and not required:
        return []
    if not isinstance(value, list) or not all(isinstance(v, str) for v in value):
        raise UsageError(f'"{name}" is a list of texts')
    return value


def groups_field(record: dict[str, Any], default: Sequence[str] | None) -> Sequence[str] | None:
    """``groups`` of a record, an empty list meaning public; without any the command's own."""
    return default if record.get("groups") is None else texts_field(record, "groups")


def history_field(record: dict[str, Any], *, required: bool = False) -> Any:
    """``history`` as messages; ``None`` where there is none."""
    from bot.conversation import Message, Role

    value = record.get("history")
    if value is None and not required:
        return None
    if not isinstance(value, list):
        raise UsageError('"history" is a list of {"role", "text"}')
    messages = []
    for entry in value:
        role = entry.get("role") if isinstance(entry, dict) else None
        text = entry.get("text") if isinstance(entry, dict) else None
        if role not in ("user", "assistant") or not isinstance(text, str):
            raise UsageError('"history" entries have a role (user or assistant) and a text')
        messages.append(Message(Role(role), text))
    return tuple(messages)


def count_field(record: dict[str, Any], name: str, default: int, *, most: int) -> int:
    """A positive whole number of a record."""
    value = default if record.get(name) is None else record[name]
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= most:
        raise UsageError(f'"{name}" is a whole number from 1 to {most}')
    return value
