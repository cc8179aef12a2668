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
from collections.abc import Sequence
from pathlib import Path

log = logging.getLogger("wellspoken.store")

_WINDOW = 1 << 20
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
    """Whether any of some texts is in the bytes of a file that no SQLite of this process holds."""
    wanted = [trace.encode() for trace in traces if trace]
    overlap = max(map(len, wanted), default=0)
    window = b""
    with path.open("rb") as file:
        while read := file.read(_WINDOW):
            window = window[-overlap:] + read if overlap else read
            if any(trace in window for trace in wanted):
                return True
    return False


if __name__ == "__main__":
    found = look(Path(sys.argv[1]), json.load(sys.stdin))
    sys.stdout.write("yes" if found else "no")
