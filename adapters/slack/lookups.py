"""Slack's people, channels, files and views: what is asked and shown beside messages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from adapters.slack.calls import Calls

Block = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Identity:
    """Who a token speaks as, from ``auth.test``. ``scopes`` are those that it was granted."""

    team: str
    user: str
    bot: str
    team_name: str
    scopes: frozenset[str]


class Lookups:
    """The part of the Web API that is about people, places and views."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    # -- people and places --------------------------------------------------------------------

    async def auth_test(self) -> Identity:
        """Who the token speaks as."""
        response = await self._calls.call("auth.test", lambda client: client.auth_test())
        granted = str(response.headers.get("x-oauth-scopes", ""))
        return Identity(
            team=response["team_id"] or "",
            user=response["user_id"] or "",
            bot=response["bot_id"] or "",
            team_name=response["team"] or "",
            scopes=frozenset(scope.strip() for scope in granted.split(",") if scope.strip()),
        )

    async def user(self, user: str) -> dict[str, Any]:
        """``users.info``'s user."""
        response = await self._calls.call("users.info", lambda client: client.users_info(user=user))
        return dict(response["user"] or {})

    async def channel(self, channel: str) -> dict[str, Any]:
        """``conversations.info``'s channel."""
        response = await self._calls.call(
            "conversations.info", lambda client: client.conversations_info(channel=channel)
        )
        return dict(response["channel"] or {})

    async def file(self, file: str) -> dict[str, Any]:
        """``files.info``'s file: in a shared channel a message names no more than its id."""
        response = await self._calls.call("files.info", lambda client: client.files_info(file=file))
        return dict(response["file"] or {})

    async def usergroup_members(self, group: str) -> frozenset[str]:
        """The ids of a user group's members."""
        response = await self._calls.call(
            "usergroups.users.list", lambda client: client.usergroups_users_list(usergroup=group)
        )
        return frozenset(response["users"] or ())

    async def open_dm(self, user: str) -> str:
        """The id of the conversation with one person."""
        response = await self._calls.call(
            "conversations.open", lambda client: client.conversations_open(users=user)
        )
        return str(response["channel"]["id"])

    # -- what is shown beside messages --------------------------------------------------------

    async def open_view(self, trigger: str, view: Block) -> None:
        """Open a modal; the trigger serves once, within 3 s, so this neither waits nor repeats."""
        await self._calls.call(
            "views.open",
            lambda client: client.views_open(trigger_id=trigger, view=dict(view)),
            repeat=False,
            patience_s=0.0,
        )

    async def publish_home(self, user: str, view: Block) -> None:
        """Show a person's App Home."""
        await self._calls.call(
            "views.publish", lambda client: client.views_publish(user_id=user, view=dict(view))
        )

    async def set_status(self, channel: str, thread: str, status: str) -> None:
        """Show what the bot is doing in a thread; an empty status clears it. Never waits."""
        await self._calls.call(
            "assistant.threads.setStatus",
            lambda client: client.assistant_threads_setStatus(
                channel_id=channel, thread_ts=thread, status=status
            ),
            channel,
            patience_s=0.0,
        )

    async def set_suggested_prompts(
        self,
        channel: str,
        prompts: Sequence[Mapping[str, str]],
        *,
        title: str = "",
        thread: str = "",
    ) -> None:
        """Show prompts (``title`` and ``message`` each, at most 4) in the agent's view."""
        await self._calls.call(
            "assistant.threads.setSuggestedPrompts",
            lambda client: client.assistant_threads_setSuggestedPrompts(
                channel_id=channel,
                prompts=[dict(prompt) for prompt in prompts],
                title=title or None,
                thread_ts=thread or None,
            ),
            channel,
        )
