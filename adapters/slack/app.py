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
from slack_bolt.error import BoltUnhandledRequestError
from slack_bolt.response import BoltResponse

from adapters.slack.blocks import CONSENT, FORGET, KNOWLEDGE, PERSON, RATE
from adapters.slack.commands import CommandListeners
from adapters.slack.edge import Body, Edge
from adapters.slack.faultless import answers, hears
from adapters.slack.feedback import FeedbackListeners
from adapters.slack.intake import Authorizing, Intake
from adapters.slack.manifest import ASK_COMMAND, OWN_COMMAND, SHORTCUT
from adapters.slack.modals import CORRECTION
from adapters.slack.opening import OpeningListeners
from adapters.slack.transport import API_URL, web_client
from bot.errors import WellspokenError
from bot.telemetry import log

_ANY = re.compile(".*", re.DOTALL)
_OK = 200


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
        authorize=Authorizing(edge),  # type: ignore[arg-type]  # it takes None for "not here"
        attaching_conversation_kwargs_enabled=False,
        attaching_function_token_enabled=False,
        raise_error_for_unhandled_request=True,
    )
    app.use(Intake(edge))
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
    app.event("app_home_opened")(hears(opening.opened))
    app.event("app_context_changed")(hears(opening.context_changed))
    for legacy in ("assistant_thread_started", "assistant_thread_context_changed"):
        app.event(legacy)(hears(opening.assistant_opened))
    app.event(_ANY)(_done)  # without a listener it would never be acknowledged

    app.action(RATE)(answers(edge, feedback.rate))
    app.action(PERSON)(answers(edge, feedback.ask_a_person))
    app.action(KNOWLEDGE)(answers(edge, feedback.propose))
    app.action(CONSENT)(answers(edge, opening.consent))
    app.action(FORGET)(answers(edge, opening.forget))
    app.view(CORRECTION)(answers(edge, feedback.correct))
    app.command(ASK_COMMAND)(answers(edge, commands.ask))
    app.command(OWN_COMMAND)(answers(edge, commands.own))
    app.shortcut(SHORTCUT)(answers(edge, commands.about_message))
    for others in (app.action, app.view, app.shortcut, app.command):
        others(_ANY)(_acknowledge)


async def _done() -> None:
    """The event was kept before; Bolt acknowledges it."""


async def _acknowledge(ack: Callable[[], Awaitable[Any]]) -> None:
    """A press on something that is not ours (any more)."""
    await ack()


async def _tell_error(error: Exception, body: Body) -> BoltResponse | None:
    """What is no listener's: a request of a workspace that could not be looked up, or nothing that
    we know. An event is not acknowledged then, and comes again."""
    kind = str(body.get("type") or "command")
    if isinstance(error, BoltUnhandledRequestError):
        log.info("Slack: a request that is not ours", kind=kind)
        return BoltResponse(status=_OK, body="")
    if isinstance(error, WellspokenError):
        log.warning("Slack: a request failed", kind=kind, error=str(error))
        return None
    log.error("Slack: a request failed", kind=kind, exc_info=error)
    return None
