"""What Slack sends is kept here, before anything is acknowledged."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from weakref import WeakValueDictionary

from slack_bolt.authorization import AuthorizeResult
from slack_bolt.authorization.async_authorize import AsyncAuthorize
from slack_bolt.context.async_context import AsyncBoltContext
from slack_bolt.middleware.async_middleware import AsyncMiddleware
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_bolt.response import BoltResponse

from adapters.chat.base import ChannelKind, Deleted, Heard, Reaction
from adapters.slack.edge import Edge
from adapters.slack.events import (
    Payload,
    deleted_of,
    edited_of,
    heard_of_event,
    reaction_of,
)
from bot.errors import ChatRefusedError, WellspokenError
from bot.telemetry import log

_UNAVAILABLE = 503


class Authorizing(AsyncAuthorize):
    """Says to Bolt who we are in a workspace. The token stays with us: Bolt calls nothing."""

    def __init__(self, edge: Edge) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # Bolt's
        self._edge = edge

    async def __call__(
        self,
        *,
        context: AsyncBoltContext,  # noqa: ARG002 - Bolt hands it over by name
        enterprise_id: str | None,
        team_id: str | None,
        user_id: str | None,
        **_others: str | None,
    ) -> AuthorizeResult | None:
        try:
            workspace = await self._edge.workspaces.of(team_id or "", enterprise_id or "")
        except ChatRefusedError as error:
            if error.data.get("reason") != "not_installed":
                raise
            log.warning("Slack: an event of a workspace that did not install the app")
            return None
        return AuthorizeResult(
            enterprise_id=enterprise_id,
            team_id=team_id,
            bot_user_id=workspace.us.user,
            bot_id=workspace.us.bot,
            user_id=user_id,
        )


class Intake(AsyncMiddleware):
    """Keeps what an event says. What could not be kept is not acknowledged: Slack sends it again.

    Deduplication is the desk's: in Socket Mode every first delivery has a retry header, too.
    """

    def __init__(self, edge: Edge) -> None:
        self._edge = edge
        self._orders: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def async_process(
        self,
        *,
        req: AsyncBoltRequest,
        resp: BoltResponse,
        next: Callable[[], Awaitable[BoltResponse]],  # noqa: A002 - Bolt's name
    ) -> BoltResponse | None:
        if req.body.get("type") == "event_callback":
            try:
                await self._keep(req.body)
            except WellspokenError as error:
                log.warning("Slack: an event was not kept, it will come again", error=str(error))
                return BoltResponse(status=_UNAVAILABLE)
        await next()
        return resp

    async def _keep(self, body: Payload) -> None:
        event = body.get("event") or {}
        kind = event.get("type")
        if kind in ("message", "app_mention", "reaction_added", "reaction_removed"):
            said = await self._read(body)
            if isinstance(said, Heard | Deleted):
                await self._take(said, body)
            elif said is not None:
                await self._edge.desk.react(said, f"slack:{body['event_id']}")
        elif kind == "app_uninstalled" or (kind == "tokens_revoked" and _bot_is_out(event)):
            await self._edge.leave(body)

    async def _read(self, body: Payload) -> Heard | Deleted | Reaction | None:
        """What an event says; one that makes no sense says nothing, however often it comes."""
        us = (await self._edge.workspace(body)).us
        try:
            heard = heard_of_event(body, us) or edited_of(body, us)
            return heard or deleted_of(body) or reaction_of(body, us)
        except (ValueError, TypeError, AttributeError) as error:
            log.warning("Slack: an event makes no sense", error=type(error).__name__)
            return None

    async def _take(self, heard: Heard | Deleted, body: Payload) -> None:
        """Take it after what came before it in its thread: Slack's order is kept on disk."""
        changed = (body["event"].get("subtype") or "") == "message_changed"
        direct = heard.place.kind is ChannelKind.DIRECT
        key = heard.place.key if direct else heard.home.key
        order = self._orders.get(key)
        if order is None:
            self._orders[key] = order = asyncio.Lock()
        async with order:
            if isinstance(heard, Deleted):
                await self._edge.desk.drop(heard)
            elif changed:
                await self._edge.desk.amend(heard, f"slack:{body['event_id']}")
            else:
                await self._edge.desk.take(heard)


def _bot_is_out(event: Payload) -> bool:
    return bool((event.get("tokens") or {}).get("bot"))
