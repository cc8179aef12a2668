"""Slash commands and the shortcut of messages."""

from __future__ import annotations

from difflib import get_close_matches

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
_NAMES = ("help", "sources", "opt-out", "opt-in", "mute", "unmute", "forget-me")
_ALIKE = 0.7
_UNKNOWN = "I don't know `{word}`."
_DID_YOU_MEAN = "Did you mean `/wellspoken {name}`?"
_A_QUESTION = "To ask me something, write it behind `/ask`."
_QUESTION_WORDS = 3


def command_of(typed: str) -> tuple[str, str]:
    """The command that somebody typed, and what stands behind it. Spaces, dashes and capitals do
    not matter; the name is empty for what is no command."""
    words = typed.split()
    for number in (2, 1):
        letters = _letters("".join(words[:number]))
        for name in _NAMES:
            if letters in (_letters(name), _letters(name).removesuffix("s")):
                return name, " ".join(words[number:])
    return ("", typed) if words else ("help", "")


def _letters(text: str) -> str:
    return "".join(char for char in text.lower() if char.isalpha())


def puzzled(typed: str) -> str:
    """What to say to somebody whose command is none; Markdown."""
    words = typed.split()
    close = get_close_matches(words[0].lower(), _NAMES, 1, _ALIKE)
    if not close and len(words) >= _QUESTION_WORDS:
        return _A_QUESTION
    unknown = _UNKNOWN.format(word=words[0].replace("`", "")[:40])
    return f"{unknown} {_DID_YOU_MEAN.format(name=close[0])}" if close else unknown


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
        """``/wellspoken NAME``: for what is not known, the help."""
        typed = str(body.get("text") or "")
        name, argument = command_of(typed)
        if name == "forget-me":
            await ack(text=_FORGET, blocks=[section(_FORGET), forget_block()])
            return
        await ack()
        place = place_of_interaction(body)
        if name in ("mute", "unmute"):
            place = place_of_link(argument, place) or place
        said = await self._edge.desk.command(name or "help", presser_of(body), place)
        if not name:
            said = f"{puzzled(typed)}\n\n{said}"
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
