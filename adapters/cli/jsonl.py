"""JSON Lines in, JSON Lines out: several at once, in the order given, each flushed at once."""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import json
import sys
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
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

    async def one(line: str) -> dict[str, Any]:
        async with places:
            return await _answer(line, handler)

    async def read() -> None:
        try:
            async for line in _lines(path):
                if line.strip():
                    await waiting.put(asyncio.create_task(one(line)))
        finally:
            await waiting.put(None)

    reader = asyncio.create_task(read())
    while (task := await waiting.get()) is not None:
        result = await task
        failed = failed or ("error" in result and result.keys() <= {"id", "error"})
        print_json(result)
    await reader
    return 1 if failed else 0


async def _answer(line: str, handler: Handler) -> dict[str, Any]:
    ident: Any = None
    try:
        record = json.loads(line)
        if not isinstance(record, dict):
            raise UsageError("a line is one JSON object")
        ident = record.get("id")
        return {"id": ident, **await handler(record)}
    except json.JSONDecodeError as error:
        return {"id": ident, "error": f"not valid JSON: {error.msg} at column {error.colno}"}
    except RecursionError:
        return {"id": ident, "error": "the JSON is nested too deeply"}
    except WellspokenError as error:
        return {"id": ident, "error": str(error)}


def _open(path: str) -> IO[bytes]:
    if path == "-":
        return sys.stdin.buffer
    file = Path(path)
    if not file.is_file():
        raise MissingFileError(path=path)
    try:
        return file.open("rb")
    except OSError as error:
        raise ConfigurationError(where=path, problem=f"cannot be read: {error}") from error


async def _lines(path: str) -> AsyncIterator[str]:
    """The lines of a file as they come, read by a thread that never holds up the exit."""
    stream = _open(path)
    loop = asyncio.get_running_loop()
    lines: asyncio.Queue[bytes] = asyncio.Queue(_AT_ONCE)

    def read() -> None:
        with contextlib.suppress(RuntimeError, concurrent.futures.CancelledError):
            # Both mean that the command ended before its input did.
            while True:
                line = stream.readline()
                asyncio.run_coroutine_threadsafe(lines.put(line), loop).result()
                if not line:
                    return

    threading.Thread(target=read, name="jsonl-reader", daemon=True).start()
    while line := await lines.get():
        yield line.decode("utf-8", "replace")


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
    value = record.get(name, default)
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= most:
        raise UsageError(f'"{name}" is a whole number from 1 to {most}')
    return value
