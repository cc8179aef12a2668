"""Buttons under our messages, as Discord's JSON, and how their names are read back.

A ``custom_id`` (at most 100 characters) says everything that a press means, so that buttons work
after a restart. The templates are what :class:`discord.ui.DynamicItem` matches them with.
"""

from __future__ import annotations

from typing import Any, Final

from adapters.chat.base import Offer
from bot.conversation import Rating

Component = dict[str, Any]

_ID = r"[A-Za-z0-9_-]{1,64}"
RATE: Final = rf"wellspoken:rate:(?P<rating>up|down):(?P<turn>{_ID})"
"""A thumb for a turn."""
PERSON: Final = rf"wellspoken:person:(?P<turn>{_ID})"
"""Yes, ask a person about a turn."""
KNOWLEDGE: Final = rf"wellspoken:knowledge:(?P<handoff>{_ID})"
"""Propose a person's answer as knowledge."""
SOLVED: Final = r"wellspoken:solved:(?P<thread>\d{1,20})"
"""A forum post is solved."""
FORGET: Final = r"wellspoken:forget:me"
"""Forget who presses, for good."""

_ROW, _BUTTON = 1, 2
_PRIMARY, _SECONDARY, _SUCCESS, _DANGER = 1, 2, 3, 4


def under_answer(turn: str, offer: Offer = Offer.NOTHING, *, post: str = "") -> list[Component]:
    """What stands under an answer: thumbs, the offer where there is one, and in a forum the button
    that marks the ``post`` (its thread's id) as solved."""
    buttons = [
        _button(_SECONDARY, f"wellspoken:rate:{Rating.UP}:{turn}", emoji="👍"),
        _button(_SECONDARY, f"wellspoken:rate:{Rating.DOWN}:{turn}", emoji="👎"),
    ]
    if offer is Offer.PERSON:
        buttons.append(_person(turn))
    if post:
        buttons.append(_button(_SUCCESS, f"wellspoken:solved:{post}", "Solved"))
    return [_row(*buttons)]


def person_row(turn: str) -> list[Component]:
    """The offer to ask a person about a turn."""
    return [_row(_person(turn))]


def knowledge_row(handoff: str) -> list[Component]:
    """The button that proposes a person's answer as knowledge."""
    return [_row(_button(_SECONDARY, f"wellspoken:knowledge:{handoff}", "Propose as knowledge"))]


def forget_row() -> list[Component]:
    """The button that erases what is kept of who presses it."""
    return [_row(_button(_DANGER, "wellspoken:forget:me", "Forget me"))]


def _person(turn: str) -> Component:
    return _button(_PRIMARY, f"wellspoken:person:{turn}", "Ask a person")


def _row(*buttons: Component) -> Component:
    return {"type": _ROW, "components": list(buttons)}


def _button(style: int, custom_id: str, label: str = "", emoji: str = "") -> Component:
    button: Component = {"type": _BUTTON, "style": style, "custom_id": custom_id}
    if label:
        button["label"] = label
    if emoji:
        button["emoji"] = {"name": emoji}
    return button
