"""A server's faults in our words, and where it listens."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from bot.errors import StoreKeyError, StoreReadOnlyError, StoreUnavailableError

_MARKS = ('details = "', "'message': '", "'message': \"")
_LONGEST = 300
_KEY = ("unauthenticated", "unauthorized", "permission_denied", "invalid api key")
_FULL = ("read-only", "readonly", "read only", "no space left", "disk usage")
_GONE = ("connect", "unavailable", "socket closed")


@dataclass(frozen=True, slots=True)
class Address:
    """Where a server listens."""

    host: str
    port: int
    secure: bool = False

    @classmethod
    def parse(cls, text: str, port: int) -> Address:
        """``http://host:port`` or ``host:port``; ``port`` where none is named. ``https://host`` is
        443."""
        parts = urlsplit(text if "//" in text else f"//{text}")
        secure = parts.scheme == "https"
        usual = 443 if secure else port
        return cls(parts.hostname or "localhost", parts.port or usual, secure)

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


def said(error: BaseException) -> str:
    """The reason of an error in one line."""
    text = " ".join(str(getattr(error, "message", None) or error).split())
    for mark in _MARKS:
        if mark in text:
            text = text.split(mark, 1)[1].split(mark[-1], 1)[0]
    return text[:_LONGEST].rstrip(".") or type(error).__name__


def unreachable(url: str, reason: str) -> StoreUnavailableError:
    """It is not there, and how to start it."""
    return StoreUnavailableError(
        f"The knowledge store at {url} cannot be reached ({reason}); start it with"
        " `docker compose up weaviate`, or correct WEAVIATE_URL.",
        url=url,
        reason=reason,
    )


def translated(url: str, reason: str, status: int | None = None) -> StoreUnavailableError:
    """What the server, or the client, says went wrong."""
    low = reason.casefold()
    if status in (401, 403) or any(mark in low for mark in _KEY):
        return StoreKeyError(url=url, reason=f"status {status}" if status else reason)
    if any(mark in low for mark in _FULL):
        return StoreReadOnlyError(url=url, reason=reason)
    if any(mark in low for mark in _GONE):
        return unreachable(url, reason)
    return StoreUnavailableError(
        f"The knowledge store at {url} could not carry out the request ({reason}).",
        url=url,
        reason=reason,
    )
