"""The written cases of the addressee decision, read from their two files.

``addressee_cases_dev.jsonl`` is what the rules were made on; ``addressee_cases_held_out.jsonl`` was
written apart and first looked at when they were done. Who spoke before stands as in ``ann>bot -2m,
bot? -1m, ben -30s``: ``>bot`` was meant for the bot, ``bot?`` asked something back, and the time is
counted from the message itself (s, m, h, d).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bot.addressee import Addressed, Before, Said, decide

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
NAMES = ("Juniper", "Well-Spoken")
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


def read(half: str) -> list[Case]:
    """The cases of one half: ``dev`` or ``held_out``."""
    lines = Path(__file__).with_name(f"addressee_cases_{half}.jsonl").read_text("utf-8")
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
