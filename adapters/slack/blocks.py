"""Buttons under our messages: how they are written, and what a click on them means.

Values are ``word:id``; Slack allows 2,000 characters there and 255 in an action's name.
"""

from __future__ import annotations

import re
from typing import Any, Final

from adapters.chat.base import Offer
from adapters.rendering.mentions import ZWSP, disarm, visible
from adapters.rendering.slack import mrkdwn, mrkdwn_cut
from bot.conversation import Rating
from bot.evidence import Citation

Block = dict[str, Any]

_MARKS = re.compile(r"([*_~`])(?=\w)")
_MESSAGE = re.compile(r"https?://[^\s()<>]+/(?:archives|channels)/[^\s()<>]+")

LONGEST_SECTION: Final = 3_000
"""Characters of a section's text (docs.slack.dev, "Section block")."""

RATE: Final = "wellspoken_rate"
PERSON: Final = "wellspoken_person"
KNOWLEDGE: Final = "wellspoken_knowledge"
FORGET: Final = "wellspoken_forget"
CONSENT: Final = "wellspoken_consent"


def rating_block(turn: str) -> Block:
    """Slack's own thumbs for a turn."""
    return {
        "type": "context_actions",
        "elements": [
            {
                "type": "feedback_buttons",
                "action_id": RATE,
                "positive_button": {
                    "text": {"type": "plain_text", "text": "Good answer"},
                    "value": f"{Rating.UP}:{turn}",
                    "accessibility_label": "Thumbs up",
                },
                "negative_button": {
                    "text": {"type": "plain_text", "text": "Bad answer"},
                    "value": f"{Rating.DOWN}:{turn}",
                    "accessibility_label": "Thumbs down",
                },
            }
        ],
    }


def person_block(turn: str) -> Block:
    """The offer to ask a person about a turn."""
    return _actions(_button("Ask a person", PERSON, f"turn:{turn}"))


def under_answer(turn: str, offer: Offer = Offer.NOTHING) -> list[Block]:
    """What stands under an answer: the thumbs, and the offer where there is one."""
    blocks = [rating_block(turn)]
    if offer is Offer.PERSON:
        blocks.append(person_block(turn))
    return blocks


def knowledge_block(handoff: str) -> Block:
    """The button that proposes a person's answer as knowledge."""
    return _actions(_button("Propose as knowledge", KNOWLEDGE, f"handoff:{handoff}"))


def forget_block() -> Block:
    """The button that has the bot forget its presser, for good."""
    confirm = {
        "title": {"type": "plain_text", "text": "Forget everything?"},
        "text": {
            "type": "plain_text",
            "text": "Your questions, ratings and corrections are erased. This cannot be undone.",
        },
        "confirm": {"type": "plain_text", "text": "Forget me"},
        "deny": {"type": "plain_text", "text": "Keep"},
        "style": "danger",
    }
    button = _button("Forget me", FORGET, "forget:me")
    return _actions({**button, "style": "danger", "confirm": confirm})


def consent_button(opted_out: bool) -> Block:
    """The switch for the use of one's words: it names what a press will do."""
    if opted_out:
        return _button("Allow use of my words", CONSENT, "choice:opt-in")
    return _button("Do not use my words", CONSENT, "choice:opt-out")


def section(written: str, accessory: Block | None = None) -> Block:
    """A paragraph of any mrkdwn; what is beyond 3,000 characters is left out."""
    block = paragraph(mrkdwn_cut(written, LONGEST_SECTION))
    return {**block, "accessory": accessory} if accessory else block


def paragraph(written: str) -> Block:
    """A paragraph of mrkdwn that is short enough."""
    return {"type": "section", "text": {"type": "mrkdwn", "text": written}}


def header(text: str) -> Block:
    """A heading; at most 150 characters."""
    return {"type": "header", "text": {"type": "plain_text", "text": text[:150]}}


def escape(text: str) -> str:
    """Any text as it stands, inside mrkdwn: no markup comes of it and nobody is pinged."""
    text = disarm(visible(text)).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return _MARKS.sub(r"\1" + ZWSP, text)


def as_mrkdwn(markdown: str) -> str:
    """A sentence of the house (Markdown) as mrkdwn. Links to messages stay links."""
    ours = [Citation(0, "", "", uri, "") for uri in _MESSAGE.findall(markdown)]
    return mrkdwn(markdown, ours)


def meaning(value: str) -> tuple[str, str]:
    """What a button's value says: the word and the id; both empty where it is none of ours."""
    word, colon, ident = value.partition(":")
    return (word, ident) if colon and ident else ("", "")


def _actions(*elements: Block) -> Block:
    return {"type": "actions", "elements": list(elements)}


def _button(text: str, action: str, value: str) -> Block:
    return {
        "type": "button",
        "text": {"type": "plain_text", "text": text},
        "action_id": action,
        "value": value,
    }
