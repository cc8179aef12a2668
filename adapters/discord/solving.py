"""Forum posts are closed once their author calls them solved."""

from __future__ import annotations

import re
from typing import Any, Final

import discord

from adapters.chat.base import Heard
from adapters.discord.edge import Edge
from adapters.discord.events import POST
from adapters.discord.forum import close_post
from bot.errors import ChatError
from bot.telemetry import log

SOLVED: Final = "Marked as solved. Write here again if something is left."
NOT_YOURS: Final = "Only who asked here, or a moderator, can mark this as solved."
_LONGEST: Final = 120

_SAYS_SOLVED: Final = re.compile(
    r"(?:(?:ok(?:ay)?|great|perfect|awesome|yes|yep|nice|thanks?(?: you)?(?: so much| a lot)?|thx|"
    r"cheers)[\s,.!]+)*"
    r"(?:(?:it'?s |that'?s |this is |issue |problem |now |all |marking (?:this )?as )?"
    r"(?:solved|resolved|fixed)(?: now| it| that| this| my (?:problem|issue))?|"
    r"(?:that|this|it) (?:did it|(?:has |have |totally |really |just )?"
    r"(?:solved|resolved|fixed)(?: it| that| this| my (?:problem|issue))?|works(?: now)?|worked))"
    r"(?:[\s,.!]+(?:thanks?(?: you)?(?: so much| a lot| all| everyone)?|thx|cheers|now|for me))*"
    r"[\s.!🎉🙏👍❤️😄😊✅]*",
    re.IGNORECASE,
)


def says_solved(text: str) -> bool:
    """Whether a short message of a post's author says that the matter is settled."""
    words = text.strip().strip("*_`")
    return len(words) <= _LONGEST and _SAYS_SOLVED.fullmatch(words) is not None


class Solving:
    """Hears that a post is solved."""

    def __init__(self, edge: Edge) -> None:
        self._edge = edge

    async def said(self, message: discord.Message, heard: Heard) -> None:
        """Something was said in a post; its author may say that it is solved."""
        channel = message.channel
        if heard.extra.get(POST) != "reply" or not isinstance(channel, discord.Thread):
            return
        if channel.owner_id != message.author.id or not says_solved(heard.text):
            return
        if await self._edge.threads.find(heard.home.key) is None:
            return  # not ours to close
        try:
            await close_post(self._edge.rest, str(channel.id))
            log.info("Discord: a post is solved", post=channel.id)
        except ChatError as error:
            log.warning("Discord: a post was not marked as solved", error=str(error))

    async def pressed(self, interaction: discord.Interaction[Any], post: str) -> str:
        """ "Solved" was pressed; a sentence about it. Raises ChatError."""
        thread = await self._edge.channel(int(post))
        may = interaction.permissions.manage_threads
        if not may and getattr(thread, "owner_id", None) != interaction.user.id:
            return NOT_YOURS
        await close_post(self._edge.rest, post)
        log.info("Discord: a post is solved", post=post)
        return SOLVED
