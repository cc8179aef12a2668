"""Tags of forum posts: what was answered and what is solved can be seen in the list of posts."""

from __future__ import annotations

from typing import Any, Final, Protocol

from adapters.discord.directory import Directory
from bot.errors import ChatError, ChatRefusedError
from bot.telemetry import log

ANSWERED: Final = frozenset({"answered", "answered by bot", "bot answered"})
SOLVED: Final = frozenset({"solved", "resolved", "fixed", "done", "closed"})
_MOST_TAGS: Final = 5


class Posts(Protocol):
    """What is needed of posts; :class:`adapters.discord.rest.DiscordRest` has it."""

    async def channel(self, channel: str) -> dict[str, Any]: ...
    async def update_thread(self, thread: str, **changes: Any) -> None: ...


class Forums:
    """Marks posts with the tags that their forum has; none is made."""

    def __init__(self, rest: Posts, directory: Directory) -> None:
        self._rest, self._directory = rest, directory

    async def answered(self, post: str) -> None:
        """Tag a post as answered, where the forum has such a tag. Never raises."""
        try:
            found = await self._rest.channel(post)
            changes = await self._tagged(found, ANSWERED, unless=SOLVED)
            if changes:
                await self._rest.update_thread(post, **changes)
        except ChatError as error:
            log.info("Discord: a post is not tagged", error=str(error))

    async def solved(self, post: str) -> None:
        """Tag a post as solved and archive it: a word in it opens it again. Raises the ``Chat…``
        errors; where only the tag is refused it is archived all the same."""
        found = await self._rest.channel(post)
        changes = await self._tagged(found, SOLVED)
        if changes:
            try:
                await self._rest.update_thread(post, **changes, archived=True)
            except ChatRefusedError as error:
                log.info("Discord: a post is not tagged", error=str(error))
            else:
                return
        await self._rest.update_thread(post, archived=True)

    async def _tagged(
        self,
        post: dict[str, Any],
        names: frozenset[str],
        unless: frozenset[str] = frozenset(),
    ) -> dict[str, Any]:
        """The change that gives a post a tag of one of these names; empty where there is none."""
        has = [str(tag) for tag in post.get("applied_tags") or ()]
        forum = await self._directory.channel(str(post.get("parent_id")))
        called = {tag: name.strip().lower() for tag, name in forum.tags.items()}
        if any(called.get(tag) in names | unless for tag in has) or len(has) >= _MOST_TAGS:
            return {}
        tag = next((tag for tag, name in called.items() if name in names), None)
        return {"applied_tags": [*has, tag]} if tag else {}
