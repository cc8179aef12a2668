"""The models room of the console: versions of the voice, the canary, promotions and rollbacks."""

from __future__ import annotations

from collections.abc import Awaitable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse

from adapters.web.console.called import operators_called
from adapters.web.console.canary_view import drawn, measured
from adapters.web.texts import checked
from bot.errors import (
    CanaryRejectedError,
    GateNotPassedError,
    NotFoundError,
    ReleaseError,
    UsageError,
    WellspokenError,
)
from persona.canary_reading import Finding
from persona.versions import ROLLED_BACK

if TYPE_CHECKING:
    from adapters.web.console.base import Console
    from adapters.web.ports.application import Application
    from persona.registry import Promotion

_ROOM = "/console/models"
_LONGEST = 500
_SCORES = {
    "style": "Style",
    "accuracy": "Correct",
    "grounded": "Grounded",
    "refusals_right": "Refusals right",
    "hallucination_rate": "Invented",
    "p50_ms": "Median time",
}
_FINDINGS = {
    Finding.WAITING: "Too few turns yet",
    Finding.OPEN: "No harm so far",
    Finding.FINE: "No harm found",
    Finding.WORSE: "Worse",
}
_HOW = {"promote": "Promoted", "force": "Promoted by force", "rollback": "Rolled back"}


def scores_of(scores: Mapping[str, Any]) -> list[tuple[str, str]]:
    """A version's scores in words, those that are known."""
    found = []
    for name, words in _SCORES.items():
        value = scores.get(name)
        if isinstance(value, int | float):
            seconds = name.endswith("_ms")
            found.append((words, f"{value / 1000:.2f} s" if seconds else f"{value:.0%}"))
    return found


def in_words(promotion: Promotion) -> str:
    """A change of what is live."""
    return _HOW.get(promotion.how, promotion.how.capitalize())


def add_models(router: APIRouter, console: Console) -> None:
    """The room."""
    _add_pages(router, console)
    _add_changes(router, console)
    _add_gate(router, console)


def _add_pages(router: APIRouter, console: Console) -> None:
    @router.get("/models")
    async def models(request: Request) -> Response:
        console.operator(request)
        return await _room(request, console)

    @router.get("/models/{version}")
    async def model(request: Request, version: str) -> Response:
        console.operator(request)
        return await _story(request, console, checked(version, "version", 50))


async def _room(request: Request, console: Console, wrong: str = "") -> Response:
    """The list; with what was wrong where a change was refused."""
    desk = console.application.models
    canary = await desk.canary()
    page = console.render(
        request,
        "console/models.html",
        "models",
        versions=await desk.listing(),
        release=await desk.release(),
        canary=canary,
        undone=await desk.undone(),
        finding=_FINDINGS[canary.seen.finding] if canary else "",
        measures=measured(canary) if canary else [],
        curves=drawn(canary) if canary else [],
        history=await desk.history(),
        remarks=desk.remarks(),
        scores_of=scores_of,
        in_words=in_words,
        called=await operators_called(console),
        wrong=wrong,
    )
    if wrong:
        page.status_code = HTTPStatus.UNPROCESSABLE_ENTITY
    return page


_THOUGH_WORSE = "Also though it did worse as a canary"


@dataclass(frozen=True, slots=True)
class Tried:
    """A form that was sent and refused, so that it stands there again as it was filled in."""

    form: str = ""
    reason: str = ""
    force: bool = False
    percent: int = 10
    suite: str = ""


def _refusal(error: WellspokenError, version: str, reason: str, *, force: bool) -> str:
    """Why a change was refused, in the words of the page where the error names options."""
    if force and not reason.strip():
        return "To do it all the same a reason is needed: write one into the field."
    if isinstance(error, CanaryRejectedError):
        return (
            f"{version} was rejected as a canary: {error.data['why']}. No later pass of the gate "
            f'makes that good. Train another one; or tick "{_THOUGH_WORSE}" and give a reason.'
        )
    if not isinstance(error, GateNotPassedError):
        return str(error)
    return (
        f"{version} has not passed the gate. Hold it to the gate first, under Gate below; or tick"
        ' "Also without a pass of the gate" and give a reason.'
    )


async def _story(
    request: Request,
    console: Console,
    version: str,
    wrong: str = "",
    tried: Tried = Tried(),
) -> Response:
    """The page of a version; with what was wrong where a change was refused."""
    desk = console.application.models
    story = await desk.story(version)
    release = await desk.release()
    page = console.render(
        request,
        "console/model.html",
        "models",
        story=story,
        release=release,
        remarks=desk.remarks(),
        harmed=any(trial.state == ROLLED_BACK for trial in story.canaries),
        though_worse=_THOUGH_WORSE,
        scores=scores_of(story.version.scores),
        suites=await console.application.scorecards.suites(),
        usual=desk.usual_suites(),
        in_words=in_words,
        called=await operators_called(console),
        wrong=wrong,
        tried=tried,
    )
    if wrong:
        page.status_code = HTTPStatus.UNPROCESSABLE_ENTITY
    return page


async def _suites_named(application: Application, chosen: str) -> tuple[str, ...]:
    """What a version is held to: the suite that was chosen, else those of the settings. Raises
    UsageError for one that is not in the list."""
    if not chosen and not application.models.usual_suites():
        raise UsageError("Choose a suite of questions that it is held to.")
    if chosen and chosen not in await application.scorecards.suites():
        raise UsageError(f'There is no suite "{chosen[:80]}" here; choose one from the list.')
    return (chosen,) if chosen else ()


def _add_changes(router: APIRouter, console: Console) -> None:
    @router.post("/models/rollback")
    async def roll_back(
        request: Request,
        reason: Annotated[str, Form()] = "",
        csrf: Annotated[str, Form()] = "",
    ) -> Response:
        operator = console.form(request, csrf)
        try:
            await console.application.models.roll_back(
                by=operator.author.key, reason=checked(reason, "reason", _LONGEST)
            )
        except UsageError as error:
            return await _room(request, console, str(error))
        return RedirectResponse(_ROOM, HTTPStatus.SEE_OTHER)

    @router.post("/models/{version}/promote")
    async def promote(
        request: Request,
        version: str,
        reason: Annotated[str, Form()] = "",
        force: Annotated[str, Form()] = "",
        csrf: Annotated[str, Form()] = "",
    ) -> Response:
        operator = console.form(request, csrf)
        name, why = checked(version, "version", 50), checked(reason, "reason", _LONGEST)
        desk, by = console.application.models, operator.author.key
        change = desk.promote(name, by=by, force=bool(force), reason=why)
        return await _changed(request, console, name, Tried("promote", why, bool(force)), change)

    @router.post("/models/{version}/canary")
    async def canary(
        request: Request,
        version: str,
        percent: Annotated[float, Form(ge=1, le=100)] = 10,
        reason: Annotated[str, Form()] = "",
        force: Annotated[str, Form()] = "",
        csrf: Annotated[str, Form()] = "",
    ) -> Response:
        operator = console.form(request, csrf)
        name, why = checked(version, "version", 50), checked(reason, "reason", _LONGEST)
        desk, by = console.application.models, operator.author.key
        tried = Tried("canary", why, bool(force), round(percent))
        change = desk.start_canary(name, percent / 100, by=by, force=bool(force), reason=why)
        return await _changed(request, console, name, tried, change)


async def _changed(
    request: Request, console: Console, version: str, tried: Tried, change: Awaitable[object]
) -> Response:
    """The room after a change of a version; its page with the form again where it was refused."""
    try:
        await change
    except NotFoundError:
        raise
    except (UsageError, ReleaseError) as error:
        wrong = _refusal(error, version, tried.reason, force=tried.force)
        return await _story(request, console, version, wrong, tried)
    return RedirectResponse(_ROOM, HTTPStatus.SEE_OTHER)


def _add_gate(router: APIRouter, console: Console) -> None:
    @router.post("/models/{version}/gate")
    async def gate(
        request: Request,
        version: str,
        suite: Annotated[str, Form()] = "",
        csrf: Annotated[str, Form()] = "",
    ) -> Response:
        operator, app = console.form(request, csrf), console.application
        name, chosen = checked(version, "version", 50), checked(suite, "suite", 200)
        try:
            named = await _suites_named(app, chosen)
            await app.models.check_gate(name, named)
            line = await app.jobs.hold_to_gate(name, named, operator.author.key)
        except UsageError as error:
            return await _story(request, console, name, str(error), Tried("gate", suite=chosen))
        return RedirectResponse(f"/console/jobs/{line.id}", HTTPStatus.SEE_OTHER)
