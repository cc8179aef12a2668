"""Listeners that never raise: whatever happens inside, who pressed or typed reads one sentence.

Bolt must not see an exception: it would take back an acknowledgement that was given a moment
before, and Slack would say that the app did not answer.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from adapters.chat.ports import sentence_for
from adapters.slack.edge import Ack, Body, Edge
from adapters.slack.modals import problem
from bot.errors import WellspokenError
from bot.telemetry import log

Answering = Callable[[Ack, Body], Awaitable[None]]
Hearing = Callable[[Body], Awaitable[None]]


def answers(edge: Edge, listener: Answering) -> Answering:
    """A listener of something that people pressed or typed."""

    async def run(ack: Ack, body: Body) -> None:
        once = _Once(ack)
        try:
            await listener(once, body)
        except Exception as error:  # noqa: BLE001 - told to the person, logged in full
            _log(body, error)
            await _tell(edge, once, body, error)

    return run


def hears(listener: Hearing) -> Hearing:
    """A listener of an event that needs no answer."""

    async def run(body: Body) -> None:
        try:
            await listener(body)
        except Exception as error:  # noqa: BLE001 - logged in full; the next event tries again
            _log(body, error)

    return run


class _Once:
    """An acknowledgement that remembers whether it was given."""

    def __init__(self, ack: Ack) -> None:
        self._ack = ack
        self.given = False

    async def __call__(self, *args: Any, **kwargs: Any) -> Any:
        self.given = True
        return await self._ack(*args, **kwargs)


async def _tell(edge: Edge, ack: _Once, body: Body, error: Exception) -> None:
    known = error if isinstance(error, WellspokenError) else WellspokenError()
    sentence = sentence_for(known)
    if ack.given:
        await edge.tell(body, sentence)
    elif "command" in body:
        await ack(text=sentence)
    elif body.get("type") == "view_submission":
        await ack(response_action="errors", errors=problem(sentence))
    else:
        await ack()
        await edge.tell(body, sentence)


def _log(body: Body, error: Exception) -> None:
    kind = str(body.get("type") or "command")
    if isinstance(error, WellspokenError):
        log.warning("Slack: a request failed", kind=kind, error=str(error))
    else:
        log.error("Slack: a request failed", kind=kind, exc_info=error)
