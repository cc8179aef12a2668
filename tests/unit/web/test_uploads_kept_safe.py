"""What an upload may not do: outlive its session, take memory, tell of people, leave bytes."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import httpx2
import pytest
from starlette.requests import Request

from adapters.assembly import Application
from adapters.jobs.kinds import working
from adapters.jobs.retaining import KIND, retention_wanted
from adapters.uploads import swept
from adapters.web.form_stream import SlowFormError, _Reader, form_events
from bot.errors import UsageError
from bot.settings.changing import Change
from bot.store.setting_changes import SettingChanges
from bot.work.jobs import Jobs, Status
from tests.unit.web import test_uploads
from tests.unit.web.test_uploads import (
    JSON,
    PARKING,
    UPLOAD,
    csrf_of,
    deeds_of,
    found_in,
    kept,
    on_the_way,
    read_in,
    sent,
    told,
)

app, browser = test_uploads.app, test_uploads.browser

PARTS = {"content-type": "multipart/form-data; boundary=cut"}


def part(disposition: str, value: bytes) -> bytes:
    """A part of a form."""
    head = f"--cut\r\ncontent-disposition: form-data; {disposition}\r\n\r\n"
    return head.encode() + value + b"\r\n"


async def test_a_session_that_ends_meanwhile_publishes_nothing_more(
    app: Application, browser: httpx2.AsyncClient
) -> None:
    """Of two files on their way the one that was whole before the session ended everywhere is
    taken; of the other nothing is left."""
    csrf = await csrf_of(browser)

    async def body() -> AsyncIterator[bytes]:
        yield part('name="csrf"', csrf.encode()) + part('name="readers"', b"everybody")
        yield part('name="files"; filename="before.md"', PARKING)
        yield b'--cut\r\ncontent-disposition: form-data; name="files"; filename="after.md"\r\n\r\n'
        yield b"# Aft"
        taken = await app.uploads.latest(5)
        (deed,) = await deeds_of(app, "document uploaded")
        assert [upload.file for upload in taken] == ["before.md"]
        await app.console_ends.end_all(deed["actor"])
        yield b"er\r\n--cut--\r\n"

    done = await browser.post(UPLOAD, content=body(), headers=JSON | PARTS)
    assert done.status_code == 303
    assert [upload.file for upload in await app.uploads.latest(5)] == ["before.md"]
    assert len(on_the_way(app)) == 1


async def test_a_form_that_goes_on_and_on_is_ended() -> None:
    """However lively its pieces come: all of them together have one deadline."""

    begun = part('name="files"; filename="a.md"', b"")[:-2]

    async def receive() -> dict[str, object]:
        nonlocal begun
        piece, begun = begun, b"x"
        await asyncio.sleep(0)
        return {"type": "http.request", "body": piece, "more_body": True}

    headers = [(b"content-type", PARTS["content-type"].encode())]
    request = Request({"type": "http", "method": "POST", "headers": headers}, receive)
    async with asyncio.timeout(60):
        with pytest.raises(SlowFormError):
            async for _ in form_events(request, 10**12, lambda: True, longest=0.2):
                pass


@pytest.mark.parametrize("which", ["on_header_field", "on_header_value"])
def test_a_header_of_a_part_has_a_limit(which: str) -> None:
    """Whatever the release of the parser: what is longer is refused, and not held."""
    take = getattr(_Reader(), which)
    take(b"x" * 8_000, 0, 8_000)
    with pytest.raises(UsageError, match="cannot be read"):
        take(b"x", 0, 1)


async def test_groups_of_single_people_are_not_shown(
    app: Application, browser: httpx2.AsyncClient
) -> None:
    """Those of channels are, also where the console set them; who has which group is told to
    nobody who uploads."""
    changes = SettingChanges(app.database)
    for table, name, value in (
        ("access.users", "slack:T1:U1", ["dismissals"]),
        ("access.slack.channels", "T1/C1", ["engineering"]),
    ):
        await changes.put(Change(table, name, value, "web:admin", "Ada"), seen="")
    assert await app.uploads.groups() == ["engineering", "staff"]
    page = (await browser.get("/console/knowledge")).text
    assert "engineering" in page
    assert "dismissals" not in page
    refused = await sent(browser, ("a.md", PARKING), readers="group:dismissals")
    assert refused.status_code == 422


async def test_a_cancelled_upload_leaves_no_bytes(
    app: Application, browser: httpx2.AsyncClient
) -> None:
    """Retention's daily job deletes what was cancelled and nothing else that waits; resumed after
    that, it says to send it again."""
    jobs = Jobs(app.database)
    await sent(browser, ("secret.md", PARKING))
    (cancelled,) = await jobs.page(kind="upload")
    await jobs.cancel(cancelled.id, "web:admin")
    await sent(browser, ("lift.txt", b"Lift B goes to the roof."))
    assert len(on_the_way(app)) == 2
    await jobs.put(retention_wanted(datetime.now(UTC)))
    await read_in(app)
    (retention,) = await jobs.page(kind=KIND)
    assert (retention.status, retention.result) == (Status.SUCCEEDED, {"unread": 1})
    assert (on_the_way(app), kept(app)) == ([], ["lift.txt"])
    await jobs.resume(cancelled.id)
    await read_in(app)
    assert "upload it again." in await told(browser)
    assert await swept(app.settings.home, app.database) == 0
    assert "parking.md" not in await found_in(app, "blue badge")


async def test_a_worker_that_starts_deletes_what_was_never_read_in(
    app: Application, browser: httpx2.AsyncClient
) -> None:
    """What came eight days ago goes; what came today stays."""
    await sent(browser, ("old.md", PARKING))
    (old,) = on_the_way(app)
    long_ago = time.time() - 8 * 24 * 3600
    os.utime(old, (long_ago, long_ago))
    fresh = old.with_name("0123456789abcdef.partial")
    fresh.write_bytes(PARKING)
    for work in working(app):
        work.close()
    assert on_the_way(app) == [fresh]
