"""discord.py's errors in our words. No text of a message and no token gets into them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import aiohttp
import discord

from adapters.discord.permissions import PERMISSIONS
from bot.errors import ChatError, ChatLimitedError, ChatRefusedError, ChatUnavailableError

PLATFORM = "Discord"

UNSENT = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError)
"""No connection came about, so nothing can have happened: any call may be repeated."""

UNKNOWN_CHANNEL, UNKNOWN_MESSAGE, UNKNOWN_MEMBER = 10003, 10008, 10007
UNKNOWN_WEBHOOK, INVALID_TOKEN = 10015, 50027
MISSING_ACCESS, CANNOT_DM, MISSING_PERMISSIONS = 50001, 50007, 50013
INVALID_FORM, EMPTY_MESSAGE, ARCHIVED = 50035, 50006, 50083
ACKNOWLEDGED, TAG_REQUIRED = 40060, 40067
NO_HISTORY, THREAD_EXISTS, LOCKED = 160002, 160004, 160005
"""Discord's codes (docs.discord.com, "Opcodes and Status Codes")."""

_TITLES = {use.name: use.title for use in PERMISSIONS}

BAN_S = 30.0
"""How long a ban by Cloudflare is kept where it names no time."""
_SHORT_S = 0.1


class BannedError(ChatLimitedError):
    """Discord turns this machine away ({method}: {seconds:g} s); it is tried again.

    Everything waits: each request of a banned machine counts towards a longer ban.
    """


def permission_name(flag: str) -> str:
    """A permission's flag as people read it in Discord: ``Send Messages in Threads``."""
    return _TITLES.get(flag) or flag.replace("_", " ").title()


def code_of(error: ChatError) -> int:
    """Discord's code of a refusal; 0 where there is none."""
    code = error.data.get("code", 0)
    return code if isinstance(code, int) else 0


def fault_of(method: str, needs: str, error: Exception) -> ChatError:
    """What an exception of discord.py, or of the connection below it, means.

    ``needs`` is the flag of the permission that the call takes: a refusal names it in
    ``data["needed"]``, as people read it.
    """
    if isinstance(error, discord.RateLimited):
        return ChatLimitedError(platform=PLATFORM, method=method, seconds=float(error.retry_after))
    if isinstance(error, discord.HTTPException):
        return _http_fault(method, needs, error)
    if isinstance(error, TimeoutError):
        return ChatUnavailableError(platform=PLATFORM, method=method, reason="timeout")
    if isinstance(error, (aiohttp.ClientError, OSError)):
        name = type(error).__name__
        return ChatUnavailableError(platform=PLATFORM, method=method, reason=name)
    if isinstance(error, RuntimeError) and "closed" in str(error).lower():
        return ChatUnavailableError(platform=PLATFORM, method=method, reason="we are closing")
    if isinstance(error, (ValueError, KeyError, TypeError)):
        # what the library makes of an answer that is no JSON, or of a limit without a time
        return ChatUnavailableError(platform=PLATFORM, method=method, reason="unreadable answer")
    raise error


def _http_fault(method: str, needs: str, error: discord.HTTPException) -> ChatError:
    status, code = error.status, error.code
    if status == 429:
        headers = getattr(error.response, "headers", {})
        seconds = _seconds(headers)
        if headers.get("Via"):  # of Discord itself: the library waited for it in vain
            return ChatLimitedError(platform=PLATFORM, method=method, seconds=seconds)
        return BannedError(platform=PLATFORM, method=method, seconds=seconds)
    if status >= 500 or (status == 401 and not code):  # a token that is replaced works again
        return ChatUnavailableError(platform=PLATFORM, method=method, reason=str(status))
    needed = ""
    if code == MISSING_ACCESS:
        needed = permission_name("view_channel")
    elif code == MISSING_PERMISSIONS or (status == 403 and not code):
        needed = permission_name(needs)
    elif code == NO_HISTORY:
        needed = permission_name("read_message_history")
    said = error.text.partition("\n")[0][:100]
    reason = f"{said or status}, it takes the permission {needed}" if needed else said or status
    return ChatRefusedError(
        platform=PLATFORM,
        method=method,
        reason=str(reason),
        code=code,
        status=status,
        needed=needed,
    )


REFUSED_HERE: Final = frozenset({MISSING_ACCESS, MISSING_PERMISSIONS, LOCKED, ARCHIVED})
"""Refusals that hold for anything that would be written there."""


def is_refused_here(error: ChatRefusedError) -> bool:
    """Whether nothing at all may be written there."""
    return code_of(error) in REFUSED_HERE or error.data.get("status") == 403


def _seconds(headers: Mapping[str, str]) -> float:
    """What a 429 that the library does not wait for asks for."""
    try:
        return max(float(headers.get("Retry-After", "")), _SHORT_S)
    except ValueError:
        return BAN_S
