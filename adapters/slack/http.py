"""Slack over HTTP: signed requests to the web server, and the pages of an installation."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable

import aiohttp
from slack_bolt.adapter.starlette.async_handler import (
    to_async_bolt_request,
    to_starlette_response,
)
from slack_bolt.app.async_app import AsyncApp
from slack_bolt.oauth.async_oauth_flow import AsyncOAuthFlow
from slack_sdk.errors import SlackClientError
from slack_sdk.signature import SignatureVerifier
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from adapters.slack.faults import fault_of
from adapters.slack.manifest import EVENTS_PATH, INSTALL_PATH, REDIRECT_PATH
from bot.telemetry import log

_WINDOW_S = 300.0
"""How long a signature is valid (docs.slack.dev, "Verifying requests from Slack")."""
_MOST = 20_000
_UNAUTHORIZED, _BAD, _OK = 401, 400, 200


class Replays:
    """The signatures of the last five minutes, so that none serves twice.

    A delivery that failed may come again as it was; one that was handled, or is just being
    handled, may not. Bounded: the oldest go first.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._seen: OrderedDict[str, float] = OrderedDict()

    def take(self, signature: str) -> bool:
        """Whether a signature is new; from now on it is not."""
        now = self._clock()
        while self._seen and (
            len(self._seen) >= _MOST or next(iter(self._seen.values())) <= now - _WINDOW_S
        ):
            self._seen.popitem(last=False)
        if signature in self._seen:
            return False
        self._seen[signature] = now
        return True

    def give_back(self, signature: str) -> None:
        """The delivery failed: it may be repeated."""
        self._seen.pop(signature, None)


def events_route(app: AsyncApp, signing_secret: str) -> Route:
    """Where Slack sends events. Forged, stale and replayed requests are refused with 401.

    The signature is checked before anything is remembered or read; Bolt checks it once more.
    """
    verifier, replays = SignatureVerifier(signing_secret), Replays()

    async def events(request: Request) -> Response:
        body = await request.body()
        if not _is_signed(verifier, request, body):
            return _refusal(_UNAUTHORIZED)
        signature = request.headers["x-slack-signature"]
        if not replays.take(signature):
            log.warning("Slack: a request was sent twice")
            return _refusal(_UNAUTHORIZED)
        status = 0
        try:
            response = await _dispatch(app, request, body)
            status = response.status_code
        finally:
            if status != _OK:
                replays.give_back(signature)
        return response

    return Route(EVENTS_PATH, events, methods=["POST"])


def _is_signed(verifier: SignatureVerifier, request: Request, body: bytes) -> bool:
    """Whether Slack signed it, within the last five minutes."""
    moment = request.headers.get("x-slack-request-timestamp")
    try:
        return verifier.is_valid(body, moment, request.headers.get("x-slack-signature"))
    except (ValueError, TypeError):  # no time, no UTF-8, no ASCII
        return False


async def _dispatch(app: AsyncApp, request: Request, body: bytes) -> Response:
    try:
        asked = to_async_bolt_request(request, body)
    except (ValueError, TypeError, AttributeError):  # no JSON, or no JSON object
        return _refusal(_BAD)
    return to_starlette_response(await app.async_dispatch(asked))


def _refusal(status: int) -> Response:
    return JSONResponse({"error": "invalid request"}, status)


def install_routes(flow: AsyncOAuthFlow) -> list[Route]:
    """The pages of an installation."""

    async def install(request: Request) -> Response:
        return to_starlette_response(
            await flow.handle_installation(to_async_bolt_request(request, b""))
        )

    async def redirected(request: Request) -> Response:
        try:
            made = await flow.handle_callback(to_async_bolt_request(request, b""))
        except (SlackClientError, aiohttp.ClientError, TimeoutError) as error:
            raise fault_of("oauth.v2.access", error) from error
        return to_starlette_response(made)

    return [
        Route(INSTALL_PATH, install, methods=["GET"]),
        Route(REDIRECT_PATH, redirected, methods=["GET"]),
    ]
