"""What people said to a gap's questions, as its page shows it: the newest of each kind."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bot.store.gaps import Told
from knowledge.gaps.drafting import Draft, Kind

MOST = 20
"""Replies that are shown, and better answers; what the editor is filled from is always shown."""


@dataclass(frozen=True, slots=True)
class Said:
    """Replies of colleagues, or better answers, the newest first; ``left_out`` says which are
    shown, empty where all are that were found."""

    shown: tuple[Told, ...]
    left_out: str = ""


def said(told: Sequence[Told], source: Draft) -> list[Said]:
    """Replies, then better answers, each cut by itself; ``source`` is what the editor is filled
    from."""
    replies = [one for one in told if one.handoff]
    better = [one for one in told if not one.handoff]
    return [
        _cut(replies, "replies", source, Kind.REPLY),
        _cut(better, "better answers", source, Kind.CORRECTION),
    ]


def _cut(found: Sequence[Told], what: str, source: Draft, kind: Kind) -> Said:
    shown, older = tuple(found[:MOST]), found[MOST:]
    if not older:
        return Said(shown)
    sentence = f"These are the newest {MOST} {what}"
    if source.kind is kind and not any(_is_source(one, source) for one in shown):
        from_ = next((one for one in older if _is_source(one, source)), None)
        if from_ is not None:
            which = "an older one, from which the editor is filled"
            return Said((*shown, from_), f"{sentence} and {which}.")
    return Said(shown, f"{sentence}.")


def _is_source(one: Told, source: Draft) -> bool:
    return (one.turn, one.text) == (source.turn, source.text)
