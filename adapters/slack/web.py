"""Slack's Web API, as far as it is used: one way to call it, its errors in our words.

Limits are honoured by method and channel. What may be repeated without harm is repeated; a call
whose effect may have happened unseen (a post that was cut off) is not: it raises
:class:`bot.errors.ChatUnavailableError`, and who posted looks for the message.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import aiohttp
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from adapters.slack.calls import Calls, Send
from adapters.slack.faults import PLATFORM, response_fault
from adapters.slack.lookups import Block, Lookups
from adapters.slack.pacing import APPEND, POST, START, STOP, UPDATE, Pacer
from adapters.slack.transport import API_URL, are_both_here, is_slacks
from bot.errors import ChatRefusedError

Message = dict[str, Any]
_Ask = Callable[[AsyncWebClient, dict[str, Any]], Awaitable[AsyncSlackResponse]]

_NOTE = {"event_type": "wellspoken_note", "event_payload": {"by": "wellspoken"}}
_PAGE, _PAGES = 200, 10  # replies a page, and pages that are read at most


class SlackWeb(Lookups):
    """The Web API of one workspace.

    ``patience_s`` bounds a call with everything that it waits for and repeats, ``delivery_s`` one
    that carries an answer (Slack asks for up to a minute), ``timeout_s`` one attempt. A
    ``session`` that is handed in is shared: its owner closes it. All methods raise
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
        delivery_s: float = 120.0,
    ) -> None:
        self.pacer = pacer or Pacer()
        self._token, self._base_url, self._delivery_s = token, base_url, delivery_s
        super().__init__(Calls(token, base_url, self.pacer, session, timeout_s, patience_s))

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
        """Post mrkdwn; the message's ts. Never repeated where it may have been posted.

        Everything that is posted bears some metadata, so that only streams bear none.
        """
        response = await self._calls.call(
            POST,
            lambda client: client.chat_postMessage(
                channel=channel,
                text=text,
                thread_ts=thread or None,
                blocks=_json(blocks) or None,
                metadata=dict(metadata or _NOTE),
                unfurl_links=False,
                unfurl_media=False,
            ),
            channel,
            repeat=False,
            patience_s=self._delivery_s,
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
            patience_s=self._delivery_s if patient else 0.0,
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
            patience_s=self._delivery_s,
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
            patience_s=0.0,
        )
        ts = response.get("ts")
        if not ts:  # nothing that could be written on
            raise ChatRefusedError(platform=PLATFORM, method=START, reason="no_ts")
        return str(ts)

    async def append_stream(self, channel: str, ts: str, text: str) -> None:
        """Add Markdown (at most 12,000 characters). Never waits and never repeats: the text may
        have arrived."""
        await self._calls.call(
            APPEND,
            lambda client: client.chat_appendStream(channel=channel, ts=ts, markdown_text=text),
            channel,
            repeat=False,
            patience_s=0.0,
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
        """End a stream: the last Markdown, and blocks below all of it. Repeated only where it adds
        no text."""
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
            repeat=not text,
            patience_s=self._delivery_s,
        )

    async def respond(self, url: str, text: str, *, blocks: Sequence[Block] = ()) -> None:
        """Answer a command or an action to its author alone; an address serves 30 minutes and
        five answers. Raises ChatRefusedError with ``expired_url`` or ``used_url`` after that, and
        with ``foreign_host`` for an address that is not Slack's."""
        method = "response_url"
        if not are_both_here(url, self._base_url):  # it bears no token
            self._expect_own(method, url)
        body = {
            "text": text,
            "response_type": "ephemeral",
            "replace_original": False,
            "unfurl_links": False,
            "unfurl_media": False,
        }
        if blocks:
            body["blocks"] = _json(blocks)
        async with self._calls.request(
            method, "POST", url, json=body, allow_redirects=False
        ) as response:
            if response.status != 200:
                raise response_fault(method, response.status, await response.text())

    async def permalink(self, channel: str, ts: str) -> str:
        """The web address of a message."""
        response = await self._calls.call(
            "chat.getPermalink",
            lambda client: client.chat_getPermalink(channel=channel, message_ts=ts),
            channel,
        )
        return str(response["permalink"])

    async def replies(self, channel: str, thread: str, *, after: str = "") -> list[Message]:
        """A thread's messages with metadata, oldest first; with ``after`` only those later."""
        return await self._messages(
            "conversations.replies",
            lambda client, options: client.conversations_replies(
                channel=channel, ts=thread, **options
            ),
            after,
        )

    async def history(self, channel: str, *, after: str) -> list[Message]:
        """A channel's messages later than ``after``, with metadata, oldest first."""
        found = await self._messages(
            "conversations.history",
            lambda client, options: client.conversations_history(channel=channel, **options),
            after,
        )
        return sorted(found, key=lambda message: _seconds(message["ts"]))

    async def delete_message(self, channel: str, ts: str) -> None:
        """Take back a message of ours."""
        await self._calls.call(
            "chat.delete", lambda client: client.chat_delete(channel=channel, ts=ts), channel
        )

    async def _messages(self, method: str, ask: _Ask, after: str) -> list[Message]:
        """All pages of a list of messages, at most 2,000."""
        found: list[Message] = []
        options: dict[str, Any] = {"limit": _PAGE, "include_all_metadata": True}
        if after:
            options["oldest"] = after
        for _ in range(_PAGES):
            response = await self._calls.call(method, _with(ask, dict(options)))
            found += response["messages"] or ()
            options["cursor"] = (response["response_metadata"] or {}).get("next_cursor")
            if not options["cursor"]:
                break
        # Slack puts a thread's first message before every page.
        return [m for m in found if not after or _seconds(m.get("ts", "")) > _seconds(after)]

    # -- files --------------------------------------------------------------------------------

    async def download(self, url: str, limit: int) -> tuple[bytes, str]:
        """At most ``limit`` bytes of a file, and its media type.

        The token goes to Slack's own hosts alone: any other address raises ChatRefusedError
        ``foreign_host``. A login page in place of the file raises ``missing_scope``.
        """
        method = "file"
        self._expect_own(method, url)
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

    def _expect_own(self, method: str, url: str) -> None:
        if not is_slacks(url, self._base_url):
            raise ChatRefusedError(platform=PLATFORM, method=method, reason="foreign_host")


def _with(ask: _Ask, options: dict[str, Any]) -> Send:
    return lambda client: ask(client, options)


def _json(blocks: Sequence[Block]) -> list[dict[str, Any]]:
    return [dict(block) for block in blocks]


def _seconds(ts: str) -> float:
    """A ts as a number; 0 for what is none."""
    try:
        return float(ts)
    except ValueError:
        return 0.0
