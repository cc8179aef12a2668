"""Slash commands and the shortcut of messages."""

from __future__ import annotations

from adapters.slack.blocks import as_mrkdwn, forget_block, section
from adapters.slack.edge import Ack, Body, Edge
from adapters.slack.events import (
    asked_by_command,
    asked_by_shortcut,
    place_of_interaction,
    place_of_link,
    presser_of,
)
from adapters.slack.workspaces import Workspace
from bot.errors import ChatError
from bot.telemetry import log

_USAGE = "Write your question behind it, like `/ask How do I reset my password?`"
_LOOKING = "Looking that up…"
_NO_TEXT = "That message has no text that I could answer."
_FORGET = (
    "This erases what I keep of you: your questions, ratings and corrections. It cannot be undone."
)
_KNOWN = frozenset({"help", "sources", "opt-out", "opt-in", "mute", "unmute"})


class CommandListeners:
    """Answers what people type and the message shortcut; each to its author alone at first."""

    def __init__(self, edge: Edge) -> None:
        self._edge = edge

    async def ask(self, ack: Ack, body: Body) -> None:
        """``/ask TEXT``: kept before it is acknowledged; the answer follows."""
        text = str(body.get("text") or "").strip()
        if not text:
            await ack(text=_USAGE)
            return
        await self._edge.desk.take(asked_by_command(body, text))
        await ack(text=_LOOKING)

    async def own(self, ack: Ack, body: Body) -> None:
        """``/wellspoken NAME``: what is not known shows the help."""
        name, _, argument = str(body.get("text") or "").strip().partition(" ")
        name = name.lower()
        if name == "forget-me":
            await ack(text=_FORGET, blocks=[section(_FORGET), forget_block()])
            return
        await ack()
        place = place_of_interaction(body)
        if name in ("mute", "unmute"):
            place = place_of_link(argument, place) or place
        said = await self._edge.desk.command(
            name if name in _KNOWN else "help", argument.strip(), presser_of(body), place
        )
        await self._edge.tell(body, as_mrkdwn(said))

    async def about_message(self, ack: Ack, body: Body) -> None:
        """ "Ask about this message": answered in its thread where the bot is a member, else to who
        asked alone."""
        message = body.get("message") or {}
        if not str(message.get("text") or "").strip() and not message.get("files"):
            await ack()
            await self._edge.tell(body, _NO_TEXT)
            return
        workspace = await self._edge.workspace(body)
        openly = await _is_member(workspace, place_of_interaction(body).channel)
        await self._edge.desk.take(asked_by_shortcut(body, workspace.us, openly=openly))
        await ack()
        if not openly:
            await self._edge.tell(body, _LOOKING)


async def _is_member(workspace: Workspace, channel: str) -> bool:
    """Whether the bot can post into a channel; no where Slack does not tell."""
    try:
        found = await workspace.web.channel(channel)
    except ChatError as error:
        log.info("Slack: a channel is not ours to see", error=str(error))
        return False
    return any(found.get(word) for word in ("is_member", "is_im", "is_mpim"))
