"""A SQLite database with the newest schema: migrated once in a test run, then copied."""

from __future__ import annotations

import asyncio
from pathlib import Path

from bot.store.base import Database

_made: list[bytes] = []


async def migrated(path: Path) -> Database:
    """A new database in the file ``path``, open."""
    if _made:
        await asyncio.to_thread(path.write_bytes, _made[0])
    else:
        await (await Database.open(f"sqlite:///{path}")).close()
        _made.append(await asyncio.to_thread(path.read_bytes))
    return await Database.open(f"sqlite:///{path}")
