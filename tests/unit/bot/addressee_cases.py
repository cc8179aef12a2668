"""The written cases of the addressee decision, read from their files.

The rules were made on ``addressee_cases_dev.jsonl``. The other sets were each looked at once, with
rules that had not seen them; what they showed was then mended, so that only the first look says how
the rules do on the unseen: :data:`FIRST_LOOK`. ``held_out`` was written before the rules; the later
ones after them, ``second`` and ``third`` with many of the remarks that the rules got wrong.

Who spoke before stands as in ``ann>bot -2m, bot? -1m, ben -30s``: ``>bot`` was meant for the bot,
``bot?`` asked something back, and the time is counted from the message itself (s, m, h, d).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bot.addressee import Addressed, Before, Said, decide

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
NAMES = ("Juniper", "Well-Spoken")
SETS = ("dev", "held_out", "second", "third", "fourth")
FIRST_LOOK = {
    "held_out": (44, 3, 0),
    "second": (29, 15, 3),
    "third": (26, 8, 1),
    "fourth": (24, 3, 1),
}
"""Right answers, wrong answers and missed ones when a set was first looked at."""

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


@dataclass(frozen=True, slots=True)
class Case:
    """A message in its thread, the decision it should meet, and why."""

    id: str
    kind: str
    said: Said
    before: tuple[Before, ...]
    reply_when: str
    taking_part: bool
    muted: bool
    answer: bool
    why: str

    def decide(self) -> Addressed:
        return decide(
            self.said,
            self.before,
            reply_when=self.reply_when,
            names=NAMES,
            taking_part=self.taking_part,
            muted=self.muted,
        )


def earlier(text: str) -> tuple[Before, ...]:
    """ "ann>bot -2m, bot? -1m" as the speakers that it says."""
    return tuple(_one(entry) for entry in text.split(",") if entry.strip())


def _one(entry: str) -> Before:
    who, ago = entry.split()
    at = NOW - timedelta(**{_UNITS[ago[-1]]: int(ago[1:-1])})
    speaker, _, to = who.partition(">")
    return Before(speaker.rstrip("?"), at, for_bot=to == "bot", asked=speaker.endswith("?"))


def read(name: str) -> list[Case]:
    """The cases of one of the :data:`SETS`."""
    lines = Path(__file__).with_name(f"addressee_cases_{name}.jsonl").read_text("utf-8")
    return [_case(json.loads(line)) for line in lines.splitlines()]


def _case(row: dict) -> Case:
    said = Said(
        row["text"],
        row["author"],
        NOW,
        for_bot=row.get("for_bot", False),
        mentions=tuple(row.get("mentions", ())),
        replies_to=row.get("replies_to", ""),
        direct=row.get("direct", False),
        in_thread=row.get("thread", True),
    )
    return Case(
        row["id"],
        row["kind"],
        said,
        earlier(row.get("before", "")),
        row.get("when", "mentioned"),
        row.get("part", True),
        row.get("muted", False),
        row["answer"],
        row["why"],
    )
