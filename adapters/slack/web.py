"""Slack's Web API, as far as it is used: one way to call it, its errors in our words.

Limits are honoured by method and channel. What may be repeated without harm is repeated; a call
whose effect may have happened unseen (a post that was cut off) is not: it raises
:class:`bot.errors.ChatUnavailableError`, and who posted looks for the message.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import aiohttp

from adapters.slack.calls import Calls, Send
from adapters.slack.faults import PLATFORM, response_fault
from adapters.slack.pacing import APPEND, POST, START, STOP, UPDATE, Pacer
from adapters.slack.transport import API_URL
from bot.errors import ChatRefusedError

Block = Mapping[str, Any]

_FILE_HOST = "files.slack.com"
_PAGE, _PAGES = 200, 10  # replies a page, and pages that are read at most


@dataclass(frozen=True, slots=True)
class Bearer:
    """Who a token speaks as, from ``auth.test``. ``scopes`` are those that it was granted."""

    team: str
    user: str
    bot: str
    team_name: str
    url: str
    scopes: frozenset[str]


class SlackWeb:
    """The Web API of one workspace.

    ``patience_s`` bounds a call with everything that it waits for and repeats; ``timeout_s`` one
    attempt. A ``session`` that is handed in is shared: its owner closes it. All methods raise
    :class:`bot.errors.ChatRefusedError` (``reason`` is Slack's error code),
    :class:`bot.errors.ChatLimitedError` or :class:`bot.errors.ChatUnavailableError`.
    """

    def __init__(
        self,
        token: str,
        base_url: str = API_URL,
        *,
        pacer: Pacer | None = None,
        session: aiohttp.ClientSession | None = None,
        timeout_s: float = 10.0,
        patience_s: float = 30.0,
    ) -> None:
        self.pacer = pacer or Pacer()
        self._token, self._base_url = token, base_url
        self._calls = Calls(token, base_url, self.pacer, session, timeout_s, patience_s)

    async def aclose(self) -> None:
        """Close the connections, unless they are shared."""
        await self._calls.aclose()

    # -- messages -----------------------------------------------------------------------------

    async def post_message(
        self,
        channel: str,
        text: str,
        *,
        thread: str = "",
        blocks: Sequence[Block] = (),
        metadata: Block | None = None,
    ) -> str:
        """Post mrkdwn; the message's ts. Never repeated where it may have been posted."""
        response = await self._calls.call(
            POST,
            lambda client: client.chat_postMessage(
                channel=channel,
                text=text,
                thread_ts=thread or None,
                blocks=_json(blocks) or None,
                metadata=dict(metadata) if metadata else None,
                unfurl_links=False,
                unfurl_media=False,
            ),
            channel,
            repeat=False,
        )
        return str(response["ts"])

    async def update_message(
        self,
        channel: str,
        ts: str,
        text: str,
        *,
        blocks: Sequence[Block] = (),
        metadata: Block | None = None,
        patient: bool = True,
    ) -> None:
        """Replace a message's text (at most 4,000 characters) and its blocks."""
        await self._calls.call(
            UPDATE,
            lambda client: client.chat_update(
                channel=channel,
                ts=ts,
                text=text,
                blocks=_json(blocks),  # left out, the old ones would stay
                metadata=dict(metadata) if metadata else None,
                unfurl_links=False,
                unfurl_media=False,
            ),
            channel,
            patient=patient,
        )

    async def post_ephemeral(
        self, channel: str, user: str, text: str, *, thread: str = "", blocks: Sequence[Block] = ()
    ) -> None:
        """Show a message to one member of a channel, until they reload."""
        await self._calls.call(
            "chat.postEphemeral",
            lambda client: client.chat_postEphemeral(
                channel=channel,
                user=user,
                text=text,
                thread_ts=thread or None,
                blocks=_json(blocks) or None,
                unfurl_links=False,
                unfurl_media=False,
            ),
            channel,
            repeat=False,
        )

    async def start_stream(
        self, channel: str, thread: str, *, team: str = "", user: str = ""
    ) -> str:
        """Begin a message that is written bit by bit; its ts. Both recipients outside DMs.

        Never waits: where streams are limited, post instead.
        """
        response = await self._calls.call(
            START,
            lambda client: client.chat_startStream(
                channel=channel,
                thread_ts=thread,
                recipient_team_id=team or None,
                recipient_user_id=user or None,
            ),
            channel,
            repeat=False,
            patient=False,
        )
        return str(response["ts"])

    async def append_stream(self, channel: str, ts: str, text: str) -> None:
        """Add Markdown (at most 12,000 characters). Never waits and never repeats: the text may
        have arrived."""
        await self._calls.call(
            APPEND,
            lambda client: client.chat_appendStream(channel=channel, ts=ts, markdown_text=text),
            channel,
            repeat=False,
            patient=False,
        )

    async def stop_stream(
        self,
        channel: str,
        ts: str,
        *,
        text: str = "",
        blocks: Sequence[Block] = (),
        metadata: Block | None = None,
    ) -> None:
        """End a stream: the last Markdown, and blocks below all of it."""
        await self._calls.call(
            STOP,
            lambda client: client.chat_stopStream(
                channel=channel,
                ts=ts,
                markdown_text=text or None,
                blocks=_json(blocks) or None,
                metadata=dict(metadata) if metadata else None,
            ),
            channel,
            repeat=False,
        )

    async def respond(self, url: str, text: str, *, blocks: Sequence[Block] = ()) -> None:
        """Answer a command or an action to its author alone; an address serves 30 minutes and
        five answers. Raises ChatRefusedError with ``expired_url`` or ``used_url`` after that."""
        body = {
            "text": text,
            "response_type": "ephemeral",
            "replace_original": False,
            "unfurl_links": False,
            "unfurl_media": False,
        }
        if blocks:
            body["blocks"] = _json(blocks)
        async with self._calls.request("response_url", "POST", url, json=body) as response:
            if response.status != 200:
                raise response_fault("response_url", response.status, await response.text())

    async def permalink(self, channel: str, ts: str) -> str:
        """The web address of a message."""
        response = await self._calls.call(
            "chat.getPermalink",
            lambda client: client.chat_getPermalink(channel=channel, message_ts=ts),
            channel,
        )
        return str(response["permalink"])

    async def replies(self, channel: str, thread: str, *, after: str = "") -> list[dict[str, Any]]:
        """A thread's messages with metadata, oldest first; with ``after`` only those later."""
        found: list[dict[str, Any]] = []
        cursor = ""
        for _ in range(_PAGES):
            response = await self._calls.call(
                "conversations.replies", _page(channel, thread, after, cursor)
            )
            found += response["messages"] or ()
            cursor = ((response["response_metadata"] or {}).get("next_cursor")) or ""
            if not cursor:
                break
        # Slack puts the thread's first message before every page.
        return [m for m in found if not after or _seconds(m.get("ts", "0")) > _seconds(after)]

    # -- people and places ----------------------------------------------------------------------

    async def auth_test(self) -> Bearer:
        """Who the token speaks as."""
        response = await self._calls.call("auth.test", lambda client: client.auth_test())
        granted = str(response.headers.get("x-oauth-scopes", ""))
        return Bearer(
            team=response["team_id"] or "",
            user=response["user_id"] or "",
            bot=response["bot_id"] or "",
            team_name=response["team"] or "",
            url=response["url"] or "",
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

    async def usergroups(self) -> list[dict[str, Any]]:
        """The workspace's user groups."""
        response = await self._calls.call(
            "usergroups.list", lambda client: client.usergroups_list()
        )
        return list(response["usergroups"] or ())

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

    # -- what is shown beside messages -------------------------------------------------------------

    async def open_view(self, trigger: str, view: Block) -> dict[str, Any]:
        """Open a modal; the trigger serves once, within 3 s, so this neither waits nor repeats."""
        response = await self._calls.call(
            "views.open",
            lambda client: client.views_open(trigger_id=trigger, view=dict(view)),
            repeat=False,
            patient=False,
        )
        return dict(response["view"] or {})

    async def update_view(self, view_id: str, view: Block) -> None:
        """Replace an open modal."""
        await self._calls.call(
            "views.update", lambda client: client.views_update(view_id=view_id, view=dict(view))
        )

    async def publish_home(self, user: str, view: Block) -> None:
        """Show a person's App Home."""
        await self._calls.call(
            "views.publish", lambda client: client.views_publish(user_id=user, view=dict(view))
        )

    async def set_status(
        self, channel: str, thread: str, status: str, *, loading: Sequence[str] = ()
    ) -> None:
        """Show what the bot is doing in a thread; an empty status clears it. Never waits."""
        await self._calls.call(
            "assistant.threads.setStatus",
            lambda client: client.assistant_threads_setStatus(
                channel_id=channel,
                thread_ts=thread,
                status=status,
                loading_messages=list(loading) or None,
            ),
            channel,
            patient=False,
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

    # -- files ---------------------------------------------------------------------------------

    async def download(self, url: str, limit: int) -> tuple[bytes, str]:
        """At most ``limit`` bytes of a file, and its media type.

        The token goes to Slack's own hosts alone: any other address raises ChatRefusedError
        ``foreign_host``. A login page in place of the file raises ``missing_scope``.
        """
        method = "file"
        if not self._is_own(url):
            raise ChatRefusedError(platform=PLATFORM, method=method, reason="foreign_host")
        headers = {"Authorization": f"Bearer {self._token}"}
        async with self._calls.request(
            method, "GET", url, headers=headers, allow_redirects=False
        ) as response:
            if response.status >= 400:
                raise response_fault(method, response.status, "")
            if response.status != 200 or response.content_type == "text/html":
                raise ChatRefusedError(
                    platform=PLATFORM, method=method, reason="missing_scope", needed="files:read"
                )
            content = bytearray()
            async for piece in response.content.iter_chunked(65_536):
                content += piece
                if len(content) >= limit:
                    break
            return bytes(content[:limit]), response.content_type

    def _is_own(self, url: str) -> bool:
        target, base = urlsplit(url), urlsplit(self._base_url)
        if (target.scheme, target.netloc) == (base.scheme, base.netloc):
            return True
        return target.scheme == "https" and target.netloc == _FILE_HOST


def _page(channel: str, thread: str, after: str, cursor: str) -> Send:
    return lambda client: client.conversations_replies(
        channel=channel,
        ts=thread,
        oldest=after or None,
        cursor=cursor or None,
        limit=_PAGE,
        include_all_metadata=True,
    )


def _json(blocks: Sequence[Block]) -> list[dict[str, Any]]:
    return [dict(block) for block in blocks]


def _seconds(ts: str) -> float:
    return float(ts or 0)
