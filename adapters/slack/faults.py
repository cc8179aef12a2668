"""Slack's errors in our words. No text of a message and no token gets into them."""

from __future__ import annotations

import json
from typing import Any

import aiohttp
from slack_sdk.errors import SlackApiError, SlackClientError

from bot.errors import ChatError, ChatLimitedError, ChatRefusedError, ChatUnavailableError

PLATFORM = "Slack"

UNSENT = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError)
"""No connection came about, so nothing can have happened: any call may be repeated."""

_LIMITED = frozenset({"ratelimited", "rate_limited"})
_PASSING = frozenset({"internal_error", "fatal_error", "service_unavailable", "request_timeout"})
_NO_TOKEN = frozenset(
    "invalid_auth not_authed account_inactive token_revoked token_expired".split()
)
_DEFAULT_PAUSE_S = 1.0


def fault_of(method: str, error: Exception) -> ChatError:
    """What an exception of the SDK, or of the connection below it, means."""
    if isinstance(error, SlackApiError):
        return _api_fault(method, error.response)
    if isinstance(error, TimeoutError):
        return ChatUnavailableError(platform=PLATFORM, method=method, reason="timeout")
    if isinstance(error, (aiohttp.ClientError, OSError)):
        name = type(error).__name__
        return ChatUnavailableError(platform=PLATFORM, method=method, reason=name)
    if isinstance(error, (AttributeError, UnicodeDecodeError)):
        # what the SDK makes of an answer that is no JSON object
        return ChatUnavailableError(platform=PLATFORM, method=method, reason="unreadable answer")
    if isinstance(error, SlackClientError):
        return ChatRefusedError(platform=PLATFORM, method=method, reason=type(error).__name__)
    raise error


def response_fault(method: str, status: int, body: str) -> ChatError:
    """What the answer of an address outside the API means: ``{"error": …}`` or bare words."""
    try:
        parsed = json.loads(body) if body else {}
    except ValueError:
        parsed = {}
    code = str(parsed.get("error", "")) if isinstance(parsed, dict) else ""
    return _fault(method, status, code or body.strip()[:60], {}, "")


def _api_fault(method: str, response: Any) -> ChatError:
    if isinstance(response, aiohttp.ClientResponse):  # the SDK's choice for broken JSON
        return _fault(method, response.status, "", response.headers, "")
    data = response.data if isinstance(response.data, dict) else {}
    code, needed = str(data.get("error", "")), str(data.get("needed", ""))
    return _fault(method, response.status_code, code, response.headers, needed)


def _fault(method: str, status: int, code: str, headers: Any, needed: str) -> ChatError:
    if status == 429 or code in _LIMITED:
        seconds = _seconds(headers.get("Retry-After", ""))
        return ChatLimitedError(platform=PLATFORM, method=method, seconds=seconds)
    if status >= 500 or code in _PASSING or (status == 200 and not code):
        reason = code or ("unreadable answer" if status == 200 else str(status))
        return ChatUnavailableError(platform=PLATFORM, method=method, reason=reason)
    reason = code or str(status)
    message = f"{PLATFORM} refused the request ({method}): {reason}{_advice(method, code, needed)}"
    return ChatRefusedError(message, platform=PLATFORM, method=method, reason=reason, needed=needed)


def _advice(method: str, code: str, needed: str) -> str:
    """What an operator can do about a refusal; empty where that is nothing."""
    if needed:
        return f"; the app lacks the permission {needed}: add it, then install the app again"
    if code not in _NO_TOKEN:
        return ""
    token = "SLACK_APP_TOKEN" if method.startswith("apps.") else "SLACK_BOT_TOKEN"
    return f"; the token is wrong or no longer valid: correct {token}"


def _seconds(header: str) -> float:
    try:
        return max(float(header), 0.1)
    except ValueError:
        return _DEFAULT_PAUSE_S
