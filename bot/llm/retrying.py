"""Trying again, once and in one place: with jitter, within a limit of time."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import TypeVar

import stamina

from bot.errors import (
    ModelBrokenAnswerError,
    ModelError,
    ModelFailedError,
    ModelOverloadedError,
    ModelTimeoutError,
    ModelUnavailableError,
)
from bot.tracing import happened

# Its own hook would print where structlog is not configured: the caller's warning is enough.
stamina.instrumentation.set_on_retry_hooks([])

T = TypeVar("T")

_PASSING = (ModelUnavailableError, ModelOverloadedError, ModelFailedError)


def passes(error: Exception) -> bool:
    """Whether the fault may be gone in a moment."""
    if isinstance(error, ModelBrokenAnswerError):
        return bool(error.data.get("cut"))
    return isinstance(error, _PASSING)


async def retried(
    operation: Callable[[], Awaitable[T]], *, retries: int, pause_s: float, seconds: float, url: str
) -> T:
    """The operation's result, tried again while faults pass.

    ``pause_s`` is the first pause, up to three times as long by chance; later ones double.
    ``seconds`` is for all attempts and the pauses between them. A server's ``retry_after`` is
    obeyed where it fits into what is left of them, else its refusal is the result at once.
    Raises :class:`bot.errors.ModelError`; on time out during a pause the fault that led to it.
    """
    loop = asyncio.get_running_loop()
    deadline = loop.time() + seconds
    fault: ModelError | None = None

    def pause(error: Exception) -> bool | float:
        again = wait_for(error)
        if isinstance(error, ModelError):
            happened("model fault", kind=type(error).__name__, again=again is not False)
        return again

    def wait_for(error: Exception) -> bool | float:
        nonlocal fault
        if not isinstance(error, ModelError) or not passes(error):
            return False
        fault = error
        asked = error.data.get("retry_after")
        if not isinstance(asked, float):
            return True
        wait = asked * random.uniform(1.0, 1.1)  # noqa: S311  # jitter, not a secret
        return wait if loop.time() + wait < deadline else False

    try:
        async with asyncio.timeout_at(deadline):
            async for attempt in stamina.retry_context(
                on=pause,
                attempts=retries + 1,
                timeout=None,
                wait_initial=pause_s,
                wait_max=8 * pause_s,
                wait_jitter=2 * pause_s,
            ):
                with attempt:
                    fault = None
                    return await operation()
    except TimeoutError:
        raise fault or ModelTimeoutError(url=url, seconds=seconds) from None
    raise AssertionError("the last attempt returns or raises")
