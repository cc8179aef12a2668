"""The journal of a SQLite file: readers beside a writer."""

from __future__ import annotations

import sqlite3
import time

_PAUSE_S = 0.02


def switch_to_wal(connection: sqlite3.Connection, seconds: float) -> None:
    """Turn write-ahead logging on, which a file keeps.

    While another process makes the file SQLite refuses at once instead of waiting, so the waiting,
    for ``seconds`` at most, is done here. Raises sqlite3.OperationalError.
    """
    until = time.monotonic() + seconds
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                raise
            time.sleep(_PAUSE_S)
        else:
            return
