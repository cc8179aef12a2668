"""The routing room of the console: how messages were routed, labels, thresholds and versions."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse

from adapters.web.console.called import operators_called
from adapters.web.texts import checked
from bot.conversation import Route
from bot.routing.held_out import held_out
from bot.routing.learning import ENOUGH

if TYPE_CHECKING:
    from adapters.web.console.base import Console

_ROOM = "/console/routing"
_PERIODS = (7, 30)
_DOUBTFUL = 15
_THRESHOLDS = {
    "voice": "Small talk from",
    "handoff": "A call for a person from",
    "in_thread": "Either, for a follow-up in a thread, from",
    "certain": "Small talk is not searched for from",
    "nothing": "Nothing is near below",
    "near": "Something is near from",
    "plain": "One sentence states it from",
}
_KINDS = {"voice": "Conversation", "handoff": "A person", "question": "A question"}


def add_routing(router: APIRouter, console: Console) -> None:
    """The room."""

    @router.get("/routing")
    async def routing(request: Request, days: int = _PERIODS[-1]) -> Response:
        console.operator(request)
        desk = console.application.routing
        days = days if days in _PERIODS else _PERIODS[-1]
        return console.render(
            request,
            "console/routing.html",
            "routing",
            days=days,
            periods=_PERIODS,
            shares=await desk.shares(days),
            labelled=await desk.confusion(),
            shipped=held_out(),
            kinds=_KINDS,
            doubtful=await desk.doubtful(30, _DOUBTFUL),
            routes=[route.value for route in Route],
            live=await desk.live(),
            words=_THRESHOLDS,
            versions=await desk.versions(),
            called=await operators_called(console),
            enough=int(ENOUGH),
        )

    @router.post("/routing/label")
    async def label(
        request: Request,
        turn: Annotated[str, Form()],
        route: Annotated[str, Form()],
        csrf: Annotated[str, Form()] = "",
    ) -> Response:
        operator = console.form(request, csrf)
        named = checked(turn, "turn", 200), checked(route, "route", 20)
        await console.application.routing.label(*named, operator.author.key)
        return RedirectResponse(f"{_ROOM}#doubtful", HTTPStatus.SEE_OTHER)

    @router.post("/routing/rollback")
    async def roll_back(
        request: Request,
        to: Annotated[int, Form(ge=0, le=1_000_000)],
        csrf: Annotated[str, Form()] = "",
    ) -> Response:
        operator = console.form(request, csrf)
        await console.application.routing.roll_back(operator.author.key, to)
        return RedirectResponse(f"{_ROOM}#thresholds", HTTPStatus.SEE_OTHER)
