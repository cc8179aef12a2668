"""The jobs room of the console: long work, how far it is, ending it and going on with it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse

from adapters.jobs.desk import KINDS, Line
from adapters.web.console.called import operators_called
from adapters.web.texts import checked
from bot.errors import NotFoundError, UsageError
from bot.store.timing import utc_now
from bot.work.jobs import Status

if TYPE_CHECKING:
    from adapters.web.console.base import Console

_ROOM = "/console/jobs"
_NAME = "jobs"
_LONGEST = 200
_UNHELD = timedelta(seconds=15)
_UNCLAIMED = timedelta(seconds=30)


def took(line: Line) -> str:
    """How long a job took, in words; empty where it is not over."""
    if line.started_at is None or line.finished_at is None:
        return ""
    seconds = (line.finished_at - line.started_at).total_seconds()
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def result_rows(line: Line) -> Sequence[tuple[str, str]]:
    """What came of a job, by name."""
    result = line.result if isinstance(line.result, dict) else {}
    return [(str(name), str(value)) for name, value in result.items() if value not in (None, "")]


def left_alone(line: Line, now: datetime) -> str:
    """What is amiss with a job that nobody seems to work on; empty where all is well."""
    if line.status is Status.RUNNING and line.lease_until and now > line.lease_until + _UNHELD:
        return "Its worker is gone, and none goes on with it yet"
    if line.status is Status.QUEUED and line.due and now > line.due + _UNCLAIMED:
        return "It waits for its turn, or no worker has taken it up"
    return ""


def add_jobs(router: APIRouter, console: Console, page: int) -> None:
    """The room, with ``page`` jobs on a page."""
    _add_looking(router, console, page)
    _add_doing(router, console)


def _add_looking(router: APIRouter, console: Console, page: int) -> None:
    @router.get("/jobs")
    async def jobs(
        request: Request, kind: str = "", status: str = "", before: str = ""
    ) -> Response:
        console.operator(request)
        asked = {
            "kind": checked(kind, "kind", _LONGEST),
            "status": checked(status, "status", _LONGEST),
        }
        last = checked(before, "job", _LONGEST)
        wrong, found = "", list[Line]()
        try:
            desk = console.application.jobs
            found = list(await desk.listing(**asked, limit=page + 1, before=last))
        except NotFoundError:
            raise
        except UsageError as error:
            wrong = str(error)
        answer = console.render(
            request,
            "console/jobs.html",
            _NAME,
            lines=found[:page],
            kinds=KINDS,
            statuses=[each.value for each in Status],
            here=_address(**asked, before=last),
            newest=_address(**asked) if last else "",
            older=_address(**asked, before=found[page - 1].id) if found[page:] else "",
            took=took,
            wrong=wrong,
            **asked,
        )
        if wrong:
            answer.status_code = HTTPStatus.UNPROCESSABLE_ENTITY
        return answer

    @router.get("/jobs/{job}")
    async def one(request: Request, job: str) -> Response:
        console.operator(request)
        return await _page(request, console, checked(job, "job", _LONGEST))


async def _page(request: Request, console: Console, job: str, wrong: str = "") -> Response:
    desk = console.application.jobs
    line = await desk.show(job)
    answer = console.render(
        request,
        "console/job.html",
        _NAME,
        line=line,
        parts=await desk.parts(job),
        took=took,
        left=left_alone(line, utc_now()),
        result=result_rows(line),
        called=await operators_called(console),
        wrong=wrong,
    )
    if wrong:
        answer.status_code = HTTPStatus.UNPROCESSABLE_ENTITY
    return answer


def _address(**asked: str) -> str:
    told = {name: value for name, value in asked.items() if value}
    return f"{_ROOM}{'?' + urlencode(told) if told else ''}"


def _add_doing(router: APIRouter, console: Console) -> None:
    @router.post("/jobs/{job}/cancel")
    async def cancel(request: Request, job: str, csrf: Annotated[str, Form()] = "") -> Response:
        operator, name = console.form(request, csrf), checked(job, "job", _LONGEST)
        try:
            await console.application.jobs.cancel(name, by=operator.author.key)
        except NotFoundError:
            raise
        except UsageError as error:  # it came to its end meanwhile
            return await _page(request, console, name, str(error))
        return RedirectResponse(f"{_ROOM}/{name}", HTTPStatus.SEE_OTHER)

    @router.post("/jobs/{job}/resume")
    async def resume(request: Request, job: str, csrf: Annotated[str, Form()] = "") -> Response:
        operator, name = console.form(request, csrf), checked(job, "job", _LONGEST)
        try:
            await console.application.jobs.resume(name, by=operator.author.key)
        except NotFoundError:
            raise
        except UsageError as error:
            return await _page(request, console, name, str(error))
        return RedirectResponse(f"{_ROOM}/{name}", HTTPStatus.SEE_OTHER)
