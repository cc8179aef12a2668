"""A SQLite database with the newest schema: migrated once in a test run, then copied."""

from __future__ import annotations

import asyncio
from pathlib import Path

from bot.store.base import Database

_made: list[bytes] = []


async def migrated(path: Path) -> Database:
    """The database in the file ``path``, open; a new one where there is none yet."""
    there = await asyncio.to_thread(path.exists)
    if _made and not there:
        await asyncio.to_thread(path.write_bytes, _made[0])
    elif not there:
        await (await Database.open(f"sqlite:///{path}")).close()
        _made.append(await asyncio.to_thread(path.read_bytes))
    return await Database.open(f"sqlite:///{path}")
