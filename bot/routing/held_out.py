"""How the shipped classifier does on open data that it was not trained on.

``held_out.json`` is written by ``benchmarks/bench_routing.py --write``; it belongs to one
classifier and says which.
"""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files

from bot.routing.confusion import Confusion
from bot.routing.signs import Kind

KINDS = tuple(kind.value for kind in Kind)


@cache
def held_out() -> Confusion:
    """The matrix of voice, handoff and question, right by decided."""
    saved = json.loads(files("bot.routing").joinpath("held_out.json").read_text("utf-8"))
    counts = {
        (right, decided): n for right, row in saved["rows"].items() for decided, n in row.items()
    }
    return Confusion.of(counts, KINDS)
