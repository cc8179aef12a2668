"""The form behind a thumb down: what was wrong, and a better answer.

What it is about stands in its ``custom_id``, so that it can be sent after a restart, too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from adapters.discord.buttons import Component

REASONS: Final = ("wrong", "out of date", "incomplete", "not what I asked", "tone")
LONGEST: Final = 3000

_NAME: Final = re.compile(r"wellspoken:better:([A-Za-z0-9_-]{1,64})")
_REASON, _BETTER = "reason", "better"
_CHOICE, _TEXT, _LABEL = 3, 4, 18
_PARAGRAPH = 2


@dataclass(frozen=True, slots=True)
class Submission:
    """What was sent, and about which turn."""

    turn: str
    reason: str
    correction: str


def correction_form(turn: str) -> Component:
    """The form for a turn."""
    choice = {
        "type": _CHOICE,
        "custom_id": _REASON,
        "placeholder": "Choose one",
        "required": False,
        "min_values": 0,
        "max_values": 1,
        "options": [{"label": reason.capitalize(), "value": reason} for reason in REASONS],
    }
    text = {
        "type": _TEXT,
        "custom_id": _BETTER,
        "style": _PARAGRAPH,
        "required": False,
        "max_length": LONGEST,
    }
    return {
        "custom_id": f"wellspoken:better:{turn}",
        "title": "What was wrong?",
        "components": [
            _label("Reason", "", choice),
            _label(
                "A better answer",
                "How you would have answered. Leave out what is confidential.",
                text,
            ),
        ],
    }


def submission_of(data: Mapping[str, Any]) -> Submission | None:
    """What was sent with a form; ``None`` where it is none of ours."""
    found = _NAME.fullmatch(str(data.get("custom_id") or ""))
    if found is None:
        return None
    fields = {str(field.get("custom_id")): field for field in _walk(data.get("components") or [])}
    chosen = fields.get(_REASON, {}).get("values") or [""]
    better = str(fields.get(_BETTER, {}).get("value") or "").strip()
    return Submission(found[1], str(chosen[0]), better[:LONGEST])


def _walk(components: list[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    """The fields, out of their labels and rows."""
    for component in components:
        yield component
        yield from _walk(component.get("components") or [])
        if component.get("component"):
            yield from _walk([component["component"]])


def _label(text: str, description: str, field: Component) -> Component:
    label: Component = {"type": _LABEL, "label": text, "component": field}
    return {**label, "description": description} if description else label
