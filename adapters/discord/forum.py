"""Tags of forum posts: what was answered and what is solved can be seen in the list of posts."""

from __future__ import annotations

from typing import Any, Final

from adapters.chat.base import Offer, Surface
from adapters.discord.rest import DiscordRest
from bot.conversation import Outcome, Turn
from bot.errors import ChatError, ChatRefusedError
from bot.telemetry import log

ANSWERED: Final = ("answered", "answered by bot", "bot answered")
"""What a tag is called that is put on an answered post, the first that a forum has."""
RESOLVED: Final = ("solved", "resolved", "fixed", "done", "closed")
"""Likewise for a post whose author says that it is solved."""
_MOST_TAGS: Final = 5


async def tag_answered(rest: DiscordRest, post: str) -> None:
    """Put the tag of answered posts on a post, where its forum has one. Raises ChatError."""
    tags = await _tags_with(rest, post, ANSWERED, unless=RESOLVED)
    if tags:
        await rest.update_thread(post, applied_tags=tags)


async def close_post(rest: DiscordRest, post: str) -> None:
    """Tag a post as solved, where its forum has such a tag, and archive it: a word in it opens it
    again. Where only the tag is refused it is archived all the same. Raises ChatError."""
    tags = await _tags_with(rest, post, RESOLVED)
    if tags:
        try:
            await rest.update_thread(post, applied_tags=tags, archived=True)
        except ChatRefusedError as error:
            log.info("Discord: a post is not tagged", error=str(error))
        else:
            return
    await rest.update_thread(post, archived=True)


async def _tags_with(
    rest: DiscordRest, post: str, names: tuple[str, ...], unless: tuple[str, ...] = ()
) -> list[str]:
    """A post's tags and the first of these names that its forum has; empty where nothing is to be
    changed: it has one, or one of ``unless``, or no room."""
    thread = await rest.channel(post)
    forum: dict[str, Any] = await rest.channel(str(thread["parent_id"]))
    called = {
        str(tag["id"]): str(tag["name"]).strip().lower()
        for tag in forum.get("available_tags") or ()
    }
    applied = [str(tag) for tag in thread.get("applied_tags") or ()]
    settled = any(called.get(tag) in (*names, *unless) for tag in applied)
    if settled or len(applied) >= _MOST_TAGS:
        return []
    by_name = {name: tag for tag, name in called.items()}
    tag = next((by_name[name] for name in names if name in by_name), None)
    return [*applied, tag] if tag else []


class Tagging:
    """A surface in a forum post: an answer is followed by the tag."""

    def __init__(self, inner: Surface, rest: DiscordRest, post: str) -> None:
        self._inner, self._rest, self._post = inner, rest, post

    async def open(self) -> None:
        await self._inner.open()

    async def show(self, text: str) -> None:
        await self._inner.show(text)

    async def close(self, turn: Turn, offer: Offer, note: str = "") -> None:
        await self._inner.close(turn, offer, note)
        if turn.outcome is not Outcome.ANSWERED:
            return
        try:
            await tag_answered(self._rest, self._post)
        except ChatError as error:
            log.warning("Discord: a post was not tagged", error=str(error))

    async def fail(self, sentence: str) -> None:
        await self._inner.fail(sentence)
