"""The scorecards room of the console: every run, one run, its cases, and a run that is started."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated
from urllib.parse import quote, urlencode, urlsplit

from fastapi import APIRouter, Form, Query, Request, Response
from fastapi.responses import RedirectResponse

from adapters.evaluation.desk import MODES as NAMES
from adapters.evaluation.desk import USUAL, Story
from adapters.evaluation.report_cases import views
from adapters.web.console.called import operators_called
from adapters.web.console.score_plots import MODES, Past, Section, sections
from adapters.web.console.scorecards_view import (
    OTHERS,
    Line,
    changes_of,
    chosen_of,
    filters_of,
    lines_of,
    marked_of,
    moment_of,
    rows_of,
    trend_of,
)
from adapters.web.texts import checked
from bot.errors import NotFoundError, WellspokenError
from bot.store.columns import to_json
from bot.store.evaluation import Place, RunLine

if TYPE_CHECKING:
    from adapters.web.console.base import Console

_ROOM = "/console/scorecards"
_NAME = "scorecards"
_CASES = 25
_LONGEST = 200
_TRENDS = 3
"""Suites whose trend the list shows, those that were asked last."""


class PageGoneError(NotFoundError):
    """The page of {id} is not in the data folder; its figures and cases are in the console."""


def add_scorecards(router: APIRouter, console: Console, page: int) -> None:
    """The room, with ``page`` runs on a page."""
    _add_list(router, console, page)
    _add_run(router, console)
    _add_cases(router, console)
    _add_case(router, console)
    _add_files(router, console)
    _add_doing(router, console, page)


def cursor_of(run: RunLine) -> str:
    """Where a page ends, as its address has it."""
    return f"{run.at.isoformat()}~{run.id}"


def place_of(cursor: str) -> Place | None:
    """The place of an address. Raises NotFoundError for one that is none."""
    if not cursor:
        return None
    at, _, run = cursor.partition("~")
    try:
        moment = datetime.fromisoformat(at)
    except ValueError as error:
        raise NotFoundError(kind="page", id=cursor[:60]) from error
    if moment.tzinfo is None or not run:
        raise NotFoundError(kind="page", id=cursor[:60])
    return Place(moment, checked(run, "page", _LONGEST))


def _add_list(router: APIRouter, console: Console, page: int) -> None:
    @router.get("/scorecards")
    async def scorecards(request: Request, suite: str = "", before: str = "") -> Response:
        console.operator(request)
        return await _room(request, console, page, checked(suite, "suite", _LONGEST), before)

    @router.get("/scorecards/live")
    async def live(request: Request) -> Response:
        console.operator(request)
        standing = await console.application.scorecards.standing()
        answer = console.render(request, "console/_scorecard_live.html", _NAME, standing=standing)
        if standing is None or not standing.running:  # the page learns of the run and of the form
            answer.headers["hx-redirect"] = _asked_from(request)
        return answer


async def _room(
    request: Request,
    console: Console,
    page: int,
    suite: str = "",
    before: str = "",
    wrong: str = "",
    asked: tuple[str, Sequence[str], str] | None = None,
) -> Response:
    """The list and the form; ``asked`` is a refused form as it was filled in: suite, modes,
    baseline."""
    desk = console.application.scorecards
    after = place_of(before)
    found = await desk.page(page + 1, after, suite)
    kept = await desk.asked()
    shown = [name for name, _ in kept if name == suite] if suite else [n for n, _ in kept[:_TRENDS]]
    trends = [] if after else [trend_of(n, await desk.of_suite(n)) for n in shown]
    wanted, modes, baseline = asked or (suite, USUAL, "")
    filters = {"suite": suite} if suite else {}
    answer = console.render(
        request,
        "console/scorecards.html",
        _NAME,
        runs=found[:page],
        suite=suite,
        kept=kept,
        trends=[plot for plot in trends if plot is not None],
        newest=_address("", **filters) if after else "",
        older=_address("", **filters, before=cursor_of(found[page - 1])) if found[page:] else "",
        suites=await desk.suites(),
        choices=await desk.page(page),
        names=[(name, MODES[name]) for name in NAMES],
        mode_words=MODES,
        standing=await desk.standing(),
        called=await operators_called(console),
        wanted=wanted,
        modes=modes,
        baseline=baseline,
        wrong=wrong,
    )
    if wrong:
        answer.status_code = HTTPStatus.UNPROCESSABLE_ENTITY
    return answer


def _address(rest: str, **asked: str | int) -> str:
    """An address of the room with what is asked, as far as it is."""
    told = {name: value for name, value in asked.items() if value}
    return f"{_ROOM}{rest}{'?' + urlencode(told) if told else ''}"


def _asked_from(request: Request) -> str:
    """The list as the page that asks shows it; never by POST again."""
    shown = urlsplit(request.headers.get("hx-current-url", ""))
    return f"{_ROOM}?{shown.query}" if shown.path == _ROOM and shown.query else _ROOM


def _add_run(router: APIRouter, console: Console) -> None:
    @router.get("/scorecards/{run}")
    async def scorecard(request: Request, run: str, against: str = "") -> Response:
        console.operator(request)
        desk = console.application.scorecards
        story = await desk.story(checked(run, "run", _LONGEST), checked(against, "run", _LONGEST))
        past = await desk.of_suite(story.line.suite, story.line)
        drawn = await asyncio.to_thread(_drawn, story, past)
        return console.render(
            request,
            "console/scorecard.html",
            _NAME,
            line=story.line,
            story=story,
            titles=MODES,
            called=await operators_called(console),
            rows=rows_of(story.line.modes),
            sections=drawn[0],
            filters=filters_of(drawn[1], list(story.line.modes), ""),
            cases=len(drawn[1]),
            changes=changes_of(story.differences or {}),
            choices=await desk.comparable(story.line),
            against=story.other.id if story.other else "",
            others=OTHERS if any(run.digest != story.line.digest for run in past) else "",
        )


def _add_cases(router: APIRouter, console: Console) -> None:
    @router.get("/scorecards/{run}/cases")
    async def cases(
        request: Request,
        run: str,
        show: str = "",
        words: str = "",
        against: str = "",
        page: Annotated[int, Query(ge=1, le=100_000)] = 1,
    ) -> Response:
        console.operator(request)
        told = {
            "against": checked(against, "run", _LONGEST),
            "show": checked(show, "filter", _LONGEST),
            "words": checked(words, "search", _LONGEST).strip(),
        }
        desk = console.application.scorecards
        story = await desk.story(checked(run, "run", _LONGEST), told["against"], tested=False)
        lines = await asyncio.to_thread(lines_of, story.records, story.before)
        found = await asyncio.to_thread(chosen_of, lines, told["show"], told["words"])
        return console.render(
            request,
            "console/scorecard_cases.html",
            _NAME,
            line=story.line,
            other=story.other,
            filters=filters_of(lines, list(story.line.modes), told["show"]),
            found=found[(page - 1) * _CASES : page * _CASES],
            many=len(found),
            page=page,
            pages=max(1, -(-len(found) // _CASES)),
            told=told,
            address=lambda **more: _address(f"/{story.line.id}/cases", **{**told, **more}),
            case_address=lambda id: _address(f"/{story.line.id}/case", id=id, **told),  # noqa: A006
        )


def _add_case(router: APIRouter, console: Console) -> None:
    @router.get("/scorecards/{run}/case")
    async def case(
        request: Request,
        run: str,
        id: str = "",  # noqa: A002 - the address's word
        show: str = "",
        words: str = "",
        against: str = "",
    ) -> Response:
        console.operator(request)
        name = checked(id, "case", _LONGEST)
        told = {
            "against": checked(against, "run", _LONGEST),
            "show": checked(show, "filter", _LONGEST),
            "words": checked(words, "search", _LONGEST),
        }
        desk = console.application.scorecards
        line, records = await desk.case(checked(run, "run", _LONGEST), name)
        story = await desk.story(line.id, told["against"], tested=False)
        beside = await asyncio.to_thread(_beside, story, name, told["show"], told["words"])
        (view,) = views({mode: [record] for mode, record in records.items()})
        return console.render(
            request,
            "console/scorecard_case.html",
            _NAME,
            line=line,
            view=view,
            marked=marked_of(view),
            titles=MODES,
            back=_address(f"/{line.id}/cases", **told),
            beside=[
                (way, _address(f"/{line.id}/case", id=other, **told))
                for way, other in zip(("Before", "Next"), beside, strict=True)
                if other
            ],
        )


def _beside(story: Story, case: str, show: str, words: str) -> tuple[str, str]:
    """The ids of the cases before and behind one in the list that it was opened from; empty where
    there is none."""
    lines = chosen_of(lines_of(story.records, story.before), show, words.strip())
    ids = [line.view.case["id"] for line in lines]
    if case not in ids:
        return "", ""
    at = ids.index(case)
    return ids[at - 1] if at else "", ids[at + 1] if ids[at + 1 :] else ""


def _drawn(story: Story, past: Sequence[RunLine]) -> tuple[list[Section], list[Line]]:
    """What takes long of a run of many cases: its plots, and what became of each case."""
    runs = [
        Past("this run" if run.id == story.line.id else moment_of(run, past[-1]), run.modes)
        for run in past
    ]
    return sections(story.line.modes, story.records, runs), lines_of(story.records, story.before)


def _add_files(router: APIRouter, console: Console) -> None:
    @router.get("/scorecards/{run}/page")
    async def report(request: Request, run: str) -> Response:
        console.operator(request)
        found = await console.application.scorecards.report(checked(run, "run", _LONGEST))
        if found is None:
            raise PageGoneError(id=run[:60])
        return _file(found, "text/html; charset=utf-8", f"scorecard-{run}.html")

    @router.get("/scorecards/{run}/json")
    async def told(request: Request, run: str) -> Response:
        console.operator(request)
        found = await console.application.scorecards.json(checked(run, "run", _LONGEST))
        body = (await asyncio.to_thread(to_json, found)).encode("utf-8", "replace")
        return _file(body, "application/json", f"scorecard-{run}.json")


def _file(body: bytes, kind: str, name: str) -> Response:
    """A file to be kept."""
    headers = {"content-disposition": f"attachment; filename*=UTF-8''{quote(name)}"}
    return Response(body, media_type=kind, headers=headers)


def _add_doing(router: APIRouter, console: Console, page: int) -> None:
    @router.post("/scorecards")
    async def start(
        request: Request,
        suite: Annotated[str, Form()] = "",
        mode: Annotated[list[str] | None, Form()] = None,
        baseline: Annotated[str, Form()] = "",
        csrf: Annotated[str, Form()] = "",
    ) -> Response:
        operator = console.form(request, csrf)
        name, modes = checked(suite, "suite", _LONGEST), (mode or [])[: len(NAMES)]
        before = checked(baseline, "run", _LONGEST)
        try:
            await console.application.scorecards.start(
                name, modes, baseline=before, by=operator.author.key
            )
        except WellspokenError as error:  # said above the form, whatever kept it from beginning
            asked = (name, modes, before)
            return await _room(request, console, page, wrong=str(error), asked=asked)
        return RedirectResponse(_ROOM, HTTPStatus.SEE_OTHER)

    @router.post("/scorecards/cancel")
    async def cancel(request: Request, csrf: Annotated[str, Form()] = "") -> Response:
        operator = console.form(request, csrf)
        try:
            await console.application.scorecards.cancel(operator.author.key)
        except WellspokenError as error:
            return await _room(request, console, page, wrong=str(error))
        return RedirectResponse(_ROOM, HTTPStatus.SEE_OTHER)

    @router.post("/scorecards/{run}/delete")
    async def delete(request: Request, run: str, csrf: Annotated[str, Form()] = "") -> Response:
        operator = console.form(request, csrf)
        await console.application.scorecards.remove(
            checked(run, "run", _LONGEST), operator.author.key
        )
        return RedirectResponse(_ROOM, HTTPStatus.SEE_OTHER)
