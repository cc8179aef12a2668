"""The live routing thresholds in a SQLite file, read without opening the house's database.

For commands that run a stage alone: nothing is made, migrated or locked, and the database library,
whose import takes longer than the stage, is not loaded.
"""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from datetime import datetime
from pathlib import Path

from bot.routing.thresholds import SHIPPED, Thresholds, kept
from bot.telemetry import log

_LIVE = """SELECT v.number, v.thresholds, v.classifier, v.at FROM routing_live l
JOIN routing_versions v ON v.number = l.number WHERE l.name = 'main'"""


def thresholds_in(path: Path) -> Thresholds:
    """The thresholds in force in a database file; those shipped where there are none, where the
    file is not there, or where it cannot be read."""
    path = path.expanduser()
    if not path.is_file():
        return SHIPPED
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as file:
            row = file.execute(_LIVE).fetchone()
    except sqlite3.Error as error:  # older than the tables, or damaged: other commands say so
        log.debug("no thresholds in the database", error=str(error))
        return SHIPPED
    if row is None:
        return SHIPPED
    number, values, classifier, at = row
    return kept(number, json.loads(values), classifier, datetime.fromisoformat(at))
