"""A form with files is read piece by piece, within a time of its own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing

import pytest
from starlette.requests import Request
from starlette.types import Message

from adapters.web.form_stream import Event, Field, FileBegins, SlowFormError, form_events

BEGUN = (
    b'--cut\r\ncontent-disposition: form-data; name="csrf"\r\n\r\nours\r\n'
    b'--cut\r\ncontent-disposition: form-data; name="files"; filename="plans.md"\r\n\r\n'
)


def request_of(receive: Callable[[], Awaitable[Message]]) -> Request:
    """A form that comes as the function says."""
    kind = b"multipart/form-data; boundary=cut"
    scope = {"type": "http", "method": "POST", "headers": [(b"content-type", kind)]}
    return Request(scope, receive)


def sent_as(*pieces: bytes) -> Request:
    """A form in pieces that lie ready."""
    left = list(pieces)

    async def receive() -> Message:
        piece = left.pop(0)
        return {"type": "http.request", "body": piece, "more_body": bool(left)}

    return request_of(receive)


async def read(events: AsyncIterator[Event], seen: list[Event]) -> None:
    """Note each event as it comes."""
    async for event in events:
        seen.append(event)  # what came before an error counts


async def test_a_form_that_drips_is_ended_before_it_is_known_to_be_ours() -> None:
    """However soon its next byte comes."""
    begun = [BEGUN]

    async def receive() -> Message:
        await asyncio.sleep(0.01)
        return {"type": "http.request", "body": begun.pop() if begun else b"x", "more_body": True}

    drips = form_events(request_of(receive), 10**9, lambda: False, patience=0.2)
    async with asyncio.timeout(60), aclosing(drips) as events:
        with pytest.raises(SlowFormError, match="came too slowly; send it again"):
            await read(events, [])


async def test_pieces_that_lie_ready_do_not_outwit_the_time() -> None:
    """What was never waited for counts as well."""
    seen: list[Event] = []
    events = form_events(sent_as(BEGUN, b"# Plans"), 10_000, lambda: False, patience=0.0)
    with pytest.raises(SlowFormError):
        await read(events, seen)
    assert seen == []


async def test_a_form_of_ours_may_take_as_long_as_its_pieces_come() -> None:
    """The time of the whole counts until it is trusted, and not from then on."""
    seen: list[Event] = []
    whole = (BEGUN, b"# Plans", b"\r\n--cut--\r\n")
    await read(form_events(sent_as(*whole), 10_000, lambda: True, patience=0.0), seen)
    assert seen[:2] == [Field("csrf", "ours"), FileBegins("plans.md")]
    assert len(seen) == 4
