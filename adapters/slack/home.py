"""The App Home: what the bot is, what it knows, how to use it, and one's own settings."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from adapters.chat.ports import About
from adapters.slack.blocks import Block, consent_button, forget_block, header, section
from knowledge.overview import SourceSummary
from knowledge.suggesting import Suggestion

_MOST_SOURCES = 20
_MOST_SUGGESTIONS = 5
_HOW = (
    "• Mention me in a channel, or write to me in the *Messages* tab above.\n"
    "• `/ask` answers you alone; *Ask about this message* is in every message's menu.\n"
    "• Thumbs under an answer, and a better one where you know it, are how I learn.\n"
    "• When I do not know, I offer to ask a person."
)

Escape = Callable[[str], str]
"""Makes any text safe inside mrkdwn."""


def home_view(about: About, escape: Escape, note: str = "") -> Block:
    """The App Home for one person; ``note`` (mrkdwn) tells what a press has just done."""
    blocks = [header(f"Hello, I'm {about.name}"), section(escape(about.about))]
    if note:
        blocks.insert(0, section(note))
    blocks += [header("What I know"), section(_sources(about.sources, escape))]
    if about.suggestions:
        blocks += [header("Try asking"), section(_suggestions(about.suggestions, escape))]
    blocks += [header("How to use me"), section(_HOW), header("Your settings")]
    blocks += [
        section(_consent(about.opted_out), consent_button(about.opted_out)),
        section("Everything of yours that I keep can be erased."),
        forget_block(),
    ]
    return {"type": "home", "blocks": blocks}


def _sources(sources: Sequence[SourceSummary], escape: Escape) -> str:
    if not sources:
        return "I have not been given any documents that you may see yet."
    lines = [
        f"• *{escape(source.name)}*: {_documents(source.documents)}"
        for source in sources[:_MOST_SOURCES]
    ]
    left = len(sources) - _MOST_SOURCES
    return "\n".join([*lines, f"… and {left} more"] if left > 0 else lines)


def _documents(number: int) -> str:
    return "1 document" if number == 1 else f"{number} documents"


def _suggestions(suggestions: Sequence[Suggestion], escape: Escape) -> str:
    return "\n".join(f"• {escape(s.message)}" for s in suggestions[:_MOST_SUGGESTIONS])


def _consent(opted_out: bool) -> str:
    if opted_out:
        return "What you write is *not* used to improve me."
    return "What you write may be used to improve me, once a person has reviewed it."


def prompts_of(suggestions: Sequence[Suggestion]) -> list[dict[str, str]]:
    """Suggestions as the agent's view takes them: four at most."""
    return [{"title": s.title, "message": s.message} for s in suggestions[:4]]


def channel_in_view(event: Mapping[str, Any]) -> str:
    """The channel that somebody looks at while they open the agent's or assistant's view.

    The agent view gives entities, the older one the channel itself; empty where it is unknown.
    """
    context: Mapping[str, Any] = event.get("context") or {}
    if context.get("channel_id"):
        return str(context["channel_id"])
    for entity in context.get("entities") or ():
        value = entity.get("value")
        ident = value.get("id") if isinstance(value, Mapping) else value
        if "channel" in str(entity.get("type")) and ident:
            return str(ident)
    return ""
