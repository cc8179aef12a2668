"""Notices: sentences of the house for a channel, said once, by whichever process is connected."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from adapters.chat.base import ChatAdapter, Place, Placement
from bot.conversation import Platform
from bot.errors import ChatRefusedError
from bot.telemetry import log
from bot.work.inbox import Claim, Inbox

if TYPE_CHECKING:
    import sqlalchemy as sa

NOTICE = "notice"
_CHATS = frozenset({Platform.SLACK, Platform.DISCORD})


def is_channel(name: str) -> bool:
    """Whether a name like ``slack:C0HUMANS`` is a channel that a notice can go to."""
    platform, _, channel = name.partition(":")
    return platform in {chat.value for chat in _CHATS} and bool(channel)


def put_notice(
    connection: sa.Connection,
    inbox: Inbox,
    id: str,  # noqa: A002
    channel: str,
    text: str,
) -> bool:
    """Put a notice (Markdown) down for a channel, inside the caller's transaction; ``False`` where
    the one with this id was put down before."""
    payload = {"kind": NOTICE, "channel": channel, "text": text}
    topic = channel.partition(":")[0]
    return inbox.put_in(connection, f"{NOTICE}:{id}", f"{NOTICE}:{channel}", payload, topic=topic)


class Notices:
    """Posts what was put down. ``adapters`` are the platforms that are connected here."""

    def __init__(self, inbox: Inbox, adapters: Mapping[Platform, ChatAdapter]) -> None:
        self._inbox = inbox
        self._adapters = adapters

    async def post(self, claim: Claim) -> None:
        """Post a notice once; where the bot may not, the log says so."""
        name, _, channel = str(claim.payload["channel"]).partition(":")
        platform = Platform(name)
        place = Place(platform, "", channel)
        try:
            await self._adapters[platform].post(
                place, claim.payload["text"], self._placement(claim)
            )
        except ChatRefusedError as error:
            log.warning(
                "the bot may not post into the operators' channel; is it a member there?",
                channel=claim.payload["channel"],
                error=str(error),
            )
        await self._inbox.complete(claim)

    def not_posted(self, claim: Claim) -> None:
        """A notice failed for good."""
        log.error("a notice was not posted", channel=claim.payload["channel"])

    def _placement(self, claim: Claim) -> Placement:
        async def save(state: Mapping[str, Any]) -> None:
            await self._inbox.checkpoint(claim, NOTICE, dict(state))

        return Placement(claim.event_id, claim.state, save)
