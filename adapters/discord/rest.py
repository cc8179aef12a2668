"""Discord's REST API, as far as it is used: one way to call it, its errors in our words.

All text that goes out pings nobody (``allowed_mentions`` parses nothing, on edits as well) and
shows no previews. Posts carry a nonce that Discord enforces: repeated within some minutes it gives
back the first message instead of a second one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from discord.http import HTTPClient, Route

from adapters.discord.buttons import Component
from adapters.discord.calls import Calls, Refused
from adapters.discord.lookups import Lookups
from adapters.discord.pacing import Pacer

Message = dict[str, Any]

_NOBODY: Mapping[str, Any] = {"parse": [], "replied_user": False}
_NO_PREVIEWS, _ONLY_THEY = 1 << 2, 1 << 6


def nonce_of(event: str, part: int = 0, again: int = 0) -> str:
    """The nonce of the ``part``-th message for an event, at most 25 characters.

    ``again`` counts how often it was taken away since: the nonce of a deleted message is refused
    (github.com/discord/discord-api-docs/pull/6647).
    """
    return hashlib.sha256(f"{event}\0{part}\0{again}".encode()).hexdigest()[:24]


class DiscordRest(Lookups):
    """The REST API of one bot, over the connection of its client.

    ``patience_s`` bounds a call with everything that it waits for and repeats, ``delivery_s`` one
    that carries an answer, ``timeout_s`` one attempt. ``refused`` is told of missing permissions.
    All methods raise :class:`bot.errors.ChatRefusedError` (``code`` is Discord's, ``needed`` the
    permission that is missing), :class:`bot.errors.ChatLimitedError` or
    :class:`bot.errors.ChatUnavailableError`.
    """

    def __init__(
        self,
        http: HTTPClient,
        *,
        pacer: Pacer | None = None,
        refused: Refused | None = None,
        timeout_s: float = 10.0,
        patience_s: float = 30.0,
        delivery_s: float = 120.0,
    ) -> None:
        self.pacer = pacer or Pacer()
        self._delivery_s = delivery_s
        super().__init__(Calls(http, self.pacer, timeout_s, patience_s, refused))

    # -- messages -----------------------------------------------------------------------------

    async def send(
        self,
        channel: str,
        content: str,
        *,
        nonce: str,
        components: Sequence[Component] = (),
        reply_to: str = "",
        in_thread: bool = False,
    ) -> str:
        """Post at most 2,000 characters; the message's id. ``reply_to`` is a message of the same
        channel; it may be gone. ``in_thread`` names the right permission in a refusal."""
        body = _body(content, components) | {"nonce": nonce, "enforce_nonce": True}
        if reply_to:
            body["message_reference"] = {"message_id": reply_to, "fail_if_not_exists": False}
        answer = await self._calls.call(
            "create message",
            Route("POST", "/channels/{channel_id}/messages", channel_id=channel),
            needs="send_messages_in_threads" if in_thread else "send_messages",
            writes=True,
            patience_s=self._delivery_s,
            json=body,
        )
        return str(answer["id"])

    async def edit(
        self,
        channel: str,
        message: str,
        content: str,
        *,
        components: Sequence[Component] = (),
        patient: bool = True,
    ) -> None:
        """Replace a message's text and what stands below it."""
        await self._calls.call(
            "edit message",
            Route(
                "PATCH",
                "/channels/{channel_id}/messages/{message_id}",
                channel_id=channel,
                message_id=message,
            ),
            needs="view_channel",
            writes=True,
            patience_s=self._delivery_s if patient else 0.0,
            json=_body(content, components),
        )

    async def delete(self, channel: str, message: str) -> None:
        """Take back a message of ours."""
        await self._calls.call(
            "delete message",
            Route(
                "DELETE",
                "/channels/{channel_id}/messages/{message_id}",
                channel_id=channel,
                message_id=message,
            ),
            needs="view_channel",
        )

    async def typing(self, channel: str) -> None:
        """Show for ten seconds that the bot writes. Never waits and never repeats."""
        await self._calls.call(
            "trigger typing",
            Route("POST", "/channels/{channel_id}/typing", channel_id=channel),
            needs="send_messages",
            repeat=False,
            patience_s=0.0,
        )

    # -- threads ------------------------------------------------------------------------------

    async def create_thread(self, channel: str, message: str, name: str) -> str:
        """A public thread on a message; its id, which is the message's. Archived after a day
        without a word. Raises ChatRefusedError 160004 where there is one already."""
        answer = await self._calls.call(
            "start thread",
            Route(
                "POST",
                "/channels/{channel_id}/messages/{message_id}/threads",
                channel_id=channel,
                message_id=message,
            ),
            needs="create_public_threads",
            json={"name": name, "auto_archive_duration": 1440},
        )
        return str(answer["id"])

    async def create_post(
        self,
        forum: str,
        name: str,
        content: str,
        *,
        components: Sequence[Component] = (),
        tags: Sequence[str] = (),
    ) -> str:
        """A post in a forum; the id of its thread and of its first message. Never repeated where
        it may have been made: it carries no nonce."""
        body: dict[str, Any] = {"name": name, "message": _body(content, components)}
        if tags:
            body["applied_tags"] = list(tags)
        answer = await self._calls.call(
            "start forum post",
            Route("POST", "/channels/{channel_id}/threads", channel_id=forum),
            needs="send_messages",
            repeat=False,
            writes=True,
            patience_s=self._delivery_s,
            json=body,
        )
        return str(answer["id"])

    async def update_thread(self, thread: str, **changes: Any) -> None:
        """Change ``archived``, ``locked`` or ``applied_tags`` of a thread."""
        await self._calls.call(
            "update thread",
            Route("PATCH", "/channels/{channel_id}", channel_id=thread),
            needs="manage_threads",
            json=changes,
        )

    # -- interactions -------------------------------------------------------------------------

    async def edit_original(
        self,
        application: str,
        token: str,
        content: str,
        *,
        components: Sequence[Component] = (),
        patient: bool = True,
    ) -> None:
        """Replace the first response to an interaction. Raises ChatRefusedError 50027 after 15
        minutes, 10015 before it was acknowledged."""
        await self._calls.call(
            "edit response",
            Route(
                "PATCH",
                "/webhooks/{webhook_id}/{webhook_token}/messages/@original",
                webhook_id=application,
                webhook_token=token,
            ),
            writes=True,
            patience_s=self._delivery_s if patient else 0.0,
            json=_body(content, components),
        )

    async def follow_up(
        self,
        application: str,
        token: str,
        content: str,
        *,
        components: Sequence[Component] = (),
    ) -> str:
        """One more response, to the asker alone; its id. Never repeated where it may have been
        posted: webhooks enforce no nonce."""
        body = _body(content, components)
        body["flags"] |= _ONLY_THEY
        answer = await self._calls.call(
            "follow up",
            Route(
                "POST",
                "/webhooks/{webhook_id}/{webhook_token}",
                webhook_id=application,
                webhook_token=token,
            ),
            writes=True,
            repeat=False,
            patience_s=self._delivery_s,
            json=body,
            params={"wait": "true"},
        )
        return str(answer["id"])


def _body(content: str, components: Sequence[Component]) -> dict[str, Any]:
    return {
        "content": content,
        "components": list(components),  # left out, an edit would keep the old ones
        "allowed_mentions": dict(_NOBODY),
        "flags": _NO_PREVIEWS,
    }
