"""A server's faults in our words, and where it listens."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import ClassVar, TypeVar
from urllib.parse import urlsplit

import stamina

from bot.errors import (
    ConfigurationError,
    StoreKeyError,
    StoreReadOnlyError,
    StoreTimeoutError,
    StoreUnavailableError,
)

T = TypeVar("T")

WRITING_S = 90.0
"""How long a write, or a look at whole documents, may take."""

PATIENCE_S = 1.0
"""The client tries a server that refuses connections again for 31 s; after so long without an
answer we look ourselves whether there is one."""

_TRIES = 4
_MARKS = ('details = "', "'message': '", "'message': \"")
_LONGEST = 300
_KEY = ("unauthenticated", "unauthorized", "permission_denied", "invalid api key")
_FULL = ("read-only", "readonly", "read only", "no space left", "disk usage")
_OWN = ("connect to weaviate", "connection to weaviate failed")
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

    def beside(self, grpc: str | None, port: int) -> Address:
        """Where gRPC is: as set, else on the same host. Raises ConfigurationError for the address
        of the other protocol."""
        found = Address.parse(grpc, port) if grpc else Address(self.host, port, self.secure)
        if (self.host, self.port) == (found.host, found.port):
            raise ConfigurationError(
                where="WEAVIATE_GRPC_URL",
                problem=f"{found} is where WEAVIATE_URL points; gRPC has a port of its own",
            )
        return found

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
    if "meta endpoint" in low and (status or 0) < 500:  # the first thing that a Weaviate is asked
        return StoreUnavailableError(
            f"What answers at {url} is no Weaviate; correct WEAVIATE_URL.", url=url, reason=reason
        )
    if any(mark in low for mark in _FULL):
        return StoreReadOnlyError(url=url, reason=reason)
    if any(mark in low for mark in _GONE):  # the client's own words name its parts, not ours
        own = any(mark in low for mark in _OWN)
        return unreachable(url, "no connection" if own else reason)
    return StoreUnavailableError(
        f"The knowledge store at {url} could not carry out the request ({reason}).",
        url=url,
        reason=reason,
    )


class Guarded(ABC):
    """A server whose operations end in their time, with its faults in our words."""

    faults: ClassVar[tuple[type[BaseException], ...]] = (OSError,)
    """What its client raises."""

    def __init__(self, url: str, timeout_s: float) -> None:
        self.url = url
        self.timeout_s = timeout_s

    @abstractmethod
    async def lives(self) -> bool:
        """Whether it answers at all, looked at for :data:`PATIENCE_S`."""

    async def ask(self, operation: Callable[[], Awaitable[T]], seconds: float | None = None) -> T:
        """What an operation gives, within so many seconds (``timeout_s``). Raises
        StoreUnavailableError and its kin."""
        limit = self.timeout_s if seconds is None else seconds
        task = asyncio.ensure_future(operation())
        try:
            async with asyncio.timeout(limit):
                while not (await asyncio.wait({task}, timeout=PATIENCE_S))[0]:
                    if not await self.lives():
                        raise unreachable(self.url, "no answer")
                return task.result()
        except TimeoutError:
            raise StoreTimeoutError(url=self.url, seconds=limit) from None
        except self.faults as error:
            raise self.fault(error) from error
        finally:
            task.cancel()

    async def write(self, operation: Callable[[], Awaitable[T]]) -> T:
        """As :meth:`ask`, for whatever may take long."""
        return await self.ask(operation, WRITING_S)

    def fault(self, error: BaseException) -> StoreUnavailableError:
        """What went wrong, in our words."""
        if isinstance(error, TimeoutError):
            return StoreTimeoutError(url=self.url, seconds=self.timeout_s)
        if isinstance(error, OSError) or type(error).__module__.startswith("http"):
            return unreachable(self.url, said(error))
        return translated(self.url, said(error), getattr(error, "status_code", None))


def _passes(error: Exception) -> bool:
    """Whether a fault may be over when it is tried again."""
    return isinstance(error, StoreUnavailableError) and not isinstance(
        error, (StoreKeyError, StoreReadOnlyError)
    )


def tries() -> AsyncIterator[stamina.Attempt]:
    """Attempts at something that may be done twice, as long as its fault may be over by then."""
    return stamina.retry_context(
        on=_passes, attempts=_TRIES, timeout=None, wait_initial=0.2, wait_max=2.0
    )
