"""The built-in embedder, which remembers on disk what it embedded in an earlier benchmark."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from bot.ports import Vectors
from knowledge.embedder import DIMENSIONS, BuiltinEmbedder


class KeptEmbedder(BuiltinEmbedder):
    """As the built-in one, with documents' vectors kept in the file at ``path`` (in the user's
    cache by default): a set of 23,000 passages takes minutes only once."""

    def __init__(self, path: Path | None = None) -> None:
        super().__init__()
        self._path = path or Path.home() / ".cache" / "wellspoken" / "passages.db"
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._file = sqlite3.connect(self._path, timeout=60)
        self._file.execute("CREATE TABLE IF NOT EXISTS v (h BLOB PRIMARY KEY, value BLOB)")

    async def embed(self, texts: Sequence[str]) -> Vectors:
        names = [hashlib.sha1(t.encode("utf-8", "replace")).digest() for t in texts]
        found = {name: self._kept(name) for name in names}
        lacking = {n: t for n, t in zip(names, texts, strict=True) if found[n] is None}
        if lacking:
            fresh = await super().embed(list(lacking.values()))
            found.update(zip(lacking, fresh, strict=True))
            rows = [(n, found[n].tobytes()) for n in lacking]
            with self._file:
                self._file.executemany("INSERT OR IGNORE INTO v VALUES (?, ?)", rows)
        return np.stack([found[n] for n in names]) if names else np.zeros((0, DIMENSIONS), "f4")

    def _kept(self, name: bytes) -> Vectors | None:
        row = self._file.execute("SELECT value FROM v WHERE h = ?", (name,)).fetchone()
        return None if row is None else np.frombuffer(row[0], "<f4")

    def close(self) -> None:
        super().close()
        self._file.close()
