"""The form behind a thumb down: what was wrong, and a better answer."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

from adapters.chat.base import Place, place_of
from adapters.slack.blocks import Block, section

CORRECTION: Final = "wellspoken_correction"
"""The form's name, by which a submission comes back."""
REASONS: Final = ("wrong", "out of date", "incomplete", "not what I asked", "tone")
LONGEST: Final = 3000

_REASON, _BETTER = "reason", "better"


@dataclass(frozen=True, slots=True)
class Submission:
    """What was sent: about which turn, given where."""

    turn: str
    place: Place
    reason: str
    correction: str


def correction_modal(turn: str, place: Place) -> Block:
    """The form for a turn; what it is about travels in ``private_metadata`` (at most 3,000)."""
    return {
        "type": "modal",
        "callback_id": CORRECTION,
        "private_metadata": json.dumps({"turn": turn, "place": asdict(place)}),
        "title": _plain("What was wrong?"),
        "submit": _plain("Send"),
        "close": _plain("Not now"),
        "blocks": [
            {
                "type": "input",
                "block_id": _REASON,
                "optional": True,
                "label": _plain("Reason"),
                "element": {
                    "type": "radio_buttons",
                    "action_id": _REASON,
                    "options": [
                        {"text": _plain(reason.capitalize()), "value": reason} for reason in REASONS
                    ],
                },
            },
            {
                "type": "input",
                "block_id": _BETTER,
                "optional": True,
                "label": _plain("A better answer"),
                "hint": _plain("How you would have answered. Leave out what is confidential."),
                "element": {
                    "type": "plain_text_input",
                    "action_id": _BETTER,
                    "multiline": True,
                    "max_length": LONGEST,
                },
            },
        ],
    }


def submission_of(view: Mapping[str, Any]) -> Submission:
    """What was sent with a form."""
    about = json.loads(view["private_metadata"])
    values = view["state"]["values"]
    chosen = values.get(_REASON, {}).get(_REASON, {}).get("selected_option") or {}
    better = values.get(_BETTER, {}).get(_BETTER, {}).get("value") or ""
    return Submission(
        str(about["turn"]),
        place_of(about["place"]),
        str(chosen.get("value") or ""),
        better.strip()[:LONGEST],
    )


def problem(sentence: str) -> dict[str, str]:
    """A sentence beside the last field, as ``ack(response_action="errors")`` takes it."""
    return {_BETTER: sentence}


def thanks_modal(sentence: str) -> Block:
    """What the form becomes once it was kept."""
    return {
        "type": "modal",
        "title": _plain("Thank you"),
        "close": _plain("Close"),
        "blocks": [section(sentence)],
    }


def _plain(text: str) -> Block:
    return {"type": "plain_text", "text": text}
