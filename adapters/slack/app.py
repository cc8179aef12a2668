"""Bolt's application, set up as we need it: what comes in is kept before it is acknowledged.

Every value is handed to Bolt. It would otherwise take tokens, secrets and an OAuth set-up from the
environment by itself; the ``authorize`` given here wins over all of those.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from logging import ERROR, getLogger
from typing import Any

from slack_bolt.app.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.authorization.async_authorize import AsyncAuthorize
from slack_bolt.context.async_context import AsyncBoltContext
from slack_bolt.error import BoltUnhandledRequestError
from slack_bolt.middleware.async_middleware import AsyncMiddleware
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_bolt.response import BoltResponse

from adapters.slack.blocks import CONSENT, FORGET, KNOWLEDGE, PERSON, RATE
from adapters.slack.commands import CommandListeners
from adapters.slack.edge import Body, Edge
from adapters.slack.events import Payload, heard_of_event, reaction_of
from adapters.slack.feedback import FeedbackListeners
from adapters.slack.manifest import ASK_COMMAND, OWN_COMMAND, SHORTCUT
from adapters.slack.modals import CORRECTION
from adapters.slack.opening import OpeningListeners
from adapters.slack.transport import API_URL, web_client
from bot.errors import ChatRefusedError, WellspokenError
from bot.telemetry import log

_ANY = re.compile(".*", re.DOTALL)
_UNAVAILABLE = 503


def build_app(edge: Edge, *, signing_secret: str = "", base_url: str = API_URL) -> AsyncApp:
    """The application with all its listeners.

    Without a ``signing_secret`` it serves Socket Mode alone: every signed request is refused.
    """
    logger = getLogger("slack_bolt")
    logger.setLevel(ERROR)  # its warnings print whole requests, with people's words in them
    app = AsyncApp(
        logger=logger,
        name="wellspoken",
        signing_secret=signing_secret,
        client=web_client(None, base_url),
        authorize=_Authorizing(edge),  # type: ignore[arg-type]  # it takes None for "not here"
        attaching_conversation_kwargs_enabled=False,
        attaching_function_token_enabled=False,
        raise_error_for_unhandled_request=True,
    )
    app.use(_Intake(edge))
    app.error(_tell_error)
    _listen(app, edge)
    return app


def _listen(app: AsyncApp, edge: Edge) -> None:
    opening, feedback, commands = (
        OpeningListeners(edge),
        FeedbackListeners(edge),
        CommandListeners(edge),
    )
    for kept in ("message", "app_mention", "reaction_added", "reaction_removed"):
        app.event(kept)(_done)
    for left in ("app_uninstalled", "tokens_revoked"):
        app.event(left)(_done)
    app.event("app_home_opened")(opening.opened)
    app.event("app_context_changed")(opening.context_changed)
    for legacy in ("assistant_thread_started", "assistant_thread_context_changed"):
        app.event(legacy)(opening.assistant_opened)
    app.event(_ANY)(_done)  # without a listener it would never be acknowledged

    app.action(RATE)(feedback.rate)
    app.action(PERSON)(feedback.ask_a_person)
    app.action(KNOWLEDGE)(feedback.propose)
    app.action(CONSENT)(opening.consent)
    app.action(FORGET)(opening.forget)
    app.view(CORRECTION)(feedback.correct)
    app.command(ASK_COMMAND)(commands.ask)
    app.command(OWN_COMMAND)(commands.own)
    app.shortcut(SHORTCUT)(commands.about_message)
    for others in (app.action, app.view, app.shortcut, app.command):
        others(_ANY)(_acknowledge)


async def _done() -> None:
    """The event was kept before; Bolt acknowledges it."""


async def _acknowledge(ack: Callable[[], Awaitable[Any]]) -> None:
    """A press on something that is not ours (any more)."""
    await ack()


class _Authorizing(AsyncAuthorize):
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


class _Intake(AsyncMiddleware):
    """Keeps what an event says. What could not be kept is not acknowledged: Slack sends it again.

    Deduplication is the desk's: in Socket Mode every first delivery has a retry header, too.
    """

    def __init__(self, edge: Edge) -> None:
        self._edge = edge

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
            except ValueError as error:
                log.warning("Slack: an event makes no sense", error=str(error))
        await next()
        return resp

    async def _keep(self, body: Payload) -> None:
        event = body.get("event") or {}
        kind = event.get("type")
        if kind in ("message", "app_mention"):
            workspace = await self._edge.workspace(body)
            heard = heard_of_event(body, workspace.us)
            if heard is not None:
                await self._edge.desk.take(heard)
        elif kind in ("reaction_added", "reaction_removed"):
            workspace = await self._edge.workspace(body)
            reaction = reaction_of(body, workspace.us)
            if reaction is not None:
                await self._edge.desk.react(reaction, f"slack:{body['event_id']}")
        elif kind == "app_uninstalled" or (kind == "tokens_revoked" and _bot_is_out(event)):
            await self._edge.leave(body)


def _bot_is_out(event: Payload) -> bool:
    return bool((event.get("tokens") or {}).get("bot"))


async def _tell_error(error: Exception, body: Body) -> BoltResponse | None:
    """What no listener handled. A request of ours that fails is answered by its listener; what
    is left is a fault, or nothing that we know."""
    kind = str(body.get("type") or "command")
    if isinstance(error, BoltUnhandledRequestError):
        log.info("Slack: a request that is not ours", kind=kind)
        return BoltResponse(status=200, body="")
    if isinstance(error, WellspokenError):
        log.warning("Slack: a request failed", kind=kind, error=str(error))
    else:
        log.error("Slack: a request failed", kind=kind, exc_info=error)
    return None
