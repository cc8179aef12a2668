"""Traces in a SQLite file: whether words that were erased are left in its bytes, and their end.

What is deleted is overwritten (https://www.sqlite.org/pragma.html#pragma_secure_delete), but a page
that SQLite divides may keep a copy of what moved to its neighbour. So the bytes are looked at, and
the file is written anew where a trace is left (https://www.sqlite.org/lang_vacuum.html).
"""

from __future__ import annotations

import json
import logging
import sqlite3
import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

log = logging.getLogger("wellspoken.store")

_WINDOW = 1 << 20
_GRAM = 8
_LENGTHS = (16, 24, 32, 48, 64, 96, 128)
"""Texts are cut to the longest of these that they have, in bytes."""
_BUSY_MS = 200
"""How long one try may hold up writers while readers finish."""


def empty_journal(connection: sqlite3.Connection) -> bool:
    """Bring the write-ahead log into the file and cut it off, outside a transaction.

    ``False`` where somebody still reads from it: then try again.
    """
    before = connection.execute("PRAGMA busy_timeout").fetchone()[0]
    connection.execute(f"PRAGMA busy_timeout = {_BUSY_MS}")
    try:
        busy, *_ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    finally:
        connection.execute(f"PRAGMA busy_timeout = {before}")
    return not busy


def rewrite(connection: sqlite3.Connection) -> None:
    """Write the file anew from what is in it, outside a transaction. It takes as much room again
    meanwhile, and writers wait."""
    connection.execute("VACUUM")


def has_trace(path: Path, traces: Sequence[str]) -> bool:
    """Whether any of some texts is in the bytes of a database file, or may be.

    Another process looks: in this one, closing the file would end SQLite's locks on it
    (https://www.sqlite.org/howtocorrupt.html, 2.2).
    """
    command = [sys.executable, "-I", __file__, str(path)]
    looked = subprocess.run(  # noqa: S603 - this very file
        command, input=json.dumps(list(traces)).encode(), capture_output=True, check=False
    )
    if looked.returncode or looked.stdout not in (b"yes", b"no"):
        log.warning("the file could not be looked at: %s", looked.stderr.decode()[-200:].strip())
        return True
    return looked.stdout == b"yes"


def look(path: Path, traces: Sequence[str]) -> bool:
    """Whether any of some texts is in the bytes of a file that no SQLite of this process holds.

    Of a text longer than 128 bytes its first 128 are looked for. Ten thousands of texts cost no
    more time than a few: 0.1 s for 10 MB.
    """
    wanted = {trace.encode() for trace in traces} - {b""}
    few = [trace for trace in wanted if len(trace) < _LENGTHS[0]]
    many = _Many(trace for trace in wanted if len(trace) >= _LENGTHS[0])
    overlap = max(_LENGTHS[-1], *map(len, few)) if few else _LENGTHS[-1]
    window = b""
    with path.open("rb") as file:
        while read := file.read(_WINDOW):
            window = window[-overlap:] + read
            if any(trace in window for trace in few) or many.in_bytes(window):
                return True
    return False


class _Many:
    """Texts of at least 16 bytes: whichever place one has, eight of its first 15 bytes stand at a
    place that eight divides, and are looked up there."""

    def __init__(self, traces: Iterable[bytes]) -> None:
        self._cut: dict[int, set[bytes]] = {}
        self._grams: dict[int, set[int]] = {}
        for trace in traces:
            length = max(length for length in _LENGTHS if length <= len(trace))
            self._cut.setdefault(length, set()).add(trace[:length])
        for start in {cut[:15] for cuts in self._cut.values() for cut in cuts}:
            for at in range(_GRAM):
                gram = int.from_bytes(start[at : at + _GRAM], sys.byteorder)
                self._grams.setdefault(gram, set()).add(at)

    def in_bytes(self, window: bytes) -> bool:
        """Whether one of the texts is there."""
        if not self._grams:
            return False
        whole = window + bytes(-len(window) % _GRAM)
        grams = memoryview(whole).cast("Q")
        if self._grams.keys().isdisjoint(grams):
            return False
        return any(
            _GRAM * place >= at and self._at(whole, _GRAM * place - at)
            for place, gram in enumerate(grams)
            if gram in self._grams
            for at in self._grams[gram]
        )

    def _at(self, window: bytes, start: int) -> bool:
        return any(window[start : start + n] in cuts for n, cuts in self._cut.items())


if __name__ == "__main__":
    found = look(Path(sys.argv[1]), json.load(sys.stdin))
    sys.stdout.write("yes" if found else "no")
